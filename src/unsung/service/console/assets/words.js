// What the page says, and how it writes numbers and dates.
const language = document.documentElement.lang;
const messages = JSON.parse(document.getElementById("messages").textContent);

const plurals = new Intl.PluralRules(language);
/** Which of two forms goes with a number; it may be written already, such as "1,234" or "+1". */
const formOf = (value, one, other) => (plurals.select(Number(String(value).replace(/[^\d.]/g, ""))) === "one" ? one : other);

/** What the service calls a policy, in words. */
export function policyName(policy) {
  const [, position, last] = policy.match(/^\S+ (\d+)\/(\d+)$/) ?? [];
  if (position) return t("ui.dial_at", { position, last });
  return policy === "undialled" ? t("ui.dial_off") : policy;
}

/** Who did something: without accounts it is whoever sits at the service's own machine. */
export const whoName = (who) => (who === "local" ? t("ui.this_machine") : who);
const told = { policy: policyName, who: whoName };

/** The message of a key: {name} is filled in, {name|item|items} is the form that goes with the number of that name. */
export function t(key, values = {}) {
  const text = messages[key] ?? key;
  return text.replace(/\{(\w+)(?:\|([^{}|]*)\|([^{}|]*))?\}/g, (whole, name, one, other) => {
    if (!(name in values)) return whole;
    if (one !== undefined) return formOf(values[name], one, other);
    return typeof values[name] === "string" && name in told ? told[name](values[name]) : values[name];
  });
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
