// The peers of the swarm, and how this one is, in words.

import { count, fill, h } from "../dom.js";
import { get, listen } from "./api.js";

export function showPeers({ main, signal, name }) {
  name("Peers");
  const says = h("div", { role: "status" });
  const facts = h("dl.facts-list", {});
  const list = h("div", {});
  fill(main, h("h1", {}, "This peer, and the others"), says, h("div.panel", {}, facts), h("h2", {}, "Who holds documents"), list);
  listen(
    "health",
    (health) => {
      fill(says, health.sentences.map(({ level, text }) => h(`p.notice.${level}`, {}, text)));
      fill(
        facts,
        Object.entries({
          "Published as": health.published_as, "Index": health.index, "Shelf": health.folder, "Documents": count(health.documents),
        }).map(([word, value]) => h("div", {}, h("dt", {}, word), h("dd.mono", {}, value))),
      );
    },
    signal,
  );
  const load = async () => {
    try {
      const { peers } = await get("peers", {}, signal);
      const most = Math.max(1, ...peers.map((peer) => peer.documents));
      fill(list, peers.length ? table(peers, most) : h("div.panel.empty", {}, h("b", {}, "Nobody yet"), "No peer has registered a document."));
    } catch (error) {
      if (error.name !== "AbortError") fill(list, h("p.notice.bad", { role: "alert" }, error.message));
    }
  };
  load();
  let readAt = null;
  listen("shelf", (shelf) => {
    if (readAt !== null && readAt !== shelf.swarm_read_at) load();
    readAt = shelf.swarm_read_at;
  }, signal);
}

const table = (peers, most) => h("div.table", {}, h(
  "table",
  {},
  h("caption.unseen", {}, "Peers by the number of documents they were named as holders of"),
  h("thead", {}, h("tr", {}, h("th", {}, "Peer"), h("th.figure", {}, "Documents"), h("th.wide-only.share", {}, ""))),
  h("tbody", {}, peers.map((peer) => h(
    "tr",
    {},
    h("td.mono", {}, peer.address, " ", peer.is_this_peer ? h("span.badge.accent", {}, "this peer") : null),
    h("td.figure", {}, count(peer.documents)),
    h("td.wide-only.share", {}, h("meter", { min: 0, max: String(most), value: peer.documents, "aria-label": "Share of all documents" })),
  ))),
));
