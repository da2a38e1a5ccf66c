// Why an item is in a list: the parts of its score, in words and as a bar.
import { h } from "./dom.js";
import { has, percent, t } from "./words.js";

const number = (text) => text.match(/\d+/)?.[0] ?? "";

/** One reason as a sentence; ``titles`` knows the titles of the customer's items. */
export function sentence(reason, titles) {
  const against = reason.amount < 0 ? "_against" : "";
  const key = [`ui.why_${reason.kind}${against}`, `ui.why_${reason.kind}`].find(has);
  if (!key) return reason.text;
  const title = titles?.get(reason.item_id) ?? reason.item_id ?? "";
  const both = reason.words.length ? t("ui.why_both", { words: reason.words.join(", ") }) : "";
  return t(key, { title, both, n: number(reason.text) });
}

/** A bar of what speaks for the item, and its strongest parts in words. */
export function reasonsOf(reasons, titles, most = 2) {
  const parts = reasons.filter((reason) => reason.kind !== "average" && reason.amount > 0);
  const total = parts.reduce((sum, reason) => sum + reason.amount, 0);
  const moved = reasons.find((reason) => reason.kind === "dial");
  if (!parts.length && !moved) return null;
  const told = parts.slice(0, most);
  const against = reasons.filter((reason) => reason.kind !== "average" && reason.amount < 0);
  const line = (reason, share) => h("li", h("span.share-of", share), " ", sentence(reason, titles));
  const share = (reason) => percent(reason.amount / total, 0);
  return h(
    "div.parts.small",
    parts.length > 0 &&
      h(
        "div.line",
        { role: "img", "aria-label": parts.map((reason) => `${sentence(reason, titles)}: ${share(reason)}`).join("; ") },
        parts.map((reason) => h(`span.part-${reason.kind}`, { width: `${(reason.amount / total) * 100}%`, title: sentence(reason, titles) })),
      ),
    h("ul.quiet", told.map((reason) => line(reason, share(reason))), moved && h("li.raised", sentence(moved, titles))),
    parts.length + against.length > told.length &&
      h(
        "details.define",
        h("summary", t("ui.why_all", { n: parts.length + against.length })),
        h("ul", [...parts.slice(most), ...against].map((reason) => line(reason, reason.amount > 0 ? share(reason) : "−"))),
      ),
  );
}
