// A storefront to play with: each click is an event, and the list beside it follows at once.
import { get, id, may, post, query } from "./api.js";
import { at, empty, failed, fill, h, itemLink, keepState, later, pictureOf, say, segment, state } from "./dom.js";
import { reasonsOf } from "./reasons.js";
import { count, decimal, t } from "./words.js";

const K = 8;
const ASK_AGAIN_MS = 1200;
const SESSION = "unsung-try";
const EVENTS = "unsung-try-events";
let session = sessionStorage.getItem(SESSION) ?? begin();
let done = JSON.parse(sessionStorage.getItem(EVENTS) ?? "[]");
let before = new Map();
let kinds = { view: "view", buy: "purchase" };
let position = null;
const mayAct = may("write");

function begin() {
  const made = `try-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
  sessionStorage.setItem(SESSION, made);
  sessionStorage.setItem(EVENTS, "[]");
  return made;
}

const words = at("query");
words.value = state().get("query") ?? "";
words.addEventListener("input", later(() => {
  keepState({ query: words.value.trim() });
  shelf();
}, 250));
at("find").addEventListener("submit", (event) => event.preventDefault());
at("fresh").addEventListener("click", () => {
  session = begin();
  done = [];
  before = new Map();
  events();
  list();
});

get("/v1/shop").then((shop) => {
  const known = Object.keys(shop.events);
  kinds = { view: ["view", "click", shop.target].find((kind) => known.includes(kind)), buy: shop.target };
}).catch(() => {});
get("/v1/dial").then((dial) => {
  if (!dial.n_positions) return;
  const slider = at("dial");
  at("turn").hidden = false;
  slider.max = dial.n_positions;
  const asked = Math.round(Number(state().get("dial") ?? NaN));
  position = Number.isNaN(asked) ? dial.position : Math.min(Math.max(asked, 0), dial.n_positions);
  slider.value = position;
  const told = () => {
    at("dial-label").textContent = t("try.dial", { position, last: dial.n_positions });
  };
  const turned = later(() => {
    keepState({ dial: position });
    list();
  }, 120);
  slider.addEventListener("input", () => {
    position = Number(slider.value);
    told();
    turned();
  });
  told();
}).catch(() => {}).finally(() => list());
shelf();
events();
mayAct.then((granted) => {
  at("fresh").hidden = !granted;
});

/** Hits and others side by side, as a shop window has them. */
function shelf() {
  const text = words.value.trim();
  const part = (segments, limit) => get(query("/v1/catalogue", { segment: segments, limit, query: text }));
  fill(
    at("shelf"),
    async () => {
      if (text) return [(await get(query("/v1/catalogue", { query: text, limit: 24 }))).items, await mayAct];
      const [hits, tail, young] = await Promise.all([part(["head"], 8), part(["tail"], 10), part(["fresh", "cold"], 6)]);
      const rows = [hits.items, tail.items, young.items];
      const mixed = [];
      for (let n = 0; rows.some((row) => n < row.length); n += 1) mixed.push(...rows.map((row) => row[n]).filter(Boolean));
      return [mixed, await mayAct];
    },
    ([items, granted]) => [
      !granted && h("p.small.quiet", t("try.only_look")),
      items.length ? h("ul.shelf", items.map((item) => tile(item, granted))) : empty(t("try.nothing"), t("try.nothing_text")),
    ],
    { keep: true },
  );
}

/** Who may not write gets no buttons: a picture leads to the item's page. */
function tile(item, granted) {
  const label = segment(item.segment);
  return h(
    "li.tile",
    granted
      ? pictureOf("button.picture", item, label, { type: "button", "aria-label": t("try.look", { title: item.title }), onclick: () => act(kinds.view, item) })
      : pictureOf("a.picture", item, label, { href: `/items/${id(item.item_id)}`, "aria-label": item.title }),
    h("span.name", { title: item.title }, item.title),
    h("span.buy", h("span", item.price === null ? "" : decimal(item.price)), granted && h("button.button.tiny", { type: "button", "aria-label": t("try.buy_this", { title: item.title }), onclick: () => act(kinds.buy, item) }, t("try.buy"))),
  );
}

async function act(kind, item) {
  const began = performance.now();
  at("list").setAttribute("aria-busy", "true");
  try {
    await post("/v1/events", { events: [{ session_id: session, item_id: item.item_id, event: kind }] });
  } catch (error) {
    at("list").removeAttribute("aria-busy");
    at("events").replaceChildren(failed(error, () => act(kind, item)));
    return;
  }
  done.unshift({ kind, id: item.item_id, title: item.title });
  done = done.slice(0, 8);
  sessionStorage.setItem(EVENTS, JSON.stringify(done));
  events();
  await list();
  const took = count(performance.now() - began);
  at("took").textContent = t("try.took", { ms: took });
  if (innerWidth < 1120) say(t(kind === kinds.buy ? "try.bought" : "try.looked", { title: item.title, ms: took }));
}

/** The list; a quick answer that left out what the visitor did is asked for once more. */
function list(again = false) {
  return fill(
    at("list"),
    () => post("/v1/recommendations", { session_id: session, k: K, explain: true, dial: position }),
    (found) => {
      mix(found.items);
      if (!found.items.length) return empty(t("try.no_list"), t("try.no_list_text"));
      // The deadline came first, or the model failed: the list knows nothing of the clicks.
      const quick = done.length > 0 && found.rung === "popular";
      if (quick && !again) setTimeout(() => list(true), ASK_AGAIN_MS);
      const known = quick ? new Map() : before;
      if (!quick) before = new Map(found.items.map((item) => [item.item_id, item.rank]));
      return [
        quick ? h("p.small.quiet", t(again ? "try.quick_still" : "try.quick")) : !found.known && h("p.small.quiet", t("try.nobody")),
        h("ol.list", found.items.map((item) => line(item, known))),
      ];
    },
    { keep: true },
  );
}

function line(item, known) {
  const was = known.get(item.item_id);
  const fresh = known.size > 0 && was === undefined;
  const moved = was === undefined ? (fresh ? t("try.new") : "") : was > item.rank ? `▲ ${was - item.rank}` : was < item.rank ? `▼ ${item.rank - was}` : "";
  return h(
    fresh ? "li.new" : "li",
    h("span.rank", item.rank),
    h("span.name", itemLink(item.item_id, item.title)),
    h("span.moved", moved),
    h("div.under", segment(item.segment), reasonsOf(item.reasons, new Map(done.map((one) => [one.id, one.title])), 1)),
  );
}

function mix(items) {
  const names = ["head", "tail", "fresh", "cold"];
  at("mix").replaceChildren(...names.map((name) => h("span", segment(name), " ", h("b", count(items.filter((item) => item.segment === name).length)))));
}

function events() {
  const place = at("events");
  place.removeAttribute("aria-busy");
  place.replaceChildren(
    done.length
      ? h("ol.events.small", done.map((one) => h("li", h("span.quiet", t(one.kind === kinds.buy ? "try.did_buy" : "try.did_look")), " ", one.title)))
      : h("p.small.quiet", t("try.no_events")),
    h("p.small.quiet", t("try.session", { session })),
  );
}
