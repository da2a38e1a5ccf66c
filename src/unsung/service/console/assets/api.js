// The public API, as this page calls it.
const KEY = "unsung-key";

export class Problem extends Error {
  constructor(status, message, code = "") {
    super(message);
    this.status = status;
    this.code = code;
  }
  get access() {
    return this.status === 401 || this.status === 403;
  }
}

export const key = {
  get: () => sessionStorage.getItem(KEY),
  set: (value) => sessionStorage.setItem(KEY, value),
  clear: () => sessionStorage.removeItem(KEY),
};

async function ask(method, path, body) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key.get()) headers.Authorization = `Bearer ${key.get()}`;
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  } catch {
    throw new Problem(0, "");
  }
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => null);
  throw new Problem(answer.status, told?.error?.message ?? "", told?.error?.code ?? "");
}

const json = (answer) => (answer.status === 204 ? null : answer.json());
export const get = (path) => ask("GET", path).then(json);
export const post = (path, body) => ask("POST", path, body).then(json);
export const put = (path, body) => ask("PUT", path, body).then(json);
export const remove = (path) => ask("DELETE", path).then(json);
export const file = (path) => ask("GET", path).then((answer) => answer.blob());
export const id = encodeURIComponent;

let mine = null;
/** Whether who asks has a right. Where that can't be told it is offered: the server decides. */
export function may(scope) {
  mine ??= get("/v1/session").then((session) => session.scopes ?? [], (error) => (error.access ? [] : ["admin"]));
  return mine.then((scopes) => scopes.includes(scope) || scopes.includes("admin"));
}

/** An address of parameters; empty ones are left out, lists are repeated. */
export function query(path, values) {
  const found = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== "" && one !== null && one !== undefined) found.append(name, one);
    }
  }
  const text = found.toString();
  return text ? `${path}?${text}` : path;
}
