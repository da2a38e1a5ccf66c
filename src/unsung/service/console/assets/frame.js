// What every page has: menu, theme, language, the shop's name and the signs of its health.
import { get, key, remove } from "./api.js";
import { at } from "./dom.js";
import { t } from "./words.js";

const side = at("side");
const menu = at("menu");
menu.addEventListener("click", () => {
  const open = side.classList.toggle("open");
  menu.setAttribute("aria-expanded", String(open));
});

const themes = document.querySelectorAll("[data-set-theme]");
function show(theme) {
  document.documentElement.dataset.theme = theme;
  for (const button of themes) {
    button.setAttribute("aria-pressed", String(button.dataset.setTheme === theme));
  }
}
for (const button of themes) {
  button.addEventListener("click", () => {
    show(button.dataset.setTheme);
    try {
      localStorage.setItem("unsung-theme", button.dataset.setTheme);
    } catch {
      // a browser that keeps nothing: it holds for this page
    }
  });
}
show(document.documentElement.dataset.theme);

// The switch of language keeps the page's state.
for (const link of document.querySelectorAll("[data-language]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const found = new URLSearchParams(location.search);
    found.set("lang", link.dataset.language);
    location.search = found.toString();
  });
}

// Chosen and kept by now: a link that is passed on leaves the language to who opens it.
const address = new URLSearchParams(location.search);
if (address.has("lang")) {
  address.delete("lang");
  history.replaceState(null, "", address.size ? `?${address}` : location.pathname);
}

// Who is signed in, or that a key is used, with the way out.
get("/v1/session")
  .then((session) => {
    if (session.name === "local") return;
    at("who").textContent = session.name;
    at("leave").hidden = false;
  })
  .catch(() => {});
at("leave").addEventListener("click", async () => {
  key.clear();
  await remove("/v1/session").catch(() => {});
  location.reload();
});

get("/v1/shop")
  .then((shop) => {
    at("shop").textContent = shop.shop || t("ui.your_shop");
  })
  .catch(() => {
    at("shop").textContent = t("ui.your_shop");
  });
