// Sorting and filtering of tables; the pages are complete without it.
for (const table of document.querySelectorAll("table[data-tools]")) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const value = (row, at) => row.cells[at].dataset.v ?? row.cells[at].textContent.trim();
  const compare = (a, b) => {
    if (a === "" || b === "") return (a === "") - (b === "");
    const x = Number(a), y = Number(b);
    return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b) : x - y;
  };
  [...table.tHead.rows[0].cells].forEach((head, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "↕";
    button.setAttribute("aria-label", "sort by " + head.textContent.trim());
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") !== "descending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      rows.sort((a, b) => {
        const x = value(a, at), y = value(b, at);
        if (x === "" || y === "") return compare(x, y);
        return down ? compare(y, x) : compare(x, y);
      });
      body.append(...rows);
    });
    head.append("\u00a0", button);
  });
  const tools = document.getElementById(table.id + "-tools");
  if (!tools) continue;
  const text = tools.querySelector("input");
  const choices = [...tools.querySelectorAll("select")];
  const output = tools.querySelector("output");
  const filter = () => {
    const wanted = text.value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      const fits = row.textContent.toLowerCase().includes(wanted) &&
        choices.every((choice) => !choice.value ||
          (row.dataset[choice.name] ?? "").split(" ").includes(choice.value));
      row.hidden = !fits;
      shown += fits;
    }
    output.textContent = shown === rows.length ? "" : shown + " of " + rows.length + " rows";
  };
  text.addEventListener("input", filter);
  for (const choice of choices) choice.addEventListener("change", filter);
  tools.hidden = false;
}
