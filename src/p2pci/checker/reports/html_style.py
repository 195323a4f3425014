"""The style of the page: light and dark, wide and narrow, for the screen and for paper."""

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --edge: #dfe3e9; --ink: #1b2330; --soft: #566072; --code: #f2f4f7;
  --good: #12703d; --good-soft: #e0f2e7; --bad: #b3261e; --bad-soft: #fce8e6;
  --note: #7d5300; --note-soft: #fbf0d9; --calm: #566072; --calm-soft: #e9ecf1;
  --sent: #1f5fbf; --received: #7b3fb5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161d; --card: #1a2029; --edge: #2e3745; --ink: #e4e8ef; --soft: #9aa5b8; --code: #12171f;
    --good: #7fd6a2; --good-soft: #16352a; --bad: #ff9d93; --bad-soft: #43211f;
    --note: #f0c674; --note-soft: #3a2f17; --calm: #a5afc0; --calm-soft: #2a323f;
    --sent: #8fbcff; --received: #d0a6f5;
  }
}
* { box-sizing: border-box }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem }
h1 { margin: 0; font-size: 1.75rem; line-height: 1.25; letter-spacing: -.01em; overflow-wrap: anywhere }
h2 { margin: 2.5rem 0 .75rem; font-size: 1.15rem }
h3 {
  margin: 1.25rem 0 .4rem; font-size: .75rem; letter-spacing: .06em; text-transform: uppercase;
  color: var(--soft);
}
p { margin: .5rem 0 }
a { color: inherit; text-underline-offset: .15em }
code, pre, .wire { font: .84rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
.over { margin: 0 0 .25rem; color: var(--soft); font-size: .9rem }
.about { margin: .4rem 0 0; color: var(--soft); font-size: .9rem }
.verdict {
  margin: 1.5rem 0 0; padding: 1rem 1.25rem; border-radius: .75rem; border-left: .35rem solid;
}
.verdict strong { display: block; font-size: 1.2rem }
.verdict p { margin: .15rem 0 0; color: var(--ink) }
.counts { display: grid; grid-template-columns: repeat(auto-fit, minmax(7rem, 1fr)); gap: .6rem }
.counts { margin: 1rem 0 }
.counts > div { background: var(--card); border: 1px solid var(--edge); border-radius: .6rem }
.counts > div { padding: .6rem .8rem }
.counts b { display: block; font-size: 1.5rem; line-height: 1.2; font-variant-numeric: tabular-nums }
.counts span { color: var(--soft); font-size: .82rem }
.bar { display: flex; gap: 2px; height: .5rem; border-radius: .25rem; overflow: hidden }
.bar i { min-width: 3px; background: currentColor }
.mend { padding-left: 1.25rem }
.mend li { margin: .25rem 0 }
p, li, .what { overflow-wrap: anywhere }
.filter { display: inline-flex; gap: .5rem; align-items: center; margin-top: 1.25rem; cursor: pointer }
.filter input { width: 1.1rem; height: 1.1rem; accent-color: var(--sent) }
body:has(#brief:checked) details.is-pass { display: none }
details { background: var(--card); border: 1px solid var(--edge); border-radius: .6rem; margin: .4rem 0 }
details:target { outline: 2px solid var(--sent) }
summary {
  display: grid; grid-template-columns: 1.6rem 5rem 1fr auto; gap: .25rem .6rem; align-items: baseline;
  padding: .55rem .9rem; cursor: pointer; list-style: none; border-radius: .6rem;
}
summary::-webkit-details-marker { display: none }
summary:hover { background: var(--code) }
summary:focus-visible, a:focus-visible { outline: 2px solid var(--sent); outline-offset: 2px }
summary .mark { text-align: center; font-weight: 700 }
summary code { color: var(--soft); white-space: nowrap }
.pill {
  padding: .05rem .55rem; border-radius: 1rem; font-size: .8rem; white-space: nowrap; align-self: start;
}
.good { color: var(--good) } .bad { color: var(--bad) } .note { color: var(--note) }
.calm { color: var(--calm) }
.pill.good, .verdict.good { background: var(--good-soft) }
.pill.bad, .verdict.bad { background: var(--bad-soft) }
.pill.note, .verdict.note { background: var(--note-soft) }
.pill.calm { background: var(--calm-soft) }
.body { padding: .25rem 1.1rem 1.1rem; border-top: 1px solid var(--edge) }
.body > p:first-child { margin: .75rem 0 }
.body > pre:first-child { margin-top: .75rem }
.soft { color: var(--soft); font-size: .9rem }
pre {
  margin: 0; padding: .6rem .8rem; background: var(--code); border: 1px solid var(--edge);
  border-radius: .5rem; overflow-x: auto;
}
pre b { color: var(--bad) }
pre i { font-style: normal; color: var(--soft) }
.command { white-space: pre-wrap; overflow-wrap: anywhere }
.hint {
  margin: 1rem 0 0; padding: .6rem .9rem; background: var(--note-soft); border-radius: .5rem;
}
.hint b { color: var(--note) }
.wire { border: 1px solid var(--edge); border-radius: .5rem; background: var(--code); overflow: hidden }
.piece {
  display: grid; grid-template-columns: 4.2rem 6rem 1fr; gap: 0 .75rem; padding: .2rem .8rem;
  border-left: .2rem solid transparent;
}
.piece + .piece { border-top: 1px solid var(--edge) }
.piece time { color: var(--soft); text-align: right; font-variant-numeric: tabular-nums }
.piece .who { overflow-wrap: anywhere }
.piece .bytes { min-width: 0; overflow-wrap: anywhere; white-space: pre-wrap }
.piece i { font-style: normal; color: var(--soft); opacity: .75 }
.sent { border-left-color: var(--sent) } .sent .who { color: var(--sent) }
.received { border-left-color: var(--received) } .received .who { color: var(--received) }
.event { color: var(--soft) }
footer { margin-top: 3rem; color: var(--soft); font-size: .85rem }
@media (max-width: 40rem) {
  main { padding: 1.5rem .8rem 3rem }
  h1 { font-size: 1.35rem }
  .counts { grid-template-columns: repeat(auto-fit, minmax(6.4rem, 1fr)); gap: .4rem }
  .counts > div { padding: .45rem .5rem }
  .counts span { font-size: .76rem }
  summary { grid-template-columns: 1.2rem 1fr auto; padding: .55rem .7rem }
  summary .what { grid-column: 1 / -1 }
  summary .pill { grid-column: 3; grid-row: 1 }
  .body { padding: .25rem .7rem .8rem }
  .piece { grid-template-columns: auto 1fr; padding: .3rem .6rem }
  .piece .bytes { grid-column: 1 / -1 }
  .piece time { text-align: left }
}
@media print {
  .filter { display: none }
  details { break-inside: avoid }
}
""".strip()
