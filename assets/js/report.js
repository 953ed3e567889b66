// @ts-check
// What the pages of reports do beyond links and forms: keys and buttons to go
// from mistake to mistake and from document to document, and a menu that closes.
// Every page is whole without it.

import { keysOf } from "./keys.js";

/**
 * What a press asks for on a document's page; "" for nothing.
 * @param {import("./keys.js").Press} press
 */
export function wanted(press) {
  for (const key of keysOf(press)) {
    const found = { n: "next", N: "prev", j: "next-document", k: "prev-document", Escape: "list" }[key];
    if (found) return found;
  }
  return "";
}

/**
 * The number of the mistake to go to, from 1: the next or the one before,
 * around the end. From nowhere it is the first below a place, or the last above
 * it.
 * @param {number} here 0 for nowhere
 * @param {1 | -1} by
 * @param {number[]} tops where each mistake begins, from the top of the screen
 * @param {number} line the height above which a mistake has been read
 */
export function step(here, by, tops, line = 0) {
  const n = tops.length;
  if (n === 0) return 0;
  if (here > 0) return ((here - 1 + by + n) % n) + 1;
  if (by > 0) return tops.findIndex((t) => t >= line) + 1 || 1;
  return tops.findLastIndex((t) => t < line) + 1 || n;
}

/** @param {Document} page */
export function start(page) {
  const report = /** @type {HTMLElement | null} */ (page.querySelector(".mistakes"));
  let here = Number(/^#m(\d+)$/.exec(location.hash)?.[1] ?? 0);

  const firsts = () => /** @type {HTMLElement[]} */ ([...page.querySelectorAll("#painted [id^=m]")]);

  const go = (/** @type {number} */ n) => {
    const to = page.getElementById(`m${n}`);
    if (!to) return;
    here = n;
    for (const old of page.querySelectorAll(".here")) old.classList.remove("here");
    for (const one of page.querySelectorAll(`[data-m="${n}"]`)) one.classList.add("here");
    // Twice: a section that was not laid out yet gets its height by the first.
    to.scrollIntoView({ block: "center" });
    requestAnimationFrame(() => to.scrollIntoView({ block: "center" }));
    page.querySelector(`.mistake-list [data-m="${n}"]`)?.scrollIntoView({ block: "nearest" });
    const where = page.getElementById("where"), say = page.getElementById("say");
    if (where) where.textContent = `${n} of ${report?.dataset.mistakes}`;
    if (say) say.textContent = `Mistake ${n}: ${to.querySelector(".kind")?.textContent ?? ""}${to.lastChild?.textContent ?? ""}`;
  };
  const by = (/** @type {1 | -1} */ d) => go(step(here, d, firsts().map((m) => m.getBoundingClientRect().top), 80));

  page.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    const button = target.closest("[data-go]"), item = target.closest(".mistake-list [data-m]");
    if (button) by(button.getAttribute("data-go") === "next" ? 1 : -1);
    if (item) {
      event.preventDefault();
      go(Number(item.getAttribute("data-m")));
    }
    for (const menu of page.querySelectorAll("details.menu[open]")) if (!menu.contains(target)) menu.removeAttribute("open");
  });

  page.addEventListener("keydown", (event) => {
    const target = /** @type {Element} */ (event.target);
    if (event.key === "Escape") {
      const menu = page.querySelector("details.menu[open]");
      if (menu) {
        menu.removeAttribute("open");
        /** @type {HTMLElement | null} */ (menu.querySelector("summary"))?.focus();
        return;
      }
    }
    if (!report || event.altKey || event.defaultPrevented || target.closest("input, textarea, select, [contenteditable]")) return;
    const what = wanted(event);
    const to = { "next-document": report.dataset.next, "prev-document": report.dataset.prev, list: report.dataset.list }[what];
    if (what === "next") by(1);
    else if (what === "prev") by(-1);
    else if (to) location.assign(to);
    else return;
    event.preventDefault();
  });

  if (here) go(here);
  if (report) report.dataset.keys = "on"; // from here on a press is heard
}

if (typeof document !== "undefined") start(document);
