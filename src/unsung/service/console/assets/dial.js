// The dial: what each position costs and brings, a preview, and who set it to what.
import { get, id, may as mayDo, post, put } from "./api.js";
import { chart } from "./chart.js";
import { at, empty, failed, fill, h, itemLink, keepState, later, say, segment, state } from "./dom.js";
import { spotsOf } from "./positions.js";
import { count, date, lang, moment, percent, signed, signedCount, t, whoName } from "./words.js";

const K = 10;
let dial = null;
let items = 0;
let chosen = 0;
let may = false;

for (const name of ["claim", "turn"]) at(name).setAttribute("aria-busy", "true");
fill(at("claim"), load, claim);

async function load() {
  try {
    const [found, shop, granted] = await Promise.all([get("/v1/dial"), get("/v1/shop"), mayDo("write")]);
    dial = found;
    may = granted;
    items = shop.n_items;
  } catch (error) {
    for (const name of ["turn", "preview", "history", "frontier"]) {
      at(name).replaceChildren(failed(error));
      at(name).removeAttribute("aria-busy");
    }
    throw error;
  }
  const asked = state().get("position");
  chosen = asked === null ? dial.position : Math.min(Math.max(Math.round(Number(asked)) || 0, 0), dial.n_positions);
  show();
  return dial;
}

function show() {
  stands();
  turn();
  frontier();
  history();
  preview();
}

function stands() {
  at("stands").textContent = t("dial.stands", { position: dial.position, last: dial.n_positions });
}

function claim() {
  const proof = dial.certificate;
  const sign = (path) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    made.setAttribute("viewBox", "0 0 24 24");
    made.setAttribute("aria-hidden", "true");
    const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
    line.setAttribute("d", path);
    made.append(line);
    return h("span.sign", made);
  };
  if (!proof) {
    return h("div.verdict.refused", sign("M12 6v8M12 18v.5"), h("div", h("p.claim", t("dial.none")), h("p.quiet", t("dial.none_text"))));
  }
  const all = proof.groups?.[0];
  const numbers = {
    level: percent(proof.level, 0),
    kept: percent(1 - proof.budget, 0),
    budget: percent(proof.budget, 0),
    n: count(proof.n),
    window: proof.subject?.window ? proof.subject.window.split(" to ").map(date).join(lang === "zh" ? " 至 " : " – ") : "",
    k: proof.subject?.k ?? K,
    position: dial.n_positions,
    needed: count(all?.users_needed),
  };
  if (!dial.n_positions) {
    const needed = all?.users_needed ? t("dial.refused_needed", numbers) : t("dial.refused_loss", numbers);
    return h("div.verdict.refused", sign("M12 6v8M12 18v.5"), h("div", h("p.claim", t("dial.refused", numbers)), h("p.quiet", needed), more(proof)));
  }
  return h("div.verdict", sign("M5 12.500l4.500 4.500L19 7.500"), h("div", h("p.claim", t("dial.certified", numbers)), h("p.quiet", t("dial.certified_who", numbers)), more(proof)));
}

function more(proof) {
  const groups = (proof.groups ?? []).slice(1).filter((group) => !group.certified);
  const back = dial.frontier?.back_test;
  return h(
    "ul.events.small.quiet",
    groups.map((group) => h("li", t(group.users_needed ? "dial.group_needed" : "dial.group_open", { group: groupName(group.name), n: count(group.n), needed: count(group.users_needed) }))),
    back && h("li", t(back.certified === null ? "dial.back_test_none" : "dial.back_test", { loss: percent(back.loss), low: percent(back.low), high: percent(back.high), from: percent(back.undialled_tail), to: percent(back.tail_share) })),
  );
}

function groupName(name) {
  const few = name.match(/^customers with at most (\d+) items$/);
  if (few) return t("dial.group_few", { n: few[1] });
  const late = name.match(/^customers who came in the last (\d+) days$/);
  if (late) return t("dial.group_late", { n: late[1] });
  return name;
}

function turn() {
  const place = at("turn");
  place.removeAttribute("aria-busy");
  const last = dial.n_positions;
  if (!last) {
    place.replaceChildren(empty(t("dial.fixed"), t("dial.fixed_text")));
    return;
  }
  const slider = h("input", { type: "range", min: 0, max: last, step: 1, value: chosen, "aria-labelledby": "h-turn", "aria-describedby": "effects" });
  slider.value = chosen;
  const ticks = h("div.ticks", { "aria-hidden": "true" }, Array.from({ length: last + 1 }, (_, n) => h("span", n === 0 ? t("dial.off") : n === last ? `${n} · ${t("dial.most")}` : n)));
  const effects = h("div.effects", { id: "effects", "aria-live": "polite" });
  const seen = h("p.small.quiet");
  const note = h("input", { type: "text", maxlength: 1000, placeholder: t("dial.note_like"), id: "note" });
  const apply = h("button.button.primary", { type: "button" });
  const reset = h("button.button", { type: "button" }, t("dial.reset"));
  const drawEffects = () => {
    slider.setAttribute("aria-valuetext", t("dial.position_of", { position: chosen, last }));
    const spots = spotsOf(dial);
    const found = spots[chosen];
    effects.replaceChildren(...tiles(found, spots[0]));
    const limit = dial.frontier?.most_lost < 1 ? t("dial.effects_limit", { most: percent(dial.frontier.most_lost, 0) }) : "";
    seen.textContent = `${t(found?.proof === "weaker" ? "dial.effects_weaker" : "dial.effects_what", { n: count(dial.certificate?.n) })} ${limit}`;
    apply.textContent = t("dial.apply", { position: chosen });
    apply.disabled = chosen === dial.position;
    reset.hidden = chosen === dial.position;
  };
  const settle = later(() => {
    keepState({ position: chosen === dial.position ? "" : chosen });
    preview();
    frontier();
  }, 160);
  slider.addEventListener("input", () => {
    chosen = Number(slider.value);
    drawEffects();
    settle();
  });
  reset.addEventListener("click", () => {
    chosen = dial.position;
    slider.value = chosen;
    drawEffects();
    settle();
    slider.focus();
  });
  apply.addEventListener("click", () => change(apply, () => put("/v1/dial", { position: chosen, note: note.value.trim() }), "dial.applied"));
  drawEffects();
  place.replaceChildren(
    h("div.slider", slider, ticks),
    effects,
    seen,
    may ? h("label.field", h("span", t("dial.note")), note) : h("p.small.quiet", t("dial.read_only")),
    h("div.tools", may && apply, reset),
  );
}

function tiles(found, undialled) {
  if (!found) return [h("p.quiet", t("dial.no_effect"))];
  const tile = (name, value, delta) => h("div.effect", h("span.small.quiet", t(name)), h("span.value", value), h("span.delta", delta));
  const made = [
    tile("dial.relevance", percent(1 - found.loss), found.high || found.low ? t("dial.between", { low: percent(1 - found.high), high: percent(1 - found.low) }) : t("dial.as_undialled")),
    tile("dial.tail_share", percent(found.tail), t("dial.of_places", { from: percent(undialled.tail) })),
  ];
  const reached = found.coverage * items;
  made.push(tile("dial.reached", count(reached), t("dial.more_items", { delta: signedCount(reached - undialled.coverage * items) })));
  if (undialled.value) made.push(tile("dial.money", percent(found.value), t("dial.points", { delta: signed((found.value - undialled.value) / undialled.value) })));
  return made;
}

async function change(button, job, told) {
  button.disabled = true;
  button.setAttribute("aria-busy", "true");
  try {
    dial = await job();
    chosen = dial.position;
    keepState({ position: "" });
    show();
    at("claim").replaceChildren(claim());
    if (button !== at("undo")) at("turn").querySelector("input").focus();
    say(t(told, { position: dial.position, last: dial.n_positions }));
  } catch (error) {
    button.parentElement.querySelector(".state")?.remove();
    button.after(failed(error));
    button.disabled = false;
  } finally {
    button.removeAttribute("aria-busy");
  }
}

function frontier() {
  const found = dial.frontier;
  if (!found?.positions?.length) {
    at("frontier").replaceChildren(empty(t("dial.no_frontier"), t("dial.no_frontier_text")));
    return;
  }
  const word = { certified: t("dial.certified_word"), weaker: t("dial.weaker_word"), open: t("dial.open_word") };
  const spots = spotsOf(dial).filter(Boolean).map((spot) => ({ ...spot, certified: spot.proof !== "open", tail_share: spot.tail, relevance: 1 - spot.loss, worst: 1 - spot.high, best: 1 - spot.low, word: word[spot.proof] }));
  const held = spots.filter((spot) => spot.certified);
  const floor = 1 - found.budget;
  const edge = { from: Math.min(...spots.map((spot) => spot.tail_share)), to: held.at(-1).tail_share };
  const at_ = spots.find((spot) => spot.position === chosen) ?? spots[0];
  const x = { field: "tail_share", type: "quantitative", title: t("dial.x"), axis: { format: ".0%", tickCount: 6, grid: false }, scale: { zero: false, nice: true } };
  const low = Math.min(...spots.map((spot) => spot.worst), floor);
  const y = { field: "relevance", type: "quantitative", title: t("dial.y"), axis: { format: ".0%", tickCount: 5 }, scale: { domain: [Math.floor(low * 50) / 50, Math.ceil(Math.max(...spots.map((spot) => spot.best)) * 50 + 0.2) / 50], zero: false } };
  const tooltip = [
    { field: "position", title: t("dial.position") },
    { field: "word", title: t("dial.proof") },
    { field: "tail_share", title: t("dial.tail_share"), format: ".1%" },
    { field: "relevance", title: t("dial.relevance"), format: ".1%" },
    { field: "worst", title: t("dial.worst"), format: ".1%" },
  ];
  const spec = {
    data: { values: spots },
    layer: [
      { data: { values: [edge] }, mark: { type: "rect", fill: "var(--accent)", fillOpacity: 0.1 }, encoding: { x: { ...x, field: "from" }, x2: { field: "to" } } },
      { mark: { type: "area", fill: "var(--muted)", fillOpacity: 0.16 }, encoding: { x, y: { ...y, field: "worst" }, y2: { field: "best" } } },
      { data: { values: [{ floor }] }, mark: { type: "rule", stroke: "var(--fresh)", strokeDash: [4, 3], strokeWidth: 1.5 }, encoding: { y: { ...y, field: "floor" } } },
      { data: { values: [{ floor, x: Math.max(...spots.map((spot) => spot.tail_share)), label: t("dial.floor", { kept: percent(floor, 0) }) }] }, mark: { type: "text", align: "right", dy: -7, fill: "var(--fresh)" }, encoding: { x: { ...x, field: "x" }, y: { ...y, field: "floor" }, text: { field: "label" } } },
      { mark: { type: "line", stroke: "var(--ink)", strokeWidth: 1.5 }, encoding: { x, y, order: { field: "tail_share" } } },
      { transform: [{ filter: "!datum.certified" }], mark: { type: "point", fill: "var(--paper)", stroke: "var(--muted)", strokeWidth: 1.5, size: 44 }, encoding: { x, y, tooltip } },
      { transform: [{ filter: "datum.proof === 'weaker'" }], mark: { type: "point", shape: "diamond", fill: "var(--paper)", stroke: "var(--accent)", strokeWidth: 1.5, size: 70 }, encoding: { x, y, tooltip } },
      { transform: [{ filter: "datum.proof === 'certified'" }], mark: { type: "point", shape: "diamond", fill: "var(--accent)", size: 90 }, encoding: { x, y, tooltip } },
      { data: { values: [at_] }, mark: { type: "point", fillOpacity: 0, stroke: "var(--ink)", strokeWidth: 2, size: 260 }, encoding: { x, y, tooltip } },
    ],
  };
  at("frontier-legend").replaceChildren(
    h("span", "◆ ", t("dial.certified_word")),
    spots.some((spot) => spot.proof === "weaker") ? h("span", "◇ ", t("dial.weaker_word")) : "",
    h("span", "○ ", t("dial.open_word")),
    h("span", "▒ ", t("dial.band", { level: percent(found.level, 0) })),
    h("span", "◯ ", t("dial.chosen")),
  );
  chart(at("frontier"), spec, {
    title: t("dial.frontier"),
    height: 280,
    table: {
      heads: [t("dial.position"), t("dial.proof"), t("dial.tail_share"), t("dial.relevance"), t("dial.worst")],
      rows: spots.map((spot) => [spot.position === 0 ? t("dial.off") : (spot.position ?? "–"), spot.word, percent(spot.tail_share), percent(spot.relevance), percent(spot.worst)]),
    },
  });
}

let samples = null;
async function preview() {
  const position = chosen;
  at("preview-at").textContent = t("dial.preview_at", { position, last: dial.n_positions });
  await fill(
    at("preview"),
    async () => {
      samples ??= (await get("/v1/users?k=3")).users;
      const list = (user, spot) => get(`/v1/users/${id(user)}/preview?k=${K}&dial=${spot}`);
      return Promise.all(
        samples.map(async (user) => {
          const [before, after] = await Promise.all([list(user.user_id, 0), list(user.user_id, position)]);
          return { user, before: before.items, after: after.items };
        }),
      );
    },
    (found) => (found.length ? h("div.threes", found.map(customer)) : empty(t("dial.no_customers"))),
    { keep: true },
  );
}

function customer({ user, before, after }) {
  const places = new Map(before.map((item) => [item.item_id, item.rank]));
  const kept = new Set(after.map((item) => item.item_id));
  const line = (item, isNew, gone) =>
    h(
      isNew ? "li.new" : "li",
      h("span.rank", item.rank),
      h("span.name", itemLink(item.item_id, item.title)),
      isNew ? h("span.moved", t("dial.new_here")) : gone ? h("span.small.quiet", t("dial.gone")) : null,
      h("span.under", segment(item.segment)),
    );
  const changed = after.filter((item) => !places.has(item.item_id)).length;
  const gone = before.filter((item) => !kept.has(item.item_id)).map((item) => item.title);
  const inTail = (list) => count(list.filter((item) => item.segment === "tail").length);
  return h(
    "div.customer",
    h("h3", h("a", { href: `/customers?user=${id(user.user_id)}` }, t("dial.customer", { id: user.user_id })), " ", h("span.small.quiet", t("dial.customer_items", { n: count(user.n_items) }))),
    h("p.small.quiet", changed ? t("dial.changed", { n: count(changed), k: after.length, gone: gone.join(", ") }) : t("dial.unchanged"), " ", t("dial.tail_places", { from: inTail(before), to: inTail(after) })),
    h(
      "div.pair",
      h("div.first", h("h4.small.quiet", t("dial.before")), h("ol.list.small", before.map((item) => line(item, false, !kept.has(item.item_id))))),
      h("div", h("h4.small.quiet", t("dial.after", { position: chosen })), h("ol.list.small", after.map((item) => line(item, !places.has(item.item_id), false)))),
    ),
  );
}

function history() {
  const place = at("history");
  place.removeAttribute("aria-busy");
  const rows = [...dial.history].sort((one, other) => other.number - one.number);
  const undo = at("undo");
  undo.hidden = !may || !rows.length;
  undo.disabled = false;
  // Before the first setting it stood at the last certified position of the fit.
  const back = () => (rows.length > 1 ? post("/v1/dial/undo") : put("/v1/dial", { position: dial.n_positions, note: t("dial.undo_note") }));
  undo.onclick = () => change(undo, back, "dial.undone");
  if (!rows.length) {
    place.replaceChildren(empty(t("dial.no_history"), t("dial.no_history_text")));
    return;
  }
  place.replaceChildren(
    h(
      "div.scroll",
      h(
        "table.narrow-table",
        h("thead", h("tr", [t("ui.when"), t("ui.who"), t("dial.position"), t("ui.note")].map((head, n) => h(n === 2 ? "th.number" : "th", { scope: "col" }, head)))),
        h("tbody", rows.map((row) => h("tr", h("td", moment(row.timestamp)), h("td", whoName(row.who)), h("td.number", row.strength_index), h("td", row.note || "–")))),
      ),
    ),
  );
}
