// Versions side by side: what each was tested with, which one serves, promoting and rolling back.
import { get, post } from "./api.js";
import { at, empty, failed, fill, h, say } from "./dom.js";
import { date, decimal, has, moment, percent, t } from "./words.js";

const FIGURES = ["ndcg_at_k", "tail_ndcg_at_k", "hr_at_k", "aplt_tail", "catalogue_coverage_at_k", "captured_value_at_k"];
const GRADES = new Set(["ndcg_at_k", "tail_ndcg_at_k"]);
const written = (name, value) => (GRADES.has(name) ? decimal(value, 3) : percent(value));
const scopes = get("/v1/session").then((session) => session.scopes ?? [], () => []);
const nothing = { versions: [] };

export function showVersions() {
  fill(at("versions"), () => Promise.all([get("/v1/models"), get("/v1/versions").catch(() => nothing), scopes]), versions, { keep: true });
}

function versions([found, tested, mine]) {
  const back = at("rollback");
  const may = mine.includes("admin");
  back.hidden = !may || found.history.length < 2;
  back.onclick = () => change(back, () => post("/v1/models/rollback"), t("models.rolled_back"));
  if (!found.models.length) return empty(t("models.no_versions"), t("models.no_versions_text"));
  const known = new Map(tested.versions.map((one) => [one.version, one]));
  const used = FIGURES.filter((name) => tested.versions.some((one) => name in one.figures));
  const heads = ["models.version", "models.state", "models.created"].map((name) => h("th", { scope: "col" }, t(name)));
  // The newest first: that is the one to decide about.
  const rows = [...found.models].reverse().map((model) => row(model, known.get(model.version), used, model.version === found.serving, may));
  return [
    h("div.scroll", h("table.narrow-table", h("thead", h("tr", heads, used.map((name) => h("th.number", { scope: "col" }, t(`metric.${name}`))))), h("tbody", rows))),
    found.models.length > 1 && h("p.small.quiet", t("models.figures_text")),
    h("details.define", h("summary", t("models.history")), h("ul.events", [...found.history].reverse().map(told))),
  ];
}

function row(model, tested, used, serves, may) {
  const name = t("models.promote_this", { version: model.version });
  const promote = h("button.button.tiny", { type: "button", "aria-label": name, title: name, "data-key": model.version, onclick: () => change(promote, () => post("/v1/models", { path: model.path }), t("models.promoted", { version: model.version })) }, t("models.promote"));
  return h(
    "tr",
    h("td", h("strong", model.version), h("div.small.quiet.path", { title: model.path }, model.path.split("/").slice(-2).join("/"))),
    h("td", serves ? h("span.status.good", t("models.serving")) : may ? promote : t("models.waiting")),
    h("td.small", tested?.created ? date(tested.created) : moment(model.registered)),
    used.map((figure) => h("td.number", written(figure, tested?.figures[figure]))),
  );
}

const told = (entry) =>
  h("li", moment(entry.timestamp), " · ", t(has(`models.action_${entry.action}`) ? `models.action_${entry.action}` : "models.action_other", { version: entry.version, who: entry.who, action: entry.action }));

async function change(button, job, said) {
  button.disabled = true;
  button.setAttribute("aria-busy", "true");
  try {
    await job();
    say(said);
    document.dispatchEvent(new Event("unsung:model"));
    showVersions();
  } catch (error) {
    at("versions").append(failed(error));
  } finally {
    button.disabled = false;
    button.removeAttribute("aria-busy");
  }
}
