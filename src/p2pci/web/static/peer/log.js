// The last messages, in the form of the protocol.

import { clock, fill, h, many } from "../dom.js";
import { get, listen } from "./api.js";

const MAX_SHOWN = 500;
const WORDS = { client: "index", upkeep: "index, upkeep", upload: "upload", download: "download" };

export function showLog({ main, signal, name }) {
  name("Log");
  let position = 0;
  let isAsking = false;
  let isStale = false;
  let follows = true;
  const list = h("ol.plain", {});
  const view = h("div.log", { role: "log", "aria-label": "Messages", tabindex: "0" }, list);
  const pause = h("button.slim", { type: "button", "aria-pressed": "false", onclick: () => hold() }, "Pause");
  const said = h("p.notice.bad", { role: "alert", hidden: true });
  fill(
    main,
    h("div.row.head", {}, h("h1.grow", {}, "Messages"), pause),
    h("p.lead", {}, "What this peer says and hears, as it goes over the wire. Documents are shown by their heads alone; the page's own reading of the swarm's list, and mirrors, are left out."),
    said,
    view,
  );
  fill(list, h("li.empty", {}, "Nothing was said yet."));

  function hold() {
    follows = !follows;
    pause.setAttribute("aria-pressed", String(!follows));
    fill(pause, follows ? "Pause" : "Go on");
    if (follows) load();
  }

  async function load() {
    if (isAsking) return void (isStale = true);
    isAsking = true;
    try {
      const news = await get("log", { after: position, limit: position ? 500 : 200 }, signal);
      if (news.messages.length) {
        if (!position) list.replaceChildren();
        const atEnd = view.scrollHeight - view.scrollTop - view.clientHeight < 60;
        list.append(...news.messages.map(item));
        while (list.children.length > MAX_SHOWN) list.firstChild.remove();
        if (atEnd) view.scrollTop = view.scrollHeight;
        position = news.messages.at(-1).position;
      }
      said.hidden = true;
    } catch (error) {
      if (error.name === "AbortError") return;
      said.hidden = false;
      fill(said, error.message);
    } finally {
      isAsking = false;
    }
    if (isStale && follows) {
      isStale = false;
      load();
    }
  }

  listen("log", (log) => {
    if (follows && log.position !== position) load();
  }, signal);
}

function item(message) {
  return h(
    `li.message.${message.sent ? "sent" : "heard"}`,
    {},
    h("div.message-head", {}, h("span.way", {}, message.sent ? "→ sent to" : "← heard from"), " ", h("span.mono", {}, message.address), " ",
      h("span.badge", {}, WORDS[message.conversation] ?? message.conversation), " ", h("time.soft", {}, clock(message.time))),
    h("pre", {}, message.text.replace(/\n+$/, "")),
    message.left_out ? h("p.small.soft", {}, `… and ${many(message.left_out, "more byte")}`) : null,
  );
}
