// Keeps the page of an index server current: it is taken anew every few seconds, and what has changed is put in
// place. The page says everything without this script, too.

const PAUSE_SECONDS = 3;

const pause = document.getElementById("pause");
const told = document.getElementById("told");
let isPaused = false;

/** Put the live parts of a new page in place of the old ones; whoever is in one with the keyboard stays there. */
function replaceParts(fresh) {
  for (const old of document.querySelectorAll("[data-live]")) {
    const part = fresh.getElementById(old.id);
    if (!part || part.outerHTML === old.outerHTML) continue;
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const place = focused ? [...old.querySelectorAll("a, [tabindex]")].indexOf(focused) : -1;
    old.replaceWith(part);
    if (place >= 0) part.querySelectorAll("a, [tabindex]")[place]?.focus({ preventScroll: true });
  }
}

async function refresh() {
  if (isPaused || document.hidden || !getSelection().isCollapsed) return; // nobody loses what they marked
  try {
    const answer = await fetch(location.href, { signal: AbortSignal.timeout(10_000) });
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (isPaused) return;
    replaceParts(fresh);
    say("");
  } catch (error) {
    say(`The index does not answer (${error.message}). What is shown is old; it is tried again.`);
  }
}

function say(text) {
  if (told.textContent !== text) told.textContent = text; // else it would be read aloud each time
}

pause.addEventListener("click", () => {
  isPaused = !isPaused;
  pause.setAttribute("aria-pressed", String(isPaused));
  say(isPaused ? "Paused: what is shown stays as it is." : "");
});
pause.hidden = false;

async function keepCurrent() {
  await refresh();
  setTimeout(keepCurrent, PAUSE_SECONDS * 1000);
}
setTimeout(keepCurrent, PAUSE_SECONDS * 1000);
