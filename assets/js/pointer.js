// @ts-check
// Mouse, pen and finger on the blocks: sweeping along the numbers, clicking
// and dragging over words. It says what was meant; what it leads to is decided
// elsewhere.

import { character, wordAt } from "./words.js";

/**
 * @typedef {import("./words.js").Range} Range
 * @typedef {{
 *   sweep(anchor: number, focus: number): void,
 *   swept(): void,
 *   block(i: number, extend: boolean): void,
 *   words(i: number, anchor: Range, head: Range, exact: boolean, how: "drag" | "done" | "click" | "double"): void,
 *   extend(i: number, head: Range): boolean,
 *   span(id: string, i: number): void,
 *   open(i: number): void,
 * }} Meant
 *   words: units of block i, while dragging, at its end, or clicked once or twice; extend: a click with Shift, false where no words of
 *   this block are selected; span: an entity of block i, or a suggested one; open: what stands for block i
 */

export class Pointer {
  /**
   * @param {import("./paint.js").Painter} painter
   * @param {import("./cursor.js").Cursor} cursor
   * @param {Meant} meant
   * @param {AbortSignal} signal
   */
  constructor(painter, cursor, meant, signal) {
    this.painter = painter;
    this.cursor = cursor;
    this.meant = meant;
    this.signal = signal;
    /** @type {{kind: "sweep", anchor: number} | {kind: "words", i: number, anchor: Range, x: number, y: number, moved: boolean, exact: boolean} | null} */
    this.drag = null;
    this.y = 0;
    this.dragged = false;

    const { root } = painter;
    const on = (/** @type {string} */ type, /** @type {(e: any) => void} */ run) => root.addEventListener(type, run, { signal });
    on("pointerdown", (e) => this.#down(e));
    on("pointermove", (e) => this.#move(e));
    on("pointerup", (e) => this.#up(e));
    on("pointercancel", () => (this.drag = null));
    on("click", (e) => this.#click(e));
    on("selectstart", (e) => e.preventDefault()); // the native selection would run over numbers and other blocks
  }

  /** The block that an event happened on, -1 for none. @param {Event} e */
  #block(e) {
    const el = /** @type {HTMLElement | null} */ (/** @type {Element} */ (e.target).closest(".b"));
    return el ? this.painter.model.index(Number(el.dataset.block)) : -1;
  }

  /** @param {Event} e */
  #inGutter(e) {
    return /** @type {Element} */ (e.target).closest(".g") !== null;
  }

  /** @param {PointerEvent} e */
  #down(e) {
    this.dragged = false;
    if (e.button !== 0 || !e.isPrimary) return;
    const i = this.#block(e);
    if (i < 0) return;

    if (this.#inGutter(e)) {
      this.drag = { kind: "sweep", anchor: e.shiftKey ? this.cursor.anchor : i };
      // A finger is captured by the number it started on, which stays where it is.
      if (e.pointerType !== "touch") this.painter.root.setPointerCapture(e.pointerId);
      this.meant.sweep(this.drag.anchor, i);
      return;
    }
    if (e.pointerType === "touch" || e.shiftKey) return; // a finger scrolls here, and its tap comes as a click
    const unit = this.#unit(i, e.clientX, e.clientY, false);
    if (unit < 0) return;
    this.drag = { kind: "words", i, anchor: this.#piece(i, unit, e.altKey), x: e.clientX, y: e.clientY, moved: false, exact: e.altKey };
  }

  /** @param {PointerEvent} e */
  #move(e) {
    const { drag } = this;
    if (!drag) return;
    this.y = e.clientY;
    if (drag.kind === "sweep") {
      this.meant.sweep(drag.anchor, this.painter.blockAt(e.clientY));
      this.#scroll();
      return;
    }
    if (!drag.moved && Math.hypot(e.clientX - drag.x, e.clientY - drag.y) < 5) return;
    // Not before: a captured pointer takes its click away from the block.
    if (!drag.moved) this.painter.root.setPointerCapture(e.pointerId);
    drag.moved = true;
    this.meant.words(drag.i, drag.anchor, this.#head(drag, e), drag.exact, "drag");
  }

  /** @param {PointerEvent} e */
  #up(e) {
    const { drag } = this;
    this.drag = null;
    if (!drag) return;
    if (drag.kind === "sweep") {
      this.dragged = true;
      this.meant.swept();
    } else if (drag.moved) {
      this.dragged = true;
      this.meant.words(drag.i, drag.anchor, this.#head(drag, e), drag.exact, "done");
    }
  }

  /** @param {{i: number, exact: boolean, anchor: Range}} drag @param {PointerEvent} e @returns {Range} */
  #head(drag, e) {
    const unit = this.#unit(drag.i, e.clientX, e.clientY, true);
    return unit < 0 ? drag.anchor : this.#piece(drag.i, unit, drag.exact);
  }

  /** @param {PointerEvent} e */
  #click(e) {
    const i = this.#block(e);
    if (i < 0 || this.dragged || this.#inGutter(e)) return;

    if (/** @type {Element} */ (e.target).closest(".open")) return this.meant.open(i);
    const unit = this.#unit(i, e.clientX, e.clientY, false);
    if (unit < 0) return this.meant.block(i, e.shiftKey);
    const piece = this.#piece(i, unit, e.altKey);
    if (e.shiftKey) {
      if (!this.meant.extend(i, piece)) this.meant.block(i, true);
      return;
    }
    if (e.detail >= 2) return this.meant.words(i, piece, piece, e.altKey, "double");

    // A click takes the innermost entity, one more the entity around it, then the word.
    for (let mark = this.#mark(e); mark; mark = mark.parentElement?.closest("mark") ?? null) {
      const id = /** @type {HTMLElement} */ (mark).dataset.span ?? "";
      if (mark.classList.contains("active")) {
        const outer = mark.parentElement?.closest("mark");
        if (outer) return this.meant.span(/** @type {HTMLElement} */ (outer).dataset.span ?? "", i);
        break;
      }
      if (!mark.querySelector("mark.active")) return this.meant.span(id, i);
    }
    this.meant.words(i, piece, piece, e.altKey, "click");
  }

  /** The innermost mark under a click. @param {PointerEvent} e */
  #mark(e) {
    return /** @type {Element} */ (e.target).closest("mark");
  }

  /** The word at a unit, or the character. @param {number} i @param {number} unit @param {boolean} exact @returns {Range} */
  #piece(i, unit, exact) {
    const text = this.painter.model.text(i);
    if (!exact) {
      const list = this.cursor.wordsOf(i), n = wordAt(list, unit);
      if (n >= 0) return list[n];
    }
    const to = character(text, unit, 1);
    return { from: character(text, to, -1), to };
  }

  /**
   * The unit of block i that is drawn at a point; -1 where there is none. With
   * near, the nearest one.
   * @param {number} i
   * @param {number} x
   * @param {number} y
   * @param {boolean} near
   */
  #unit(i, x, y, near) {
    const t = /** @type {HTMLElement} */ (this.painter.els[i].querySelector(".t"));
    if (near) {
      const box = t.getBoundingClientRect();
      if (y < box.top) return 0;
      if (y > box.bottom) return Math.max(0, this.painter.model.text(i).length - 1);
      x = Math.min(Math.max(x, box.left + 1), box.right - 1);
    }
    const at = caret(x, y);
    if (!at || !t.contains(at.node)) return -1;

    let unit = 0;
    const walker = document.createTreeWalker(t, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (node === at.node) {
        const length = node.nodeValue?.length ?? 0;
        for (const from of [at.offset, at.offset - 1]) {
          if (from >= 0 && from < length && (near || drawn(node, from, x, y))) return unit + from;
        }
        return near ? unit + Math.min(at.offset, Math.max(0, length - 1)) : -1;
      }
      unit += node.nodeValue?.length ?? 0;
    }
    return -1;
  }

  /** Scrolls while a sweep is held near the edge of the window. */
  #scroll() {
    if (this.scrolling) return;
    const step = () => {
      this.scrolling = 0;
      const { drag } = this, { scroller } = this.painter, box = scroller.getBoundingClientRect();
      const by = this.y < box.top + 40 ? this.y - box.top - 40 : this.y > box.bottom - 40 ? this.y - box.bottom + 40 : 0;
      if (drag?.kind !== "sweep" || !by || this.signal.aborted) return;
      scroller.scrollTop += Math.max(-30, Math.min(30, by / 2));
      this.meant.sweep(drag.anchor, this.painter.blockAt(Math.max(box.top + 2, Math.min(box.bottom - 2, this.y))));
      this.scrolling = requestAnimationFrame(step);
    };
    this.scrolling = requestAnimationFrame(step);
  }
  scrolling = 0;
}

/**
 * The place in the text nearest to a point.
 * @param {number} x
 * @param {number} y
 * @returns {{node: Node, offset: number} | null}
 */
function caret(x, y) {
  const doc = /** @type {any} */ (document);
  if (doc.caretPositionFromPoint) {
    const p = doc.caretPositionFromPoint(x, y);
    return p && { node: p.offsetNode, offset: p.offset };
  }
  const r = doc.caretRangeFromPoint?.(x, y);
  return r ? { node: r.startContainer, offset: r.startOffset } : null;
}

/** Whether the unit of a text node is drawn at the point. @param {Node} node @param {number} from @param {number} x @param {number} y */
function drawn(node, from, x, y) {
  const r = document.createRange();
  r.setStart(node, from);
  r.setEnd(node, from + 1);
  for (const box of r.getClientRects()) if (x >= box.left - 3 && x <= box.right + 3 && y >= box.top - 4 && y <= box.bottom + 4) return true;
  return false;
}
