// @ts-check
// Known boilerplate: neighbouring blocks that stood on other pages of the site
// and were boilerplate there. They take one line until somebody opens them, and
// the cursor goes over them in one step. What a person decided otherwise, or
// marked, is never hidden.

/**
 * @typedef {{first: number, last: number, n: number, pages: number, percent: number}} Stretch
 *   ids of the first and last block, how many there are, and the least of their pages and percents
 */

/** A stretch has at least so many blocks, each seen on so many pages. */
const least = { blocks: 3, pages: 2 };

/**
 * The stretches of a document, in order.
 * @param {import("./state.js").Model} model
 * @param {import("./suggestions.js").Suggestions} suggestions
 * @returns {Stretch[]}
 */
export function stretches(model, suggestions) {
  /** @type {Stretch[]} */
  const out = [];
  /** @type {Stretch | null} */
  let now = null;
  const end = () => {
    if (now && now.n >= least.blocks) out.push(now);
    now = null;
  };

  model.blocks.forEach(({ id }, i) => {
    const s = suggestions.of(i);
    if (s?.cls !== "x" || s.source.name !== "memory" || s.pages < least.pages || model.spansIn(i).length > 0) return end();
    now ??= { first: id, last: id, n: 0, pages: Infinity, percent: 100 };
    now.last = id;
    now.n++;
    now.pages = Math.min(now.pages, s.pages);
    now.percent = Math.min(now.percent, s.percent);
  });
  end();

  return out;
}

export class Known {
  /**
   * @param {import("./state.js").Model} model
   * @param {import("./suggestions.js").Suggestions} suggestions
   */
  constructor(model, suggestions) {
    this.model = model;
    /** The stretches that are closed, by each of their blocks. @type {Map<number, Stretch>} */
    this.closed = new Map();
    for (const s of stretches(model, suggestions)) {
      for (let i = model.index(s.first); i <= model.index(s.last); i++) this.closed.set(model.blocks[i].id, s);
    }
  }

  /** The closed stretch that block i is in. @param {number} i */
  at(i) {
    return this.closed.get(this.model.blocks[i]?.id);
  }

  /** The block that stands for block i: the first one of its stretch, else i. @param {number} i */
  start(i) {
    const s = this.at(i);
    return s ? this.model.index(s.first) : i;
  }

  /** The last block of the stretch of block i, else i. @param {number} i */
  end(i) {
    const s = this.at(i);
    return s ? this.model.index(s.last) : i;
  }

  /** Opens the stretch of block i for good; gives its blocks, null where it was open. @param {number} i @returns {[number, number] | null} */
  open(i) {
    if (!this.at(i)) return null;
    const from = this.start(i), to = this.end(i);
    for (let k = from; k <= to; k++) this.closed.delete(this.model.blocks[k].id);
    return [from, to];
  }

  /**
   * Opens what is not one thing any more after blocks i to j have changed: a
   * stretch stays closed while it is undecided, or boilerplate, as a whole.
   * Gives the blocks of what it opened.
   * @param {number} i
   * @param {number} j
   * @returns {[number, number][]}
   */
  changed(i, j) {
    const { blocks } = this.model;
    /** @type {[number, number][]} */
    const out = [];
    for (let k = i; k <= j && this.closed.size > 0; k++) {
      if (!this.at(k)) continue;
      const from = this.start(k), to = this.end(k), { cls } = blocks[from];
      if (cls === "b" || blocks.slice(from, to + 1).some((b) => b.cls !== cls)) out.push(/** @type {[number, number]} */ (this.open(k)));
      k = to;
    }
    return out;
  }
}
