// The swarm's list, page by page: what there is, who has it, what is missing here; and the mirror of a selection.

import { bytes, clock, count, fill, h, keepFocus, many } from "../dom.js";
import { get, latest, listen, post } from "./api.js";
import { address, fetcher, titleOf } from "./documents.js";
import { isRunning, mirrorPanel } from "./transfers.js";

const SIZE = 100;
const CHOICES = { all: "All", here: "Here", missing: "Missing" };
const chosen = new Set(); // numbers; they outlive a change of the page

export function showSwarm({ main, query, signal, go, name, settle }) {
  name("Swarm");
  const values = { q: query.get("q") ?? "", only: query.get("only") in CHOICES ? query.get("only") : "all" };
  let page = Math.max(1, Number.parseInt(query.get("page") ?? "1", 10) || 1);
  let list = null;
  let timer = 0;
  let waiting = 0;
  let rows = new AbortController();
  const table = h("div", {});
  const tools = h("div.panel.tools", { hidden: true });
  const said = h("p.small.soft", { role: "status", "aria-live": "polite" });
  const box = h("input", { type: "search", id: "words", value: values.q, placeholder: "Words of the title", autocomplete: "off", oninput: () => later() });

  const here = (changes = {}) => {
    const wanted = Object.entries({ ...values, page: String(page), ...changes });
    const shown = new URLSearchParams(wanted.filter(([key, value]) => value && value !== { page: "1", only: "all" }[key]));
    return `/swarm${shown.size ? `?${shown}` : ""}`;
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      values.q = box.value.trim();
      page = 1;
      history.replaceState(null, "", here());
      load();
    }, 150);
  };

  // While documents come in, the list is read again now and then, and what has the focus keeps it.
  const soon = () => {
    waiting ||= setTimeout(() => ((waiting = 0), signal.aborted || load()), 700);
  };

  async function load() {
    try {
      list = await get("swarm", { ...values, page, size: SIZE }, signal);
      rows.abort();
      rows = new AbortController();
      keepFocus(table, showTable);
      keepFocus(tools, showTools);
      settle();
    } catch (error) {
      if (error.name !== "AbortError") fill(table, h("p.notice.bad", { role: "alert" }, error.message));
    }
  }

  function showTable() {
    const until = list.read_at ? `The list is from ${clock(list.read_at)}.` : "";
    fill(said, `${many(list.total, "document")}: ${count(list.here)} here, ${count(list.missing)} missing. ${until}`);
    const missing = list.documents.filter((row) => !row.here);
    const all = h("input", {
      type: "checkbox", "aria-label": "Choose all that are missing on this page", checked: missing.length > 0 && missing.every((row) => chosen.has(row.number)),
      onchange: (event) => {
        for (const row of missing) chosen[event.target.checked ? "add" : "delete"](row.number);
        for (const each of table.querySelectorAll("tbody input")) each.checked = event.target.checked;
        showTools();
      },
    });
    fill(
      table,
      list.problem ? h("p.notice.warn", {}, `The list cannot be read anew: ${list.problem}`) : null,
      list.documents.length
        ? h(
            "div.table",
            {},
            h(
              "table.swarm",
              {},
              h("caption.unseen", {}, "Documents of the swarm"),
              h("thead", {}, h("tr", {}, h("th.choose", {}, all), h("th.figure", {}, "RFC"), h("th", {}, "Title"), h("th.figure", {}, "Holders"), h("th.figure.wide-only", {}, "Size"), h("th", {}, "On this shelf"))),
              h("tbody", {}, list.documents.map(tableRow)),
            ),
          )
        : h("div.panel.empty", {}, h("b", {}, "No documents"), values.q ? "No title has these words." : "Nobody shares anything of that kind yet."),
      pager(),
    );
  }

  function tableRow(row) {
    const box = h("input", {
      type: "checkbox", "aria-label": `Choose RFC ${row.number}`, checked: chosen.has(row.number),
      onchange: (event) => {
        chosen[event.target.checked ? "add" : "delete"](row.number);
        showTools();
      },
    });
    return h(
      "tr",
      {},
      h("td.choose", {}, row.here ? null : box),
      h("td.figure.mono", {}, row.number),
      h("td.name", {}, h("a", { href: address(row.number) }, h("span.title", {}, titleOf(row))), row.disputed ? h("span.badge.warn", {}, "holders disagree") : null),
      h("td.figure.holders", {}, row.holders === 1 ? h("span.badge.warn", { title: "Only one copy in the swarm" }, "1") : count(row.holders), h("span.narrow-only", {}, row.holders === 1 ? " holder" : " holders")),
      h("td.figure.wide-only", {}, bytes(row.bytes)),
      h("td", {}, fetcher(row, AbortSignal.any([rows.signal, signal]))),
    );
  }

  function pager() {
    if (list.pages < 2) return null;
    const step = (to, words, label) =>
      to < 1 || to > list.pages
        ? h("span.button.slim.off", { "aria-disabled": "true", "aria-label": label }, words)
        : h("a.button.slim", { href: here({ page: String(to) }), "aria-label": label }, words);
    return h(
      "nav.row.pager",
      { "aria-label": "Pages of the list" },
      step(page - 1, "← Before"),
      h("label.small", { for: "page" }, "Page"),
      h("select.slim", { id: "page", onchange: (event) => go(here({ page: event.target.value })) },
        Array.from({ length: list.pages }, (_, at) => h("option", { value: String(at + 1), selected: at + 1 === page }, at + 1))),
      h("span.small.soft", {}, `of ${list.pages}`),
      step(page + 1, "Next →"),
    );
  }

  function showTools() {
    const words = values.q ? ` with “${values.q}”` : "";
    const act = async (body) => {
      try {
        await post("mirror", body);
        chosen.clear();
        showTable();
        showTools();
      } catch (error) {
        fill(problem, error.message);
      }
    };
    const problem = h("p.small.failed", { role: "alert" });
    tools.hidden = false;
    fill(
      tools,
      h(
        "div.row",
        {},
        chosen.size
          ? h("button.first", { type: "button", onclick: () => act({ numbers: ranges([...chosen]) }) }, `Mirror ${count(chosen.size)} chosen`)
          : h("button.first", { type: "button", disabled: !list.missing || isRunning(latest.transfers?.mirror), onclick: () => act({ words: values.q }) }, `Mirror all that is missing${words}`),
        chosen.size
          ? h("button.quiet", { type: "button", onclick: () => (chosen.clear(), showTable(), showTools()) }, "Choose none")
          : h("span.soft", {}, list.missing ? `${many(list.missing, "document")}, ${bytes(list.missing_bytes)}` : "Nothing is missing here."),
      ),
      problem,
    );
  }

  fill(
    main,
    h("div.row.head", {}, h("h1.grow", {}, "In the swarm"), h("button.slim", { type: "button", onclick: () => post("swarm/refresh") }, "Read anew")),
    h(
      "form.row",
      { role: "search", onsubmit: (event) => event.preventDefault() },
      h("label.unseen", { for: "words" }, "Words of the title"),
      h("div.grow", {}, box),
      h("div.choices", {}, Object.entries(CHOICES).map(([key, words]) =>
        h("a", { href: here({ only: key, page: "1" }), "aria-current": key === values.only ? "true" : null }, words))),
    ),
    mirrorPanel(signal),
    tools,
    said,
    table,
  );
  load();
  let wasRunning = false;
  listen("transfers", ({ mirror }) => {
    if (wasRunning !== isRunning(mirror) && list) keepFocus(tools, showTools);
    wasRunning = isRunning(mirror);
  }, signal);
  let known = JSON.stringify(latest.shelf); // nothing on the first page, whose list may be older than what comes
  listen("shelf", (shelf) => {
    const now = JSON.stringify(shelf);
    if (known !== now) soon();
    known = now;
  }, signal);
}

// Numbers as ranges: 1-3,7
export function ranges(numbers) {
  const parts = [];
  for (const number of numbers.sort((one, other) => one - other)) {
    const last = parts.at(-1);
    if (last && number === last[1] + 1) last[1] = number;
    else parts.push([number, number]);
  }
  return parts.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
}
