// How a customer buys: stage, taste for the tail, prices, rhythm, and what they are doing now.
import { empty, h } from "./dom.js";
import { count, decimal, percent, t } from "./words.js";

const SCORES = [["recency", "days_since"], ["frequency", "purchase_days"], ["money", "spent"]];
const BEST = 5;

export function habitsOf({ behaviour: found, profiling }) {
  if (!found) return h("p.small.quiet", t(profiling ? "customers.no_clock" : "customers.not_read"));
  const { stage, prices, rhythm, rfm, intent } = found;
  if (stage === "visitor") return [empty(t("customers.stage_visitor"), t("customers.visitor_text")), intent && facts([row("now", t(`customers.intent_${intent}`))])];
  return [
    h("p.segment-name", h("strong", named(found))),
    facts([
      row("taste", taste(found.taste)),
      prices && row("prices", [h("strong", t(`customers.band_${prices.band}`)), h("span.small.quiet.block", t("customers.paid", { low: decimal(prices.low), high: decimal(prices.high) }))]),
      rhythm && row("rhythm", [h("strong", t(rhythm.days < 1.5 ? "customers.every_day" : "customers.every", { days: count(rhythm.days) })), h("span.small.quiet.block", due(rhythm))]),
      intent && row("now", t(`customers.intent_${intent}`)),
    ]),
    rfm && h("div.scores", SCORES.filter(([name]) => rfm[name] !== null).map(([name, figure]) => score(name, rfm[name], Math.floor(rfm[figure])))),
  ];
}

/** The segment in words, such as "Buys as usual, likes what few buy, at low prices". */
function named({ stage, taste: liked, prices }) {
  const values = { stage: t(`customers.stage_${stage}`), taste: t(`customers.taste_${liked.name}_likes`), band: prices && t(`customers.band_${prices.band}_at`) };
  return t(prices ? "customers.named" : "customers.named_unpriced", values);
}

const facts = (rows) => h("dl.facts", rows);
const row = (name, value) => [h("dt", t(`customers.${name}`)), h("dd", value)];

/** What is known of the share of the tail: between which ends it lies, and where the shop's stands. */
function taste({ name, tail_share: share, low, high, of_shop: shop }) {
  const part = (value) => ({ width: `${value * 100}%` });
  return [
    h("strong", t(`customers.taste_${name}`)),
    h("span.strip", { "aria-hidden": "true" }, h("span", part(low)), h("span.band", part(share - low)), h("span.band", part(high - share))),
    h("span.small.quiet.block", t("customers.taste_share", { low: percent(low, 0), high: percent(high, 0), shop: percent(shop, 0) })),
  ];
}

function due({ low, high, due_in_days: days }) {
  const half = t("customers.half", { low: count(low), high: count(high) });
  const when = t(days < -0.5 ? "customers.was_due" : days < 0.5 ? "customers.due_now" : "customers.due", { days: count(Math.abs(days)) });
  return `${half} ${when}`;
}

function score(name, value, n) {
  const pips = Array.from({ length: BEST }, (_, place) => h(place < value ? "span.on" : "span"));
  return h("div.effect", h("span.small.quiet", t(`customers.score_${name}`)), h("span.pips", { role: "img", "aria-label": t("customers.score", { n: value, of: BEST }) }, pips), h("span.delta", t(name === "recency" && !n ? "customers.score_recency_today" : `customers.score_${name}_is`, { n: count(n) })));
}
