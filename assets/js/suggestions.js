// @ts-check
// What is suggested for the document and nobody has decided yet: a class for a
// block, a label for words. It knows the model and not the page. Nothing here
// is a label until a person accepts it.

import { count } from "./dialogs.js";
import { inOrder } from "./state.js";

/**
 * @typedef {import("./state.js").Source} Source
 * @typedef {{cls: string, percent: number, source: Source, pages: number}} BlockSuggestion
 *   pages: of this site on which the text had this class, 0 where the source is not site memory
 * @typedef {{id: string, block: number, from: number, to: number, label: number, percent: number, source: Source}} SpanSuggestion
 * @typedef {{from: number, to: number, cls: string, source: string}} Accepted neighbouring blocks, by index, both ends included
 */

/** @type {Record<string, string>} */
const classWords = { b: "body", x: "boilerplate" };

/** @type {readonly SpanSuggestion[]} */
const none = [];

export class Suggestions {
  /**
   * @param {import("./state.js").Model} model
   * @param {import("./state.js").State} state
   * @param {Iterable<string>} rejected ids of span suggestions
   */
  constructor(model, state, rejected = []) {
    const { sources = [], blocks = [], spans = [] } = state.suggestions ?? {};
    this.model = model;
    this.rejected = new Set(rejected);
    /** @type {Map<number, BlockSuggestion>} */
    this.blocks = new Map(blocks.map(([id, cls, percent, source, pages]) => [id, { cls, percent, source: sources[source], pages }]));

    /** Labels that can still be given, by what they are called. @type {Map<number, string>} */
    this.labels = new Map(state.labels.filter((l) => !l.retired).map((l) => [l.id, l.title || l.name]));
    /** By block, in units of the whole block however it is split, the surest first. @type {Map<number, SpanSuggestion[]>} */
    this.spans = new Map();
    for (const [block, from, to, label, percent, source] of spans) {
      const i = model.index(block);
      if (i < 0 || !this.labels.has(label)) continue;
      const whole = this.#whole(i), at = [whole.id, from + whole.units, to + whole.units];
      const s = { id: [...at, label].join(":"), block: at[0], from: at[1], to: at[2], label, percent, source: sources[source] };
      const list = this.spans.get(s.block);
      if (list) list.push(s);
      else this.spans.set(s.block, [s]);
    }
    for (const list of this.spans.values()) list.sort((a, b) => b.percent - a.percent || inOrder(a, b));

    /** How many are open. */
    this.left = 0;
    /** @type {Map<number, number>} */
    this.open = new Map();
    this.recount();
  }

  /** Whether the document came with any. */
  get any() {
    return this.blocks.size > 0 || this.spans.size > 0;
  }

  /** The block that block i is a part of, and how many units of it stand before i. @param {number} i */
  #whole(i) {
    let units = 0;
    while (this.model.blocks[i].part) units += this.model.text(--i).length;
    return { id: this.model.blocks[i].id, units };
  }

  /**
   * The class suggested for block i, as long as it has none. What was
   * suggested for a block says nothing about its parts.
   * @param {number} i
   * @returns {BlockSuggestion | undefined}
   */
  of(i) {
    const { blocks } = this.model, b = blocks[i];
    return b.cls === "" && !b.part && !blocks[i + 1]?.part ? this.blocks.get(b.id) : undefined;
  }

  /** Whether words of block i were ever suggested. @param {number} i */
  hasSpans(i) {
    return this.spans.size > 0 && this.spans.has(this.#whole(i).id);
  }

  /**
   * The labels suggested for words of block i, in order, none over another:
   * in body alone, and where no entity is marked.
   * @param {number} i
   * @returns {readonly SpanSuggestion[]}
   */
  spansIn(i) {
    if (!this.hasSpans(i)) return none;
    const b = this.model.blocks[i];
    if ((b.cls || this.of(i)?.cls) !== "b") return none;

    const { id, units } = this.#whole(i), { length } = this.model.text(i), marked = this.model.spansIn(i);
    /** @type {SpanSuggestion[]} */
    const out = [];
    for (const s of this.spans.get(id) ?? none) {
      const at = { from: s.from - units, to: s.to - units };
      if (at.from < 0 || at.to > length || this.rejected.has(s.id)) continue;
      if ([...marked, ...out].some((o) => o.from < at.to && at.from < o.to)) continue;
      out.push({ ...s, ...at, block: b.id });
    }
    return out.sort(inOrder);
  }

  /** The suggestion for exactly these words. @param {number} i @param {import("./words.js").Range | null} r */
  at(i, r) {
    return r ? this.spansIn(i).find((s) => s.from === r.from && s.to === r.to) : undefined;
  }

  /**
   * The span suggestion after or before a place, null for none. Without words,
   * block i is not begun, so that its first one comes after it.
   * @param {number} i
   * @param {import("./words.js").Range | null} r
   * @param {1 | -1} by
   * @returns {SpanSuggestion | null}
   */
  neighbour(i, r, by) {
    const { blocks } = this.model, here = this.spansIn(i);
    const s = by > 0 ? here.find((o) => !r || o.to > r.to) : here.findLast((o) => r && o.from < r.from);
    if (s) return s;
    if (this.spans.size === 0) return null;
    for (let k = i + by; k >= 0 && k < blocks.length; k += by) {
      const list = this.spansIn(k);
      if (list.length) return list[by > 0 ? 0 : list.length - 1];
    }
    return null;
  }

  /** @param {SpanSuggestion} s */
  reject(s) {
    this.rejected.add(s.id);
    const i = this.model.index(s.block);
    this.changed(i, i);
  }

  /** Brings a rejected one back; gives the blocks in which it may stand. @param {string} id @returns {[number, number]} */
  restore(id) {
    this.rejected.delete(id);
    const i = this.model.index(Number(id.slice(0, id.indexOf(":"))));
    let j = i;
    while (this.model.blocks[j + 1]?.part) j++;
    this.changed(i, j);
    return [i, j];
  }

  // ---- counting

  /** Blocks i to j, or their spans, have changed. @param {number} i @param {number} j */
  changed(i, j) {
    if (!this.any) return;
    for (let k = i; k <= j; k++) {
      const { id } = this.model.blocks[k], n = (this.of(k) ? 1 : 0) + this.spansIn(k).length;
      this.left += n - (this.open.get(id) ?? 0);
      if (n) this.open.set(id, n);
      else this.open.delete(id);
    }
  }

  /** Blocks were cut or joined. */
  recount() {
    this.left = 0;
    this.open.clear();
    this.changed(0, this.model.blocks.length - 1);
  }

  // ---- accepting

  /**
   * What there is to accept in ranges of blocks: neighbours with the same class
   * from the same source as one run, and spans by source.
   * @param {[number, number][]} ranges
   * @param {(i: number, s: SpanSuggestion) => boolean} shown whether a span suggestion of block i counts
   */
  within(ranges, shown = () => true) {
    /** @type {Accepted[]} */
    const runs = [];
    /** @type {Map<string, SpanSuggestion[]>} */
    const spans = new Map();
    for (const [i, j] of ranges) {
      for (let k = i; k <= j; k++) {
        const s = this.of(k), last = runs.at(-1);
        if (s && last && last.to === k - 1 && last.cls === s.cls && last.source === s.source.name) last.to = k;
        else if (s) runs.push({ from: k, to: k, cls: s.cls, source: s.source.name });
        for (const span of this.spansIn(k)) {
          if (!shown(k, span)) continue;
          const list = spans.get(span.source.name);
          if (list) list.push(span);
          else spans.set(span.source.name, [span]);
        }
      }
    }
    return { runs, spans };
  }

  // ---- words

  /** What is suggested, by whom, and how sure it is. @param {BlockSuggestion | SpanSuggestion} s */
  words(s) {
    const what = "label" in s ? this.labels.get(s.label) : classWords[s.cls];
    return `${what}, ${"pages" in s && s.pages > 0 ? seen(s.pages) : `${s.source.title}, ${s.percent}\u00a0%`}`;
  }
}

/** @param {number} pages */
export const seen = (pages) => `seen on ${count(pages, "page")} of this site`;

// ---- what was rejected, until the tab is closed

/** @param {import("./state.js").State} state */
const place = (state) => `rejected ${state.annotator} ${state.document}`;

/** Ids of the span suggestions of this document that this person rejected. @param {import("./state.js").State} state @returns {string[]} */
export function rejectedIn(state) {
  try {
    return JSON.parse(sessionStorage.getItem(place(state)) ?? "[]");
  } catch {
    return [];
  }
}

/** @param {import("./state.js").State} state @param {Iterable<string>} ids */
export function keepRejected(state, ids) {
  try {
    sessionStorage.setItem(place(state), JSON.stringify([...ids]));
  } catch {
    // A browser that stores nothing shows them again after a reload.
  }
}
