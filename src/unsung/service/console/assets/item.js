// One item: its segment and why, what its text makes likely, what goes with it.
import { get, id } from "./api.js";
import { at, empty, fill, h, itemLink, segment } from "./dom.js";
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
  },
  () => {},
);
fill(at("facts"), () => page, facts);
fill(at("why"), () => insight, why);
fill(at("outlook"), () => insight, outlook);
fill(at("document"), () => page, (found) => h("pre.document", found.document || t("item.no_text")));
fill(at("similar"), list(""), found);
fill(at("discover"), list("&discover=true"), found);

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
        Object.keys(reason.evidence ?? {}).length > 0 && h("p.small", { lang: "en" }, reason.sentence),
      ),
    ),
  );
}

function outlook({ outlook: look, diagnosis }) {
  if (!look) return empty(t("item.no_outlook"), t("item.no_outlook_text", { buyers: count(diagnosis.buyers ?? 0) }));
  const words = look.words.map(({ word, change }) => h("span.word", h("b", word), " ", h("span.quiet", t(change < 0 ? "item.word_for" : "item.word_against"))));
  return [
    h(
      "div.effects",
      h("div.effect", h("span.small.quiet", t("ui.demand")), h("span.value", decimal(look.demand, 1)), h("span.delta", t("item.in_28"))),
      h("div.effect", h("span.small.quiet", t("ui.p_tail")), h("span.value", percent(look.p_tail, 0)), h("span.meter", { "aria-hidden": "true" }, h("span.fill.tail", { width: `${look.p_tail * 100}%` }))),
    ),
    h("div.words", words),
  ];
}

function found({ items }) {
  if (!items.length) return empty(t("item.no_similar"));
  return h("ol.list", items.map((one, n) => h("li", h("span.rank", n + 1), h("span.name", itemLink(one.item_id, one.title)), segment(one.segment))));
}
