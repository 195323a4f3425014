// The JSON API, and what it tells by itself.

const tokenIn = (page) => page.querySelector('meta[name="p2pci-token"]')?.content ?? "";
let token = tokenIn(document);

export class ApiError extends Error {
  constructor(words, status = 0) {
    super(words);
    this.status = status;
  }
}

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The peer does not answer. Is it still running?");
  }
  const text = await answer.text();
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ApiError(text || `The answer was ${answer.status}.`, answer.status);
  }
  if (!answer.ok) throw new ApiError(value.error || `The answer was ${answer.status}.`, answer.status);
  return value;
}

export const get = (path, values = {}, signal) => {
  const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== "" && value !== undefined));
  return ask(`/api/${path}${query.size ? `?${query}` : ""}`, { signal });
};

export async function post(path, body = {}) {
  const send = () => ask(`/api/${path}`, { method: "POST", headers: { "x-p2pci-token": token }, body: JSON.stringify(body) });
  try {
    return await send();
  } catch (error) {
    if (error.status !== 403 || !(await renewToken())) throw error;
    return send();
  }
}

// A peer that was started anew has another token, which its page has.
async function renewToken() {
  const before = token;
  token = tokenIn(new DOMParser().parseFromString(await (await fetch("/")).text(), "text/html"));
  return token && token !== before;
}

// What happens: one stream for the page; each view listens while it is shown.
const listeners = new Map();
export const latest = {};
let connected = null;

export function listen(topic, hear, signal) {
  if (!listeners.has(topic)) listeners.set(topic, new Set());
  listeners.get(topic).add(hear);
  signal?.addEventListener("abort", () => listeners.get(topic).delete(hear));
  if (latest[topic] !== undefined) hear(latest[topic]);
}

function tell(topic, value) {
  latest[topic] = value;
  for (const hear of listeners.get(topic) ?? []) hear(value);
}

// A page that nobody sees listens to nothing: a browser has few connections for one peer, and each page takes one.
export function openStream() {
  let stream = null;
  const note = (is) => {
    if (connected !== is) tell("connected", (connected = is));
  };
  const open = () => {
    if (stream) return;
    stream = new EventSource("/api/events");
    for (const topic of ["health", "shelf", "transfers", "log"])
      stream.addEventListener(topic, (event) => tell(topic, JSON.parse(event.data)));
    stream.addEventListener("open", () => note(true));
    stream.addEventListener("error", () => note(false));
  };
  const close = () => {
    stream?.close();
    stream = null;
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", () => document.hidden || open());
  if (!document.hidden) open();
}
