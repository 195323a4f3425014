// Find: titles of the swarm and texts of the shelf, as one types.

import { bytes, count, fill, h, many } from "../dom.js";
import { get, listen } from "./api.js";
import { address, facts, fetcher, titleOf } from "./documents.js";

const PAUSE_MS = 120;
const CHOICES = { all: "All", here: "Here", missing: "Missing" };

export function showFind({ main, query, signal, name, settle }) {
  let only = query.get("only") in CHOICES ? query.get("only") : "all";
  let asking = new AbortController();
  let timer = 0;
  const box = h("input.find-box", {
    type: "search", id: "q", name: "q", value: query.get("q") ?? "", placeholder: "tcp congestion, \"slow start\", 9293 …",
    autocomplete: "off", spellcheck: "false", enterkeyhint: "search", oninput: () => later(),
  });
  const choices = h("div.choices", { role: "group", "aria-label": "Which documents" });
  const said = h("p.small.soft", { role: "status", "aria-live": "polite" });
  const results = h("div", {});

  const showChoices = () =>
    fill(
      choices,
      Object.entries(CHOICES).map(([key, words]) =>
        h("button", { type: "button", "aria-pressed": String(key === only), onclick: () => choose(key) }, words),
      ),
    );
  const choose = (key) => {
    only = key;
    for (const [position, each] of Object.keys(CHOICES).entries())
      choices.children[position].setAttribute("aria-pressed", String(each === key));
    find();
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(find, PAUSE_MS);
  };

  async function find() {
    clearTimeout(timer);
    asking.abort();
    asking = new AbortController();
    const typed = box.value.trim();
    const values = { q: typed, only: only === "all" ? "" : only };
    const wanted = new URLSearchParams(Object.entries(values).filter(([, value]) => value));
    history.replaceState(null, "", wanted.size ? `/find?${wanted}` : "/find");
    name(typed ? `${typed} – Find` : "Find");
    if (!typed) {
      fill(said);
      return fill(results, welcome(signal));
    }
    try {
      const { hits } = await get("find", values, AbortSignal.any([asking.signal, signal]));
      fill(said, hits.length ? `${many(hits.length, "document")}, the best first` : "");
      const rows = AbortSignal.any([asking.signal, signal]);
      fill(results, hits.length ? h("ol.plain.hits.panel", {}, hits.map((hit) => row(hit, rows))) : nothing(typed));
      settle();
    } catch (error) {
      if (error.name !== "AbortError") fill(results, h("p.notice.bad", { role: "alert" }, error.message));
    }
  }

  showChoices();
  fill(
    main,
    h("h1", {}, "Find a document"),
    h(
      "form.row.find-form",
      { role: "search", action: "/find", onsubmit: (event) => (event.preventDefault(), find()) },
      h("label.unseen", { for: "q" }, "Words, a \"phrase\", or a number"),
      h("div.grow", {}, box),
      choices,
    ),
    said,
    results,
  );
  if (matchMedia("(hover: hover)").matches) box.focus();
  find();
}

function row(hit, signal) {
  return h(
    "li",
    {},
    h("div.hit-name", {}, h("a", { href: address(hit.number) }, h("span.number", {}, `RFC ${hit.number}`), " ", h("span.title", {}, titleOf(hit)))),
    h("div.facts", {}, facts(hit)),
    hit.snippet.length
      ? h("p.snippet", {}, "… ", hit.snippet.map((part) => (part.hit ? h("mark", {}, part.text) : part.text)), " …")
      : null,
    h("div.act", {}, fetcher(hit, signal)),
  );
}

const nothing = (typed) =>
  h("div.panel.empty", {}, h("b", {}, "Nothing fits"), `No title of the swarm and no text on this shelf has “${typed.length > 100 ? `${typed.slice(0, 100)}…` : typed}”. Fewer words find more; those as common as “the” are looked for in titles alone.`);

function welcome(signal) {
  const cards = h("div.cards", {});
  const card = (number, words) => h("div.card", {}, h("b", {}, number), h("span", {}, words));
  const says = h("div", {});
  listen(
    "health",
    (health) => {
      const search = health.search;
      fill(
        cards,
        card(count(health.documents), "documents on this shelf"),
        card(bytes(health.bytes) || "0 B", "of text"),
        search?.running && search.of_documents
          ? card(`${Math.floor((100 * search.documents) / search.of_documents)} %`, "of new texts ready to be searched")
          : card(health.index_connected ? "Yes" : "No", "connected with the index"),
      );
      fill(says, health.sentences.map(({ level, text }) => h(`p.notice.${level}`, {}, text)));
    },
    signal,
  );
  return h(
    "div",
    {},
    h("p.lead", {}, "Titles of the whole swarm and the texts of this shelf are searched as you type. Press ", h("kbd", {}, "/"), " on any page to come here."),
    cards,
    says,
  );
}
