// @ts-check
// The original page beside the blocks: a picture that does nothing, in a frame
// without scripts. This script reaches in from outside, sets attributes that
// the picture's own style sheet shows, and listens to clicks. It reads nothing
// there but which element carries which block.

import { byId, say } from "./dialogs.js";
import { later } from "./paint.js";

/**
 * @typedef {import("./state.js").Model} Model
 * @typedef {import("./cursor.js").Cursor} Cursor
 * @typedef {"beside" | "top" | "hidden"} Place
 */

/** @type {Place[]} */
const places = ["beside", "top", "hidden"];

/** @type {Record<Place, string>} */
const said = { beside: "The original page is beside the blocks", top: "The original page is on top of the blocks", hidden: "The original page is hidden" };

/** Below this there is no room for two panes side by side; it is in the style sheet, too. */
const narrow = "(max-width: 900px)";

/** The longest that painting may take at once, in milliseconds. */
const slice = 6;

/**
 * The place after another one.
 * @param {Place} place
 * @param {boolean} small no room beside the blocks
 * @returns {Place}
 */
export function after(place, small) {
  const next = places[(places.indexOf(place) + 1) % places.length];
  return small && next === "beside" ? "top" : next;
}

/**
 * The index of the block whose element stands for block i: its first part.
 * @param {readonly {part: boolean}[]} blocks
 * @param {number} i
 */
export function whole(blocks, i) {
  while (i > 0 && blocks[i]?.part) i--;
  return i;
}

export class Pane {
  /**
   * @param {import("./state.js").State} state
   * @param {Model} model
   * @param {Cursor} cursor
   * @param {import("./suggestions.js").Suggestions} suggestions
   * @param {(i: number, extend: boolean) => void} go
   * @param {AbortSignal} signal
   */
  constructor(state, model, cursor, suggestions, go, signal) {
    this.model = model;
    this.cursor = cursor;
    this.suggestions = suggestions;
    this.go = go;
    this.signal = signal;
    this.section = document.getElementById("picture");
    this.frame = /** @type {HTMLIFrameElement | null} */ (this.section?.querySelector("iframe") ?? null);
    this.kept = `annotate-picture-${state.annotator}`;
    /** The elements of each block, by its id. @type {Map<number, HTMLElement[]>} */
    this.els = new Map();
    /** Ids of blocks that do not look right yet. @type {Set<number>} */
    this.dirty = new Set();
    /** What is outlined as selected. @type {Set<HTMLElement>} */
    this.ranged = new Set();
    /** @type {HTMLElement[]} */
    this.here = [];
    this.whole = /** @type {HTMLElement | null} */ (null);
    this.focus = -1;
    this.waiting = false;
    this.loading = false;

    const small = matchMedia(narrow);
    this.small = small.matches;
    /** @type {Place} */
    this.place = this.#remembered();
    if (!this.section || !this.frame) {
      delete document.body.dataset.picture;
      return;
    }
    small.addEventListener("change", () => {
      this.small = small.matches;
      this.#put(this.place);
    }, { signal });
    this.frame.addEventListener("load", () => this.#loaded(), { signal });
    this.section.addEventListener("click", (e) => {
      const to = /** @type {HTMLElement | null} */ (/** @type {Element} */ (e.target).closest("[data-place]"))?.dataset.place;
      if (to) this.put(/** @type {Place} */ (to));
    }, { signal });
    this.section.addEventListener("pointerdown", (e) => e.preventDefault(), { signal }); // the focus stays on the blocks
    this.#put(this.place);
  }

  /** Where this person had the pane last; beside the blocks where there is room and nobody said. @returns {Place} */
  #remembered() {
    /** @type {string | null} */
    let place = null;
    try {
      place = localStorage.getItem(this.kept);
    } catch {
      // A browser that keeps nothing forgets this, too.
    }
    if (places.includes(/** @type {Place} */ (place))) return /** @type {Place} */ (place);
    return matchMedia("(min-width: 1400px)").matches ? "beside" : "hidden";
  }

  /** To the next place. */
  turn() {
    if (!this.section) return say("This document is no page, so there is no picture of it.");
    this.put(after(this.place, this.small));
  }

  /** @param {Place} place */
  put(place) {
    try {
      localStorage.setItem(this.kept, place);
    } catch {
      // It holds for this page, then.
    }
    this.#put(place);
    say(said[place]);
  }

  /** @param {Place} place */
  #put(place) {
    const { section, frame } = this;
    if (!section || !frame) return;
    this.place = place;
    const shown = this.small && place === "beside" ? "top" : place;
    document.body.dataset.picture = shown;
    section.hidden = shown === "hidden";
    for (const b of section.querySelectorAll("[data-place]")) b.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (b).dataset.place === shown));
    for (const b of document.querySelectorAll('[data-action="picture"]')) b.setAttribute("aria-expanded", String(shown !== "hidden"));
    if (shown === "hidden") return;
    if (!frame.hasAttribute("src") && !this.loading) {
      this.loading = true;
      frame.src = frame.dataset.picture ?? "";
    }
    this.show(true);
  }

  #loaded() {
    const page = this.frame?.contentDocument;
    if (!this.loading) return;
    const whole = page?.documentElement;
    byId("nopicture").hidden = whole?.dataset.picture === "1";
    if (!page || whole?.dataset.picture !== "1") return;
    for (const el of page.querySelectorAll("[data-block]")) {
      const id = Number(/** @type {HTMLElement} */ (el).dataset.block), list = this.els.get(id);
      if (list) list.push(/** @type {HTMLElement} */ (el));
      else this.els.set(id, [/** @type {HTMLElement} */ (el)]);
    }
    page.addEventListener("click", (e) => this.#clicked(e), { signal: this.signal });
    page.addEventListener("mousedown", (e) => e.preventDefault(), { signal: this.signal });
    this.classes(0, this.model.blocks.length - 1);
    this.show(true);
    document.body.dataset.pictured = String(this.els.size);
  }

  /** @param {MouseEvent} e */
  #clicked(e) {
    e.preventDefault();
    byId("blocks").focus({ preventScroll: true });
    const el = /** @type {HTMLElement | null} */ (/** @type {Element} */ (e.target).closest("[data-block]"));
    const i = el ? this.model.index(Number(el.dataset.block)) : -1;
    if (i >= 0) this.go(i, e.shiftKey);
  }

  // ---- what has changed

  /** Classes or suggestions of blocks i to j. @param {number} i @param {number} j */
  classes(i, j) {
    if (this.els.size === 0) return;
    const { blocks } = this.model;
    for (let k = whole(blocks, i); k <= j && k < blocks.length; k++) if (!blocks[k].part) this.dirty.add(blocks[k].id);
    this.#soon();
  }

  #soon() {
    if (this.waiting || this.dirty.size === 0) return;
    this.waiting = true;
    later(() => {
      this.waiting = false;
      if (this.signal.aborted) return;
      const end = performance.now() + slice;
      for (const id of this.dirty) {
        this.dirty.delete(id);
        this.#paint(id);
        if (performance.now() > end) break;
      }
      this.#soon();
    });
  }

  /** @param {number} id */
  #paint(id) {
    const i = this.model.index(id), els = this.els.get(id);
    if (i < 0 || !els) return;
    const { cls } = this.model.blocks[i], s = this.suggestions.of(i)?.cls;
    for (const el of els) {
      set(el, "is", cls === "b" ? "body" : cls === "x" ? "boilerplate" : "");
      set(el, "suggested", cls !== "" ? "" : s === "b" ? "body" : s === "x" ? "boilerplate" : "");
    }
  }

  /** Outlines what the cursor is on, and with reveal scrolls there. @param {boolean} reveal */
  show(reveal) {
    if (this.els.size === 0 || this.place === "hidden") return;
    const { blocks } = this.model, { focus } = this.cursor, moved = focus !== this.focus;
    this.focus = focus;
    const here = this.#of(focus);
    for (const el of this.here) if (!here.includes(el)) set(el, "here", "");
    for (const el of here) set(el, "here", "1");
    this.here = here;

    /** @type {Set<HTMLElement>} */
    const ranged = new Set();
    const ranges = this.cursor.ranges();
    for (const [i, j] of ranges) {
      if (i === j) continue;
      for (let k = whole(blocks, i); k <= j; k++) for (const el of this.els.get(blocks[k].id) ?? []) ranged.add(el);
    }
    for (const el of this.ranged) if (!ranged.has(el)) set(el, "range", "");
    for (const el of ranged) if (!this.ranged.has(el)) set(el, "range", "1");
    this.ranged = ranged;
    this.#cover(ranges);

    if (reveal || moved) this.#reveal(here);
  }

  /** Outlines the element that holds just what is selected, where there is one. @param {[number, number][]} ranges */
  #cover(ranges) {
    const [[i, j] = [0, 0]] = ranges, from = this.#of(i)[0], to = this.#of(j).at(-1);
    /** @type {HTMLElement | null} */
    let el = null;
    if (ranges.length === 1 && i < j && from && to) {
      el = from;
      while (el && !el.contains(to)) el = el.parentElement;
      if (el?.tagName === "BODY" || el?.tagName === "HTML") el = null;
    }
    if (this.whole !== el && this.whole) set(this.whole, "whole", "");
    if (el) set(el, "whole", "1");
    this.whole = el;
  }

  /** The elements of block i. @param {number} i */
  #of(i) {
    const b = this.model.blocks[whole(this.model.blocks, i)];
    return (b && this.els.get(b.id)) ?? [];
  }

  /** Scrolls as little as needed; what the page does not show is looked for where it stands. @param {HTMLElement[]} els */
  #reveal(els) {
    const view = this.frame?.contentDocument?.scrollingElement;
    /** @type {HTMLElement | null} */
    let el = els[0] ?? null;
    while (el && el.getClientRects().length === 0) el = el.parentElement;
    if (!view || !el) return;
    const r = el.getBoundingClientRect(), height = view.clientHeight, margin = Math.min(80, height / 5);
    if (r.top < margin || r.height > height) view.scrollTop += r.top - margin;
    else if (r.bottom > height - margin) view.scrollTop += r.bottom - height + margin;
  }
}

/** Sets a data attribute, or takes it away. @param {HTMLElement} el @param {string} name @param {string} value */
function set(el, name, value) {
  if ((el.dataset[name] ?? "") === value) return;
  if (value) el.dataset[name] = value;
  else delete el.dataset[name];
}
