// In three sentences: what is wrong, what the dial does about it, and which items deserve more.
import { get, query } from "./api.js";
import { at, fill, h, itemLink } from "./dom.js";
import { spotsOf } from "./positions.js";
import { count, percent, t } from "./words.js";

const KEPT = "unsung-story";
const NAMED = 3;
const POPULAR = "most_popular";
const orNothing = (asked) => asked.catch(() => null);

/** Tell it; ``overview`` and ``shown`` are asked for already. */
export function story(overview, shown) {
  const place = at("story");
  try {
    place.open = localStorage.getItem(KEPT) !== "closed";
    place.addEventListener("toggle", () => localStorage.setItem(KEPT, place.open ? "open" : "closed"));
  } catch {
    // a browser that keeps nothing: it is open each time
  }
  const dial = orNothing(get("/v1/dial"));
  const gems = orNothing(get(query("/v1/gems", { k: NAMED })));
  fill(at("steps"), () => Promise.all([overview, orNothing(shown), dial, gems]), steps);
}

function steps([overview, shown, dial, gems]) {
  const rows = overview.tables?.segments?.rows ?? [];
  const tail = rows.find((row) => row.segment === "tail");
  return [
    tail && step("problem", problem(tail, shown), "/items?segment=tail"),
    dial && step("dial", turned(dial), "/dial"),
    gems && step("gems", found(gems), "/gems"),
    step("try", t("tail.story_try_text"), "/try"),
  ].filter(Boolean);
}

const step = (name, said, href) => h("li.step", h("h3", t(`tail.story_${name}`)), h("p", said), h("a", { href }, t(`tail.story_${name}_go`)));

function problem(tail, shown) {
  const told = t("tail.story_sales", { items: count(tail.items), share: percent(tail.catalogue_share, 0), sales: percent(tail.buyers_share, 0) });
  const popular = shown?.tested.find((one) => one.name === POPULAR);
  return popular ? `${told} ${t("tail.story_popular", { places: percent(popular.segments.tail, 0), items: count(popular.n_items) })}` : told;
}

function turned(dial) {
  const { certificate, n_positions: last } = dial;
  const spots = spotsOf(dial);
  if (!spots.length) return t("tail.story_no_dial");
  const from = percent(spots[0].tail, 0);
  if (!last || !certificate) return t("tail.story_refused", { from });
  const to = percent((spots[last] ?? spots[0]).tail, 0);
  return t("tail.story_turned", { from, to, position: last, kept: percent(1 - certificate.budget, 0), level: percent(certificate.level, 0) });
}

function found({ gems }) {
  if (!gems.length) return t("tail.story_no_gems");
  const links = gems.flatMap((gem, n) => [n ? " · " : "", itemLink(gem.item_id, gem.title)]);
  return [t("tail.story_found"), " ", links];
}
