// @ts-check
// Where the person is: the focused block, the blocks selected with it, and
// inside a block the words. It knows the model and not the page.

import { character, snap, wordAt, words } from "./words.js";

/**
 * @typedef {import("./words.js").Range} Range
 * @typedef {import("./state.js").Span} Span
 */

/**
 * What stands as one: the first and the last block of what block i belongs to.
 * @typedef {{start(i: number): number, end(i: number): number}} Stops
 */

/** @type {Stops} */
const single = { start: (i) => i, end: (i) => i };

export class Cursor {
  /**
   * @param {import("./state.js").Model} model
   * @param {string} language of the document
   * @param {Stops} stops
   */
  constructor(model, language, stops = single) {
    this.model = model;
    this.language = language;
    this.stops = stops;
    this.focus = 0;
    this.anchor = 0;
    /** Blocks picked one by one, by id; null where the selection is a range. @type {Set<number> | null} */
    this.picked = null;
    /** The selected words of the focused block; null among blocks. @type {{anchor: Range, head: Range, exact: boolean} | null} */
    this.selection = null;
    /** The span that the selection is, "" for none. */
    this.span = "";
    /** @type {{text: string | null, list: Range[]}} */
    this.cache = { text: null, list: [] };
  }

  get inWords() {
    return this.selection !== null;
  }

  /** The selected blocks as index ranges, both ends included, in order. @returns {[number, number][]} */
  ranges() {
    if (this.model.blocks.length === 0) return [];
    if (!this.picked) return [this.#range()];

    /** @type {[number, number][]} */
    const out = [];
    for (const i of [...this.picked].map((id) => this.model.index(id)).filter((i) => i >= 0).sort((a, b) => a - b)) {
      const last = out.at(-1);
      if (last && last[1] === i - 1) last[1] = i;
      else out.push([i, i]);
    }
    return out;
  }

  /** @returns {[number, number]} */
  #range() {
    return [this.stops.start(Math.min(this.focus, this.anchor)), this.stops.end(Math.max(this.focus, this.anchor))];
  }

  /** How many blocks are selected. */
  count() {
    return this.ranges().reduce((n, [i, j]) => n + j - i + 1, 0);
  }

  /** @param {number} i */
  selected(i) {
    if (this.picked) return this.picked.has(this.model.blocks[i].id);
    const [from, to] = this.#range();
    return from <= i && i <= to;
  }

  /** Focuses block i, or what it stands in; extend keeps the other end of the selection. @param {number} i @param {boolean} extend */
  move(i, extend = false) {
    this.focus = this.stops.start(Math.max(0, Math.min(this.model.blocks.length - 1, i)));
    if (!extend) this.anchor = this.focus;
    this.picked = null;
    this.leave();
  }

  /** Selects the block range i to j and focuses its first block. @param {number} i @param {number} j */
  select(i, j) {
    this.move(i);
    this.anchor = j;
  }

  /** @param {Set<number>} ids */
  pick(ids) {
    this.leave();
    this.picked = ids;
  }

  /** The block after or before a place in one step; it may lie outside the document. @param {1 | -1} by @param {number} i */
  beyond(by, i = this.focus) {
    return by > 0 ? this.stops.end(i) + 1 : this.stops.start(i) - 1;
  }

  /** The next block after the focus without a class, in the direction; -1 for none. @param {1 | -1} by */
  open(by) {
    const { blocks } = this.model;
    for (let i = this.beyond(by); i >= 0 && i < blocks.length; i += by) if (blocks[i].cls === "") return i;
    return -1;
  }

  /**
   * The range that encloses the selection next: for a page with elements, the
   * blocks of the enclosing element; for plain text, the neighbours of the same
   * class; in the end the whole document.
   * @returns {[number, number]}
   */
  enclosing(/** @type {string[]} */ paths) {
    const { blocks } = this.model, [[i, j]] = this.ranges(), last = blocks.length - 1;
    const path = (/** @type {number} */ k) => (blocks[k].path >= 0 ? paths[blocks[k].path] : "");
    /** @param {(k: number) => boolean} belongs @returns {[number, number]} */
    const spread = (belongs) => {
      let from = i, to = j;
      while (from > 0 && belongs(from - 1)) from--;
      while (to < last && belongs(to + 1)) to++;
      return [from, to];
    };

    if (path(i)) {
      const parts = path(i).split("/");
      for (let n = parts.length; n > 0; n--) {
        const inside = parts.slice(0, n).join("/");
        const all = (/** @type {number} */ k) => path(k) === inside || path(k).startsWith(inside + "/");
        const r = spread(all);
        if (r[0] < i || r[1] > j) return r;
      }
      return [0, last];
    }
    const { cls } = blocks[i];
    const r = spread((k) => blocks[k].cls === cls);
    return r[0] < i || r[1] > j ? r : [0, last];
  }

  // ---- among the words

  text() {
    return this.model.text(this.focus);
  }

  /** The words of the focused block. */
  words() {
    return this.wordsOf(this.focus);
  }

  /** The words of block i. @param {number} i */
  wordsOf(i) {
    const text = this.model.text(i);
    if (this.cache.text !== text) this.cache = { text, list: words(text, this.language) };
    return this.cache.list;
  }

  /** The selected units of the focused block, null where no words are selected. @returns {Range | null} */
  range() {
    const s = this.selection;
    return s && { from: Math.min(s.anchor.from, s.head.from), to: Math.max(s.anchor.to, s.head.to) };
  }

  /** The selected units without outer spaces and punctuation. @returns {Range | null} */
  snapped() {
    const r = this.range();
    return r && (this.selection?.exact ? r : snap(this.text(), r.from, r.to));
  }

  quote() {
    const r = this.range();
    return r ? this.text().slice(r.from, r.to) : "";
  }

  /** From the block into its words; false where it has none. @param {boolean} atEnd */
  enter(atEnd = false) {
    const list = this.words();
    if (list.length === 0) return false;
    this.anchor = this.focus;
    this.picked = null;
    this.take(list[atEnd ? list.length - 1 : 0]);
    return true;
  }

  /** Back from the words to the block. */
  leave() {
    this.selection = null;
    this.span = "";
  }

  /** Selects units; exact keeps them as they are. @param {Range} anchor @param {Range} head @param {boolean} exact */
  take(anchor, head = anchor, exact = false) {
    this.selection = { anchor, head, exact };
    const r = /** @type {Range} */ (this.range());
    this.span = this.model.spansIn(this.focus).find((s) => s.from === r.from && s.to === r.to)?.id ?? "";
  }

  /** Selects a span, wherever it is. @param {Span} s */
  takeSpan(s) {
    this.focus = this.anchor = this.model.index(s.block);
    this.picked = null;
    this.selection = { anchor: { from: s.from, to: s.to }, head: { from: s.from, to: s.to }, exact: true };
    this.span = s.id;
  }

  /** Moves to the next word, or with extend takes it in. @param {1 | -1} by @param {boolean} extend */
  step(by, extend) {
    const s = this.selection, list = this.words();
    if (!s || list.length === 0) return;
    const edge = extend ? s.head : /** @type {Range} */ (this.range());
    const i = by > 0 ? list.findIndex((w) => w.from >= edge.to) : list.findLastIndex((w) => w.to <= edge.from);
    const to = extend && !list.some((w) => w.from === s.head.from) ? list[wordAt(list, by > 0 ? s.head.to - 1 : s.head.from)] : undefined;
    const head = i >= 0 ? list[i] : (to ?? null);
    if (head) this.take(extend ? s.anchor : head, head);
  }

  /** Moves the head by one character. @param {1 | -1} by */
  stepCharacter(by) {
    const r = this.range();
    if (!r || !this.selection) return;
    const text = this.text(), s = this.selection;
    const forward = s.head.to > s.anchor.to || (s.head.from >= s.anchor.from && s.head.to === s.anchor.to);
    const next = forward ? { from: r.from, to: Math.max(character(text, r.from, 1), character(text, r.to, by)) } : { from: Math.min(character(text, r.to, -1), character(text, r.from, by)), to: r.to };
    const anchor = forward ? { from: r.from, to: r.from } : { from: r.to, to: r.to };
    this.take(anchor, forward ? { from: r.from, to: next.to } : { from: next.from, to: r.to }, true);
  }

  /**
   * The selection with one end moved by a word; null where it cannot move.
   * @param {"start" | "end"} edge
   * @param {1 | -1} by
   * @returns {Range | null}
   */
  moved(edge, by) {
    const r = this.range(), list = this.words();
    if (!r) return null;
    if (edge === "end") {
      const w = by > 0 ? list.find((o) => o.to > r.to) : list.findLast((o) => o.to < r.to && o.to > r.from);
      return w ? { from: r.from, to: w.to } : null;
    }
    const w = by > 0 ? list.find((o) => o.from > r.from && o.from < r.to) : list.findLast((o) => o.from < r.from);
    return w ? { from: w.from, to: r.to } : null;
  }

  /** The span after or before the selection, in the order of the document; null for none. @param {1 | -1} by @returns {Span | null} */
  neighbour(by) {
    const { blocks } = this.model, at = this.range();
    const here = this.model.spansIn(this.focus), own = here.findIndex((s) => s.id === this.span);
    if (own >= 0) {
      if (here[own + by]) return here[own + by];
    } else {
      const s = by > 0 ? here.find((o) => o.from >= (at?.from ?? 0)) : here.findLast((o) => o.from < (at?.from ?? 0));
      if (s) return s;
    }
    for (let i = this.focus + by; i >= 0 && i < blocks.length; i += by) {
      const list = this.model.spansIn(i);
      if (list.length) return list[by > 0 ? 0 : list.length - 1];
    }
    return null;
  }

  /** The innermost span that holds the selection, null for none. @returns {Span | null} */
  innermost() {
    const r = this.range();
    if (!r) return null;
    const list = this.model.spansIn(this.focus).filter((s) => s.from <= r.from && s.to >= r.to);
    return list.find((s) => s.id === this.span) ?? list.reduce((/** @type {Span | null} */ best, s) => (!best || s.to - s.from < best.to - best.from ? s : best), null);
  }
}
