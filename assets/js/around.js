// @ts-check
// What stands around the blocks: counts, palette, entity list, note, and what
// is said about the document as a whole.

import { byId, count, make } from "./dialogs.js";
import { later } from "./paint.js";

/**
 * @typedef {import("./state.js").State} State
 * @typedef {import("./state.js").Model} Model
 */

/** The entity list shows this many at most. */
const listed = 80;

/** A number as it is shown, with a narrow space between thousands. @param {number} n */
const number = (n) => n.toLocaleString("en-GB").replaceAll(",", "\u202f");

/** @type {Record<string, string>} */
const saidOf = { submitted: "You submitted this document.", skipped: "You skipped this document.", flagged: "You flagged this document." };

export class Around {
  /**
   * @param {State} state
   * @param {Model} model
   * @param {import("./suggestions.js").Suggestions} suggestions
   * @param {AbortSignal} signal
   * @param {{visit(label: number, quote: string): void, note(text: string): void}} on an entity of the list is chosen; the note is written
   */
  constructor(state, model, suggestions, signal, on) {
    this.state = state;
    this.model = model;
    this.suggestions = suggestions;
    this.signal = signal;
    this.on = on;
    this.counting = false;
    this.listing = false;
    this.shown = "";
    this.said = "";

    byId("chips").replaceChildren(
      ...state.labels.filter((l) => !l.retired).map((l) =>
        make("button", { type: "button", class: `btn c-${l.colour}`, "data-label": String(l.id), "aria-pressed": "false" }, make("span", { class: "dot" }), l.title || l.name)),
      make("button", { type: "button", class: "btn", "data-action": "remove" }, "Remove"),
    );

    const note = this.#note();
    let timer = 0;
    note.addEventListener("input", () => {
      clearTimeout(timer);
      timer = window.setTimeout(() => this.saveNote(), 1000);
    }, { signal });
    note.addEventListener("blur", () => this.saveNote(), { signal });
    addEventListener("pagehide", () => this.saveNote(), { signal });
    byId("acceptall").hidden = byId("suggested").hidden = !suggestions.any;
    this.counts();
  }

  /** Brings the counts up to date, once however much has changed. */
  changed() {
    if (this.counting) return;
    this.counting = true;
    queueMicrotask(() => {
      this.counting = false;
      if (!this.signal.aborted) this.counts();
    });
  }

  counts() {
    const { counts, blocks, labels } = this.model;
    const show = (/** @type {Element | null} */ el, /** @type {string} */ words) => {
      if (el && el.textContent !== words) el.textContent = words;
    };
    show(byId("count-b"), number(counts.b));
    show(byId("count-x"), number(counts.x));
    show(byId("count-u"), number(counts[""]));
    show(byId("done"), number(counts.b + counts.x));
    show(byId("all"), count(blocks.length, "block"));
    for (const el of document.querySelectorAll("#palette [data-label]")) {
      show(el.querySelector(".cnt"), number(labels.get(Number(/** @type {HTMLElement} */ (el).dataset.label)) ?? 0));
    }

    const { left } = this.suggestions;
    show(byId("left"), left ? ` · ${count(left, "suggestion")} left` : "");

    if (this.listing) return;
    this.listing = true;
    later(() => {
      this.listing = false;
      if (!this.signal.aborted) this.#entities();
    });
  }

  /** What is suggested where the person is. @param {string} words */
  here(words) {
    const el = byId("suggested");
    if (el.textContent !== words) el.textContent = words;
  }

  /** The entity list: by label in the order of the palette, then the most frequent first. */
  #entities() {
    const rank = new Map(this.state.labels.map((l, i) => [l.id, { i, colour: l.colour, title: l.title || l.name }]));
    const all = [...this.model.entities.values()].sort((a, b) => (rank.get(a.label)?.i ?? 99) - (rank.get(b.label)?.i ?? 99) || b.n - a.n || (a.text < b.text ? -1 : 1));
    byId("entities").hidden = all.length === 0;
    const key = all.slice(0, listed).map((e) => `${e.label} ${e.n} ${e.text}`).join("\n") + all.length;
    if (key === this.shown) return;
    this.shown = key;

    const rows = all.slice(0, listed).map((e) => {
      const row = make("button", { type: "button", class: `c-${rank.get(e.label)?.colour}`, title: `${rank.get(e.label)?.title}: go to the next place` },
        make("span", { class: "dot" }), make("span", { class: "name", dir: "auto" }, e.text), make("span", { class: "x num" }, `×${e.n}`));
      row.addEventListener("pointerdown", (ev) => ev.preventDefault()); // the focus stays on the blocks
      row.addEventListener("click", () => this.on.visit(e.label, e.text));
      return row;
    });
    if (all.length > listed) rows.push(make("p", { class: "meta" }, `and ${number(all.length - listed)} more`));
    byId("ents").replaceChildren(...rows);
  }

  #note() {
    return /** @type {HTMLTextAreaElement} */ (byId("note"));
  }

  saveNote() {
    const { value } = this.#note();
    if (value !== this.model.note && !this.#note().readOnly && !this.signal.aborted) this.on.note(value);
  }

  /** Shows the note, unless it is being written. */
  note() {
    const el = this.#note();
    if (el.value !== this.model.note && document.activeElement !== el) el.value = this.model.note;
  }

  /** Says where the document stands. @param {boolean} readOnly */
  status(readOnly) {
    const { status, why, newer, gold, goldBy } = this.model, banner = byId("banner");
    const said = [readOnly, status, why, newer, gold].join("\n");
    if (said === this.said) return;
    this.said = said;
    document.body.classList.toggle("read", readOnly);
    this.#note().readOnly = readOnly;
    banner.hidden = !readOnly && gold === 0;

    if (newer) {
      banner.replaceChildren("This page came again with other text. What was labelled here stays as it is. ", make("a", { href: `/documents/${newer}`, class: "btn" }, "Open the new version"));
    } else if (readOnly) {
      banner.replaceChildren(`${saidOf[status] ?? "This document is closed."} ${why ? `“${why}” ` : ""}`, make("button", { type: "button", class: "btn", "data-action": "reopen" }, "Reopen"));
    } else if (gold) {
      banner.replaceChildren(`Gold, version ${gold}${goldBy.length ? ` by ${goldBy.join(", ")}` : ""}. Submitting makes a new version.`);
    }
  }
}
