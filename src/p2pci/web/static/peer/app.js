// The page: which view an address shows, and what all views have in common.

import { fill, h } from "../dom.js";
import { listen, openStream } from "./api.js";
import { showFind } from "./find.js";
import { showSwarm } from "./swarm.js";
import { showDocument } from "./reader.js";
import { isRunning, showTransfers } from "./transfers.js";
import { showPeers } from "./peers.js";
import { showLog } from "./log.js";

const main = document.getElementById("main");
const views = [
  [/^\/(?:find)?$/, showFind],
  [/^\/swarm$/, showSwarm],
  [/^\/rfc\/(\d+)$/, showDocument],
  [/^\/transfers$/, showTransfers],
  [/^\/peers$/, showPeers],
  [/^\/log$/, showLog],
];
let leaving = new AbortController();

// Shows what the address says. `state` is what a click brought along, such as that a document is to be fetched.
function show({ state = null, keepsFocus = false } = {}) {
  const [pattern, view] = views.find(([pattern]) => pattern.test(location.pathname)) ?? [];
  leaving.abort();
  leaving = new AbortController();
  for (const link of document.querySelectorAll(".pages a")) {
    const isHere = link.pathname === location.pathname || (location.pathname === "/" && link.pathname === "/find");
    if (isHere) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (!view) return fill(main, h("p.notice.bad", {}, "There is no such page."));
  const [, argument] = pattern.exec(location.pathname);
  if (!keepsFocus) scrollTo(0, 0);
  view({ main, argument, query: new URLSearchParams(location.search), state, signal: leaving.signal, go, name });
  if (!keepsFocus && !main.contains(document.activeElement)) main.focus({ preventScroll: true });
}

// Goes to an address of ours; `replaces` keeps one step of the history for what is typed letter by letter.
function go(address, { state = null, replaces = false } = {}) {
  history[replaces ? "replaceState" : "pushState"](null, "", address);
  show({ state });
}

function name(title) {
  document.title = `${title} · p2pci`;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  const isPlain = !(event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  if (!link || !isPlain || event.defaultPrevented || link.origin !== location.origin || link.target) return;
  if (link.pathname.startsWith("/api/") || link.classList.contains("skip")) return;
  if (link.pathname === location.pathname && link.hash) return; // the browser goes to a section by itself
  event.preventDefault();
  go(link.href, { state: link.dataset.fetch ? { fetches: true } : null });
});
addEventListener("popstate", () => show());

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest?.("input, textarea, select");
  if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    const box = main.querySelector("input[type=search]");
    if (box) box.focus();
    else go("/find");
  }
});

// The light in the bar
const state = document.getElementById("state");
const worst = (sentences) => ["bad", "warn"].find((level) => sentences.some((each) => each.level === level)) ?? "good";
const words = { good: "All well", warn: "Look here", bad: "Trouble" };
let health = null;
let isConnected = true;

function showState() {
  const level = isConnected ? (health ? worst(health.sentences) : "soft") : "bad";
  state.querySelector(".dot").className = `dot ${level}`;
  fill(state.querySelector(".state-words"), isConnected ? (words[level] ?? "Connecting") : "No answer");
}
listen("health", (value) => {
  health = value;
  showState();
});
listen("connected", (value) => {
  isConnected = value;
  showState();
});
listen("transfers", (value) => {
  const link = document.querySelector('.pages a[href="/transfers"]');
  const mirror = value.mirror;
  const coming = value.under_way + (isRunning(mirror) ? Math.max(0, mirror.of_documents - mirror.documents) : 0);
  fill(link, "Transfers", coming ? h("span.count", {}, coming) : null);
});

openStream();
show({ keepsFocus: true });
