// Transfers in both directions, and the selection that is mirrored.

import { bytes, clock, count, fill, h, many } from "../dom.js";
import { listen, post } from "./api.js";
import { address, progress, titleOf } from "./documents.js";

const RUNNING = ["planning", "coming"];
const STAGES = {
  planning: ["accent", "looking what is missing"], coming: ["accent", "on its way"], done: ["good", "complete"],
  failed: ["bad", "failed"], stopped: ["warn", "stopped"],
};

export const isRunning = (mirror) => Boolean(mirror) && RUNNING.includes(mirror.stage);

export function showTransfers({ main, signal, name }) {
  name("Transfers");
  const cards = h("div.cards", {});
  const incoming = h("div", {});
  const outgoing = h("div", {});
  fill(
    main,
    h("h1", {}, "Transfers"),
    cards,
    mirrorPanel(signal),
    h("h2", {}, "To this shelf"),
    incoming,
    h("h2", {}, "To others"),
    outgoing,
  );
  listen(
    "transfers",
    (now) => {
      fill(
        cards,
        card(now.under_way, "on their way here"),
        card(count(now.received.documents), `fetched, ${bytes(now.received.bytes)}`),
        card(count(now.sent.documents), `sent to others, ${bytes(now.sent.bytes)}`),
      );
      fill(incoming, now.incoming.length ? h("ul.plain.hits.panel", {}, now.incoming.map(incomingRow)) : nothing("Nothing was fetched yet", "Find a document, and fetch it."));
      fill(outgoing, now.outgoing.length ? outgoingTable(now.outgoing) : nothing("Nothing was sent yet", "Others fetch from here what this shelf has."));
    },
    signal,
  );
}

const card = (number, words) => h("div.card", {}, h("b", {}, number), h("span", {}, words));
const nothing = (title, words) => h("div.panel.empty", {}, h("b", {}, title), words);

function incomingRow(each) {
  const state = {
    done: () => [h("span.badge.good", {}, "here"), each.verified ? null : h("span.badge.warn", {}, "unverified")],
    failed: () => [h("span.badge.bad", {}, "failed")],
  }[each.stage];
  return h(
    "li",
    {},
    h("div.hit-name", {}, h("a", { href: address(each.number) }, h("span.number", {}, `RFC ${each.number}`), " ", h("span.title", {}, titleOf(each)))),
    h("div.facts", {}, [
      h("span", {}, clock(each.began)),
      each.source ? h("span", {}, `from ${each.source}`) : null,
      each.bytes ? h("span", {}, each.stage === "done" ? bytes(each.bytes) : `${bytes(each.done)} of ${bytes(each.bytes)}`) : null,
    ]),
    each.error ? h("p.snippet.failed", {}, each.error) : null,
    counted(each.troubles).map(([trouble, times]) => h("p.snippet", {}, `Tried in vain${times > 1 ? ` ${times} times` : ""}: ${trouble}`)),
    h("div.act", {}, state ? state() : progress(each)),
  );
}

function counted(troubles) {
  const times = new Map();
  for (const trouble of troubles) times.set(trouble, (times.get(trouble) ?? 0) + 1);
  return [...times];
}

function outgoingTable(rows) {
  return h("div.table", {}, h(
    "table",
    {},
    h("caption.unseen", {}, "Documents on their way to others, and those that were sent"),
    h("thead", {}, h("tr", {}, h("th", {}, "Time"), h("th", {}, "Document"), h("th.wide-only", {}, "To"), h("th.figure", {}, "Size"))),
    h("tbody", {}, rows.map((each) => h(
      "tr",
      {},
      h("td.figures", {}, clock(each.time)),
      h("td", {}, each.number ? h("a", { href: address(each.number) }, h("span.number", {}, `RFC ${each.number}`), " ", h("span.title", {}, each.title)) : `and ${many(each.documents, "more document")} within a second`),
      h("td.mono.wide-only", {}, each.to),
      h("td.figure", {}, each.stage === "going" ? going(each) : bytes(each.bytes)),
    ))),
  ));
}

const going = (each) => [
  h("progress", { "aria-label": `RFC ${each.number} to ${each.to}`, value: each.done, max: String(each.bytes) }),
  h("span.small.soft", {}, ` ${bytes(each.done) || "0 B"} of ${bytes(each.bytes)}`),
];

// The selection that was asked for last; nothing before there was one.
export function mirrorPanel(signal) {
  const place = h("section.panel.mirror", { hidden: true, "aria-label": "Mirror" });
  const bar = h("progress", { "aria-label": "Documents of the selection that have come" });
  const head = h("div.row", {});
  const words = h("p.small.soft", { role: "status" });
  const sources = h("div", {});
  const rest = h("div", {});
  let shownStage = "";
  fill(place, head, bar, words, sources, rest);
  listen(
    "transfers",
    ({ mirror }) => {
      place.hidden = !mirror;
      if (!mirror) return;
      const [level, says] = STAGES[mirror.stage];
      if (shownStage !== mirror.stage + mirror.began) {
        shownStage = mirror.stage + mirror.began;
        fill(
          head,
          h("h2.grow", {}, "Mirror ", h(`span.badge.${level}`, {}, says)),
          isRunning(mirror) ? h("button.slim", { type: "button", onclick: () => post("mirror/stop") }, "Stop") : null,
        );
      }
      if (mirror.stage === "planning") bar.removeAttribute("value");
      else {
        bar.max = Math.max(1, mirror.of_documents);
        bar.value = mirror.of_documents ? mirror.documents : Number(mirror.stage === "done");
      }
      const rate = mirror.seconds > 0.3 ? `, ${bytes(Math.round(mirror.bytes / mirror.seconds))}/s` : "";
      const last = mirror.arrived.at(-1);
      fill(
        words,
        mirror.of_documents
          ? `${count(mirror.documents)} of ${many(mirror.of_documents, "document")}, ${bytes(mirror.bytes) || "0 B"} in ${mirror.seconds} s${rate}`
          : mirror.stage === "done" ? "Nothing of it was missing." : "",
        last ? [". Lately: ", h("a", { href: address(last.number) }, `RFC ${last.number} `, h("span.title", {}, last.title))] : null,
      );
      fill(sources, mirror.sources.length ? sourceList(mirror) : null);
      fill(
        rest,
        mirror.error ? h("p.notice.bad", {}, mirror.error) : null,
        mirror.disputed.length ? h("p.notice.warn", {}, `Holders disagree about RFC ${mirror.disputed.join(", ")}: not fetched.`) : null,
        mirror.failed.map(({ number, error }) => h("p.small.failed", {}, `RFC ${number}: ${error}`)),
      );
    },
    signal,
  );
  return place;
}

function sourceList(mirror) {
  const most = Math.max(...mirror.sources.map((source) => source.documents));
  return h("ul.plain.sources", {}, mirror.sources.map((source) => h(
    "li",
    {},
    h("span.mono", {}, source.address),
    h("meter", { min: 0, max: String(most), value: source.documents, "aria-label": `Documents from ${source.address}` }),
    h("span.figures.small", {}, `${many(source.documents, "document")}, ${bytes(source.bytes)}`),
  )));
}
