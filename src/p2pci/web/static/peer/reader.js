// The reader: a document without its pages, with contents, and with references as links.

import { bytes, count, fill, h, many, named } from "../dom.js";
import { get, listen, post } from "./api.js";
import { address, fetcher, titleOf } from "./documents.js";

// More than any document has, and as much as a browser can take.
const MAX_SECTIONS = 2000;
const MAX_REFERENCES = 10000;
const LONG = 120; // characters of a title

const anchor = (section) => (section.number ? `section-${section.number}` : "");

export async function showDocument({ main, argument, state, signal, name, settle }) {
  const number = Number(argument);
  name(`RFC ${number}`);
  const body = h("div", {});
  const head = h("header.document-head", {}, h("p.number", {}, `RFC ${number}`));
  fill(main, h("article.document", {}, head, body));
  try {
    const about = await get(`rfc/${number}`, {}, signal);
    name(`RFC ${number} ${about.title}`);
    showHead(head, about);
    if (about.here) await showText({ body, number, signal, settle });
    else showMissing({ body, about, signal, fetches: state?.fetches, again: () => showDocument({ main, argument, signal, name, settle }) });
  } catch (error) {
    if (error.name !== "AbortError") fill(body, h("p.notice.bad", { role: "alert" }, error.message));
  }
}

function showHead(head, about) {
  const links = (words, names, level) =>
    names?.length
      ? h(`span.badge${level}`, {}, `${words} `, names.map((each, at) => [at ? ", " : null, nameLink(each)]))
      : null;
  fill(
    head,
    about.title ? h("p.number", {}, `RFC ${about.number}`, about.also?.length ? ` · ${about.also.join(" · ")}` : null) : null,
    h(`h1.title${about.title.length > LONG ? ".long" : ""}`, {}, titleOf(about)),
    h("p.soft.small", {}, [about.authors?.join(", "), about.date, about.bytes ? bytes(about.bytes) : null, about.holders ? many(about.holders, "holder") : null]
      .filter(Boolean).join(" · ")),
    h("div.row.badges", {},
      about.status ? h("span.badge.accent", {}, about.status === "UNKNOWN" ? "status unknown" : about.status.toLowerCase()) : null,
      links("obsoleted by", about.obsoleted_by, ".bad"),
      links("updated by", about.updated_by, ".warn"),
      links("obsoletes", about.obsoletes, ""),
      links("updates", about.updates, ""),
      about.here ? h("a.small", { href: `/api/rfc/${about.number}/original`, target: "_blank" }, "the original text") : null),
  );
}

function nameLink(name) {
  const number = /^RFC (\d+)$/.exec(name)?.[1];
  return number ? h("a", { href: address(number), "data-fetch": "1" }, name) : name;
}

// Not here yet: where it could come from, and its way here. A click on a reference has it fetched at once.
function showMissing({ body, about, signal, fetches, again }) {
  fill(
    body,
    h(
      "div.panel.empty.missing",
      {},
      h("b", {}, "This document is not on your shelf yet"),
      h("p", {}, about.sources.length
        ? `${many(about.holders, "peer")} can send it: ${about.sources.slice(0, 5).join(", ")}${about.holders > 5 ? " and others" : ""}.`
        : "The index names nobody who has it. It may come from the origin, where one is set."),
      fetcher(about, signal),
    ),
  );
  let isDone = false;
  listen("transfers", ({ incoming }) => {
    const mine = incoming.find((each) => each.number === about.number);
    if (!isDone && mine?.stage === "done") {
      isDone = true;
      again();
    }
  }, signal);
  if (fetches) post("fetch", { number: about.number }).catch((error) => body.append(h("p.notice.bad", { role: "alert" }, error.message)));
}

async function showText({ body, number, signal, settle }) {
  const text = await get(`rfc/${number}/text`, {}, signal);
  text.sections.splice(MAX_SECTIONS);
  text.references.splice(MAX_REFERENCES);
  const contents = text.sections.length > 1 ? contentsOf(text) : null;
  fill(body, h("div.reading", {}, contents, h("div.text", { lang: "en" }, paragraphs(text, number), leftOut(text, number))));
  for (const figure of body.querySelectorAll(".text pre, .text p")) {
    if (figure.scrollWidth <= figure.clientWidth) continue;
    for (const [name, value] of [["tabindex", "0"], ["role", "group"], ["aria-label", "Figure"]]) figure.setAttribute(name, value); // to be moved by keys
  }
  const target = named();
  if (!settle() && target) target.scrollIntoView({ behavior: "instant" });
  if (contents) followReading(body, contents, signal);
}

const leftOut = (text, number) => text.left_out
  ? h("p.notice.warn", {}, `${bytes(text.left_out)} more are left out, which are too many for a page. They are in `, h("a", { href: `/api/rfc/${number}/original`, target: "_blank" }, "the original text"), ".")
  : null;

function contentsOf(text) {
  const links = text.sections.filter((section) => section.level < 4).map((section) =>
    h(`li.level-${section.level}`, {}, h("a", { href: `#${idOf(section)}` }, section.number ? h("span.number", {}, section.number) : null, h("span.title", {}, section.title || section.label))));
  // Folded where it would push the text away.
  const isWide = matchMedia("(min-width: 64rem)").matches;
  return h("nav.contents", { "aria-label": "Contents" }, h("details", { open: isWide }, h("summary", {}, "Contents"), h("ol.plain", {}, links)));
}

const idOf = (section) => anchor(section) || `line-${section.line + 1}`;

// Marks in the contents which section is being read.
function followReading(body, contents, signal) {
  const links = new Map([...contents.querySelectorAll("a")].map((link) => [link.hash.slice(1), link]));
  let marked = null;
  const seen = new IntersectionObserver(
    (entries) => {
      const top = entries.filter((entry) => entry.isIntersecting).map((entry) => entry.target)[0];
      const link = top && links.get(encodeURI(top.id));
      if (!link || link === marked) return;
      marked?.removeAttribute("aria-current");
      link.setAttribute("aria-current", "true");
      marked = link;
      const list = contents.querySelector("ol");
      list.scrollTop = link.offsetTop - list.clientHeight / 2;
    },
    { rootMargin: "-70px 0px -75% 0px" },
  );
  for (const heading of body.querySelectorAll(".text [id]")) seen.observe(heading);
  signal.addEventListener("abort", () => seen.disconnect());
}

// The text as headings, paragraphs that may be wrapped on a narrow screen, and figures that may not.
function paragraphs(text, number) {
  const references = Map.groupBy(text.references, (reference) => reference.line);
  const headings = new Map(text.sections.map((section) => [section.line, section]));
  const isHere = new Set([...text.here, number]);
  const targets = new Set(text.sections.filter((section) => section.number).map(anchor));
  const made = [];
  const used = new Set();
  let block = [];
  const lineOf = (at) => withLinks(text.lines[at], references.get(at) ?? [], { number, isHere, targets });
  const close = () => {
    while (block.length && !text.lines[block.at(-1)]) block.pop();
    if (block.length) made.push(paragraph(block, text.lines, lineOf));
    block = [];
  };
  for (const [at, line] of text.lines.entries()) {
    const section = headings.get(at);
    if (section) {
      close();
      const id = idOf(section);
      made.push(h(`h${Math.min(6, section.level + 1)}.heading`, { id: used.has(id) ? null : id, tabindex: "-1" }, h("a.permalink", { href: `#${id}` }, line.trim())));
      used.add(id);
    } else if (line) block.push(at);
    else close();
  }
  close();
  return made;
}

const DRAWN = /\S {3,}\S|[|]|[-=_+~]{3,}|\.{4,}|(?:\. ){3,}|[{};]\s*$/;

// Prose fills its lines; what does not is a list of short lines, code, or a drawing, and keeps its lines.
function paragraph(block, lines, lineOf) {
  const all = block.map((at) => lines[at]);
  const isProse = !all.some((line) => DRAWN.test(line)) && all.slice(0, -1).every((line) => line.length >= 52);
  const indent = Math.min(...all.map((line) => line.length - line.trimStart().length));
  // A word that was parted at its hyphen is one again where lines are wrapped anew.
  const end = (line) => (/[A-Za-z]-$/.test(line) ? h("span.parted", {}, "\n") : "\n");
  const children = block.map((at, position) => [position ? end(all[position - 1]) : "", lineOf(at)]);
  if (isProse) return h(`p.prose.indent-${Math.min(4, Math.floor(indent / 3))}`, {}, children);
  return h("pre.figure-text", {}, children);
}

function withLinks(line, references, { number, isHere, targets }) {
  const made = [];
  let at = 0;
  for (const reference of references) {
    const words = line.slice(reference.start, reference.stop);
    const hash = reference.section ? `#section-${reference.section}` : "";
    const isOwn = reference.number === null || reference.number === number;
    if (isOwn && !targets.has(hash.slice(1))) continue;
    made.push(line.slice(at, reference.start));
    made.push(
      isOwn
        ? h("a", { href: hash }, words)
        : h(`a.reference${isHere.has(reference.number) ? "" : ".absent"}`, {
            href: address(reference.number) + hash, "data-fetch": isHere.has(reference.number) ? null : "1",
            title: isHere.has(reference.number) ? null : `RFC ${count(reference.number).replaceAll(",", "")} is not here: it will be fetched`,
          }, words),
    );
    at = reference.stop;
  }
  made.push(line.slice(at));
  return made;
}
