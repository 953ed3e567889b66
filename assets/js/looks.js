// @ts-check
// Keys on the list of blocks that are in doubt: j and k go through it, c and r
// press the buttons of the one that has the focus.

/** @returns {HTMLElement[]} */
const looks = () => [...document.querySelectorAll(".look")].map((el) => /** @type {HTMLElement} */ (el));

/** The index of the look that has the focus or holds it, or -1. */
function here() {
  return looks().findIndex((el) => el.contains(document.activeElement));
}

/** @param {number} i */
function go(i) {
  const all = looks(), el = all[Math.max(0, Math.min(i, all.length - 1))];
  el?.focus({ preventScroll: true });
  el?.scrollIntoView({ block: "center" });
}

// What takes the place of a list that was answered begins where it was.
let last = 0;

document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || e.target instanceof HTMLInputElement) return;
  const i = here();
  switch (e.key) {
    case "j":
      go(i + 1);
      break;
    case "k":
      go(Math.max(0, i - 1));
      break;
    case "c":
    case "r": {
      if (i < 0) return go(0);
      last = i;
      /** @type {HTMLElement | null} */ (looks()[i].querySelector(`[data-key="${e.key}"]`))?.click();
      break;
    }
    default:
      return;
  }
  e.preventDefault();
});

document.addEventListener("htmx:after:swap", () => go(last));
