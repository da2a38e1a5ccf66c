// What no page of the console makes by itself: handlers, frames, forms of scripts, foreign links.
() => {
  const faults = [];
  const schemes = /^[\u0000-\u0020]*(?:j\s*a\s*v\s*a\s*s\s*c\s*r\s*i\s*p\s*t|vbscript|data:text)/i;
  for (const node of document.querySelectorAll("*")) {
    const name = node.localName;
    if (["iframe", "object", "embed", "base", "marquee", "math", "video", "audio", "style", "animate"].includes(name) && node.id !== "vega-embed-style") faults.push(name);
    for (const { name: given, value } of node.attributes) {
      if (given.startsWith("on")) faults.push(`${name}[${given}]`);
      if (["href", "src", "action", "formaction", "xlink:href"].includes(given) && schemes.test(value)) faults.push(`${name}[${given}=${value.slice(0, 40)}]`);
    }
  }
  for (const script of document.scripts) {
    if (!script.src && script.type !== "application/json") faults.push("inline script");
    if (script.src && !script.src.startsWith(location.origin)) faults.push(script.src);
  }
  return faults;
}
