// A customer: history, wishes, and the list beside what most-popular would show.
import { get, id, may, post, put, query } from "./api.js";
import { at, empty, failedBelow, fill, h, itemLink, keepState, later, say, segment, state } from "./dom.js";
import { habitsOf } from "./habits.js";
import { reasonsOf } from "./reasons.js";
import { count, moment, percent, t } from "./words.js";

const K = 10;
const SHOWN = 25;
const field = at("user");
let user = state().get("user") ?? "";
let had = new Map();
let beside = state().get("beside") === "shown" ? "shown" : "popular";
let lists = null;
let told = 0;
const mayChange = may("write");
const others = [...document.querySelectorAll("[data-beside]")];
for (const button of others) {
  button.addEventListener("click", () => {
    beside = button.dataset.beside;
    keepState({ beside: beside === "popular" ? "" : beside });
    showBeside();
  });
}

field.value = user;
at("why-item").value = state().get("why") ?? "";

at("find").addEventListener("submit", (event) => {
  event.preventDefault();
  open(field.value.trim());
});
field.addEventListener("input", later(suggest, 180));

async function suggest() {
  const text = field.value.trim();
  if (!text) return;
  const found = await get(query("/v1/users", { query: text, k: 8 })).catch(() => ({ users: [] }));
  at("ids").replaceChildren(...found.users.map((one) => h("option", { value: one.user_id }, t("customers.items", { n: count(one.n_items) }))));
  if (found.users.some((one) => one.user_id === text)) open(text);
}

fill(at("samples"), () => get("/v1/users?k=3"), ({ users }) =>
  users.length
    ? [h("span.small.quiet", t("customers.samples")), ...users.map((one) => h("button.button.tiny", { type: "button", onclick: () => open(one.user_id) }, one.user_id, h("span.quiet", t("customers.items", { n: count(one.n_items) }))))]
    : empty(t("customers.none"), t("customers.none_text")),
).then((found) => {
  // A page that shows nothing says nothing: begin with the first of the samples.
  if (!user && found?.users.length) open(found.users[0].user_id, false);
});

if (user) show();

function open(wanted, keep = true) {
  if (!wanted || (wanted === user && !at("shown").hidden)) return;
  user = wanted;
  field.value = wanted;
  if (keep) keepState({ user });
  show();
}

function show() {
  at("shown").hidden = false;
  told = SHOWN;
  const page = Promise.all([get(`/v1/users/${id(user)}`), mayChange]).then(([found, granted]) => ({ ...found, granted }));
  for (const [name, draw] of Object.entries({ "who-facts": who, habits: habitsOf, wishes, history })) fill(at(name), () => page, draw, { keep: true });
  fill(at("interests"), () => Promise.all([get(`/v1/users/${id(user)}/interests`), mayChange]), interests, { keep: true });
  at("why-not").replaceChildren();
  lists = Promise.all([get(`/v1/users/${id(user)}/preview?k=${K}&explain=true`), page]);
  // The titles of what they had are known then.
  fill(at("ours"), () => lists, ours, { keep: true }).then(() => at("why-item").value && whyNot());
  showBeside();
}

/** The list to compare with: everybody's, or the one that was shown last. */
function showBeside() {
  for (const button of others) button.setAttribute("aria-pressed", String(button.dataset.beside === beside));
  const path = beside === "shown" ? "shown" : `popular?k=${K}`;
  fill(at("popular"), () => Promise.all([lists, get(`/v1/users/${id(user)}/${path}`)]), besideOurs, { keep: true });
}

function who(page) {
  const box = h("input", { type: "checkbox", role: "switch", "data-key": "consent", checked: page.profiling, disabled: !page.granted, onchange: () => consent(box) });
  return [
    h("dl.facts", h("dt", t("customers.id")), h("dd", page.user_id), h("dt", t("customers.known")), h("dd", t(page.known ? "customers.known_yes" : "customers.known_no")), h("dt", t("customers.had")), h("dd", count(page.n_items))),
    h("label.toggle", box, h("span", h("strong", t("customers.consent")), h("span.small.quiet.block", t(page.profiling ? "customers.consent_on" : "customers.consent_off")))),
    !page.granted && h("p.small.quiet", t("customers.only_look")),
  ];
}

async function consent(box) {
  box.disabled = true;
  try {
    await put(`/v1/users/${id(user)}/consent`, { profiling: box.checked });
    say(t(box.checked ? "customers.opted_in" : "customers.opted_out"));
    show();
  } catch (error) {
    box.checked = !box.checked;
    failedBelow(at("who-facts"), error);
  } finally {
    box.disabled = false;
  }
}

function wishes(page) {
  const said = page.choices.filter((choice) => choice.kind !== "profiling" && choice.active);
  if (!said.length) return h("p.small.quiet", t(page.granted ? "customers.no_wishes" : "customers.no_wishes_look"));
  return h("ul.list.small", said.map((choice) => h("li", h("span.rank"), h("span.name", t(`customers.wish_${choice.kind}`), " ", subject(choice)), page.granted && h("button.button.tiny", { type: "button", onclick: () => wish(choice.kind, choice.subject, false) }, t("customers.take_back")))));
}

/** What a wish is about; an item by its title, as soon as that is known. */
function subject(choice) {
  const made = h("b", choice.subject);
  if (["like", "dislike", "not_interested"].includes(choice.kind)) {
    get(`/v1/items/${id(choice.subject)}`).then((item) => made.replaceChildren(itemLink(item.item_id, item.title)), () => {});
  }
  return made;
}

async function wish(kind, subject, active) {
  try {
    await post(`/v1/users/${id(user)}/choices`, { kind, subject, active });
    say(t(!active ? "customers.taken_back" : kind === "hide_term" ? "customers.forgot" : "customers.wished", { term: subject }));
    show();
  } catch (error) {
    failedBelow(at("wishes"), error);
  }
}

function interests([found, granted]) {
  if (!found.interests.length) return h("p.small.quiet", t("customers.no_interests"));
  const most = found.interests[0].share;
  const told = found.interests.filter((one) => one.share >= 0.005).slice(0, 8);
  return h("dl.bars.terms.short", told.map((one) => [h("dt", one.term), h("dd", h("span.length", { "aria-hidden": "true" }, h("span", { width: `${(100 * one.share) / most}%` })), h("strong", { title: t("customers.in_items", { n: count(one.n_items) }) }, percent(one.share, 0)), granted && forget(one.term))]));
}

function forget(term) {
  const name = t("customers.forget", { term });
  return h("button.button.tiny", { type: "button", "data-key": `forget-${term}`, "aria-label": name, title: name, onclick: () => wish("hide_term", term, true) }, "✕");
}

at("ask-why").addEventListener("submit", (event) => {
  event.preventDefault();
  keepState({ why: at("why-item").value.trim() });
  whyNot();
});
at("why-item").addEventListener("input", later(async () => {
  const text = at("why-item").value.trim();
  if (text.length < 2) return;
  const found = await get(query("/v1/items", { query: text, k: 8 })).catch(() => ({ items: [] }));
  at("why-items").replaceChildren(...found.items.map((one) => h("option", { value: one.item_id }, one.title)));
}, 200));

/** The answer for an id; where it is none, for the first item that the words find. */
async function answerTo(wanted) {
  const unknown = { code: "unknown" };
  const asked = (item) => get(`/v1/users/${id(user)}/why-not/${id(item)}?k=${K}`);
  // Not every text can be an id.
  const found = await asked(wanted).catch((error) => {
    if (error.status === 404 || error.status === 422) return unknown;
    throw error;
  });
  if (found.code !== "unknown") return found;
  const [hit] = (await get(query("/v1/items", { query: wanted, k: 1 }))).items;
  return hit ? { ...(await asked(hit.item_id)), found: true } : unknown;
}

function whyNot() {
  const wanted = at("why-item").value.trim();
  if (!wanted || !user) return;
  fill(at("why-not"), () => answerTo(wanted), (found) => {
    const values = { rank: count(found.rank), n: count(found.n_items), k: count(found.k) };
    const title = found.code === "unknown" ? h("strong", wanted) : itemLink(found.item_id, found.title);
    return h("div.answer", found.found && h("p.small.quiet", t("customers.why_found", { words: wanted })), h("p", title), h("p", t(`customers.why_${found.code}`, values)), found.reasons && reasonsOf(found.reasons, had, 4));
  }, { keep: true });
}

function history(page) {
  if (!page.history.length) return empty(t("customers.no_history"), t("customers.no_history_text"));
  const shown = page.history.slice(0, told);
  const rest = page.history.length - shown.length;
  const more = () => {
    told += 4 * SHOWN;
    at("history").replaceChildren(...history(page).filter(Boolean));
    at("history").querySelectorAll("li a")[shown.length]?.focus();
  };
  return [
    h("ol.list.small", shown.map((one) => h("li", h("span.rank", one.bought ? "●" : "○"), h("span.name", itemLink(one.item_id, one.title)), h("span.quiet", one.days_ago === null ? "" : t("customers.days", { n: count(one.days_ago) }))))),
    h("p.small.quiet", t("customers.history_what"), page.n_items > shown.length ? ` ${t("customers.more", { n: count(page.n_items - shown.length) })}` : ""),
    rest > 0 && h("button.button.tiny.fit", { type: "button", onclick: more }, t("customers.more_show", { n: count(Math.min(rest, 4 * SHOWN)) })),
  ];
}

function ours([list, page]) {
  had = new Map(page.history.map((one) => [one.item_id, one.title]));
  at("policy").textContent = t("customers.policy", { rung: t(`customers.rung_${list.rung}`), policy: list.policy });
  if (!list.items.length) return empty(t("customers.empty_list"), t("customers.empty_list_text"));
  return h(
    "ol.list",
    list.items.map((item) =>
      h(
        "li",
        h("span.rank", item.rank),
        h("span.name", itemLink(item.item_id, item.title)),
        page.granted && h("button.button.tiny", { type: "button", "data-key": `not-${item.rank}`, "aria-label": t("customers.not_this", { title: item.title }), title: t("customers.not_this", { title: item.title }), onclick: () => wish("not_interested", item.item_id, true) }, "✕"),
        h("div.under", segment(item.segment), reasonsOf(item.reasons, had)),
      ),
    ),
  );
}

function besideOurs([[list], other]) {
  const mine = new Map(list.items.map((item) => [item.item_id, item.rank]));
  if (!other.items.length) return empty(t("customers.shown_none"), t("customers.shown_none_text"));
  return [
    other.timestamp && h("p.small.quiet", t("customers.shown_at", { when: moment(other.timestamp), policy: other.policy })),
    h(
      "ol.list",
      other.items.map((item) => h("li", h("span.rank", item.rank), h("span.name", itemLink(item.item_id, item.title)), mine.has(item.item_id) ? h("span.small.quiet", t("customers.also", { rank: mine.get(item.item_id) })) : null, h("div.under", segment(item.segment)))),
    ),
  ];
}
