// Charts: Vega-Lite specifications in the page's own colours, each with its numbers as a table.
import { h } from "./dom.js";
import { t } from "./words.js";

const source = new URL("./charts.js", import.meta.url);
let loading = null;

/** The charts' script, asked for until it is there: the server makes it once, in seconds. */
function library() {
  loading ??= (async () => {
    // A page that names the script was made when it was there.
    if (document.getElementById("charts") && (await added().catch(() => false))) return window.vegaEmbed;
    for (let tries = 0; tries < 60; tries += 1) {
      const answer = await fetch(source, { method: "HEAD" });
      if (answer.ok) break;
      if (answer.status !== 503) throw new Error("no charts");
      await new Promise((resolve) => setTimeout(resolve, 700));
    }
    await added();
    return window.vegaEmbed;
  })();
  return loading;
}

function added() {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.type = "module";
    script.src = source;
    script.onload = () => resolve(true);
    script.onerror = reject;
    document.head.append(script);
  });
}

const colour = (name) => `var(--${name})`;
export const SEGMENTS = ["head", "tail", "fresh", "cold"];
export const bySegment = (field, title) => ({
  field,
  type: "nominal",
  title,
  legend: null,
  scale: { domain: SEGMENTS.map((name) => t(`segment.${name}`)), range: SEGMENTS.map(colour) },
});

const config = {
  background: null,
  padding: { left: 2, right: 10, top: 6, bottom: 2 },
  view: { stroke: null },
  axis: {
    domain: false,
    ticks: false,
    gridColor: colour("line"),
    labelColor: colour("muted"),
    labelFontSize: 11,
    labelPadding: 6,
    titleColor: colour("muted"),
    titleFontSize: 11,
    titleFontWeight: "normal",
    titlePadding: 8,
  },
  text: { fontSize: 11, fill: colour("ink") },
  line: { strokeWidth: 2, stroke: colour("accent") },
  point: { filled: true, size: 36, fill: colour("accent"), opacity: 1 },
  rule: { stroke: colour("rule") },
  bar: { fill: colour("accent") },
};

/**
 * Draw a chart; ``table`` (heads and rows) says the same to those who can't see it.
 *
 * The chart that was there stays until the new one is drawn; of several only the last one shows.
 */
export async function chart(place, spec, { title, table, height = 240 }) {
  const turn = (place.turn = (place.turn ?? 0) + 1);
  const drawn = h("div.drawn.coming", { role: "img", "aria-label": title });
  if (!place.view) place.replaceChildren(h("div.skeleton.tall", { role: "status" }, h("span.unseen", t("ui.drawing"))));
  const numbers = table && numbersOf(table);
  if (numbers) {
    numbers.open = place.numbers?.open ?? false;
    place.parentElement.insertBefore(numbers, place.nextSibling);
  }
  if (place.numbers) place.numbers.remove();
  place.numbers = numbers;
  try {
    const embed = await library();
    if (turn !== place.turn) return null;
    place.append(drawn);
    const whole = {
      $schema: "https://vega.github.io/schema/vega-lite/v6.json",
      width: "container",
      height,
      autosize: { type: "fit-x", contains: "padding" },
      ...spec,
      config: { ...config, font: getComputedStyle(document.body).fontFamily },
    };
    const found = await embed(drawn, whole, {
      ast: true,
      actions: false,
      renderer: "svg",
      defaultStyle: false,
      tooltip: { disableDefaultStyle: true, theme: "own" },
      mode: "vega-lite",
    });
    if (turn !== place.turn) {
      found.finalize();
      drawn.remove();
      return null;
    }
    place.view?.finalize();
    place.view = found.view;
    drawn.classList.remove("coming");
    place.replaceChildren(drawn);
    return found.view;
  } catch (error) {
    console.error(error);
    if (turn !== place.turn) return null;
    place.view = null;
    place.replaceChildren(h("p.quiet", t("ui.no_chart")));
    if (numbers) numbers.open = true;
    return null;
  }
}

function numbersOf({ heads, rows }) {
  return h(
    "details.define",
    h("summary", t("ui.numbers")),
    h(
      "div.numbers",
      h(
        "table.narrow-table",
        h("thead", h("tr", heads.map((head, n) => h(n ? "th.number" : "th", { scope: "col" }, head)))),
        h("tbody", rows.map((row) => h("tr", row.map((cell, n) => h(n ? "td.number" : "td", cell))))),
      ),
    ),
  );
}
