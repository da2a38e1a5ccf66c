// Before anything is drawn: light or dark, as chosen here before, else as the system is set.
const kept = (() => {
  try {
    return localStorage.getItem("unsung-theme");
  } catch {
    return null; // a browser that keeps nothing
  }
})();
const dark = matchMedia("(prefers-color-scheme: dark)").matches;
document.documentElement.dataset.theme =
  kept === "dark" || kept === "light" ? kept : dark ? "dark" : "light";
