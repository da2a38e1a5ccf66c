// Versions side by side: what each was tested with, which one serves, promoting and rolling back.
import { get, may, post } from "./api.js";
import { at, empty, fill, h, say, sure } from "./dom.js";
import { date, decimal, has, moment, percent, t } from "./words.js";

const FIGURES = ["ndcg_at_k", "tail_ndcg_at_k", "hr_at_k", "aplt_tail", "catalogue_coverage_at_k", "captured_value_at_k"];
const GRADES = new Set(["ndcg_at_k", "tail_ndcg_at_k"]);
const written = (name, value) => (GRADES.has(name) ? decimal(value, 3) : percent(value));
const nothing = { versions: [] };

export function showVersions() {
  fill(at("versions"), () => Promise.all([get("/v1/models"), get("/v1/versions").catch(() => nothing), may("admin")]), versions, { keep: true });
}

function versions([found, tested, granted]) {
  const back = at("rollback");
  const before = earlier(found.history);
  back.hidden = !granted || !before;
  back.onclick = () => change(t("models.rollback_sure", { version: before }), t("models.rollback"), () => post("/v1/models/rollback"), t("models.rolled_back"));
  if (!found.models.length) return empty(t("models.no_versions"), t("models.no_versions_text"));
  const known = new Map(tested.versions.map((one) => [one.version, one]));
  const used = FIGURES.filter((name) => tested.versions.some((one) => name in one.figures));
  const heads = ["models.version", "models.state", "models.created"].map((name) => h("th", { scope: "col" }, t(name)));
  // The newest first: that is the one to decide about.
  const rows = [...found.models].reverse().map((model) => row(model, known.get(model.version), used, model.version === found.serving, granted));
  return [
    h("div.scroll", h("table.narrow-table", h("thead", h("tr", heads, used.map((name) => h("th.number", { scope: "col" }, t(`metric.${name}`))))), h("tbody", rows))),
    found.models.length > 1 && h("p.small.quiet", t("models.figures_text")),
    h("details.define", h("summary", t("models.history")), h("ul.events", [...found.history].reverse().map(told))),
  ];
}

/** Who served before the one that serves: rolling back twice goes two back. */
function earlier(history) {
  const served = [];
  for (const entry of history) {
    if (entry.action === "activated") served.push(entry.version);
    else served.pop();
  }
  return served.at(-2);
}

function row(model, tested, used, serves, granted) {
  const name = t("models.promote_this", { version: model.version });
  const promote = h("button.button.tiny", { type: "button", "aria-label": name, title: name, "data-key": model.version, onclick: () => change(t("models.promote_sure", { version: model.version }), t("models.promote"), () => post("/v1/models", { path: model.path }), t("models.promoted", { version: model.version })) }, t("models.promote"));
  return h(
    "tr",
    h("td", h("strong", model.version), h("div.small.quiet.path", { title: model.path }, model.path.split("/").slice(-2).join("/"))),
    h("td", serves ? h("span.status.good", t("models.serving")) : granted ? promote : t("models.waiting")),
    h("td.small", tested?.created ? date(tested.created) : moment(model.registered)),
    used.map((figure) => h("td.number", written(figure, tested?.figures[figure]))),
  );
}

const told = (entry) =>
  h("li", moment(entry.timestamp), " · ", t(has(`models.action_${entry.action}`) ? `models.action_${entry.action}` : "models.action_other", { version: entry.version, who: entry.who, action: entry.action }));

/** Everybody's lists change with it: so it is asked for once more, by the version's name. */
function change(title, go, job, said) {
  sure(title, t("models.sure_text"), go, async () => {
    await job();
    say(said);
    document.dispatchEvent(new Event("unsung:model"));
    showVersions();
  });
}
