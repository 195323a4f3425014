// What several views do with a document: a link to it, its facts, the button that fetches it, how far that is.

import { bytes, fill, h, icon, many } from "../dom.js";
import { listen, post } from "./api.js";

const ARROW = "M8 2v8M4.5 7 8 10.5 11.5 7M3 13.5h10";
const TICK = "m3 8.5 3.5 3.5L13 4.5";

export const address = (number) => `/rfc/${number}`;

export const titleOf = (row) => row.title || `RFC ${row.number}`;

export const link = (row) =>
  h("a", { href: address(row.number) }, h("span.title", {}, titleOf(row)));

export function facts(row) {
  return [
    row.holders ? many(row.holders, "holder") : "only here",
    row.bytes ? bytes(row.bytes) : null,
    row.disputed ? h("span.badge.warn", {}, "holders disagree") : null,
  ].map((fact) => (typeof fact === "string" ? h("span", {}, fact) : fact));
}

// A place that shows whether a document is here, on its way, or to be fetched, and lets one fetch it.
export function fetcher(row, signal) {
  const place = h("div.fetcher", { tabindex: "-1" }); // which keeps the focus between two that can have it
  let shows = "";
  const show = (kind, ...children) => {
    if (shows === kind && kind !== "coming") return;
    const hadFocus = place.contains(document.activeElement);
    shows = kind;
    fill(place, ...children);
    if (hadFocus) (place.querySelector("button, a") ?? place).focus({ preventScroll: true });
  };
  const here = () =>
    show("here", h("a.badge.good.here", { href: address(row.number), "aria-label": `RFC ${row.number} is here: read it` }, icon(TICK), " here"));
  const button = (error) =>
    show(
      `button${error ?? ""}`,
      h("button.slim", { type: "button", onclick: start, "aria-label": `Fetch RFC ${row.number}` }, icon(ARROW), error ? "Try again" : "Fetch"),
      error ? h("p.small.failed", {}, error) : null,
    );
  const start = async () => {
    show("coming", h("span.badge.accent", {}, "asked for"));
    try {
      await post("fetch", { number: row.number });
    } catch (error) {
      button(error.message);
    }
  };
  if (row.here) {
    here();
    return place;
  }
  button();
  listen(
    "transfers",
    ({ incoming }) => {
      const mine = incoming.find((each) => each.number === row.number);
      if (!mine) return;
      if (mine.stage === "done") here();
      else if (mine.stage === "failed") button(mine.error);
      else show("coming", progress(mine));
    },
    signal,
  );
  return place;
}

export function progress(incoming) {
  const words = incoming.source ? `from ${incoming.source}` : "asking who has it";
  return h(
    "div.coming",
    {},
    h("progress", {
      "aria-label": `RFC ${incoming.number}`,
      ...(incoming.bytes ? { value: incoming.done, max: String(incoming.bytes) } : { max: "1" }),
    }),
    h("span.small.soft", {}, words),
  );
}
