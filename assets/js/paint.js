// @ts-check
// Keeps the page's blocks looking like the model and the cursor say. What is
// near the window is painted at once; the rest of a long document follows in
// slices short enough that no key press ever waits for it.

import { count, make } from "./dialogs.js";
import { paint } from "./marks.js";
import { seen } from "./suggestions.js";

/**
 * @typedef {import("./state.js").Model} Model
 * @typedef {import("./cursor.js").Cursor} Cursor
 * @typedef {import("./known.js").Stretch} Stretch
 * @typedef {{from: number, to: number, id: string, on: boolean}} Hit a place found by "the same everywhere"
 */

/** The longest that painting out of sight may take at once, in milliseconds. */
const slice = 6;

/** @type {Record<string, string>} */
const classOf = { b: "b body", x: "b boilerplate", "": "b" };

/** The text that the page came with for a block. @param {number} id */
export function read(id) {
  return document.getElementById(`b${id}`)?.querySelector(".t")?.textContent ?? "";
}

export class Painter {
  /**
   * @param {HTMLElement} root the list of blocks
   * @param {HTMLElement} scroller what scrolls around it
   * @param {Model} model
   * @param {Cursor} cursor
   * @param {import("./state.js").State} state
   * @param {import("./suggestions.js").Suggestions} suggestions
   * @param {import("./known.js").Known} known
   */
  constructor(root, scroller, model, cursor, state, suggestions, known) {
    this.root = root;
    this.scroller = scroller;
    this.model = model;
    this.cursor = cursor;
    /** @type {Map<number, {cls: string, name: string}>} */
    this.labels = new Map(state.labels.map((l) => [l.id, { cls: `c-${l.colour}`, name: l.name }]));
    /** @type {Record<string, string>} */
    this.reasons = Object.fromEntries(state.reasons.map((r) => [r.name, r.title]));
    this.suggestions = suggestions;
    this.known = known;
    /** Places found by "the same everywhere", by block id. @type {Map<number, Hit[]>} */
    this.hits = new Map();

    /** @type {HTMLElement[]} */
    this.els = [...root.querySelectorAll(".b")].map((el) => /** @type {HTMLElement} */ (el));
    /** Sections with blocks that do not look right yet. @type {Set<HTMLElement>} */
    this.dirty = new Set();
    /** Blocks whose marks are not painted yet. @type {Set<HTMLElement>} */
    this.unmarked = new Set();
    /** @type {Set<HTMLElement>} */
    this.near = new Set();
    this.focused = /** @type {HTMLElement | null} */ (null);
    this.selectedIn = /** @type {HTMLElement | null} */ (null);
    this.waiting = false;
    this.closed = false;

    this.watcher = new IntersectionObserver((entries) => this.#seen(entries), { root: scroller, rootMargin: "100% 0px" });
    for (const section of root.children) {
      const el = /** @type {HTMLElement} */ (section);
      // A guess of the height, so that the scroll bar is nearly right before sections are laid out.
      let n = el.childElementCount, letters = el.textContent?.length ?? 0;
      for (const child of known.closed.size > 0 ? el.children : []) {
        const stretch = known.closed.get(Number(/** @type {HTMLElement} */ (child).dataset.block));
        if (!stretch) continue;
        letters -= child.textContent?.length ?? 0;
        if (child.id !== `b${stretch.first}`) n--;
      }
      if (n === 0) hide(el, true);
      el.style.containIntrinsicBlockSize = `auto ${Math.round(n * 24 + (letters / 66) * 27)}px`;
      this.watcher.observe(el);
    }
    for (const el of [...root.children].slice(0, 2)) this.near.add(/** @type {HTMLElement} */ (el));
    for (const id of model.spansOf.keys()) this.unmarked.add(this.els[model.index(id)]);
    for (const [id] of state.exact ?? []) this.unmarked.add(this.els[model.index(id)]);
    for (const id of suggestions.open.keys()) {
      const i = model.index(id);
      if (!this.els[i].parentElement?.hidden) this.#soil(this.els[i]);
      if (suggestions.hasSpans(i)) this.unmarked.add(this.els[i]);
    }
  }

  close() {
    this.closed = true;
    this.watcher.disconnect();
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #seen(entries) {
    for (const e of entries) {
      const el = /** @type {HTMLElement} */ (e.target);
      if (e.isIntersecting) this.near.add(el);
      else this.near.delete(el);
    }
    this.flush();
  }

  /** @param {HTMLElement} el */
  #soil(el) {
    this.dirty.add(/** @type {HTMLElement} */ (el.parentElement));
  }

  // ---- what has changed

  /** Classes, focus or selection of blocks i to j. @param {number} i @param {number} j */
  classes(i, j) {
    let last = null;
    for (let k = this.known.start(i); k <= j && k < this.els.length; k++) {
      const section = this.els[k].parentElement;
      if (section === last) continue;
      last = section;
      this.#soil(this.els[k]);
    }
  }

  /** The marks of block i. @param {number} i */
  marks(i) {
    if (this.els[i]) this.unmarked.add(this.els[i]);
  }

  /** Block i was cut in two. @param {number} i */
  split(i) {
    const left = this.els[i], right = /** @type {HTMLElement} */ (left.cloneNode(true));
    const { id } = this.model.blocks[i + 1];
    right.id = `b${id}`;
    right.dataset.block = String(id);
    const number = right.querySelector(".g");
    if (number) number.textContent = "";
    left.after(right);
    this.els.splice(i + 1, 0, right);
    this.unmarked.add(left).add(right);
    this.#soil(left);
  }

  /** Block i+1 was joined to block i. @param {number} i */
  join(i) {
    const [gone] = this.els.splice(i + 1, 1);
    this.unmarked.delete(gone);
    if (gone === this.selectedIn) this.selectedIn = null;
    gone.remove();
    this.unmarked.add(this.els[i]);
    this.#soil(this.els[i]);
  }

  // ---- painting

  /** Paints what is near the window now and the rest soon. */
  flush() {
    const { cursor, els } = this;
    const focused = els[cursor.focus] ?? null;
    if (focused !== this.focused) {
      if (this.focused?.isConnected) this.#soil(this.focused);
      this.focused = focused;
      if (focused) this.root.setAttribute("aria-activedescendant", focused.id);
    }
    if (focused) this.#soil(focused);

    const selectedIn = cursor.inWords ? focused : null;
    if (this.selectedIn && this.selectedIn !== selectedIn) this.unmarked.add(this.selectedIn);
    if (selectedIn) this.unmarked.add(selectedIn);
    this.selectedIn = selectedIn;

    const here = focused?.parentElement;
    for (const el of this.unmarked) if (el === focused || el.parentElement === here || this.near.has(/** @type {HTMLElement} */ (el.parentElement))) this.#mark(el);
    for (const section of this.dirty) if (section === here || this.near.has(section)) this.#section(section);
    if ((this.dirty.size || this.unmarked.size) && !this.waiting) this.#soon();
  }

  #soon() {
    this.waiting = true;
    const run = () => {
      if (this.closed) return;
      const end = performance.now() + slice;
      for (const section of this.dirty) {
        this.#section(section);
        if (performance.now() > end) break;
      }
      for (const el of this.unmarked) {
        if (performance.now() > end) break;
        this.#mark(el);
      }
      if (this.dirty.size || this.unmarked.size) later(run);
      else this.waiting = false;
    };
    later(run);
  }

  /** @param {HTMLElement} section */
  #section(section) {
    this.dirty.delete(section);
    const first = /** @type {HTMLElement | null} */ (section.firstElementChild);
    if (!first) return;
    let i = this.model.index(Number(first.dataset.block));
    const last = i + section.childElementCount - 1, within = this.known.start(i) < i && this.known.end(i) >= last;
    hide(section, within);
    if (within) return; // thousands may be hidden in one place

    for (let el = /** @type {Element | null} */ (first); el; el = el.nextElementSibling, i++) this.#look(/** @type {HTMLElement} */ (el), i);
  }

  /** @param {HTMLElement} el @param {number} i */
  #look(el, i) {
    const b = this.model.blocks[i], { cursor } = this, stretch = this.known.at(i), line = stretch?.first === b.id;
    hide(el, stretch !== undefined && !line);
    if (stretch && !line) return;
    if (line !== el.classList.contains("known")) this.#line(el, stretch);

    let cls = classOf[b.cls];
    if (b.hidden) cls += " hid";
    if (b.heading) cls += " head";
    if (b.part) cls += " part";
    const selected = cursor.selected(i);
    if (i === cursor.focus) cls += cursor.inWords ? " focus inwords" : " focus";
    else if (selected) cls += " range";
    if (line) cls += " known";
    const s = this.suggestions.of(i), is = s?.cls === "b" ? "body" : "boilerplate";
    if (s) cls += ` suggested s-${is}`;

    if (el.className !== cls) el.className = cls;
    if (el.getAttribute("aria-selected") !== String(selected)) el.setAttribute("aria-selected", String(selected));
    set(el, "reason", s ? `${is} ${stretch?.percent ?? s.percent}\u00a0%` : b.reason ? this.reasons[b.reason] : undefined);
    const why = s && (stretch ? is : this.suggestions.words(s)), rail = /** @type {HTMLElement} */ (el.firstElementChild);
    set(el, "why", why);
    if (rail.title !== (why ?? "")) rail.title = why ?? "";
  }

  /** Shows one line in the place of a stretch, or the first block's text again. @param {HTMLElement} el @param {Stretch | undefined} stretch */
  #line(el, stretch) {
    hide(/** @type {HTMLElement} */ (el.querySelector(".t")), stretch !== undefined);
    if (!stretch) return el.querySelector(".line")?.remove();
    // An option holds no button for a reader of the page; the keys and the palette have one.
    el.append(make("div", { class: "line" }, inOneLine(stretch), make("span", { class: "btn open", "aria-hidden": "true" }, "Open")));
  }

  /** @param {HTMLElement} el */
  #mark(el) {
    this.unmarked.delete(el);
    const i = this.model.index(Number(el.dataset.block));
    if (i < 0) return;

    /** @type {{from: number, to: number, id: string}[]} */
    const spans = [...this.model.spansIn(i), ...this.suggestions.spansIn(i)];
    for (const hit of this.hits.get(this.model.blocks[i].id) ?? []) spans.push(hit);
    const range = i === this.cursor.focus ? this.cursor.range() : null;
    // Selected words that are an entity, or suggested as one, are shown as that, brought forward.
    const active = range && (this.cursor.span || this.suggestions.at(i, range)?.id);
    if (range && !spans.some((s) => s.id === active)) spans.push({ ...range, id: "sel" });

    paint(/** @type {HTMLElement} */ (el.querySelector(".t")), this.model.text(i), spans, (s) => {
      if (s.id === "sel") return { tag: "span", cls: "sel", type: "" };
      if ("on" in s) return { tag: "span", cls: s.on ? "hit" : "hit off", type: "" };
      const l = this.labels.get(s.label);
      const suggested = "source" in s, cls = `${l?.cls ?? ""}${suggested ? " suggested" : ""}${s.id === active ? " active" : ""}`;
      return { tag: "mark", cls, type: l?.name ?? "?", ...(suggested && { title: this.suggestions.words(s) }) };
    });
  }

  /**
   * Scrolls as little as needed for block i to stand in the window, with a margin.
   * @param {number} i
   */
  reveal(i) {
    const el = this.els[i];
    if (!el) return;
    const box = this.scroller.getBoundingClientRect(), r = el.getBoundingClientRect();
    const margin = Math.min(90, box.height / 5);
    const top = r.top - box.top - margin, bottom = r.bottom - box.bottom + margin;
    if (top < 0 && bottom > 0) {
      const words = el.querySelector(".sel")?.getBoundingClientRect(); // a block taller than the window
      if (words && words.top < box.top + margin) this.scroller.scrollTop += words.top - box.top - margin;
      else if (words && words.bottom > box.bottom - margin) this.scroller.scrollTop += words.bottom - box.bottom + margin;
    } else if (top < 0) this.scroller.scrollTop += top;
    else if (bottom > 0) this.scroller.scrollTop += Math.min(bottom, top);
  }

  /** The blocks of which half a line or more is on the screen, as an index range; both ends included. @returns {[number, number]} */
  visible() {
    const box = this.scroller.getBoundingClientRect();
    const first = this.#below(box.top + 12), last = Math.max(first, this.#below(box.bottom - 12));
    return [first, last];
  }

  /** Whether a mark of block i is on the screen. @param {number} i @param {string} id */
  shows(i, id) {
    const box = this.scroller.getBoundingClientRect(), r = this.els[i]?.querySelector(`mark[data-span="${CSS.escape(id)}"]`)?.getBoundingClientRect();
    return r !== undefined && r.top >= box.top - r.height / 2 && r.bottom <= box.bottom + r.height / 2;
  }

  /** The index of the block at height y, or of the nearest one. @param {number} y */
  #below(y) {
    const sections = this.root.children;
    let lo = 0, hi = sections.length - 1;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if (sections[mid].getBoundingClientRect().bottom <= y) lo = mid + 1;
      else hi = mid;
    }
    const section = sections[lo];
    if (!section) return 0;
    let i = this.model.index(Number(/** @type {HTMLElement} */ (section.firstElementChild).dataset.block));
    for (const el of section.children) {
      if (el.getBoundingClientRect().bottom > y || el === section.lastElementChild) break;
      i++;
    }
    return i;
  }

  /** The index of the block at a height of the window. @param {number} y */
  blockAt(y) {
    return this.#below(y);
  }
}

/** What a stretch says of itself. @param {Stretch} s */
const inOneLine = (s) => `${count(s.n, "block")}, ${seen(s.pages)}`;

/**
 * Hides an element, but not from the browser's search, which opens what it
 * finds (beforematch).
 * @param {HTMLElement} el
 * @param {boolean} on
 */
function hide(el, on) {
  if (on === el.hasAttribute("hidden")) return;
  for (const [name, value] of [["hidden", "until-found"], ["aria-hidden", "true"]]) {
    if (on) el.setAttribute(name, value);
    else el.removeAttribute(name);
  }
}

/** Sets a data attribute, or takes it away. @param {HTMLElement} el @param {string} name @param {string | undefined} value */
function set(el, name, value) {
  if (el.dataset[name] === value) return;
  if (value) el.dataset[name] = value;
  else delete el.dataset[name];
}

/** Runs a function when the browser has nothing better to do. @param {() => void} run */
export function later(run) {
  if ("requestIdleCallback" in globalThis) requestIdleCallback(run, { timeout: 200 });
  else setTimeout(run, 16);
}
