// Your tail: where the catalogue and its sales are.
import { get } from "./api.js";
import { SEGMENTS, bySegment, chart } from "./chart.js";
import { at, empty, failed, fill, h, itemLink, segment } from "./dom.js";
import { story } from "./story.js";
import { count, date, decimal, has, month, percent, t } from "./words.js";

const SHOWN = 4;
// As many of the week as the service names at once.
const MOST = 100;
const LEAST_ROOM = 0.05;
// Below so many places shares of them say nothing.
const FEWEST_PLACES = 200;
const regions = ["why", "outlook", "zero"];
const job = get("/v1/diagnosis/overview");
// Who gets the places of lists: the page is whole without it.
const places = get("/v1/shown");
const shown = places.catch(() => ({ segments: {}, bands: {}, tested: [] }));
const drawings = ["lorenz", "months", "gini"];
const nothing = () => empty(t("tail.none"), t("tail.none_text"));
const LISTS = { most_popular: "tail.shown_popular", dialled: "tail.shown_dialled" };
const draw = { why, outlook, zero };
const complete = (found) => found.tables?.segments && found.tables.lorenz && found.figures;
for (const name of regions) fill(at(name), () => job, (found) => (complete(found) ? draw[name](found) : nothing()));
for (const [name, render] of [["split", split], ["bands", bands]]) {
  fill(at(name), () => Promise.all([job, shown]), ([found, lists]) => (complete(found) ? render(found, lists) : nothing()));
}
story(job, places);
job.then(figures, (error) => {
  for (const name of drawings) at(name).replaceChildren(failed(error));
  blank();
});

const opened = new Set();
fill(at("week"), () => get("/v1/week"), week);

/** Name more of a kind, in place. */
async function more(name) {
  opened.add(name);
  const found = await fill(at("week"), () => get(`/v1/week?most=${MOST}`), week, { keep: true });
  if (found) at("week").querySelectorAll(`[data-part="${name}"] a`)[SHOWN]?.focus();
}

/** What the store's events of seven days say. */
function week(found) {
  at("week-since").textContent = t("tail.week_since", { date: date(found.since / 1000) });
  at("week-text").textContent = t(found.buyers ? "tail.week_text" : "tail.week_quiet", { n: count(found.buyers), before: count(found.buyers_before) });
  if (!["gained", "first_sales", "new_items", "moves"].some((name) => found[name].n_items)) return null;
  const kinds = found.moves.kinds.slice(0, 3).map((kind) => h("p.small", segment(kind.from), " → ", segment(kind.to), " ", h("strong", count(kind.n_items))));
  return h(
    "div.quarters",
    part("gained", found.gained, (one) => h("span.moved", `+${count(one.buyers - one.before)}`)),
    part("first_sales", found.first_sales, (one) => h("span.quiet", count(one.buyers))),
    part("new_items", found.new_items, () => null),
    part("moves", found.moves, (one) => h("div.under", segment(one.from), " → ", segment(one.to)), kinds),
  );
}

function part(name, { n_items: n, items }, note, lead = null) {
  const named = opened.has(name) ? items : items.slice(0, SHOWN);
  return h(
    "div.quarter",
    { "data-part": name },
    h("h3", t(`tail.week_${name}`), " ", h("span.quiet", count(n))),
    lead,
    items.length
      ? h("ul.list.plain.small", named.map((one) => h("li", h("span.name", itemLink(one.item_id, one.title)), note(one))))
      : h("p.small.quiet", t(`tail.week_no_${name}`)),
    n > named.length && (opened.has(name) ? h("p.small.quiet", t("tail.week_first", { shown: count(named.length), n: count(n) })) : h("button.button.tiny.fit", { type: "button", onclick: () => more(name) }, t("tail.week_more", { n: count(Math.min(n, MOST) - named.length) }))),
  );
}

/** Not known, in place of the signs that it is asked for. */
function blank() {
  for (const value of document.querySelectorAll("#figures .value")) value.textContent = "–";
}

function figures(found) {
  if (!complete(found)) {
    for (const name of drawings) at(name).replaceChildren(nothing());
    blank();
    return;
  }
  const value = (name) => found.figures[name]?.value;
  const put = (id, text, note = "") => {
    at(id).textContent = text;
    at(`${id}-note`).textContent = note;
  };
  const items = value("n_items");
  put("f-items", count(items), t("tail.items_note", { date: date(found.as_of) }));
  put("f-never", count(value("zero_sale_items")), t("tail.never_note", { share: percent(value("zero_sale_items") / items) }));
  put("f-top", percent(value("top_share"), 0), t("tail.top_note"));
  put("f-gini", decimal(value("gini")), t("tail.gini_note"));
  put("f-effective", count(value("effective_items")), t("tail.effective_note", { share: percent(value("effective_items") / items, 0) }));
  put("f-customers", count(value("n_customers")), t("tail.customers_note", { count: count(value("n_pairs")) }));
  lorenz(found);
  months(found);
}

const by = (rows, key) => Object.fromEntries(rows.map((row) => [row[key], row]));

/** What there is of each segment: shares of the catalogue, of sales, and of the places in lists. */
function measuresOf(rows, lists) {
  const known = ["catalogue_share", "buyers_share", "revenue_share", "exposure_share"].filter((name) =>
    rows.some((row) => row[name] !== null && row[name] !== undefined),
  );
  const of = (name, share) => ({ name, share });
  return [
    ...known.map((name) => of(t(`tail.${name}`), (row) => row[name])),
    ...(lists.n_places >= FEWEST_PLACES ? [of(t("tail.shown"), (row) => lists.segments[row.segment])] : []),
    ...lists.tested.map((one) => of(t(LISTS[one.name] ?? "tail.shown_served"), (row) => one.segments[row.segment])),
  ];
}

function split(found, lists) {
  const rows = found.tables.segments.rows;
  const { head, tail } = by(rows, "segment");
  at("split-text").textContent = t("tail.split_text", {
    head: count(head.items),
    head_share: percent(head.catalogue_share, 0),
    head_sales: percent(head.buyers_share, 0),
    tail: count(tail.items),
    tail_share: percent(tail.catalogue_share, 0),
    tail_sales: percent(tail.buyers_share, 0),
  });
  const measures = measuresOf(rows, lists);
  const bar = ({ name, share }) =>
    h(
      "div.share",
      h("span.small", name),
      h(
        "div.stack",
        { role: "img", "aria-label": rows.map((row) => `${t(`segment.${row.segment}`)} ${percent(share(row))}`).join(", ") },
        rows
          .filter((row) => share(row) > 0)
          .map((row) =>
            h(
              `span.fill.${row.segment}`,
              { width: `${share(row) * 100}%`, title: `${t(`segment.${row.segment}`)}: ${percent(share(row))}` },
              share(row) >= 0.06 ? percent(share(row), 0) : "",
            ),
          ),
      ),
    );
  return [
    h("div.legend", SEGMENTS.map(segment)),
    h("div.rows.bars-of-shares", measures.map(bar)),
    h(
      "details.define",
      h("summary", t("ui.numbers")),
      h(
        "div.numbers",
        h(
          "table.narrow-table",
          h("thead", h("tr", h("th", { scope: "col" }, t("ui.segment")), h("th.number", { scope: "col" }, t("tail.items")), measures.map((one) => h("th.number", { scope: "col" }, one.name)))),
          h("tbody", rows.map((row) => h("tr", h("td", segment(row.segment)), h("td.number", count(row.items)), measures.map((one) => h("td.number", percent(one.share(row))))))),
        ),
      ),
    ),
  ];
}

function lorenz(found) {
  const rows = found.tables.lorenz.rows;
  const head = by(found.tables.segments.rows, "segment").head;
  const cut = 1 - head.catalogue_share;
  const point = { catalogue_share: cut, buyers_share: 1 - head.buyers_share };
  at("lorenz-text").textContent = t("tail.lorenz_text", {
    items: percent(cut, 0),
    sales: percent(point.buyers_share, 0),
  });
  const axis = { format: ".0%", tickCount: 5 };
  const x = { field: "catalogue_share", type: "quantitative", title: t("tail.lorenz_x"), axis };
  const y = { field: "buyers_share", type: "quantitative", title: t("tail.lorenz_y"), axis };
  const tooltip = [
    { ...x, format: ".0%", title: t("tail.lorenz_items") },
    { ...y, format: ".1%", title: t("tail.buyers_share") },
  ];
  const part = (keep, name) => ({
    transform: [{ filter: `datum.catalogue_share ${keep} ${cut}` }],
    mark: { type: "area", fill: `var(--${name})`, fillOpacity: 0.22 },
    encoding: { x, y },
  });
  const spec = {
    data: { values: rows },
    layer: [
      part("<= 0.005 +", "tail"),
      part(">= -0.005 +", "head"),
      { data: { values: [0, 1].map((n) => ({ catalogue_share: n, buyers_share: n })) }, mark: { type: "line", strokeDash: [3, 3], strokeWidth: 1, stroke: "var(--rule)" }, encoding: { x, y } },
      { mark: { type: "line", stroke: "var(--ink)" }, encoding: { x, y } },
      { mark: { type: "point", opacity: 0, size: 120 }, encoding: { x, y, tooltip } },
      { data: { values: [point] }, mark: { type: "point", size: 90, fill: "var(--ink)", stroke: "var(--paper)", strokeWidth: 2 }, encoding: { x, y, tooltip } },
      { data: { values: [{ ...point, label: t("tail.lorenz_point", { sales: percent(point.buyers_share, 0) }) }] }, mark: { type: "text", align: "right", dx: -10, dy: -8, fontWeight: 600 }, encoding: { x, y, text: { field: "label" } } },
    ],
  };
  const shown = rows.filter((_, n) => n % 10 === 0);
  chart(at("lorenz"), spec, {
    title: t("tail.lorenz"),
    height: 264,
    table: {
      heads: [t("tail.lorenz_items"), t("tail.buyers_share")],
      rows: shown.map((row) => [percent(row.catalogue_share, 0), percent(row.buyers_share)]),
    },
  });
}

function months(found) {
  const rows = found.tables.drift?.rows ?? [];
  if (rows.length < 2) {
    for (const name of ["months", "gini"]) at(name).replaceChildren(empty(t("tail.no_clock"), t("tail.no_clock_text")));
    return;
  }
  // In the first month everything is new: its shares say nothing.
  const later = rows.slice(1);
  at("months-legend").replaceChildren(...SEGMENTS.map(segment));
  const long = later.flatMap((row) =>
    SEGMENTS.map((name, order) => ({ month: row.month, label: month(row.month), order, segment: t(`segment.${name}`), share: row[`${name}_buyers_share`] })),
  );
  const step = Math.ceil(later.length / (innerWidth < 560 ? 3 : 5));
  const shown = later.filter((_, n) => n % step === 0).map((row) => row.month);
  const x = { field: "month", type: "ordinal", title: null, axis: { grid: false, labelAngle: 0, values: shown, labelExpr: labels(later) } };
  chart(
    at("months"),
    {
      data: { values: long },
      mark: { type: "bar", width: { band: 0.76 } },
      encoding: {
        x,
        y: { field: "share", type: "quantitative", title: t("tail.buyers_share"), axis: { format: ".0%", tickCount: 5 }, scale: { domain: [0, 1] } },
        fill: bySegment("segment", t("ui.segment")),
        order: { field: "order" },
        tooltip: [{ field: "label", title: t("ui.month") }, { field: "segment", title: t("ui.segment") }, { field: "share", title: t("tail.buyers_share"), format: ".1%" }],
      },
    },
    {
      title: t("tail.months"),
      height: 264,
      table: {
        heads: [t("ui.month"), ...SEGMENTS.map((name) => t(`segment.${name}`))],
        rows: later.map((row) => [month(row.month), ...SEGMENTS.map((name) => percent(row[`${name}_buyers_share`]))]),
      },
    },
  );
  const first = later[0].gini;
  const last = later.at(-1).gini;
  at("gini-text").textContent = t(last > first + 0.005 ? "tail.gini_up" : last < first - 0.005 ? "tail.gini_down" : "tail.gini_same", { from: decimal(first), to: decimal(last), month: month(later[0].month) });
  const known = later.map((row) => row.gini);
  // Room around the line, so that a change of a hundredth doesn't look like a landslide.
  const [low, high] = [Math.min(...known) - LEAST_ROOM, Math.max(...known) + LEAST_ROOM].map((value) => Math.min(Math.max(value, 0), 1));
  const y = { field: "gini", type: "quantitative", title: t("tail.gini"), scale: { zero: false, domain: [low, high], nice: true }, axis: { tickCount: 5, format: ".2f" } };
  const tooltip = [{ field: "label", title: t("ui.month") }, { field: "gini", title: t("tail.gini"), format: ".3f" }];
  chart(
    at("gini"),
    { data: { values: later.map((row) => ({ ...row, label: month(row.month) })) }, encoding: { x, y, tooltip }, layer: [{ mark: { type: "line", stroke: "var(--ink)" } }, { mark: { type: "point", fill: "var(--ink)" } }] },
    { title: t("tail.gini_months"), height: 264, table: { heads: [t("ui.month"), t("tail.gini")], rows: later.map((row) => [month(row.month), decimal(row.gini, 3)]) } },
  );
}

/** Months as people write them, as an expression of the axis. */
function labels(rows) {
  const label = (row) => JSON.stringify(month(row.month));
  return rows.reduceRight((rest, row) => `datum.value === '${row.month}' ? ${label(row)} : ${rest}`, "''");
}

function bands(found, lists) {
  const rows = found.tables.bands.rows;
  const cell = (value, name) =>
    value === null || value === undefined
      ? h("td", "–")
      : h("td", h("span.small", percent(value)), h("span.meter", { "aria-hidden": "true" }, h(`span.fill.${name}`, { width: `${(value / most) * 100}%` })));
  const measures = ["catalogue_share", "buyers_share", "revenue_share", "exposure_share"].filter((name) => rows.some((row) => (row[name] ?? null) !== null));
  const columns = [...measures.map((name) => [t(`tail.${name}`), (row) => row[name]]), ...(lists.n_places >= FEWEST_PLACES ? [[t("tail.shown"), (row) => lists.bands[row.band]]] : [])];
  const most = Math.max(...rows.flatMap((row) => columns.map(([, share]) => share(row) ?? 0)));
  const heads = [t("tail.band"), t("tail.items"), ...columns.map(([name]) => name)];
  return h(
    "div.scroll",
    h(
      "table.narrow-table",
      h("thead", h("tr", heads.map((head, n) => h(n === 1 ? "th.number" : "th", { scope: "col" }, head)))),
      h(
        "tbody",
        rows.map((row) => {
          const name = row.band.startsWith("0-") ? "head" : "tail";
          const label = has(`tail.band_${row.band}`) ? t(`tail.band_${row.band}`) : `${row.band} %`;
          return h("tr", h("td", label), h("td.number", count(row.items)), columns.map(([, share]) => cell(share(row), name)));
        }),
      ),
    ),
  );
}

function why(found) {
  const rows = found.tables.reasons.rows.filter((row) => row.items > 0);
  if (!rows.length) return empty(t("tail.why_none"));
  rows.sort((one, other) => (one.reason === "no_reason") - (other.reason === "no_reason") || other.items - one.items);
  return h(
    "ul.why",
    rows.map((row) =>
      h(
        "li",
        h("div.top", h("a", { href: `/items?reason=${encodeURIComponent(row.reason)}` }, has(`reason.${row.reason}`) ? t(`reason.${row.reason}`) : row.label), h("span", `${count(row.items)} · ${percent(row.items_share)}`)),
        h("span.meter", { "aria-hidden": "true" }, h("span", { width: `${row.items_share * 100}%` })),
        h("p.quiet.small", has(`reason.${row.reason}_when`) ? t(`reason.${row.reason}_when`) : row.sentence),
      ),
    ),
  );
}

function outlook(found) {
  const rows = [...(found.tables.outlook?.rows ?? [])];
  if (!rows.length) return empty(t("tail.outlook_none"), t("tail.outlook_none_text"));
  rows.sort((one, other) => other.demand - one.demand);
  return h(
    "div.scroll",
    h(
      "table.narrow-table",
      h("thead", h("tr", h("th", { scope: "col" }, t("ui.item")), h("th.number", { scope: "col" }, t("ui.demand")), h("th", { scope: "col" }, t("ui.p_tail")), h("th", { scope: "col" }, t("tail.speaks_for")))),
      h(
        "tbody",
        rows.slice(0, 8).map((row) =>
          h(
            "tr",
            h("td.title", itemLink(row.item_id, row.title)),
            h("td.number", count(row.demand)),
            h("td", h("span.small", percent(row.p_tail, 0)), h("span.meter", { "aria-hidden": "true" }, h("span.fill.tail", { width: `${row.p_tail * 100}%` }))),
            h("td.small.quiet", row.for_sales || "–"),
          ),
        ),
      ),
    ),
  );
}

function zero(found) {
  if (!found.never_sold.length) return empty(t("tail.zero_none"));
  const rest = (found.figures.zero_sale_items?.value ?? 0) - found.never_sold.length;
  return [
    h("ul.list", found.never_sold.map((row) => h("li", h("span.rank"), h("span.name", itemLink(row.item_id, row.title)), segment(row.segment)))),
    rest > 0 && h("p.small.quiet", t("tail.zero_more", { n: count(rest) }), " ", h("a", { href: "/items?sort=buyers&descending=false" }, t("tail.zero_all"))),
  ];
}
