// Warm-up budgets: started from a gem's card, looked at while they run, stopped.
import { get, id, may, post, query } from "./api.js";
import { at, failed, failedBelow, fill, h, itemLink, say } from "./dom.js";
import { count, decimal, has, moment, percent, t } from "./words.js";

const WATCHED = 50;
const USUAL = 0.02;
const EVERY_MS = 5000;
export const mayStart = may("write");
let known = [];

/** Show the warm-ups, and go on showing what becomes of those that run. */
export function showWarmUps() {
  fill(at("warm-ups"), () => Promise.all([get("/v1/warm-ups"), mayStart]), block, { keep: true }).then(() => {
    if (known.some((one) => one.state === "running")) setTimeout(() => document.hidden || showWarmUps(), EVERY_MS);
  });
}

function block([found, granted]) {
  known = found.warm_ups;
  if (!known.length) return h("p.quiet", t("gems.warm_none"), " ", t(granted ? "gems.warm_none_text" : "gems.warm_none_read"));
  const running = known.filter((one) => one.state === "running");
  const ended = known.filter((one) => one.state !== "running");
  return [
    ...running.map((one) => warmUp(one, granted)),
    ended.length > 0 && h("details.define", { "data-key": "warm-ended" }, h("summary", t("gems.warm_ended", { n: count(ended.length) })), h("div.rows", ended.map((one) => warmUp(one, false)))),
  ].filter(Boolean);
}

function warmUp(one, granted) {
  const share = one.impressions ? one.spent / one.impressions : 0;
  const name = one.note || one.items[0].title;
  const more = one.items.length - 1;
  const stop = h("button.button.tiny", { type: "button", "data-key": `stop-${one.warm_up_id}`, onclick: () => end(one, stop) }, t("gems.warm_stop"));
  return h(
    "section.warm-up",
    { "aria-label": name },
    h("div.top", h("strong", name), one.note === "" && more > 0 && h("span.quiet", t("gems.warm_more", { n: count(more) })), h("span.push.small.quiet", t("gems.warm_by", { who: one.who, when: moment(one.starts) })), granted && one.state === "running" && stop),
    h(
      "div.share.spent",
      h("span.small", t("gems.warm_spent", { spent: count(one.spent), of: count(one.impressions) })),
      h("div", { role: "img", "aria-label": percent(share, 0) }, h("span.meter", h("span.fill.tail", { width: `${Math.min(share * 100, 100)}%` }))),
    ),
    h("p.small.quiet", status(one)),
    h("div.scroll", h("table.narrow-table", h("thead", h("tr", ["ui.item", "gems.warm_shown", "gems.warm_led", "gems.warm_rate", "gems.warm_verdict"].map((key, n) => h(n && n < 4 ? "th.number" : "th", { scope: "col" }, t(key))))), h("tbody", one.items.map(row)))),
  );
}

const row = (item) =>
  h(
    "tr",
    h("td.title", itemLink(item.item_id, item.title)),
    h("td.number", count(item.spent)),
    h("td.number", count(item.outcomes)),
    h("td.number", item.spent ? percent(item.outcomes / item.spent) : "–"),
    h("td", h(`span.verdict-${item.state}`, t(item.state === "stop" ? "gems.warm_dropped" : `gems.warm_${item.state}`))),
  );

function status(one) {
  if (one.state !== "running") return t(`gems.warm_reason_${one.reason}`, { who: one.ended_by, when: moment(one.ended) });
  if (!one.drawing) return t("gems.warm_waiting", { hours: decimal(one.outcome_hours, 0) });
  if (one.offers < WATCHED) return t("gems.warm_watching", { n: count(one.offers), of: count(WATCHED) });
  return t("gems.warm_running", { until: moment(one.ends), rate: percent(one.benchmark), level: percent(one.level, 0) });
}

async function end(one, button) {
  button.disabled = true;
  try {
    await post(`/v1/warm-ups/${id(one.warm_up_id)}/stop`);
    say(t("gems.warm_stopped"));
    showWarmUps();
  } catch (error) {
    button.disabled = false;
    failedBelow(at("warm-ups"), error);
  }
}

/** Ask how much some items may cost, and start. */
export async function askForBudget(items, done) {
  const told = h("div", { role: "alert" });
  const number = (name, value, more) =>
    h("label.field", h("span", t(`gems.warm_${name}`)), h("input", { type: "number", name, value, required: true, ...more }));
  const rate = number("benchmark", 100 * USUAL, { min: 0.01, max: 99, step: "any" });
  const hint = h("p.small.quiet", t("gems.warm_rate_asked"));
  const close = () => dialog.close();
  const form = h(
    "form",
    { method: "dialog" },
    h("h2", { id: "warm-head" }, t("gems.warm_start")),
    h("p.quiet", t("gems.warm_what")),
    h("ul.list.small", items.map((item) => h("li", h("span.rank", "·"), h("span.name", item.title), h("span.quiet", item.item_id)))),
    h("div.fields", number("impressions", 1000, { min: 1, max: 10000000, step: 1 }), number("days", 14, { min: 1, max: 365, step: 1 }), rate, h("label.field.wide", h("span", t("ui.note")), h("input", { type: "text", name: "note", maxlength: 200 }))),
    hint,
    told,
    h("div.tools", h("button.button.primary", { type: "submit" }, t("gems.warm_go")), h("button.button", { type: "button", onclick: close }, t("ui.close"))),
  );
  const dialog = h("dialog.ask", { "aria-labelledby": "warm-head" }, form);
  dialog.addEventListener("close", () => dialog.remove());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(form));
    const body = { items: items.map((item) => item.item_id), impressions: Math.round(+given.impressions), days: +given.days, benchmark: given.benchmark / 100, note: given.note.trim() };
    try {
      await post("/v1/warm-ups", body);
      dialog.close();
      say(t("gems.warm_started", { n: count(items.length) }));
      done();
      showWarmUps();
      at("warm-card").scrollIntoView({ block: "nearest" });
    } catch (error) {
      told.replaceChildren(failed(error));
    }
  });
  document.body.append(dialog);
  dialog.showModal();
  const usual = await get(query("/v1/warm-ups/usual-rate", { per_request: 1 })).catch(() => null);
  if (usual?.benchmark) {
    rate.querySelector("input").value = (100 * usual.benchmark).toFixed(2);
    hint.textContent = t("gems.warm_rate_known", { n: count(usual.impressions), outcomes: count(usual.outcomes) });
  } else if (usual) {
    hint.textContent = t("gems.warm_rate_unknown", { n: count(usual.impressions) });
  }
}

/** Whether an item is warming up now. */
export const warming = (itemId) =>
  known.some((one) => one.state === "running" && one.items.some((item) => item.item_id === itemId && item.state === "warming"));

export const advice = (code) => (has(`ui.advice_${code}`) ? t(`ui.advice_${code}`) : "");
