// One item: its segment and why, what its text makes likely, what goes with it.
import { get, id, query } from "./api.js";
import { at, empty, failed, fill, h, itemLink, pictureOf, segment } from "./dom.js";
import { because } from "./because.js";
import { chart } from "./chart.js";
import { voiceOf } from "./voice.js";
import { count, decimal, has, percent, t } from "./words.js";

const item = decodeURIComponent(location.pathname.slice("/items/".length));
const path = `/v1/items/${id(item)}`;
const page = get(path);
const insight = get(`${path}/insight`);
const list = (rest) => () => get(`${path}/similar?k=10${rest}`);

page.then(
  (found) => {
    document.title = `${found.title} · ${t("ui.product")}`;
    at("name").textContent = found.title;
    at("under").replaceChildren(segment(found.segment), "  ", found.item_id);
    at("picture").replaceWith(pictureOf("span.thumb.large", { ...found, image: found.attributes.image }));
  },
  (error) => error.status === 404 && nobody(),
);
fill(at("facts"), () => page, facts);
fill(at("why"), () => insight, why);
fill(at("outlook"), () => insight, outlook);
get(`${path}/traffic`).then(traffic, (error) => at("traffic").replaceChildren(failed(error)));
fill(at("terms"), () => get(`${path}/terms`), terms);
fill(at("document"), () => page, (found) => [h("pre.document", found.document || t("item.no_text")), ...lacking(found.title_advice)]);
fill(at("reviews"), () => page, reviews);
fill(at("similar"), list(""), found);
fill(at("discover"), list("&discover=true"), found);

/** One answer in place of eight parts that have nothing to tell. */
function nobody() {
  document.title = `${t("item.not_found")} · ${t("ui.product")}`;
  at("name").textContent = t("item.not_found");
  at("under").textContent = item;
  for (const name of ["parts", "picture"]) at(name).hidden = true;
  at("missing").hidden = false;
  at("missing").replaceChildren(h("div.state", h("p", t("item.not_found_text")), h("a", { href: query("/items", { query: item }) }, t("item.not_found_search"))));
}

function facts(shown) {
  const rows = [
    [t("ui.segment"), segment(shown.segment)],
    [t("ui.buyers"), count(shown.buyers)],
    [t("ui.stock"), t(shown.in_stock ? "ui.in_stock" : "ui.out_of_stock")],
    ...Object.entries(shown.attributes)
      .filter(([name]) => name !== "item_id" && name !== "image")
      .map(([name, value]) => [has(`ui.${name}`) ? t(`ui.${name}`) : name, name === "price" ? decimal(value) : String(value)]),
  ];
  return h("dl.facts", rows.flatMap(([name, value]) => [h("dt", name), h("dd", value)]));
}

/** What its title lacks beside those that sell, and what one that says it promises. */
function lacking(advice) {
  if (!advice?.missing.length && !advice?.suggestion) return [];
  const kind = (code) => (has(`attribute.${code}`) ? t(`attribute.${code}`) : code);
  const change = ({ before, after }, told) => `${told(before)} → ${told(after)}`;
  const { missing, suggestion, effect } = advice;
  const said = [
    ...missing.map((one) => t("item.title_states", { kind: kind(one.kind), share: percent(one.share, 0) })),
    suggestion ? [t("item.title_suggested"), " ", h("strong", suggestion)] : t("item.title_unknown"),
    effect && t("item.title_effect", { demand: change(effect.demand, (n) => decimal(n, 1)), tail: change(effect.p_tail, (p) => percent(p, 0)) }),
  ];
  return [h("h3", t("item.title_lacks")), h("ul.small", said.filter(Boolean).map((one) => h("li", one)))];
}

/** A shop without reviews has no place for them. */
function reviews({ reviews: said }) {
  at("reviews-card").hidden = !said;
  return said ? voiceOf(said) : h("span");
}

function why({ diagnosis }) {
  if (!diagnosis.item_id) return empty(t("item.after_fit"), t("item.after_fit_text"));
  if (diagnosis.segment === "head") return empty(t("item.in_head"), t("item.in_head_text", { buyers: count(diagnosis.buyers) }));
  const reasons = diagnosis.reasons ?? [];
  return h(
    "ul.why",
    reasons.map((reason) =>
      h(
        "li",
        h("strong", has(`reason.${reason.code}`) ? t(`reason.${reason.code}`) : reason.code),
        h("p.quiet.small", has(`reason.${reason.code}_when`) ? t(`reason.${reason.code}_when`) : ""),
        because(reason).text && h("p.small", { lang: because(reason).lang }, because(reason).text),
      ),
    ),
  );
}

function outlook({ outlook: look, diagnosis }) {
  if (!look) return empty(t("item.no_outlook"), t("item.no_outlook_text"));
  const words = look.words.map(({ word, change }) => h("span.word", h("b", word), " ", h("span.quiet", t(change < 0 ? "item.word_for" : "item.word_against"))));
  return [
    h(
      "div.effects",
      h("div.effect", h("span.small.quiet", t("ui.demand")), h("span.value", decimal(look.demand, 1)), h("span.delta", t("item.in_28"))),
      h("div.effect", h("span.small.quiet", t("ui.p_tail")), h("span.value", percent(look.p_tail, 0)), h("span.meter", { "aria-hidden": "true" }, h("span.fill.tail", { width: `${look.p_tail * 100}%` }))),
    ),
    h("div.words", words),
    look.is_new ? null : h("p.small.quiet", t("item.by_text_alone", { buyers: count(diagnosis.buyers ?? 0) })),
  ];
}

function found({ items }) {
  if (!items.length) return empty(t("item.no_similar"));
  return h("ol.list", items.map((one, n) => h("li", h("span.rank", n + 1), h("span.name", itemLink(one.item_id, one.title)), segment(one.segment))));
}

/** Impressions as bars, what they led to and sales as lines: of the last four weeks. */
function traffic(told) {
  const sum = (name) => told.days.reduce((total, day) => total + day[name], 0);
  at("traffic-text").textContent = t("item.traffic_sum", { shown: count(sum("shown")), led: count(sum("led")), sales: count(sum("sales")), other: count(sum("other")) });
  if (!sum("shown") && !sum("sales") && !sum("other")) {
    at("traffic").replaceChildren(empty(t("item.no_traffic"), t("item.no_traffic_text")));
    return;
  }
  const KINDS = ["shown", "led", "sales", "other"];
  const names = KINDS.map((name) => t(`item.${name}`));
  const colours = ["var(--rule)", "var(--fresh)", "var(--tail)", "var(--head)"];
  at("traffic-legend").replaceChildren(...KINDS.map((name) => h(`span.key.${name}`, t(`item.${name}`))));
  const rows = told.days.flatMap((day) => KINDS.map((name, n) => ({ day: new Date(day.date / 1000).toISOString().slice(0, 10), kind: names[n], n: day[name] })));
  const x = { field: "day", type: "ordinal", title: null, axis: { labelAngle: 0, grid: false, values: told.days.filter((_, n) => n % (innerWidth < 560 ? 14 : 7) === (innerWidth < 560 ? 13 : 6)).map((day) => new Date(day.date / 1000).toISOString().slice(0, 10)) } };
  const y = { field: "n", type: "quantitative", title: null, axis: { tickCount: 4, format: "d" } };
  const fill_ = { field: "kind", type: "nominal", legend: null, scale: { domain: names, range: colours } };
  const tooltip = [{ field: "day", title: t("ui.when") }, { field: "kind", title: t("item.kind") }, { field: "n", title: t("item.number") }];
  chart(
    at("traffic"),
    {
      data: { values: rows },
      layer: [
        { transform: [{ filter: `datum.kind === ${JSON.stringify(names[0])}` }], mark: { type: "bar", width: { band: 0.7 } }, encoding: { x, y, fill: fill_, tooltip } },
        { transform: [{ filter: `datum.kind !== ${JSON.stringify(names[0])}` }], mark: { type: "line" }, encoding: { x, y, stroke: { ...fill_ }, tooltip } },
      ],
    },
    { title: t("item.traffic"), height: 200, table: { heads: [t("ui.when"), ...names], rows: told.days.filter((day) => KINDS.some((name) => day[name])).map((day) => [new Date(day.date / 1000).toISOString().slice(0, 10), ...KINDS.map((name) => count(day[name]))]) } },
  );
}

function terms(told) {
  if (!told.terms.length) return empty(t("item.no_terms"), t("item.no_terms_text"));
  const most = told.terms[0].share;
  return h("dl.bars.terms", told.terms.map((one) => [h("dt", one.term), h("dd", h("span.length", { "aria-hidden": "true" }, h("span", { width: `${(100 * one.share) / most}%` })), h("strong", percent(one.share, 0)), h("span.quiet", t("item.in_items", { n: count(one.n_items) })))]));
}
