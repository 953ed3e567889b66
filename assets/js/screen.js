// @ts-check
// The screen of one document: what each action does to model, cursor and page.

import { Around } from "./around.js";
import { Cursor } from "./cursor.js";
import { asking, byId, chooseReason, count, say, sentence, toast, why } from "./dialogs.js";
import { Known } from "./known.js";
import { Minimap } from "./minimap.js";
import { Next } from "./next.js";
import { newID } from "./outbox.js";
import { later, Painter, read } from "./paint.js";
import { Pane } from "./pane.js";
import { Pointer } from "./pointer.js";
import { elsewhere, places, Same, twins } from "./same.js";
import { classNames, Model, Refused } from "./state.js";
import { keepRejected, rejectedIn, Suggestions } from "./suggestions.js";
import { Sync } from "./sync.js";
import { turn } from "./turns.js";
import { snap } from "./words.js";

/**
 * @typedef {import("./state.js").State} State
 * @typedef {import("./state.js").Event} Event
 * @typedef {import("./words.js").Range} Range
 * @typedef {import("./suggestions.js").SpanSuggestion} SpanSuggestion
 * @typedef {{
 *   keymap(): import("./keys.js").Keymap,
 *   add(event: Event): void,
 *   load(): Promise<State | null>,
 *   help(): void,
 *   kept(): void,
 *   leave(ready: import("./next.js").Ready | "none" | null): void,
 *   flush(): Promise<void>,
 * }} Outside what the screen asks of the page around it
 */

/** @type {Record<string, string>} */
const classWords = { b: "body", x: "boilerplate", "": "undecided" };

export class Screen {
  /**
   * @param {State} state
   * @param {Outside} outside
   */
  constructor(state, outside) {
    this.state = state;
    this.outside = outside;
    this.model = new Model(state, read);
    this.suggestions = new Suggestions(this.model, state, rejectedIn(state));
    this.known = new Known(this.model, this.suggestions);
    this.cursor = new Cursor(this.model, state.language, this.known);
    this.root = byId("blocks");
    this.painter = new Painter(this.root, byId("doc"), this.model, this.cursor, state, this.suggestions, this.known);
    this.next = new Next(state.project, state.document, outside.flush);
    this.stop = new AbortController();
    const { signal } = this.stop;
    this.minimap = new Minimap(byId("map"), this.model, this.cursor, (i) => this.#go(i, false), signal);
    this.pane = new Pane(state, this.model, this.cursor, this.suggestions, (i, extend) => this.#go(i, extend), signal);
    this.pointer = new Pointer(this.painter, this.cursor, this.#meant(), signal);
    this.root.addEventListener("beforematch", (e) => this.#found(/** @type {Element} */ (e.target)), { signal });

    /** The label that a click gives, 0 for none. */
    this.armed = 0;
    /** The label given last. */
    this.lastLabel = 0;
    /** @type {{cls: string, reason: string} | {label: number} | null} what "repeat" does again */
    this.last = null;
    /** Events that are undone together, by id. @type {Map<string, string>} */
    this.groups = new Map();
    /** Rejected suggestions, each with the event before it: undo brings them back. @type {{id: string, after: string}[]} */
    this.rejections = [];
    /** @type {Same | null} */
    this.same = null;
    this.anchored = false;

    this.around = new Around(state, this.model, this.suggestions, signal, {
      visit: (label, quote) => this.#visit(label, quote),
      note: (note) => void this.#do({ id: newID(), kind: "note", note }),
    });
    this.sync = new Sync(this.model, {
      load: outside.load,
      foreign: () => say("Changed in another page of yours."),
      anew: () => location.reload(),
      changed: () => {
        this.#keepCursor();
        this.#show(false);
      },
    });

    const { painter, minimap, around, pane, suggestions, known } = this;
    this.model.listener = {
      classes(i, j) {
        suggestions.changed(i, j);
        for (const opened of known.changed(i, j)) painter.classes(...opened);
        painter.classes(i, j);
        pane.classes(i, j);
        for (let k = i; k <= j; k++) if (suggestions.hasSpans(k)) painter.marks(k);
        minimap.draw();
        around.changed();
      },
      marks: (i) => {
        suggestions.changed(i, i);
        this.#open(i);
        painter.marks(i);
        around.changed();
      },
      split: (i) => {
        this.#open(i);
        painter.split(i);
        this.#shift(i, 1);
        suggestions.recount();
        minimap.resize();
        around.changed();
      },
      join: (i) => {
        painter.join(i);
        pane.classes(i, i);
        this.#shift(i, -1);
        suggestions.recount();
        minimap.resize();
        around.changed();
      },
      note: () => around.note(),
      status: () => around.status(this.readOnly),
    };

    around.status(this.readOnly);
    this.#show(false);
    this.root.focus({ preventScroll: true });
    this.#readAll(0);
  }

  /** Reads the texts of a long document ahead, a few at a time, for what looks at all of them. @param {number} i */
  #readAll(i) {
    later(() => {
      const { blocks } = this.model, end = Math.min(blocks.length, i + 400);
      if (this.stop.signal.aborted || i >= end) return;
      for (; i < end; i++) this.model.text(i);
      this.#readAll(i);
    });
  }

  close() {
    this.around.saveNote();
    this.sync.closed = true;
    this.same?.bar.remove();
    this.stop.abort();
    this.painter.close();
    this.model.listener = { classes() {}, marks() {}, split() {}, join() {}, note() {}, status() {} };
  }

  get readOnly() {
    return this.model.status !== "draft" || this.model.newer !== 0;
  }

  // ---- doing

  /** Applies an event here and hands it on. False where it cannot be done. @param {Event} event */
  #do(event) {
    if (this.#closed()) return false;
    try {
      this.model.do(event);
    } catch (err) {
      if (!(err instanceof Refused)) throw err;
      this.#refuse(err.message);
      return false;
    }
    this.#send(event);
    return true;
  }

  /** Whether nothing can be changed; it says why. */
  #closed() {
    if (!this.readOnly) return false;
    this.#refuse(this.model.newer ? "This page came again with other text, so this version can only be read." : `This document is ${this.model.status}. Reopen it to change it.`);
    return true;
  }

  /** Does events in turn, which are undone together. False where one cannot be done. @param {Event[]} events */
  #together(events) {
    const group = events.length > 1 ? newID() : "";
    for (const e of events) {
      if (group) this.groups.set(e.id, group);
      if (!this.#do(e)) return false;
    }
    return true;
  }

  /** @param {Event} event @param {boolean} travelling only the server knows what it does */
  #send(event, travelling = false) {
    this.sync.sent(event, travelling);
    this.outside.add(event);
    const open = this.model.counts[""];
    if (open <= Math.max(3, this.model.blocks.length / 10) && !this.readOnly) later(() => this.stop.signal.aborted || this.next.prepare());
  }

  /** @param {string} words */
  #refuse(words) {
    toast(words);
  }

  /** Paints and scrolls after an action. */
  #show(reveal = true) {
    document.body.classList.toggle("inwords", this.cursor.inWords);
    this.painter.flush();
    if (reveal) this.painter.reveal(this.cursor.focus);
    this.pane.show(reveal);
    this.around.here(this.#suggestedHere());
    this.minimap.draw();
  }

  /** Gives the selected blocks a class. @param {string} cls @param {string} reason */
  #classify(cls, reason = "") {
    this.#classifyRanges(this.cursor.ranges(), () => ({ cls, reason }));
    this.last = { cls, reason };
  }

  /**
   * @param {[number, number][]} ranges
   * @param {(i: number) => {cls: string, reason: string}} give
   */
  #classifyRanges(ranges, give) {
    if (this.#closed()) return;
    const { blocks } = this.model;
    /** @type {{from: number, to: number, cls: string, reason: string}[]} */
    const runs = [];
    let n = 0;
    for (const [i, j] of ranges) {
      for (let k = i, fresh = true; k <= j; k++, fresh = false, n++) {
        const want = give(k), last = runs.at(-1);
        if (!fresh && last && last.cls === want.cls && last.reason === want.reason) last.to = k;
        else runs.push({ from: k, to: k, ...want });
      }
    }
    // What is so already needs no event.
    const needed = runs.filter(({ from, to, cls, reason }) => {
      for (let k = from; k <= to; k++) if (blocks[k].cls !== cls || blocks[k].reason !== reason) return true;
      return false;
    });
    if (!this.#together(needed.map(({ from, to, cls, reason }) => ({ id: newID(), kind: "class", from: blocks[from].id, to: blocks[to].id, class: classNames[cls], reason })))) return;
    const [run] = runs;
    if (run) say(`${count(n, "block")} ${runs.length > 1 ? "changed" : classWords[run.cls]}${run.reason ? `, ${this.#reasonTitle(run.reason)}` : ""}`);
    this.#show(false);
  }

  /** @param {string} name */
  #reasonTitle(name) {
    return this.state.reasons.find((r) => r.name === name)?.title ?? name;
  }

  /** @param {string} cls */
  #toEnd(cls) {
    const [[i]] = this.cursor.ranges();
    this.#classifyRanges([[i, this.model.blocks.length - 1]], () => ({ cls, reason: "" }));
    this.last = { cls, reason: "" };
  }

  async #reason() {
    const ranges = this.cursor.ranges();
    if (!ranges.length) return;
    const name = await chooseReason(this.state.reasons, this.model.blocks[ranges[0][0]].reason);
    this.root.focus({ preventScroll: true });
    if (name === null || this.stop.signal.aborted) return;
    // A reason for a block that nobody has decided is nearly always one against it.
    this.#classifyRanges(ranges, (i) => ({ cls: this.model.blocks[i].cls || (name ? "x" : ""), reason: name }));
    this.last = { cls: this.model.blocks[ranges[0][0]].cls, reason: name };
  }

  // ---- suggestions

  /**
   * Accepts what is suggested for blocks, and for those of their words that are
   * on the screen. Gives how many suggestions that were.
   * @param {[number, number][]} ranges
   */
  #accept(ranges) {
    const { blocks } = this.model, { runs, spans } = this.suggestions.within(ranges, (i, s) => this.painter.shows(i, s.id));
    /** @type {Event[]} */
    const events = runs.map(({ from, to, cls, source }) => ({ id: newID(), kind: "class", from: blocks[from].id, to: blocks[to].id, class: classNames[cls], source }));
    for (const [source, list] of spans) events.push({ id: newID(), kind: "spans", add: list.map((s) => this.#accepted(s)), source });
    const n = runs.reduce((sum, r) => sum + r.to - r.from + 1, 0) + [...spans.values()].reduce((sum, list) => sum + list.length, 0);
    return this.#together(events) ? n : 0;
  }

  /** @param {SpanSuggestion} s */
  #accepted({ block, from, to, label }) {
    return this.#spanEvent(newID(), this.model.index(block), { from, to }, label);
  }

  #acceptHere() {
    if (this.#closed()) return;
    const s = this.#spanHere();
    if (s) {
      this.#acceptSpan(s);
      const next = this.suggestions.neighbour(this.cursor.focus, s, 1);
      return next ? this.#takeSuggestion(next) : undefined;
    }

    const n = this.#accept(this.cursor.ranges()), open = this.cursor.open(1);
    if (n) say(`${count(n, "suggestion")} accepted${open < 0 ? ". Nothing below needs a decision." : ""}`);
    else if (open < 0) say("Nothing below needs a decision.");
    if (open >= 0) this.#go(open, false);
    else this.#show(false);
  }

  /** Accepts what is suggested on the screen; a stretch that is closed is on it as a whole. */
  #acceptVisible() {
    if (this.#closed()) return;
    const [i, j] = this.painter.visible(), n = this.#accept([[this.known.start(i), this.known.end(j)]]);
    say(n ? `${count(n, "suggestion")} accepted` : "There is no suggestion on the screen.");
    this.#show(false);
  }

  /** @param {SpanSuggestion} s */
  #acceptSpan(s) {
    if (!this.#do({ id: newID(), kind: "spans", add: [this.#accepted(s)], source: s.source.name })) return;
    this.lastLabel = s.label;
    this.last = { label: s.label };
    this.cursor.take(s, s, true);
    this.#sayWords();
    this.#show();
  }

  /** @param {SpanSuggestion} s */
  #reject(s) {
    if (this.#closed()) return;
    this.suggestions.reject(s);
    keepRejected(this.state, this.suggestions.rejected);
    this.rejections.push({ id: s.id, after: this.#newest() });
    this.painter.marks(this.cursor.focus);
    this.around.changed();
    say(`“${this.cursor.quote()}” is not suggested any more`);
    this.#show();
  }

  /** Brings back the suggestion that was rejected last, unless something was done since. */
  #restore() {
    const last = this.rejections.at(-1);
    if (last?.after !== this.#newest()) return false;
    this.rejections.pop();
    const [i, j] = this.suggestions.restore(last.id);
    keepRejected(this.state, this.suggestions.rejected);
    for (let k = i; k <= j; k++) this.painter.marks(k);
    this.around.changed();
    this.#show(false);
    return true;
  }

  /** The event that undo takes back next. */
  #newest() {
    return this.model.done.at(-1)?.id ?? this.model.undoBelow;
  }

  /** The suggestion that the selected words are. */
  #spanHere() {
    return this.cursor.span ? undefined : this.suggestions.at(this.cursor.focus, this.cursor.range());
  }

  /** @param {SpanSuggestion} s */
  #takeSuggestion(s) {
    this.#go(this.model.index(s.block), false);
    this.cursor.take(s, s, true);
    this.#sayWords();
    this.#show();
  }

  /** What is suggested where the person is, by whom, and how sure it is; "" for nothing. */
  #suggestedHere() {
    const { cursor, suggestions, known } = this, span = this.#spanHere();
    if (span) return suggestions.words(span);
    if (cursor.inWords || this.model.blocks.length === 0) return "";
    const block = suggestions.of(cursor.focus), stretch = known.at(cursor.focus), spans = suggestions.spansIn(cursor.focus).length;
    return [
      block && stretch ? count(stretch.n, "block") : "",
      block ? suggestions.words(stretch ? { ...block, pages: stretch.pages } : block) : "",
      spans ? `${spans} ${spans === 1 ? "entity" : "entities"}` : "",
    ].filter(Boolean).join(", ");
  }

  /** Opens the stretch of known boilerplate that block i is in. @param {number} i */
  #open(i) {
    const opened = this.known.open(i);
    if (opened) this.painter.classes(...opened);
    return opened !== null;
  }

  #openHere() {
    const stretch = this.known.at(this.cursor.focus);
    if (!stretch) return say("These blocks are open already.");
    this.#open(this.cursor.focus);
    this.#go(this.cursor.focus, false);
    say(`${count(stretch.n, "block")} opened`);
  }

  /** The browser's search is about to show something that is hidden. @param {Element} el */
  #found(el) {
    const block = /** @type {HTMLElement | null} */ (el.closest(".b") ?? el.querySelector(".b")); // a section may be hidden as a whole
    const i = this.model.index(Number(block?.dataset.block));
    if (i >= 0 && this.#open(i)) this.painter.flush();
  }

  // ---- spans

  /**
   * Gives the selected words a label, or arms it where no words are selected.
   * @param {number} label
   * @param {boolean} second keeps the label that the words have already
   */
  #giveLabel(label, second = false) {
    const l = this.state.labels.find((o) => o.id === label);
    if (!l) return;
    if (!this.cursor.inWords) {
      this.#arm(this.armed === label ? 0 : label);
      return;
    }
    const suggested = this.#spanHere();
    if (suggested?.label === label) return this.#acceptSpan(suggested);
    const r = this.cursor.snapped();
    if (!r) return this.#refuse("An entity covers at least one letter or digit.");
    const old = second ? undefined : this.model.spans.get(this.cursor.span);
    if (old?.label === label) return say(`This is ${l.title || l.name} already.`);

    const id = newID();
    if (!this.#span([this.#spanEvent(id, this.cursor.focus, r, label)], old ? [old.id] : [])) return;
    this.cursor.takeSpan(/** @type {import("./state.js").Span} */ (this.model.spans.get(id)));
    this.lastLabel = label;
    this.last = { label };
    say(`“${this.cursor.quote()}” is ${l.title || l.name}`);
    this.#show();
  }

  /** @param {import("./state.js").SpanEvent[]} add @param {string[]} remove */
  #span(add, remove) {
    return this.#do({ id: newID(), kind: "spans", ...(add.length && { add }), ...(remove.length && { remove }) });
  }

  /** @param {string} id @param {number} i @param {Range} r @param {number} label */
  #spanEvent(id, i, r, label) {
    const text = this.model.text(i), exact = this.cursor.selection?.exact || !same(snap(text, r.from, r.to), r);
    return { id, block: this.model.blocks[i].id, from: r.from, to: r.to, label, quote: text.slice(r.from, r.to), ...(exact && { exact }) };
  }

  /** @param {number} label 0 for none */
  #arm(label) {
    this.armed = label;
    const l = this.state.labels.find((o) => o.id === label);
    for (const el of document.querySelectorAll("[data-label]")) el.setAttribute("aria-pressed", String(Number(/** @type {HTMLElement} */ (el).dataset.label) === label));
    document.body.classList.toggle("armed", label !== 0);
    say(l ? `${l.title || l.name}: click the words that it is for, Esc lets go.` : "No label in hand.");
  }

  #remove() {
    const suggested = this.#spanHere();
    if (suggested) return this.#reject(suggested);
    const s = this.cursor.innermost();
    if (!s) return say("There is no entity here.");
    if (!this.#span([], [s.id])) return;
    this.cursor.span = "";
    say(`“${s.quote}” is no entity any more`);
    this.#show();
  }

  /** @param {"start" | "end"} edge @param {1 | -1} by */
  #moveEdge(edge, by) {
    const r = this.cursor.moved(edge, by), old = this.model.spans.get(this.cursor.span);
    if (!r) return;
    if (!old) {
      this.cursor.take(r, r);
    } else {
      const id = newID();
      if (!this.#span([this.#spanEvent(id, this.cursor.focus, r, old.label)], [old.id])) return;
      this.cursor.takeSpan(/** @type {import("./state.js").Span} */ (this.model.spans.get(id)));
    }
    this.#sayWords();
    this.#show();
  }

  #sameEverywhere() {
    if (!this.cursor.inWords) {
      const b = this.model.blocks[this.cursor.focus], all = twins(this.model, this.cursor.focus), others = elsewhere(this.state, b.id, { cls: b.cls });
      if (all.size < 2) return this.#elsewhere("No other block of this document has this text.", others);
      for (const id of all) this.#open(this.model.index(id));
      this.cursor.pick(all);
      this.#elsewhere(`${count(all.size, "block")} with this text are selected.`, others);
      this.painter.classes(0, this.model.blocks.length - 1);
      this.#show(false);
      return;
    }

    const own = this.cursor.innermost(), label = own?.label ?? (this.armed || this.lastLabel);
    const l = this.state.labels.find((o) => o.id === label);
    if (!l) return say("Give these words a label first.");
    const r = this.cursor.snapped(), quote = own ? own.quote : r ? this.cursor.text().slice(r.from, r.to) : "";
    const list = places(this.model, quote, label), here = this.model.blocks[this.cursor.focus].id;
    const at = own ?? r, others = at ? elsewhere(this.state, here, { from: at.from, to: at.to, quote, label }) : "";
    if (list.every((p) => p.block === here && p.from === r?.from)) return this.#elsewhere(`“${quote}” stands nowhere else here without this label.`, others);
    if (this.#closed()) return;

    for (const p of list) {
      const hits = this.painter.hits.get(p.block);
      if (hits) hits.push(p);
      else this.painter.hits.set(p.block, [p]);
      this.painter.marks(this.model.index(p.block));
    }
    const repaint = () => {
      for (const p of list) this.painter.marks(this.model.index(p.block));
    };
    const back = { focus: this.cursor.focus, selection: this.cursor.selection, span: this.cursor.span };
    this.same = new Same(list, quote, l.title || l.name, others, {
      show: (p) => {
        this.#open(this.model.index(p.block));
        this.cursor.move(this.model.index(p.block));
        this.cursor.take({ from: p.from, to: p.to });
        this.#show();
      },
      changed: () => {
        repaint();
        this.#show(false);
      },
      done: (chosen) => {
        this.same = null;
        this.painter.hits.clear();
        repaint();
        this.cursor.move(back.focus);
        this.cursor.selection = back.selection;
        this.cursor.span = back.span;
        const add = (chosen ?? []).map((p) => ({ ...this.#spanEvent(newID(), this.model.index(p.block), p, label) }));
        if (add.length && this.#span(add, [])) say(`${count(add.length, "place")} marked as ${l.title || l.name}`);
        this.lastLabel = label;
        this.#show();
        this.root.focus({ preventScroll: true });
      },
    });
    byId("doc").before(this.same.bar);
  }

  /** Says what is the same in this document, and leads to the others; asked twice, it goes. @param {string} words @param {string} others */
  #elsewhere(words, others) {
    if (this.state.practice || !others) return say(words);
    if (this.offered === others) return location.assign(others);
    this.offered = others;
    toast(words, { action: "The same on other pages (g)", href: others });
  }
  offered = "";

  // ---- undo

  #undo(/** @type {"undo" | "redo"} */ kind) {
    if (this.#closed()) return;
    if (this.sync.travelling) return say("The server is still at the step before.");
    if (kind === "undo" && this.#restore()) return say("The suggestion is back");
    const group = this.groups.get((kind === "undo" ? this.model.done : this.model.undone).at(-1)?.id ?? "");
    let n = 0;
    do {
      const step = this.model[kind]();
      if (!step) break;
      n++;
      this.#send({ id: newID(), kind, of: step.of }, step.waits);
      if (step.waits) break;
    } while (group && this.groups.get((kind === "undo" ? this.model.done : this.model.undone).at(-1)?.id ?? "") === group);
    if (n === 0) return say(`There is nothing to ${kind}.`);
    this.#keepCursor();
    say(kind === "undo" ? "Undone" : "Done again");
    this.#show(false);
  }

  /** Lets go of words and spans that are not there any more. */
  #keepCursor() {
    const { cursor, model } = this, s = model.spans.get(cursor.span);
    if (cursor.focus >= model.blocks.length) cursor.move(model.blocks.length - 1);
    if (s && cursor.inWords) {
      const i = cursor.focus;
      if (model.blocks[i].id === s.block) cursor.takeSpan(s);
    } else cursor.span = "";
    const r = cursor.range();
    if (r && r.to > cursor.text().length) cursor.leave();
    else if (r && !cursor.span && cursor.selection) cursor.take(cursor.selection.anchor, cursor.selection.head, cursor.selection.exact);
  }

  /** Block i was cut or joined: what stands behind it has another index. @param {number} i @param {1 | -1} by */
  #shift(i, by) {
    for (const end of /** @type {const} */ (["focus", "anchor"])) if (this.cursor[end] > i) this.cursor[end] += by;
  }

  // ---- moving

  /** @param {number} i @param {boolean} extend */
  #go(i, extend) {
    const { cursor, painter } = this;
    const old = [Math.min(cursor.focus, cursor.anchor), Math.max(cursor.focus, cursor.anchor)], picked = cursor.picked !== null;
    cursor.move(i, extend);
    this.offered = "";
    if (picked) painter.classes(0, this.model.blocks.length - 1);
    else if (old[1] > old[0] || extend) painter.classes(Math.min(old[0], cursor.focus), Math.max(old[1], cursor.focus));
    if (extend) say(`${count(cursor.count(), "block")} selected`);
    this.#show();
  }

  /** Moves by blocks; among words it stays among words. @param {1 | -1} by */
  #step(by) {
    const words = this.cursor.inWords, to = this.cursor.beyond(by);
    this.#go(to, false);
    if (!words || this.known.at(this.cursor.focus) || to < 0 || to >= this.model.blocks.length) return;
    this.cursor.enter(false);
    this.#sayWords();
    this.#show();
  }

  /** Moves by as many steps as there are on the screen. @param {1 | -1} by */
  #page(by) {
    const [first, last] = this.painter.visible();
    let to = this.cursor.beyond(by);
    for (let i = this.cursor.beyond(1, first); i < last; i = this.cursor.beyond(1, i)) to = this.cursor.beyond(by, to);
    this.#go(to, false);
  }

  /** An arrow to the right or left, as the block's direction has it. @param {1 | -1} side @param {"move" | "grow" | "character"} how */
  #sideways(side, how) {
    const { cursor } = this;
    if (this.known.at(cursor.focus)) return side > 0 ? this.#openHere() : undefined;
    const t = this.painter.els[cursor.focus]?.querySelector(".t");
    if (!t) return;
    const by = /** @type {1 | -1} */ (getComputedStyle(t).direction === "rtl" ? -side : side);
    if (!cursor.inWords) {
      if (!cursor.enter(by < 0)) return say("This block has no words.");
    } else if (how === "character") cursor.stepCharacter(by);
    else cursor.step(by, how === "grow");
    this.#sayWords();
    this.#show();
  }

  #sayWords() {
    const s = this.model.spans.get(this.cursor.span), l = s && this.state.labels.find((o) => o.id === s.label), suggested = this.#spanHere();
    say(this.cursor.quote() + (l ? `, ${l.title || l.name}` : suggested ? `, suggested ${this.suggestions.words(suggested)}` : ""));
  }

  /** To the next suggested entity; where there is none, to the next entity. @param {1 | -1} by */
  #neighbour(by) {
    const suggested = this.suggestions.neighbour(this.cursor.focus, this.cursor.range(), by);
    if (suggested) return this.#takeSuggestion(suggested);
    const s = this.cursor.neighbour(by);
    if (!s) return say(by > 0 ? "No entity after this one." : "No entity before this one.");
    this.#takeSpan(s);
  }

  /** @param {import("./state.js").Span} s */
  #takeSpan(s) {
    this.#open(this.model.index(s.block));
    this.#go(this.model.index(s.block), false);
    this.cursor.takeSpan(s);
    this.#sayWords();
    this.#show();
  }

  #out() {
    const { cursor } = this;
    if (this.armed) return this.#arm(0);
    const words = cursor.inWords;
    this.#go(cursor.focus, false);
    document.body.classList.remove("side-open");
    if (words) say("Among the blocks");
  }

  #split() {
    const r = this.cursor.range();
    if (!r) return say("Go to a word first: the block is split before it.");
    const b = this.model.blocks[this.cursor.focus];
    if (!this.#do({ id: newID(), kind: "split", block: b.id, at: r.from })) return;
    this.#go(this.cursor.focus + 1, false);
    say("Split. The selection is on the second part.");
  }

  #join() {
    const i = this.cursor.focus;
    if (!this.model.blocks[i]?.part) return this.#refuse("Only parts of a split block can be joined: this block has no part before it.");
    if (!this.#do({ id: newID(), kind: "join", block: this.model.blocks[i].id })) return;
    this.cursor.move(i - 1);
    say("Joined");
    this.#show();
  }

  // ---- actions by name

  /** @param {string} name @param {boolean} repeated the key is held down */
  act(name, repeated = false) {
    const { cursor, model } = this, n = model.blocks.length;
    if (repeated && ["submit", "skip", "flag", "help", "note", "picture", "reason"].includes(name)) return;
    if (n === 0 && !["skip", "flag", "help", "note", "kept", "picture", "side", "reopen"].includes(name)) return say("This document has no blocks.");
    switch (name) {
      case "next": return this.#step(1);
      case "previous": return this.#step(-1);
      case "extendNext": return this.#go(cursor.beyond(1), true);
      case "extendPrevious": return this.#go(cursor.beyond(-1), true);
      case "nextOpen":
      case "previousOpen": {
        const i = cursor.open(name === "nextOpen" ? 1 : -1);
        return i >= 0 ? this.#go(i, false) : say(`Nothing ${name === "nextOpen" ? "below" : "above"} needs a decision.`);
      }
      case "nextTurn":
      case "previousTurn": {
        const by = name === "nextTurn" ? 1 : -1, from = by > 0 ? this.known.end(cursor.focus) : cursor.focus;
        const i = turn((k) => this.model.text(k), this.model.blocks.length, from, by);
        return i >= 0 ? this.#go(i, false) : say(`No other kind of text ${name === "nextTurn" ? "below" : "above"}.`);
      }
      case "pageDown": return this.#page(1);
      case "pageUp": return this.#page(-1);
      case "first":
      case "last": {
        if (!cursor.inWords) return this.#go(name === "first" ? 0 : n - 1, false);
        cursor.enter(name === "last");
        this.#sayWords();
        return this.#show();
      }
      case "grow": {
        const [i, j] = cursor.enclosing(this.state.paths);
        cursor.select(i, j);
        this.painter.classes(i, j);
        say(`${count(j - i + 1, "block")} selected`);
        return this.#show(false);
      }
      case "body": return this.#classify("b");
      case "boilerplate": return this.#classify("x");
      case "undecided": return this.#classify("");
      case "bodyToEnd": return this.#toEnd("b");
      case "boilerplateToEnd": return this.#toEnd("x");
      case "accept": return this.#acceptHere();
      case "acceptAll": return this.#acceptVisible();
      case "open": return this.#openHere();
      case "reason": return void this.#reason();
      case "same": return this.#sameEverywhere();
      case "split": return this.#split();
      case "join": return this.#join();
      case "right": return this.#sideways(1, "move");
      case "left": return this.#sideways(-1, "move");
      case "growRight": return this.#sideways(1, "grow");
      case "growLeft": return this.#sideways(-1, "grow");
      case "growCharacterRight": return this.#sideways(1, "character");
      case "growCharacterLeft": return this.#sideways(-1, "character");
      case "nextSpan": return this.#neighbour(1);
      case "previousSpan": return this.#neighbour(-1);
      case "endBack": return this.#moveEdge("end", -1);
      case "endForward": return this.#moveEdge("end", 1);
      case "startBack": return this.#moveEdge("start", -1);
      case "startForward": return this.#moveEdge("start", 1);
      case "remove": return this.#remove();
      case "out": return this.#out();
      case "repeat": {
        if (!this.last) return say("There is nothing to repeat yet.");
        return "label" in this.last ? this.#giveLabel(this.last.label) : this.#classify(this.last.cls, this.last.reason);
      }
      case "undo": return this.#undo("undo");
      case "redo": return this.#undo("redo");
      case "skip": return void this.#pass("skip");
      case "flag": return void this.#pass("flag");
      case "note": return this.#openNote();
      case "submit": return this.#submit();
      case "reopen": return this.#reopen();
      case "picture": return this.pane.turn();
      case "help": return this.outside.help();
      case "kept": return this.outside.kept();
      case "side": return this.#side();
    }
  }

  /** @param {number} label @param {boolean} second */
  label(label, second) {
    this.#giveLabel(label, second);
  }

  /** A press on the page. @param {KeyboardEvent} e */
  key(e) {
    if (asking() || e.defaultPrevented) return;
    const on = /** @type {Element} */ (e.target);
    if (on.closest("input, textarea, select, [contenteditable]")) {
      if (e.key === "Escape") this.root.focus({ preventScroll: true });
      return;
    }
    if (on.closest("button, a[href], summary") && ["Enter", " ", "Tab"].includes(e.key)) return;
    if (this.same && !e.ctrlKey && !e.metaKey && !e.altKey) {
      if (this.same.key(e)) e.preventDefault();
      return;
    }
    // Among the blocks, Tab leaves them, unless there is a suggested entity to go to.
    const { cursor, suggestions } = this, ahead = on === this.root && e.key === "Tab" && !e.shiftKey && suggestions.neighbour(cursor.focus, cursor.range(), 1) !== null;
    const found = this.outside.keymap().find(e, cursor.inWords || ahead);
    if (!found) return;
    e.preventDefault();
    // With blocks that are closed and undecided nothing can be submitted: Enter looks at them first.
    const shut = this.known.at(cursor.focus) !== undefined && this.model.blocks[cursor.focus].cls === "";
    if ("action" in found) this.act(found.action === "submit" && shut ? "open" : found.action, e.repeat);
    else if (!e.repeat) this.#giveLabel(found.label, found.second);
  }

  /** What a copy takes: the selected words, else the selected blocks. */
  copied() {
    if (this.cursor.inWords) return this.cursor.quote();
    return this.cursor.ranges().flatMap(([i, j]) => Array.from({ length: j - i + 1 }, (_, k) => this.model.text(i + k))).join("\n");
  }

  /** @returns {import("./pointer.js").Meant} */
  #meant() {
    const among = (/** @type {number} */ i) => this.cursor.inWords && this.cursor.focus === i;
    return {
      sweep: (anchor, focus) => {
        if (this.same) return;
        if (this.cursor.anchor !== anchor || this.cursor.inWords || this.cursor.picked) this.#go(anchor, false);
        if (this.cursor.focus !== focus) {
          const old = this.cursor.focus;
          this.cursor.move(focus, true);
          this.painter.classes(Math.min(old, focus, anchor), Math.max(old, focus, anchor));
          this.#show(false);
          this.minimap.draw();
        }
      },
      swept: () => say(`${count(this.cursor.count(), "block")} selected`),
      block: (i, extend) => this.#go(i, extend),
      words: (i, anchor, head, exact, how) => {
        if (this.same) return;
        if (how === "click" && !this.armed && among(i) && this.cursor.span === "" && this.cursor.selection && this.anchored) {
          if (same(this.cursor.range(), anchor)) return this.#out();
          this.cursor.take(this.cursor.selection.anchor, anchor, exact);
        } else {
          if (!among(i)) this.#go(i, false);
          this.cursor.take(anchor, head, exact);
        }
        this.anchored = true;
        this.#sayWords();
        this.#show(false);
        const label = this.armed || (how === "double" ? this.lastLabel : 0);
        if (how !== "drag" && label) {
          if (how === "double") this.cursor.take(anchor, head, exact);
          this.#giveLabel(label);
        }
      },
      extend: (i, head) => {
        if (!among(i) || !this.cursor.selection) return false;
        const old = this.model.spans.get(this.cursor.span), { anchor } = this.cursor.selection;
        this.cursor.take(anchor, head);
        // With a label in hand, the entity that was just made grows.
        if (old && this.armed) {
          const r = this.cursor.snapped(), id = newID();
          if (r && this.#span([this.#spanEvent(id, i, r, old.label)], [old.id])) this.cursor.takeSpan(/** @type {import("./state.js").Span} */ (this.model.spans.get(id)));
        }
        this.#sayWords();
        this.#show(false);
        return true;
      },
      span: (id, i) => {
        const s = this.model.spans.get(id), suggested = this.suggestions.spansIn(i).find((o) => o.id === id);
        if (this.same) return;
        if (s) this.#takeSpan(s);
        else if (suggested) {
          this.#takeSuggestion(suggested);
          if (this.armed) this.#giveLabel(this.armed);
        }
      },
      open: (i) => {
        this.#go(i, false);
        this.#openHere();
      },
    };
  }

  // ---- the document as a whole

  #submit() {
    if (this.readOnly) return void this.#leave();
    const open = this.model.counts[""];
    if (open > 0) {
      this.#go(this.model.blocks.findIndex((b) => b.cls === ""), false);
      toast(open === 1 ? "One block still needs a decision. It is selected." : `${open.toLocaleString("en-GB")} blocks still need a decision. The first one is selected.`);
      return;
    }
    this.around.saveNote();
    this.#end({ id: newID(), kind: "submit" }, "submitted");
    say("Submitted");
    void this.#leave();
  }

  /** @param {"skip" | "flag"} kind */
  async #pass(kind) {
    if (this.readOnly) return void this.#leave();
    if (this.state.practice) return this.#refuse("A practice document is neither skipped nor flagged. Decide as well as you can.");
    const reason = kind === "skip"
      ? await why("Skip this document", "Why? You may leave this empty.", "Skip")
      : await why("Flag this document", "What should the manager look at?", "Flag");
    this.root.focus({ preventScroll: true });
    if (reason === null || this.stop.signal.aborted) return;
    this.around.saveNote();
    this.#end({ id: newID(), kind, ...(reason && { reason }) }, kind === "skip" ? "skipped" : "flagged");
    say(kind === "skip" ? "Skipped" : "Flagged");
    void this.#leave();
  }

  #reopen() {
    this.#end({ id: newID(), kind: "reopen" }, "draft");
    say("Reopened");
    this.root.focus({ preventScroll: true });
  }

  /** @param {Event} event @param {string} status */
  #end(event, status) {
    this.model.setStatus(status, event.reason ?? "");
    this.#send(event);
  }

  async #leave() {
    if (this.leaving) return;
    this.leaving = true;
    const slow = setTimeout(() => say("Looking for the next document"), 300);
    const ready = await this.next.prepare();
    clearTimeout(slow);
    this.leaving = false;
    if (!this.stop.signal.aborted) this.outside.leave(ready);
  }
  leaving = false;

  // ---- what stands around the blocks

  /** Goes to the next span with that label and text, round and round. @param {number} label @param {string} quote */
  #visit(label, quote) {
    const { blocks } = this.model, n = blocks.length, at = this.cursor.range()?.from ?? -1;
    for (let k = 0; k <= n; k++) {
      const i = (this.cursor.focus + k) % n;
      const s = this.model.spansIn(i).find((o) => o.label === label && o.quote === quote && (k > 0 || o.from > at));
      if (s) return this.#takeSpan(s);
    }
  }

  #side() {
    const open = document.body.classList.toggle("side-open");
    for (const b of document.querySelectorAll('.more[data-action="side"]')) b.setAttribute("aria-expanded", String(open));
  }

  #openNote() {
    document.body.classList.add("side-open");
    byId("note").focus();
  }

  // ---- what the server says

  /** Tells of events that were not taken. @param {import("./outbox.js").Lost[]} lost */
  refused(lost) {
    for (const l of lost.slice(0, 2)) {
      const here = l.document === this.state.document;
      toast(`Not saved: ${l.what}${here ? "" : ` in ${l.name}`}. ${sentence(l.reason)}`, { stay: true, ...(here ? {} : { action: "Open it", href: `/documents/${l.document}` }) });
    }
    if (lost.length > 2) toast(`${count(lost.length, "action")} were not saved.`, { stay: true, action: "Show them", run: () => this.outside.kept() });
    if (lost.some((l) => l.document === this.state.document)) void this.sync.reload();
  }
}

/** @param {Range | null} a @param {Range | null} b */
function same(a, b) {
  return a === b || (a !== null && b !== null && a.from === b.from && a.to === b.to);
}
