// Ways in which careless pages use a text: each payload has to run in one of them, else it tests nothing.
async (payload) => {
  const room = document.body.appendChild(document.createElement("div"));
  const parse = (html) => {
    const made = room.appendChild(document.createElement("div"));
    made.innerHTML = html;
    return made;
  };
  const written = (html) => {
    const frame = room.appendChild(document.createElement("iframe"));
    frame.contentDocument.open();
    frame.contentDocument.write(html);
    frame.contentDocument.close();
  };
  const run = (code) => {
    try {
      new Function(code)();
    } catch {
      // no such language
    }
  };
  const decode = (text) => new DOMParser().parseFromString(text, "text/html").documentElement.textContent;
  const unescape = (text) => text.replace(/\\u([0-9a-f]{4})/gi, (_, code) => String.fromCharCode(parseInt(code, 16)));
  parse(payload);
  parse(`<i title="${payload}"></i>`);
  parse(`<i title='${payload}'></i>`);
  parse(`<i title=${payload}></i>`);
  for (const link of [parse(`<a></a>`).firstChild]) {
    link.href = payload;
    if (link.protocol === "javascript:") link.click();
  }
  written(`<!doctype html><title>${payload}</title>`);
  written(`<!doctype html><p>${payload}</p>`);
  written(`<!doctype html><script>var text = "${payload}"</script>`);
  for (const quote of ['"', "'", "`"]) {
    run(`const f = (text) => text; f(${quote}${payload}${quote});`);
    run(`const text = ${quote}${payload}${quote};`);
  }
  run(`return ${payload.match(/\{\{(.*)\}\}/)?.[1].replace("constructor.", "(() => {}).") ?? 0}`);
  parse(decode(payload));
  parse(unescape(payload));
  try {
    parse(decodeURIComponent(payload));
  } catch {
    // no percents
  }
  for (const one of room.querySelectorAll("a, button")) if (one.localName === "button" || one.protocol === "javascript:") one.click();
  for (const one of room.querySelectorAll("[autofocus]")) one.focus();
  for (let turns = 0; turns < 40 && !window.ran.length; turns += 1) await new Promise((resolve) => setTimeout(resolve, 25));
  room.remove();
}
