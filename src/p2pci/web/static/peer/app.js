// The page: which view an address shows, and what all views have in common.

import { fill, h, named } from "../dom.js";
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
let shown = ""; // the address of what is shown, without the section

// Shows what the address says. `state` is what a click brought along, such as that a document is to be fetched;
// `scroll` is where one was when one left, and is gone back to when the view says that it is there.
function show({ state = null, keepsFocus = false, scroll = 0 } = {}) {
  const [pattern, view] = views.find(([pattern]) => pattern.test(location.pathname)) ?? [];
  leaving.abort();
  leaving = new AbortController();
  shown = location.pathname + location.search;
  for (const link of document.querySelectorAll(".pages a")) {
    const isHere = link.pathname === location.pathname || (location.pathname === "/" && link.pathname === "/find");
    if (isHere) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (!view) return showNothing();
  const [, argument] = pattern.exec(location.pathname);
  if (!keepsFocus) scrollTo({ top: 0, behavior: "instant" });
  const settle = () => {
    const to = scroll;
    scroll = 0;
    if (to) scrollTo({ top: to, behavior: "instant" });
    return to > 0;
  };
  view({ main, argument, query: new URLSearchParams(location.search), state, signal: leaving.signal, go, name, settle });
  if (!keepsFocus && !main.contains(document.activeElement)) main.focus({ preventScroll: true });
}

// Goes to an address of ours; `replaces` keeps one step of the history for what is typed letter by letter.
function go(address, { state = null, replaces = false } = {}) {
  noteScroll();
  history[replaces ? "replaceState" : "pushState"](null, "", address);
  show({ state });
}

function showNothing() {
  name("No such page");
  fill(
    main,
    h("h1", {}, "There is no such page"),
    h("p", {}, "You may want to ", h("a", { href: "/find" }, "find a document"), ", or see ", h("a", { href: "/swarm" }, "what the swarm has"), "."),
  );
}

function name(title) {
  document.title = `${title} · p2pci`;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  const isPlain = !(event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  if (!link || !isPlain || event.defaultPrevented || link.origin !== location.origin || link.target) return;
  if (link.pathname.startsWith("/api/") || link.classList.contains("skip")) return;
  if (link.pathname === location.pathname && link.hash) return noteScroll(); // the browser goes to a section by itself
  event.preventDefault();
  go(link.href, { state: link.dataset.fetch ? { fetches: true } : null });
});

// Where one is on a page is kept with its address: back leads there again, once what is shown has come.
history.scrollRestoration = "manual";
let noting = 0;
function noteScroll() {
  clearTimeout(noting);
  history.replaceState({ scroll: scrollY }, "");
}
addEventListener("scroll", () => {
  clearTimeout(noting);
  noting = setTimeout(noteScroll, 100);
});
addEventListener("popstate", ({ state }) => {
  clearTimeout(noting);
  if (location.pathname + location.search !== shown) return show({ scroll: state?.scroll });
  if (state) scrollTo({ top: state.scroll, behavior: "instant" });
  else if (location.hash) named()?.scrollIntoView();
  else scrollTo(0, 0);
});

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
  const isBack = value && !isConnected;
  isConnected = value;
  showState();
  // What a peer that was away could not say is asked for again; a document that is read stays as it is.
  if (isBack && !main.querySelector(".reading")) show({ keepsFocus: true, scroll: scrollY });
});
listen("transfers", (value) => {
  const link = document.querySelector('.pages a[href="/transfers"]');
  const mirror = value.mirror;
  const coming = value.under_way + (isRunning(mirror) ? Math.max(0, mirror.of_documents - mirror.documents) : 0);
  fill(link, "Transfers", coming ? h("span.count", {}, coming) : null);
});

openStream();
show({ keepsFocus: true, scroll: history.state?.scroll });
