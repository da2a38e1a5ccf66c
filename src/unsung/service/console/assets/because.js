// A reason for being in the tail with its numbers, in the page's language.
import { count, decimal, has, lang, percent, t } from "./words.js";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const SHARES = new Set(["share", "shop_share", "share_with"]);
const PRICES = new Set(["price", "median", "high"]);

const monthOf = (name) => new Intl.DateTimeFormat(lang, { month: "short", timeZone: "UTC" }).format(new Date(Date.UTC(2000, MONTHS.indexOf(name), 1)));

function written(name, value) {
  if (name === "months") return String(value).split("-").map(monthOf).join("–");
  if (typeof value !== "number") return String(value);
  if (SHARES.has(name)) return percent(value, 0);
  return PRICES.has(name) ? decimal(value) : count(value);
}

/** The sentence of a reason, or the one that the model wrote where the page has none. */
export function because({ code, evidence = {}, sentence = "" }) {
  const key = `reason.${code}_so`;
  if (!has(key) || !Object.keys(evidence).length) return { text: Object.keys(evidence).length ? sentence : "", lang: "en" };
  const values = Object.fromEntries(Object.entries(evidence).map(([name, value]) => [name, written(name, value)]));
  return { text: t(key, values), lang };
}
