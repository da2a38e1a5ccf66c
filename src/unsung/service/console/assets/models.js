// Models and data: what serves, how good it is, how it learnt, and what the data are like.
import { get } from "./api.js";
import { chart } from "./chart.js";
import { at, empty, fill, h } from "./dom.js";
import { showDrift } from "./drift.js";
import { showVersions } from "./versions.js";
import { reportFigures } from "./whole_report.js";
import { count, decimal, has, lang, percent, signedCount, signedDecimal, t } from "./words.js";

const missing = (error) => {
  if (error.status === 404) return null;
  throw error;
};
/** Everything that is another model's when another one serves. */
function show() {
  const keep = { keep: true };
  fill(at("health"), () => Promise.all([ready(), get("/v1/shop")]), health, keep);
  showDrift();
  fill(at("report"), reportFigures, report, keep);
  fill(at("metrics"), () => get("/v1/evaluation"), metrics, keep);
  fill(at("training"), () => Promise.all([get("/v1/training").catch(missing), get("/v1/diagnosis/overview").catch(missing)]), training, keep);
  const quality = get("/v1/quality");
  fill(at("findings"), () => quality, findings, keep);
  fill(at("rows"), () => quality, rows, keep);
}

show();
showVersions();
document.addEventListener("unsung:model", show);

/** Readiness answers 503 with its reasons: that is an answer, too. */
async function ready() {
  const answer = await fetch("/health/ready");
  return answer.json();
}

function health([state, shop]) {
  const good = state.status === "ready";
  return [
    h(`p.status.${good ? "good" : "bad"}`, t(good ? "models.ready" : "models.not_ready")),
    state.reasons.length > 0 && h("ul.events", state.reasons.map((reason, n) => (has(`models.not_ready_${state.codes?.[n]}`) && lang !== "en" ? h("li", t(`models.not_ready_${state.codes[n]}`)) : h("li", { lang: "en" }, reason)))),
    shop.note && h("p.small.quiet", { lang: "en" }, shop.note),
    h(
      "dl.facts.across",
      [["serves", state.model ?? "–"], ["items", count(shop.n_items)], ["customers", count(shop.n_customers)], ["target", shop.target]].map(([name, value]) => h("div", h("dt", t(`models.${name}`)), h("dd", value))),
    ),
  ];
}

const SHOWN = ["ndcg_at_k", "tail_ndcg_at_k", "fresh_ndcg_at_k", "hr_at_k", "aplt_tail", "aplt_fresh", "catalogue_coverage_at_k", "effective_items", "captured_value_at_k"];
const SHARES = new Set(["aplt_tail", "aplt_fresh", "catalogue_coverage_at_k", "captured_value_at_k", "hr_at_k"]);
const written = (name, value) => (SHARES.has(name) ? percent(value) : name === "effective_items" ? count(value) : decimal(value, 3));
const metricName = (name) => (has(`metric.${name}`) ? t(`metric.${name}`) : name);

function report(found) {
  const all = [...found.rows, ...found.lists.map((row) => ({ ...row, difference: row.after - row.before }))];
  const shown = ["ndcg_at_k", "hr_at_k", "tail_ndcg_at_k", "aplt_tail", "catalogue_coverage_at_k", "effective_items", "captured_value_at_k"];
  const tiles = shown.map((name) => all.find((row) => row.metric === name)).filter(Boolean);
  const between = (row) => (row.low === undefined ? "" : ` (${t("models.interval", { low: signedOf(row.metric, row.low), high: signedOf(row.metric, row.high) })})`);
  return [
    h(
      "div.effects.wide-effects",
      tiles.map((row) => h("div.effect", h("span.small.quiet", metricName(row.metric)), h("span.value", h("span.quiet", written(row.metric, row.before)), " → ", written(row.metric, row.after)), h("span.delta", signedOf(row.metric, row.difference), between(row)))),
    ),
    h("p.small.quiet", t("models.report_text", { n: count(found.n_users), before: modelName(found.before), after: modelName(found.after) })),
    h("details.define", h("summary", t("models.assumptions")), h("ul.events", { lang: "en" }, found.assumptions.map((text) => h("li", text)))),
  ];
}

function signedOf(name, value) {
  if (SHARES.has(name)) return t("models.points", { value: signedDecimal(value * 100, 1) });
  if (name === "effective_items") return signedCount(value);
  return signedDecimal(value, 3);
}

const modelName = (name) => (has(`models.name_${name}`) ? t(`models.name_${name}`) : name);

function metrics(found) {
  if (!found.models?.length) return empty(t("models.no_metrics"), t("models.no_metrics_text"));
  at("metrics-text").textContent = t("models.metrics_text", { n: count(found.n_users), k: found.k });
  const best = Object.fromEntries(SHOWN.map((name) => [name, Math.max(...found.models.map((model) => model.summary[name] ?? -1))]));
  const cell = (model, name) => {
    const value = model.summary[name];
    return h("td.number", value === best[name] && value > 0 ? h("strong", written(name, value)) : written(name, value));
  };
  return h(
    "div.scroll",
    h(
      "table.narrow-table",
      h("thead", h("tr", h("th", { scope: "col" }, t("models.model")), SHOWN.map((name) => h("th.number", { scope: "col", title: t(`metric.${name}_what`) }, metricName(name))))),
      h("tbody", found.models.map((model) => h("tr", h("th.row", { scope: "row" }, modelName(model.name), model.name === found.serves && h("div.small.quiet", t("models.serves_undialled"))), SHOWN.map((name) => cell(model, name))))),
    ),
  );
}

function training([found, diagnosis]) {
  const runs = found?.runs ?? [];
  const reading = diagnosis?.tables?.outlook_models?.rows ?? [];
  if (!runs.length && !reading.length) return empty(t("models.no_training"), t("models.no_training_text"));
  const places = runs.flatMap((run) => {
    const loss = h("div.chart.short");
    const value = h("div.chart.short");
    const facts = run.training;
    queueMicrotask(() => curves(run, loss, value));
    return h(
      "div.run",
      h("h3", has(`models.run_${facts.task}`) ? t(`models.run_${facts.task}`) : run.label),
      h("p.small.quiet", t("models.run_text", { model: facts.model, trained: count(facts.n_trainable), all: count(facts.n_parameters), steps: count(facts.n_steps), seconds: count(facts.seconds) })),
      h("div.two", h("div", h("h4.small.quiet", t("models.loss")), loss), h("div", h("h4.small.quiet", t("models.validation", { metric: validated(run) })), value)),
    );
  });
  return [...places, reading.length > 0 && readers(reading)];
}

const SMOOTHED = 6;
/** What a run was judged by: a name of the code's, or the name of a measure in words. */
const validated = (run) => {
  const key = `metric.${run.metric.toLowerCase().replace(/\W+/g, "_")}`;
  return has(key) ? t(key) : run.metric;
};

function curves(run, loss, value) {
  const { points, validations, best_step: best } = run.training;
  const x = { field: "step", type: "quantitative", title: t("models.step"), axis: { tickCount: 5, grid: false } };
  const draw = (place, rows, field, title, marks) => {
    const y = { field, type: "quantitative", title: null, scale: { zero: false }, axis: { tickCount: 4 } };
    const tooltip = [{ field: "step", title: t("models.step") }, { field, title, format: ".4f" }];
    const line = { mark: { type: "line", stroke: "var(--head)" }, encoding: { x, y } };
    // Steps scatter: beside each, faintly, the mean of those around it.
    const mean = { transform: [{ window: [{ op: "mean", field, as: "mean" }], frame: [-SMOOTHED, SMOOTHED], sort: [{ field: "step" }] }], ...line, encoding: { x, y: { ...y, field: "mean" } } };
    const layer = rows.length > 4 * SMOOTHED ? [{ ...line, mark: { ...line.mark, strokeWidth: 1, opacity: 0.3 } }, mean] : [line];
    if (marks) layer.push({ mark: { type: "point", fill: "var(--head)", size: 44 }, encoding: { x, y, tooltip } });
    if (marks && best !== null) layer.push({ data: { values: [{ step: best }] }, mark: { type: "rule", stroke: "var(--tail)", strokeDash: [4, 3], strokeWidth: 1.5 }, encoding: { x } });
    const shown = rows.filter((_, n) => n % Math.ceil(rows.length / 12) === 0);
    chart(place, { data: { values: rows }, layer }, { title, height: 160, table: { heads: [t("models.step"), title], rows: shown.map((row) => [row.step, decimal(row[field], 4)]) } });
  };
  draw(loss, points, "loss", t("models.loss"), false);
  draw(value, validations, "value", validated(run), true);
}

function readers(rows) {
  const columns = ["roc_auc", "pr_auc_rare", "brier", "spearman", "top_decile_lift"];
  return h(
    "div.run",
    h("h3", t("models.readers")),
    h("p.small.quiet", t("models.readers_text")),
    h("div.scroll", h("table.narrow-table", h("thead", h("tr", h("th", { scope: "col" }, t("models.model")), columns.map((name) => h("th.number", { scope: "col", title: t(`metric.${name}_what`) }, metricName(name))))), h("tbody", rows.map((row) => h("tr", h("td", row.chosen ? h("strong", readerName(row.label)) : readerName(row.label), row.chosen && h("span.small.quiet", ` · ${t("models.chosen")}`)), columns.map((name) => h("td.number", decimal(row[name], name === "top_decile_lift" ? 2 : 3)))))))),
  );
}

const readerName = (label) => {
  const key = `models.reader_${label.replaceAll(" ", "_").replaceAll("-", "_")}`;
  return has(key) ? t(key) : label;
};

function findings(found) {
  if (!found.findings?.length) return empty(t("models.clean"));
  return h(
    "ul.findings",
    found.findings.map((finding) => h("li", h(`span.level.${finding.level}`, t(has(`models.level_${finding.level}`) ? `models.level_${finding.level}` : "models.level_look")), h("div", h("strong", has(`models.finding_${finding.code}`) ? t(`models.finding_${finding.code}`) : finding.code), told(found, finding)))),
  );
}

const GROUPS = { items_without_text: "without_text", items_without_price: "without_price", items_without_category: "without_category", not_in_catalogue: "not_in_catalogue", duplicate_titles: "duplicate_titles", alike_item_ids: "alike_items", never_sold: "never_sold", alike_user_ids: "alike_users" };

/** A finding in the page's language where its numbers are known, else as the check wrote it. */
function told(found, finding) {
  const said = lang === "en" ? "" : numbersOf(found, finding);
  return h("p.small.quiet", { lang: said ? lang : "en" }, said || finding.sentence);
}

function numbersOf(found, { code, table: name, sentence }) {
  const of = (key, n, total, ...more) => [t(key, { n: count(n), of: count(total), share: percent(n / (total || 1)) }), ...more].join(" ");
  const users = code === "alike_user_ids";
  const group = found.catalogue?.[GROUPS[code]];
  if (group) return of(users ? "models.found_users" : "models.found_items", group.n, users ? found.shop.n_users : found.shop.n_items, group.examples.slice(0, 3).join(", "));
  const table = (found.tables ?? []).find((one) => one.name === name);
  if (code === "duplicates" && table) return of("models.found_rows", table.n_duplicates, table.n_read, table.file);
  if (code === "gap") return (found.time?.gaps ?? []).filter((gap) => sentence.includes(gap.start)).map((gap) => t("models.found_gap", { start: gap.start, end: gap.end, days: count(gap.n_days) })).join(" ");
  const reason = table?.reasons?.find((one) => one.reason === code);
  return reason ? of("models.found_rows", reason.n_rows, table.n_read, table.file, reason.column) : "";
}

function rows(found) {
  return (found.tables ?? []).map((table) => {
    const parts = [["accepted", table.n_accepted], ["quarantined", table.n_quarantined], ["duplicates", table.n_duplicates]];
    return h(
      "div.rows",
      h("h3", has(`models.table_${table.name}`) ? t(`models.table_${table.name}`) : table.name, h("span.small.quiet", ` · ${table.file}`)),
      h("p.small.quiet", t("models.read", { n: count(table.n_read) })),
      ...parts.map(([name, value]) => h("div.share", h("span.small", t(`models.${name}`)), h("div", h("span.small", `${count(value)} · ${percent(value / (table.n_read || 1))}`), h("span.meter", { "aria-hidden": "true" }, h("span", { width: `${(value / (table.n_read || 1)) * 100}%` }))))),
      table.reasons?.length > 0 && h("details.define", h("summary", t("models.why_aside")), h("ul.events", table.reasons.map(aside))),
    );
  });
}

const aside = (one) =>
  h(
    "li",
    has(`models.finding_${one.reason}`) ? t(`models.finding_${one.reason}`) : one.reason,
    one.column && h("span.quiet", ` · ${one.column}`),
    ` · ${count(one.n_rows)}`,
    one.examples?.length > 0 && h("div.small.quiet", t("models.such_rows", { rows: one.examples.slice(0, 3).map((row) => row.source_row).join(", ") })),
  );
