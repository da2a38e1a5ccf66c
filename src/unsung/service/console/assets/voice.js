// What reviews say of an item: how good it is, and how sure that is; praise and criticism, with quotes.
import { h } from "./dom.js";
import { count, decimal, has, percent, t } from "./words.js";

const [WORST, BEST] = [1, 5];
const place = (stars) => Math.min(Math.max((stars - WORST) / (BEST - WORST), 0), 1) * 100;
// The estimate is a normal one and `low` its lower 5 %: as far above stands the upper 5 %.
const high = ({ stars, low }) => Math.min(2 * stars - low, BEST);
const range = (quality) => t("ui.voice_range", { low: decimal(quality.low, 1), high: decimal(high(quality), 1) });
const known = (quality) => quality && quality.n > 0;

/** All of it, for an item's page. */
export function voiceOf(reviews) {
  return [
    h("div.effects", quality(reviews.quality), said(reviews), praise(reviews.praise_share)),
    reviews.praised.length + reviews.criticised.length > 0
      ? h("div.two", aspects("praised", reviews.praised), aspects("criticised", reviews.criticised))
      : h("p.small.quiet", t("ui.voice_nothing")),
  ];
}

function quality(found) {
  if (!known(found)) return tile("ui.voice_quality", "–", t("ui.voice_no_stars"));
  const [low, mean, top] = [found.low, found.stars, high(found)].map(place);
  const strip = h("span.strip", { "aria-hidden": "true" }, h("span", { width: `${low}%` }), h("span.band", { width: `${mean - low}%` }), h("span.band", { width: `${top - mean}%` }));
  return tile("ui.voice_quality", [decimal(found.stars, 1), h("span.small.quiet", ` ${t("ui.voice_of")}`)], [range(found), " · ", t("ui.voice_usual", { prior: decimal(found.prior, 1) })], strip);
}

function said({ n_reviews: n, set_aside: aside }) {
  const why = Object.entries(aside).map(([reason, times]) => {
    const key = `ui.voice_aside_${reason.replaceAll(" ", "_")}`;
    return h("span.block", has(key) ? t(key, { n: count(times) }) : `${reason}: ${count(times)}`);
  });
  return tile("ui.voice_reviews", count(n), why.length ? [h("strong.block", t("ui.voice_aside")), why] : t("ui.voice_none_aside"));
}

function praise(share) {
  if (share === null) return null;
  return tile("ui.voice_praise", percent(share, 0), t("ui.voice_praise_what"), h("span.meter", { "aria-hidden": "true" }, h("span", { width: `${share * 100}%` })));
}

const tile = (name, value, note, drawn) => h("div.effect", h("span.small.quiet", t(name)), h("span.value", value), drawn, h("span.delta", note));

function aspects(kind, found) {
  return h(
    "div.run",
    h("h3", t(`ui.voice_${kind}`)),
    found.length ? h("ul.aspects", found.map((one) => h("li", h("div.top", h("strong", one.phrase), h("span.small.quiet", counted("counts", kind, one))), one.quote && h("q", one.quote)))) : h("p.small.quiet", t(`ui.voice_none_${kind}`)),
  );
}

const counted = (how, kind, one) => t(`ui.voice_${how}`, { n: count(one[`n_${kind}`]), of: count(one.n_reviews) });

/** In a few lines, for a card; nothing where nobody said anything. */
export function voiceInShort(reviews) {
  if (!reviews?.n_reviews) return null;
  const { quality: found, n_reviews: n } = reviews;
  const names = (kind) => reviews[kind].slice(0, 2).map((one, nth) => [nth ? " · " : " ", h("strong", one.phrase), ` (${counted("few", kind, one)})`]);
  const line = (kind) => reviews[kind].length > 0 && h("li", t(`ui.voice_${kind}`), t("ui.voice_colon"), names(kind));
  const stars = known(found) && [h("strong", decimal(found.stars, 1)), ` ${t("ui.voice_of")}, `, range(found), " · "];
  return h("ul.small", h("li", stars, t("ui.voice_n", { n: count(n) })), line("praised"), line("criticised"));
}
