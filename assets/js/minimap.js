// @ts-check
// The whole document as one column, drawn on a canvas: a block is as high as
// its text is long. A click goes there.

import { later } from "./paint.js";

/**
 * Shares a height among blocks, in whole rows of pixels, at least `least` and
 * at most `most` rows for a block as long as there is room. With more blocks
 * than rows some share one.
 * @param {readonly number[]} lengths
 * @param {number} height
 * @param {number} gap between blocks, left out where it does not fit
 * @param {number} most
 * @returns {{top: Float64Array, gap: number}} top[i] is where block i starts, top[n] where the last one ends
 */
export function layout(lengths, height, gap = 2, most = 22) {
  const n = lengths.length, top = new Float64Array(n + 1);
  const spare = height - n * (gap + 2);
  if (spare < 0) gap = 0;
  const room = gap ? spare : height;
  const least = gap ? 2 : 0;
  let sum = 0;
  for (const l of lengths) sum += Math.max(1, l);
  const unit = room / Math.max(1, sum);
  for (let i = 0; i < n; i++) {
    const h = Math.min(gap ? most : Infinity, least + Math.max(1, lengths[i]) * unit);
    top[i + 1] = top[i] + h + gap;
  }
  return { top, gap };
}

export class Minimap {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {import("./state.js").Model} model
   * @param {import("./cursor.js").Cursor} cursor
   * @param {(i: number) => void} go
   * @param {AbortSignal} signal
   */
  constructor(canvas, model, cursor, go, signal) {
    this.canvas = canvas;
    this.model = model;
    this.cursor = cursor;
    this.waiting = false;
    /** @type {Float64Array} */
    this.top = new Float64Array(1);
    this.gap = 2;
    this.stale = true;

    const at = (/** @type {PointerEvent} */ e) => go(this.#block(e.clientY - canvas.getBoundingClientRect().top));
    canvas.addEventListener("pointerdown", (e) => {
      e.preventDefault();
      canvas.setPointerCapture(e.pointerId);
      at(e);
    }, { signal });
    canvas.addEventListener("pointermove", (e) => canvas.hasPointerCapture(e.pointerId) && at(e), { signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw(), { signal });
    const sizes = new ResizeObserver(() => this.resize());
    sizes.observe(/** @type {HTMLElement} */ (canvas.parentElement));
    signal.addEventListener("abort", () => sizes.disconnect());
  }

  /** The block at a height of the canvas. @param {number} y */
  #block(y) {
    let i = 0;
    while (i + 1 < this.model.blocks.length && this.top[i + 1] <= y) i++;
    return i;
  }

  resize() {
    this.stale = true;
    this.draw();
  }

  /** Draws when the browser paints next; in a long document when it has time. */
  draw() {
    if (this.waiting) return;
    this.waiting = true;
    const run = () => {
      this.waiting = false;
      this.#draw();
    };
    if (this.model.blocks.length > 1000) later(run);
    else requestAnimationFrame(run);
  }

  /** Fills a box with slanting lines. @param {CanvasRenderingContext2D} ctx @param {number} x @param {number} y @param {number} w @param {number} h */
  #hatch(ctx, x, y, w, h) {
    if (h < 6) return ctx.fillRect(x, y, w, Math.max(1, h / 2));
    ctx.save();
    ctx.beginPath();
    ctx.roundRect(x, y, w, h, 2);
    ctx.clip();
    ctx.strokeStyle = ctx.fillStyle;
    ctx.lineWidth = 2;
    ctx.beginPath();
    for (let line = y; line < y + h + w; line += 6) {
      ctx.moveTo(x - 1, line + 1);
      ctx.lineTo(x + w + 1, line - w - 1);
    }
    ctx.stroke();
    ctx.restore();
  }

  #draw() {
    const { canvas, model } = this, { blocks } = model, n = blocks.length;
    const width = canvas.clientWidth, height = canvas.clientHeight, dpr = devicePixelRatio || 1;
    if (!width || !height) return;
    if (this.stale || this.top.length !== n + 1) {
      this.stale = false;
      canvas.width = Math.round(width * dpr);
      canvas.height = Math.round(height * dpr);
      // A block's length is how far it is to the next one; nobody sees the line end that this counts in.
      const lengths = blocks.map((b, i) => (i + 1 < n ? blocks[i + 1].id - b.id : model.text(i).length));
      ({ top: this.top, gap: this.gap } = layout(lengths, height - 8));
    }

    const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")), style = getComputedStyle(canvas);
    const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
    // Registered as colours in the style sheet, so light-dark() comes resolved.
    const colours = { b: colour("--map-body"), x: colour("--map-boilerplate"), "": colour("--map-open") };
    ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
    ctx.clearRect(0, 0, width, height);
    const x = width - 18, w = 14, { top, gap } = this;
    for (let i = 0; i < n; ) {
      const { cls } = blocks[i];
      let j = i + 1;
      if (!gap) while (j < n && blocks[j].cls === cls) j++;
      const y = top[i] + 4, h = Math.max(gap ? 2 : 0.5, top[j] - top[i] - gap);
      ctx.fillStyle = colours[/** @type {"b" | "x" | ""} */ (cls)];
      if (cls === "") {
        this.#hatch(ctx, x, y, w, h); // not by colour alone
      } else {
        ctx.beginPath();
        ctx.roundRect(x, y, w, h, Math.min(2, h / 2));
        ctx.fill();
      }
      i = j;
    }

    ctx.strokeStyle = colour("--map-here");
    ctx.lineWidth = 2;
    for (const [i, j] of this.cursor.ranges()) {
      const h = Math.max(4, top[j + 1] - top[i] - gap);
      ctx.beginPath();
      ctx.roundRect(x - 2, top[i] + 2, w + 4, h + 4, 4);
      ctx.stroke();
    }
  }
}
