() => {
  const faults = [];
  const parse = (colour) => {
    const parts = colour.match(/[\d.]+/g).map(Number);
    return { rgb: parts.slice(0, 3), alpha: parts.length > 3 ? parts[3] : 1 };
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((value) => {
      const part = value / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.backgroundImage !== "none") return null;
      const found = parse(style.backgroundColor);
      if (found.alpha === 1) return found.rgb;
      if (found.alpha > 0) return null;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const node = walker.currentNode.parentElement;
    const out = "svg, script, noscript, .unseen, :disabled, [aria-busy=true]";
    if (!text || node.closest(out)) continue;
    if (!node.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })) continue;
    const paper = behind(node);
    if (!paper) continue;
    const style = getComputedStyle(node);
    const [high, low] = [light(parse(style.color).rgb), light(paper)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const least = large ? 3 : 4.5;
    if (ratio < least) faults.push(`contrast ${ratio.toFixed(2)}: ${text.slice(0, 40)}`);
  }
  for (const node of document.querySelectorAll("button, a[href], input, select, summary")) {
    if (!node.checkVisibility()) continue;
    const labels = [...(node.labels ?? [])].map((label) => label.textContent).join("");
    const by = node.getAttribute("aria-labelledby");
    const name = node.getAttribute("aria-label") || labels || node.textContent
      || (by && document.getElementById(by)?.textContent) || "";
    if (!name.trim()) faults.push(`no name: ${node.outerHTML.slice(0, 80)}`);
  }
  for (const node of document.querySelectorAll("svg[role=img], [role=img]")) {
    if (!node.getAttribute("aria-label")) faults.push("picture without a name");
  }
  for (const node of document.querySelectorAll("[tabindex]")) {
    if (node.tabIndex > 0) faults.push(`order of its own: ${node.outerHTML.slice(0, 80)}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
  faults.push(...ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => `twice: ${id}`));
  if (document.querySelectorAll("h1").length !== 1) faults.push("one h1");
  if (document.querySelectorAll("main").length !== 1) faults.push("one main");
  return faults;
}
