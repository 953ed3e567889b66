// @ts-check
// "The same everywhere": every other place of the document where the quote of
// a span stands, each of which may be left out before all are marked at once.

import { count, make } from "./dialogs.js";
import { occurrences } from "./words.js";

/**
 * @typedef {import("./paint.js").Hit} Hit
 * @typedef {Hit & {block: number}} Place
 */

/** One event takes no more; the server refuses more. */
const most = 2000;

/**
 * The places where quote stands without a span of that label.
 * @param {import("./state.js").Model} model
 * @param {string} quote
 * @param {number} label
 * @returns {Place[]}
 */
export function places(model, quote, label) {
  /** @type {Place[]} */
  const out = [];
  for (let i = 0; i < model.blocks.length && out.length < most; i++) {
    const spans = model.spansIn(i);
    for (const r of occurrences(model.text(i), quote)) {
      if (!spans.some((s) => s.label === label && s.from < r.to && r.from < s.to)) out.push({ ...r, id: `hit${out.length}`, on: true, block: model.blocks[i].id });
    }
  }
  return out.slice(0, most);
}

/** The blocks with exactly the text of block i, by id. @param {import("./state.js").Model} model @param {number} i */
export function twins(model, i) {
  const text = model.text(i), out = new Set();
  for (let k = 0; k < model.blocks.length; k++) if (model.text(k) === text) out.add(model.blocks[k].id);
  return /** @type {Set<number>} */ (out);
}

/**
 * The address that settles a text for all documents: those of this document's
 * site, or of the whole project where it has none.
 * @param {{document: number, site: string}} state
 * @param {number} block where the block starts
 * @param {{cls: string} | {from: number, to: number, quote: string, label: number}} text the block, or words of it
 */
export function elsewhere(state, block, text) {
  const q = new URLSearchParams({ scope: state.site ? "site" : "project", block: String(block) });
  if (!("cls" in text)) for (const [name, value] of Object.entries(text)) q.set(name, String(value));
  else if (text.cls) q.set("class", text.cls === "b" ? "body" : "boilerplate");
  return `/documents/${state.document}/everywhere?${q}`;
}

export class Same {
  /**
   * @param {Place[]} list
   * @param {string} quote
   * @param {string} label its title
   * @param {string} others the page for other documents
   * @param {{show(p: Place): void, changed(): void, done(list: Place[] | null): void}} on
   *   show: the place that is asked about; changed: what is left out; done: those to mark, null where the person thinks better of it
   */
  constructor(list, quote, label, others, on) {
    this.others = others;
    this.list = list;
    this.at = 0;
    this.on = on;
    this.words = make("span", { "aria-live": "polite" });
    this.quote = quote;
    this.label = label;
    const button = (/** @type {string} */ words, /** @type {string} */ key, /** @type {() => void} */ run, cls = "") => {
      const el = make("button", { type: "button", class: `btn ${cls}` }, words, " ", make("kbd", {}, key));
      el.addEventListener("pointerdown", (e) => e.preventDefault());
      el.addEventListener("click", run);
      return el;
    };
    this.bar = make("div", { class: "same", role: "group", "aria-label": "The same everywhere" }, this.words,
      button("Leave this one out", "X", () => this.toggle()),
      button("Next", "N", () => this.move(1)),
      button("Mark them", "⏎", () => this.end(true), "primary"),
      make("a", { class: "btn", href: others }, "On other pages ", make("kbd", {}, "G")),
      button("Cancel", "Esc", () => this.end(false)));
    this.#tell();
    on.show(list[0]);
  }

  #tell() {
    const n = this.list.filter((p) => p.on).length, here = this.list[this.at];
    this.words.textContent = `${this.at + 1} of ${count(this.list.length, "more place")} with “${this.quote}”${here.on ? "" : ", left out"}. ${n} will be ${this.label}.`;
  }

  /** @param {1 | -1} by */
  move(by) {
    this.at = (this.at + by + this.list.length) % this.list.length;
    this.#tell();
    this.on.show(this.list[this.at]);
  }

  toggle() {
    const here = this.list[this.at];
    here.on = !here.on;
    this.#tell();
    this.on.changed();
  }

  /** @param {boolean} mark */
  end(mark) {
    this.bar.remove();
    this.on.done(mark ? this.list.filter((p) => p.on) : null);
  }

  /** Whether a key was for this. @param {KeyboardEvent} e */
  key(e) {
    const forward = ["n", "j", "ArrowDown", "ArrowRight"].includes(e.key) || (e.key === "Tab" && !e.shiftKey);
    const back = ["N", "k", "ArrowUp", "ArrowLeft"].includes(e.key) || (e.key === "Tab" && e.shiftKey);
    if (forward) this.move(1);
    else if (back) this.move(-1);
    else if (["x", "X", " ", "Delete", "Backspace"].includes(e.key)) this.toggle();
    else if (e.key === "g") location.assign(this.others);
    else if (e.key === "Enter") this.end(true);
    else if (e.key === "Escape") this.end(false);
    else return false;
    return true;
  }
}
