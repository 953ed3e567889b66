// @ts-check
// Tells the server that somebody is at work: how long they were active in this
// visit, and which blocks they had on screen. Everything is said of the whole
// visit each time, so a beat that is lost or comes twice counts nothing twice.

import { newID } from "./outbox.js";

/** How long after the last key, pointer or touch a person still counts as active, in milliseconds. */
export const idle = 30_000;

/** How often the server is told, in milliseconds. */
const every = 20_000;

/** How many ranges of blocks the server takes. */
const most = 2000;

/**
 * Counts the time in which the page is in front and somebody is at it. It is
 * given the time and never asks for it.
 */
export class Clock {
  /** @param {number} now @param {boolean} front whether the page is visible and has the focus */
  constructor(now, front) {
    this.total = 0;
    this.at = now;
    this.last = now; // opening a document is an input too
    this.front = front;
  }

  /** Active milliseconds so far. @param {number} now */
  read(now) {
    if (this.front) this.total += Math.max(0, Math.min(now, this.last + idle) - this.at);
    this.at = Math.max(this.at, now);
    return Math.round(this.total);
  }

  /** @param {number} now */
  input(now) {
    this.read(now);
    this.last = now;
  }

  /** @param {number} now @param {boolean} front */
  focus(now, front) {
    this.read(now);
    this.front = front;
  }
}

/** Ranges of numbers from 0, half-open, in order and apart. */
export class Ranges {
  constructor() {
    /** @type {[number, number][]} */
    this.list = [];
  }

  /** Adds from up to, but not with, to. @param {number} from @param {number} to */
  add(from, to) {
    const { list } = this;
    let i = 0;
    while (i < list.length && list[i][1] < from) i++;
    let j = i;
    for (; j < list.length && list[j][0] <= to; j++) {
      from = Math.min(from, list[j][0]);
      to = Math.max(to, list[j][1]);
    }
    list.splice(i, j - i, [from, to]);
  }
}

/**
 * The number of the block that an id belongs to: an annotator's split makes new
 * ids inside it.
 * @param {readonly number[]} starts the ids of the document's own blocks
 * @param {number} id
 */
export function numberOf(starts, id) {
  let lo = 0, hi = starts.length;
  while (lo + 1 < hi) {
    const mid = (lo + hi) >> 1;
    if (starts[mid] <= id) lo = mid;
    else hi = mid;
  }
  return lo;
}

const inFront = () => document.visibilityState === "visible" && document.hasFocus();

export class Beat {
  /**
   * @param {import("./state.js").State} state
   * @param {HTMLElement} root the list of blocks, in sections
   * @param {HTMLElement} scroller what scrolls around it
   * @param {() => boolean} lost is called where somebody else has the document, until it has said so
   */
  constructor(state, root, scroller, lost) {
    this.state = state;
    this.root = root;
    this.scroller = scroller;
    this.lost = lost;
    this.visit = newID();
    this.clock = new Clock(performance.now(), inFront());
    this.seen = new Ranges();
    this.starts = state.blocks.filter((b) => !b[5]).map((b) => b[0]);
    this.told = false;
    this.looking = 0;
    this.end = new AbortController();

    const { signal } = this.end;
    const quiet = { signal, passive: true, capture: true };
    for (const kind of ["keydown", "pointerdown", "pointermove", "wheel", "touchstart", "touchmove"]) addEventListener(kind, () => this.clock.input(performance.now()), quiet);
    for (const kind of ["focus", "blur"]) addEventListener(kind, () => this.#front(), { signal });
    document.addEventListener("visibilitychange", () => this.#front(), { signal });
    addEventListener("pagehide", () => void this.send(), { signal });
    scroller.addEventListener("scroll", () => this.#soon(), { signal, passive: true });
    addEventListener("resize", () => this.#soon(), { signal, passive: true });
    const timer = setInterval(() => void this.send(), every);
    signal.addEventListener("abort", () => {
      clearInterval(timer);
      clearTimeout(this.looking);
    });
    this.#soon();
    void this.send();
  }

  /** Ends the visit. */
  stop() {
    void this.send();
    this.end.abort();
  }

  #front() {
    this.clock.focus(performance.now(), inFront());
    if (document.visibilityState === "hidden") void this.send();
  }

  /** Looks what is on screen, once the scrolling has come to rest. */
  #soon() {
    clearTimeout(this.looking);
    this.looking = window.setTimeout(() => this.look(), 150);
  }

  /** Notes the blocks that are on screen now. */
  look() {
    if (document.visibilityState !== "visible") return;
    const { top, bottom } = this.scroller.getBoundingClientRect();
    const shows = (/** @type {Element} */ el) => {
      const r = el.getBoundingClientRect();
      return r.bottom > top && r.top < bottom;
    };
    // A section that is out of sight is not laid out; its blocks are not asked.
    for (const section of this.root.children) {
      if (!shows(section)) continue;
      // What stands as one line is on screen as far as its line is.
      const asked = !(/** @type {HTMLElement} */ (section).hidden);
      for (const el of section.children) {
        if (asked && !shows(el)) continue;
        const n = numberOf(this.starts, Number(/** @type {HTMLElement} */ (el).dataset.block));
        this.seen.add(n, n + 1);
      }
    }
  }

  /** Tells the server. What cannot be told now is told with the next beat. */
  async send() {
    if (this.end.signal.aborted) return;
    this.look();
    const { document: id, annotator } = this.state;
    const body = JSON.stringify({ annotator, visit: this.visit, active: this.clock.read(performance.now()), seen: this.seen.list.slice(0, most) });
    try {
      const r = await fetch(`/documents/${id}/beat`, { method: "POST", keepalive: true, headers: { "Content-Type": "application/json", Accept: "application/json" }, body });
      if (!r.ok || r.redirected) return;
      const { held } = await r.json();
      this.told = !held && (this.told || this.end.signal.aborted || this.lost());
    } catch {
      // The outbox tells that the server does not answer.
    }
  }
}
