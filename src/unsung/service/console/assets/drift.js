// How far the service has moved away from what its model was fitted on, day by day.
import { get } from "./api.js";
import { chart } from "./chart.js";
import { at, empty, fill, h } from "./dom.js";
import { count, decimal, lang, percent, t } from "./words.js";

// With today, which is left out: a day that isn't over says little.
const DAYS = 29;
const FIGURES = ["events", "new_user_share", "new_item_share", "tail_share", "hit_rate"];
const number = (value) => (value !== null && value < 10 ? decimal(value, 1) : count(value));
const written = (name, value) => (name === "events" ? number(value) : percent(value));

export function showDrift() {
  fill(at("drift"), () => get(`/v1/drift?days=${DAYS}`), drift);
}

function drift(found) {
  const days = found.days.slice(0, -1);
  const first = days.findIndex((day) => day.events > 0 || day.lists > 0);
  if (first < 0) return empty(t("models.drift_none"), t("models.drift_none_text"));
  const told = days.slice(first);
  return [verdict(found.compared), h("div.threes.drifts", FIGURES.map((name) => figure(name, told, found)), catalogue(found.catalogue))];
}

/** Whether anything moved, in a sentence; nothing is said of what there was too little of. */
function verdict(compared) {
  const names = (rows) => new Intl.ListFormat(lang).format(rows.map((one) => t(`models.drift_${one.name}`).toLocaleLowerCase(lang)));
  const moved = compared.filter((one) => one.moved);
  if (moved.length) return h("p.status.bad", t("models.drift_moved", { names: names(moved) }));
  const live = compared.filter((one) => FIGURES.includes(one.name));
  if (live.length) return h("p.status.good", t("models.drift_still", { names: names(live) }));
  return h("p.quiet", t("models.drift_little"));
}

function figure(name, days, { recent, fit, compared }) {
  const place = h("div.chart.short");
  const before = name === "hit_rate" ? null : fit[name];
  const values = { now: written(name, recent[name]), fit: written(name, name === "hit_rate" ? fit.hit_rate_of_test : before) };
  const moved = compared.some((one) => one.name === name && one.moved);
  const known = days.some((day) => day[name] !== null);
  if (known) queueMicrotask(() => draw(place, name, days, before));
  else place.replaceChildren(h("p.small.quiet", t(name === "tail_share" || name === "hit_rate" ? "models.drift_no_lists" : "models.drift_no_events")));
  return h("div.run", h("h3", t(`models.drift_${name}`)), h(moved ? "p.small.moved" : "p.small.quiet", t(name === "hit_rate" ? "models.drift_hits" : "models.drift_beside", values)), h("div", place));
}

/** A line of days; dashed what the fit had. */
function draw(place, name, days, before) {
  const title = t(`models.drift_${name}`);
  const format = name === "events" ? "," : ".0~%";
  const step = Math.ceil(days.length / 3);
  const x = { field: "day", type: "ordinal", title: null, axis: { labelAngle: 0, grid: false, values: days.map((day) => day.day).filter((_, n) => n % step === Math.floor(step / 2)) } };
  const scale = { field: name, type: "quantitative", title: null, scale: { zero: true }, axis: { tickCount: 3, format, minExtent: 36 } };
  const tooltip = [{ field: "day", title: t("ui.when") }, { field: name, title, format: name === "events" ? ",.0f" : ".1%" }];
  const layer = [{ mark: { type: "line", stroke: "var(--head)" }, encoding: { x, y: scale } }, { mark: { type: "point", fill: "var(--head)" }, encoding: { x, y: scale, tooltip } }];
  if (before !== null) layer.push({ data: { values: [{ [name]: before }] }, mark: { type: "rule", stroke: "var(--tail)", strokeDash: [4, 3], strokeWidth: 1.5 }, encoding: { y: scale } });
  chart(place, { data: { values: days }, layer }, { title, height: 120, table: { heads: [t("ui.when"), title], rows: days.map((day) => [day.day, written(name, day[name])]) } });
}

function catalogue({ fit, now }) {
  const line = (name) => [h("dt", t(`models.drift_${name}`)), h("dd", h("span.length", { "aria-hidden": "true" }, h("span", { width: `${now[name] * 100}%` })), h("strong", percent(now[name], 0)), h("span.quiet", t("models.drift_at_fit", { value: percent(fit[name], 0) })))];
  return h("div.run", h("h3", t("models.drift_catalogue")), h("p.small.quiet", t("models.drift_catalogue_text")), h("dl.bars.terms", Object.keys(now).map(line)));
}
