// The catalogue: search, filter, sort, page, export.
import { file, get, query } from "./api.js";
import { at, empty, failed, fill, h, itemLink, keepFocus, keepState, later, saveAs, say, segment, state } from "./dom.js";
import { count, decimal, has, percent, t } from "./words.js";

const SEGMENTS = ["head", "tail", "fresh", "cold"];
const REASONS = ["seasonal", "new", "overpriced", "short_title", "no_title", "no_reason"];
const COLUMNS = [
  { name: "title", key: "ui.item", first: false },
  { name: "segment", key: "ui.segment", first: false },
  { name: "buyers", key: "ui.buyers", number: true, first: true },
  { name: "price", key: "ui.price", number: true, first: true },
  { name: "demand", key: "ui.demand", number: true, first: true },
  { name: "p_tail", key: "ui.p_tail", number: true, first: false },
  { name: "reasons", key: "items.reasons" },
];
const LIMIT = 25;

const asked = state();
const wanted = {
  query: asked.get("query") ?? "",
  segment: asked.getAll("segment").filter((name) => SEGMENTS.includes(name)),
  reason: asked.get("reason") ?? "",
  sort: COLUMNS.some((column) => column.first !== undefined && column.name === asked.get("sort")) ? asked.get("sort") : "relevance",
  descending: asked.get("descending") !== "false",
  offset: Math.max(parseInt(asked.get("offset"), 10) || 0, 0),
};

const words = at("query");
words.value = wanted.query;
at("reason").append(...REASONS.map((code) => h("option", { value: code }, t(`reason.${code}`))));
if (wanted.reason && !REASONS.includes(wanted.reason)) at("reason").append(h("option", { value: wanted.reason }, wanted.reason));
at("reason").value = wanted.reason;
at("segments").append(
  ...SEGMENTS.map((name) =>
    h(
      "label.chip",
      h("input", { type: "checkbox", name: "segment", value: name, checked: wanted.segment.includes(name), onchange: () => change({ segment: chosen() }) }),
      h("span.box", segment(name)),
    ),
  ),
);
const chosen = () => [...at("segments").querySelectorAll("input:checked")].map((box) => box.value);

words.addEventListener("input", () => {
  at("table").setAttribute("aria-busy", "true");
  typed();
});
const typed = later(() => change({ query: words.value.trim(), sort: "relevance", descending: true }), 250);
at("reason").addEventListener("change", () => change({ reason: at("reason").value }));
at("tools").addEventListener("submit", (event) => event.preventDefault());
at("export").addEventListener("click", save);

function change(values, offset = 0) {
  Object.assign(wanted, values, { offset });
  keepState({ ...wanted, sort: wanted.sort === "relevance" ? "" : wanted.sort, descending: wanted.descending ? "" : "false", offset: wanted.offset || "" });
  show();
}

function show() {
  fill(at("table"), () => get(query("/v1/catalogue", { ...wanted, limit: LIMIT })), table, { keep: true });
}

function table(found) {
  pager(found.n_items);
  at("found").textContent = t(wanted.query ? "items.found_words" : "items.found", { n: count(found.n_items) });
  if (!found.items.length) return empty(t("items.none"), t("items.none_text"), h("button.button.tiny", { type: "button", onclick: clear }, t("items.clear")));
  const head = (column) => {
    const name = column.number ? "th.number" : "th";
    if (column.first === undefined) return h(name, { scope: "col" }, t(column.key));
    const sorted = wanted.sort === column.name;
    const turn = () => change({ sort: column.name, descending: sorted ? !wanted.descending : column.first });
    return h(name, { scope: "col", "aria-sort": sorted ? (wanted.descending ? "descending" : "ascending") : null }, h("button", { type: "button", "data-key": column.name, onclick: turn }, t(column.key)));
  };
  return h("div.scroll", h("table.narrow-table", h("thead", h("tr", COLUMNS.map(head))), h("tbody", found.items.map(row))));
}

function row(item) {
  return h(
    "tr",
    h("td.title", itemLink(item.item_id, item.title), h("div.small.quiet", item.item_id, item.in_stock ? "" : ` · ${t("ui.out_of_stock")}`)),
    h("td", segment(item.segment)),
    h("td.number", count(item.buyers)),
    h("td.number", decimal(item.price)),
    h("td.number", count(item.demand)),
    h("td.number", percent(item.p_tail, 0)),
    h("td.small.quiet", item.reasons.map((code) => (has(`reason.${code}`) ? t(`reason.${code}`) : code)).join(" · ")),
  );
}

function pager(n) {
  const last = Math.max(Math.ceil(n / LIMIT) - 1, 0);
  const here = Math.floor(wanted.offset / LIMIT);
  const go = (name, page, off) => h("button.button.tiny", { type: "button", "data-key": name, disabled: off, onclick: () => change({}, page * LIMIT) }, t(name));
  const place = at("pager");
  const focused = place.contains(document.activeElement) && document.activeElement.dataset.key;
  place.replaceChildren(
    ...(n > LIMIT
      ? [h("span.small.quiet", t("items.page", { from: count(wanted.offset + 1), to: count(Math.min(wanted.offset + LIMIT, n)), n: count(n) })), go("items.previous", here - 1, here === 0), go("items.next", here + 1, here >= last)]
      : []),
  );
  if (focused) keepFocus(place, focused);
}

function clear() {
  words.value = "";
  at("reason").value = "";
  for (const box of at("segments").querySelectorAll("input")) box.checked = false;
  change({ query: "", reason: "", segment: [], sort: "relevance", descending: true });
  words.focus();
}

async function save() {
  const button = at("export");
  button.disabled = true;
  say(t("items.exporting"));
  try {
    const { offset, ...rest } = wanted;
    saveAs(await file(query("/v1/catalogue.csv", rest)), "catalogue.csv");
    say(t("items.exported"));
  } catch (error) {
    at("found").replaceChildren(failed(error, save));
  } finally {
    button.disabled = false;
  }
}

show();
