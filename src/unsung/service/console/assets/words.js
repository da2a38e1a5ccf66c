// What the page says, and how it writes numbers and dates.
const language = document.documentElement.lang;
const messages = JSON.parse(document.getElementById("messages").textContent);

/** The message of a key, its {names} filled in. */
export function t(key, values = {}) {
  const text = messages[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

export const has = (key) => key in messages;
export const lang = language;

const made = new Map();
function format(options) {
  const key = JSON.stringify(options);
  if (!made.has(key)) made.set(key, new Intl.NumberFormat(language, options));
  return made.get(key);
}

const none = "–";
const missing = (value) => value === null || value === undefined || Number.isNaN(value);
export const count = (value) =>
  missing(value) ? none : format({ maximumFractionDigits: 0 }).format(value);
export const decimal = (value, digits = 2) =>
  missing(value)
    ? none
    : format({ minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
export const percent = (value, digits = 1) =>
  missing(value)
    ? none
    : format({ style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits })
        .format(Math.abs(value) < 1e-9 ? 0 : value);
export const signed = (value, digits = 1) =>
  missing(value)
    ? none
    : format({
        style: "percent",
        signDisplay: "exceptZero",
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
      }).format(Math.abs(value) < 1e-9 ? 0 : value);
export const signedCount = (value) =>
  missing(value) ? none : format({ signDisplay: "exceptZero", maximumFractionDigits: 0 }).format(value);

export const signedDecimal = (value, digits) =>
  missing(value)
    ? none
    : format({
        signDisplay: "exceptZero",
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
      }).format(value);

export function date(value) {
  const moment = new Date(value);
  if (Number.isNaN(moment.getTime())) return none;
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone: "UTC" }).format(moment);
}

/** A moment given in microseconds, in the reader's own time. */
export function moment(micros) {
  const options = { dateStyle: "medium", timeStyle: "short" };
  return new Intl.DateTimeFormat(language, options).format(new Date(micros / 1000));
}

export function month(value) {
  const options = { year: "numeric", month: "short", timeZone: "UTC" };
  return new Intl.DateTimeFormat(language, options).format(new Date(`${value}-01T00:00:00Z`));
}
