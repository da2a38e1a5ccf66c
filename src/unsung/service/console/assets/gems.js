// Hidden gems: what is expected of an item, why, for whom, and what holds it back.
import { file, get, query } from "./api.js";
import { at, empty, failed, fill, h, itemLink, keepState, later, pictureOf, saveAs, say, state } from "./dom.js";
import { because } from "./because.js";
import { advice, askForBudget, mayStart, showWarmUps, warming } from "./warmups.js";
import { voiceInShort } from "./voice.js";
import { count, decimal, has, percent, t } from "./words.js";

const MOST = 200;
const SHOWN = 24;
const LEAST_PART = 0.02;
const SORTS = {
  score: (gem) => -gem.score,
  expected: (gem) => -gem.expected_buyers,
  audience: (gem) => -gem.audience.size,
};
const asked = state();
const wanted = {
  words: asked.get("words") ?? "",
  sort: Object.hasOwn(SORTS, asked.get("sort")) ? asked.get("sort") : "score",
  held: asked.get("held") ?? "",
  shown: SHOWN,
};
let record = null;
let may = false;
const chosen = new Map();

at("words").value = wanted.words;
at("sort").append(...Object.keys(SORTS).map((name) => h("option", { value: name }, t(`gems.by_${name}`))));
at("sort").value = wanted.sort;
at("words").addEventListener("input", later(() => change({ words: at("words").value.trim() }), 200));
at("sort").addEventListener("change", () => change({ sort: at("sort").value }));
at("held").addEventListener("change", () => change({ held: at("held").value }));
at("tools").addEventListener("submit", (event) => event.preventDefault());
at("export").addEventListener("click", save);

const asking = get(query("/v1/gems", { k: MOST }));
fill(at("gems"), () => asking, (found) => {
  record = found;
  const codes = [...new Set(found.gems.flatMap((gem) => gem.obstacles.map((one) => one.code)))];
  at("held").append(...codes.map((code) => h("option", { value: code }, reasonName(code))));
  at("held").value = codes.includes(wanted.held) ? wanted.held : "";
  return cards();
});
fill(at("tried"), () => asking, tried);
showWarmUps();
at("warm-chosen").addEventListener("click", () => warm([...chosen.values()]));
mayStart.then((granted) => {
  may = granted;
  if (record && may) at("gems").replaceChildren(...[cards()].flat());
});

function warm(gems) {
  askForBudget(gems, () => {
    chosen.clear();
    choose();
    for (const box of at("gems").querySelectorAll(":checked")) box.checked = false;
  });
}

function choose(gem, taken) {
  if (gem) chosen[taken ? "set" : "delete"](gem.item_id, gem);
  at("warm-chosen").hidden = !chosen.size;
  at("warm-chosen").textContent = t("gems.warm_chosen", { n: count(chosen.size) });
}

function change(values) {
  Object.assign(wanted, values, { shown: SHOWN });
  keepState({ words: wanted.words, sort: wanted.sort === "score" ? "" : wanted.sort, held: wanted.held });
  if (record) at("gems").replaceChildren(...[cards()].flat());
}

function cards() {
  const words = wanted.words.toLowerCase();
  const found = record.gems
    .filter((gem) => !words || gem.title.toLowerCase().includes(words) || gem.item_id === wanted.words)
    .filter((gem) => !wanted.held || gem.obstacles.some((one) => one.code === wanted.held))
    .sort((one, other) => SORTS[wanted.sort](one) - SORTS[wanted.sort](other));
  at("found").textContent = t("gems.found", { n: count(found.length), days: count(record.window_days) });
  if (!found.length) return h("section.card", empty(t("gems.none"), t("gems.none_text")));
  const more = found.length - wanted.shown;
  const next = () => {
    wanted.shown += SHOWN;
    at("gems").replaceChildren(...[cards()].flat());
  };
  return [
    ...found.slice(0, wanted.shown).map(card),
    more > 0 ? h("div.more", h("button.button", { type: "button", onclick: next }, t("gems.more", { n: count(Math.min(more, SHOWN)) }))) : null,
  ].filter(Boolean);
}

function card(gem) {
  const most = Math.max(...record.gems.map((one) => one.expected_buyers), 1);
  const held = gem.obstacles.filter((one) => one.code !== "no_reason");
  return h(
    "section.card.six.gem",
    { "aria-label": gem.title },
    h("header.pictured", pictureOf("span.thumb", gem), h("h2", itemLink(gem.item_id, gem.title)), h("span.push.small.quiet", gem.item_id)),
    h(
      "dl.bars",
      line("gems.expected", gem.expected_buyers, most, "", t("gems.range", { low: count(gem.low), high: count(gem.high) })),
      line("gems.alike", gem.expected_of_alike, most, "other", t("gems.recent", { n: count(gem.recent_buyers) })),
    ),
    h("h3", t("gems.why")),
    h("ul.small", why(gem)),
    gem.reviews?.n_reviews ? [h("h3", t("gems.voice")), voiceInShort(gem.reviews)] : null,
    held.length ? [h("h3", t("gems.held")), h("ul.small", held.map(heldBack))] : null,
    h("h3", t("gems.for")),
    h(
      "p.small",
      t("gems.customers", { n: count(gem.audience.size), share: percent(gem.audience.share) }),
      gem.audience.examples.length
        ? [` ${t("gems.such_as")} `, gem.audience.examples.flatMap((user, place) => [place ? ", " : "", h("a", { href: query("/customers", { user }) }, user)])]
        : null,
    ),
    may && h(
      "div.tools.start",
      h("button.button.tiny", { type: "button", onclick: () => (warming(gem.item_id) ? say(t("gems.warm_already")) : warm([gem])) }, t("gems.warm_this")),
      h("label.tick.small", h("input", { type: "checkbox", checked: chosen.has(gem.item_id), onchange: (event) => choose(gem, event.target.checked) }), t("gems.warm_choose")),
    ),
  );
}

function heldBack(one) {
  const so = because(one);
  const what = advice(one.code);
  return h("li", h("strong", reasonName(one.code)), so.text && [" · ", h("span", { lang: so.lang }, so.text)], what && h("span.quiet.block", what));
}

/** A name, a bar and its number. */
function line(key, value, most, kind, note) {
  return [
    h("dt", t(key)),
    h("dd", h("span.length", { "aria-hidden": "true" }, h(kind ? `span.${kind}` : "span", { width: `${Math.min((100 * value) / most, 100)}%` })), h("strong", count(value)), h("span.quiet", note)),
  ];
}

function why(gem) {
  const raising = Object.entries(gem.parts).filter(([, amount]) => amount >= LEAST_PART);
  raising.sort(([, one], [, other]) => other - one);
  if (!raising.length) return h("li.quiet", t("gems.why_none"));
  return raising.slice(0, 3).map(([name]) => {
    if (name !== "similar" || !gem.similar.length) return h("li", t(`gems.why_${name}`, { n: count(gem.recent_buyers) }));
    const near = gem.similar.slice(0, 2).flatMap((one, place) => [place ? " · " : "", itemLink(one.item_id, one.title), ` (${t("gems.buyers", { n: count(one.buyers) })})`]);
    return h("li", t("gems.why_similar"), " ", near);
  });
}

const reasonName = (code) => (has(`reason.${code}`) ? t(`reason.${code}`) : code);

function tried(found) {
  const { rows, windows } = found.back_test;
  if (!rows.length) return empty(t("gems.untried"), t("gems.untried_text"));
  const names = Object.keys(rows[0].excess);
  const chosen = (row, place) => t(place ? "gems.of_each" : "gems.best", { n: parseInt(row.chosen, 10) });
  return [
    h("p.quiet", t("gems.tried_lead", { windows: count(windows), days: count(found.window_days) })),
    h(
      "div.scroll",
      h(
        "table",
        h("thead", h("tr", h("th", { scope: "col" }, t("gems.chosen")), names.map((name) => h("th.number", { scope: "col" }, methodName(name))), h("th.number", { scope: "col" }, t("gems.ratio")))),
        h(
          "tbody",
          rows.map((row, place) =>
            h(
              "tr",
              h("th", { scope: "row" }, chosen(row, place)),
              names.map((name) => h("td.number", decimal(row.excess[name], 1))),
              h("td.number", row.ratio === null || !row.interval ? "–" : t("gems.ratio_of", { ratio: decimal(row.ratio), low: decimal(row.interval[0]), high: decimal(row.interval[1]) })),
            ),
          ),
        ),
      ),
    ),
  ];
}

const methodName = (name) => t(`gems.method_${name.replaceAll(" ", "_")}`);

async function save() {
  const button = at("export");
  button.disabled = true;
  try {
    saveAs(await file(query("/v1/gems.csv", { words: wanted.words, held_back_by: wanted.held, sort: wanted.sort })), "gems.csv");
    say(t("gems.exported"));
  } catch (error) {
    at("found").replaceChildren(failed(error, save));
  } finally {
    button.disabled = false;
  }
}
