// Elements made from values: text stays text, whatever a shop's files hold.
import { Problem, key, post } from "./api.js";
import { has, lang, t } from "./words.js";

/** An element: h("a.button", {href: "/"}, "text", other elements). */
export function h(name, ...parts) {
  const [tag, ...classes] = name.split(".");
  const made = document.createElement(tag || "div");
  if (classes.length) made.className = classes.join(" ");
  for (const part of parts.flat(9)) {
    if (part === null || part === undefined || part === false || part === "") continue;
    if (part instanceof Node) made.append(part);
    else if (typeof part === "object") give(made, part);
    else made.append(String(part));
  }
  return made;
}

function give(made, values) {
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "width" || name === "flexGrow") made.style[name] = value;
    else if (name === "value" || name === "checked" || name === "disabled") made[name] = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
}

export const at = (id) => document.getElementById(id);
export const segment = (name) => h(`span.segment.${name}`, t(`segment.${name}`));
export const itemLink = (id, title) =>
  h("a", { href: `/items/${encodeURIComponent(id)}`, title }, title);

export function waiting(tall) {
  return h(tall ? "div.skeleton.tall" : "div.skeleton", { "aria-hidden": "true" });
}

export function empty(title, text, ...more) {
  return h("div.state", h("strong", title), text && h("p", text), more);
}

/** Fill a region with what a job finds: with a sign of life, and an answer to every failure. */
export async function fill(region, job, render, { keep = false } = {}) {
  const turn = (region.turn = (region.turn ?? 0) + 1);
  region.setAttribute("aria-busy", "true");
  if (!keep || !region.firstElementChild) {
    if (!region.querySelector(".skeleton")) region.replaceChildren(waiting(false));
  }
  try {
    const found = await job();
    if (turn !== region.turn) return null;
    const made = [render(found)].flat();
    const focused = region.contains(document.activeElement) && document.activeElement.dataset.key;
    region.replaceChildren(...made.filter(Boolean));
    if (focused) keepFocus(region, focused);
    return found;
  } catch (error) {
    if (turn !== region.turn) return null;
    region.replaceChildren(failed(error, () => fill(region, job, render, { keep })));
    if (!(error instanceof Problem)) console.error(error);
    return null;
  } finally {
    if (turn === region.turn) region.removeAttribute("aria-busy");
  }
}

/** Whoever goes by keyboard stays where they were, though the control was made anew. */
export function keepFocus(region, key) {
  region.querySelector(`[data-key="${CSS.escape(key)}"]:not(:disabled)`)?.focus();
}

export function failed(error, again) {
  if (error instanceof Problem && error.access) {
    askForKey(error);
    return h("div.state", h("strong", t("ui.no_access")), h("p", t("ui.no_access_text")));
  }
  const known = error instanceof Problem;
  const missing = known && error.status === 404;
  const title = missing ? t("ui.nothing_here") : known && error.status === 0 ? t("ui.no_server") : t(known && error.status === 503 ? notNow(error.code) : "ui.failed");
  return h(
    missing ? "div.state" : "div.state.failed",
    { role: missing ? null : "alert" },
    h("strong", title),
    known && lang !== "en" && has(`ui.error_${error.code}`) && h("p", t(`ui.error_${error.code}`)),
    known && error.message && h(lang === "en" ? "p" : "p.small.quiet", { lang: "en" }, error.message),
    again && !missing && h("button.button.tiny", { type: "button", onclick: again }, t("ui.again")),
  );
}

const notNow = (code) => (has(`ui.not_now_${code}`) ? `ui.not_now_${code}` : "ui.error_unavailable");

/** Say below a region's content what failed last; what failed before that is over. */
export function failedBelow(region, error) {
  region.querySelector(":scope > [data-below]")?.remove();
  const made = failed(error);
  made.dataset.below = "";
  region.append(made);
}

/** One notice at the top of the page: sign in by account, or give a key. */
export function askForKey(error) {
  const place = at("notices");
  if (place.querySelector("form")) return;
  const told = h("p", { role: "alert" });
  const field = (name, type, auto) =>
    h("label.field", h("span", t(`ui.${name}`)), h("input", { type, name, autocomplete: auto, required: true, maxlength: 256 }));
  const form = (name, fields, submit) => {
    const made = h("form", { "aria-label": t(`ui.${name}`) }, fields, h("button.button.primary", { type: "submit" }, t(`ui.${name}`)));
    made.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        await submit(Object.fromEntries(new FormData(made)));
        location.reload();
      } catch (failure) {
        told.textContent = failure.status === 429 ? t("ui.too_often") : t("ui.wrong_password");
      }
    });
    return made;
  };
  const account = form("sign_in", [field("name", "text", "username"), field("password", "password", "current-password")], (values) => post("/v1/session", values));
  const byKey = h("details.define", h("summary", t("ui.key_instead")), form("key_use", [field("key", "password", "off")], (values) => key.set(values.key.trim())), h("p", t("ui.key_where")));
  place.append(
    h("div.notice", { role: "region", "aria-label": t("ui.sign_in") }, h("div.grow", h("strong", t(error.status === 403 ? "ui.key_weak" : "ui.key_needed")), h("p", t("ui.sign_in_text")), told), h("div.grow", account, byKey)),
  );
}

/** Ask before something that everybody notices; what fails is said in the dialog. */
export function sure(title, text, go, job) {
  const told = h("div", { role: "alert" });
  const button = h("button.button.primary", { type: "submit" }, go);
  const form = h("form", { method: "dialog" }, h("h2", { id: "sure-head" }, title), h("p", text), told, h("div.tools", button, h("button.button", { type: "button", onclick: () => dialog.close() }, t("ui.close"))));
  const dialog = h("dialog.ask", { "aria-labelledby": "sure-head" }, form);
  dialog.addEventListener("close", () => dialog.remove());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      await job();
      dialog.close();
    } catch (error) {
      told.replaceChildren(failed(error));
      button.disabled = false;
    }
  });
  document.body.append(dialog);
  dialog.showModal();
}

/** Hand a file over, as the browser does with downloads. */
export function saveAs(content, name) {
  const link = h("a", { href: URL.createObjectURL(content), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function initials(title) {
  const found = title.match(/[\p{L}\p{N}]+/gu) ?? ["?"];
  const [first, second] = found.filter((word) => /\p{L}/u.test(word)).concat(found);
  if (/\p{Script=Han}/u.test(first)) return first.slice(0, 1);
  return (first[0] + (second && second !== first ? second[0] : "")).toUpperCase();
}

const tint = (id) => [...id].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 997, 7) % 6;

/** An item's picture over its initials, which stay where there is none or it can't be loaded. */
export function pictureOf(name, item, ...more) {
  const image = typeof item.image === "string" && /^https:\/\//.test(item.image) && h("img", { src: item.image, alt: "", loading: "lazy", onerror: (event) => event.target.remove() });
  return h(`${name}.tint${tint(item.item_id)}`, h("span", { "aria-hidden": "true" }, initials(item.title)), image, more);
}

let clock = 0;
/** A sentence that says what was done. */
export function say(text) {
  const place = at("toast");
  place.textContent = text;
  place.hidden = false;
  clearTimeout(clock);
  clock = setTimeout(() => {
    place.hidden = true;
  }, 6000);
}

/** Call a job once typing has stopped. */
export function later(job, ms = 200) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => job(...values), ms);
  };
}

/** Keep the page's state in its address, so that a link leads back to it. */
export function keepState(values) {
  const found = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(values)) {
    found.delete(name);
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== "" && one !== null && one !== undefined) found.append(name, one);
    }
  }
  const text = found.toString();
  history.replaceState(null, "", text ? `?${text}` : location.pathname);
}

export const state = () => new URLSearchParams(location.search);
