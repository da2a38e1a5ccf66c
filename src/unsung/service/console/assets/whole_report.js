// The whole report before and after: a page of its own, offered where there is one.
import { file, get, key } from "./api.js";
import { at, saveAs, say } from "./dom.js";
import { t } from "./words.js";

/** The figures; with them comes the link to the report. */
export async function reportFigures() {
  const link = at("report-whole");
  link.hidden = true;
  const found = await get("/v1/reports/before-after/figures");
  link.hidden = false;
  return found;
}

// A link carries a session, but no key: with a key the report comes as a file.
at("report-whole").addEventListener("click", async (event) => {
  if (!key.get()) return;
  event.preventDefault();
  try {
    saveAs(await file("/v1/reports/before-after"), "before-after.html");
  } catch (error) {
    say(error.message || t("ui.failed"));
  }
});
