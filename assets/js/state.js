// @ts-check
// The labelling of one document as this page shows it: blocks with their
// classes, spans, note, and what undo and redo take back. It knows neither the
// page nor the network. An event is turned into a change, a change is applied
// and gives its inverse; the server does the same with its own copy, and where
// the two differ `settle` takes over what the server says.

/**
 * Positions inside a block are UTF-16 units of its text. A block's id is the
 * number the server gave it: where it starts in the document, in code points.
 *
 * @typedef {{id: number, cls: string, reason: string, hidden: boolean, heading: number, part: boolean, path: number, text: string | null}} Block
 * @typedef {{id: string, block: number, from: number, to: number, label: number, quote: string}} Span
 * @typedef {[number, number, string, string]} Run first block, last block, class, reason
 * @typedef {{classes?: Run[], joins?: number[], splits?: [number, number, number][], add?: Span[], remove?: string[], note?: string}} Change
 *   splits are [block, unit, id of the new part]; joins name the part that goes
 * @typedef {{id: string, block: number, from: number, to: number, label: number, quote: string, exact?: boolean}} SpanEvent
 * @typedef {{id: string, kind: string, from?: number, to?: number, class?: string, reason?: string, block?: number, at?: number,
 *   add?: SpanEvent[], remove?: string[], of?: string, note?: string, source?: string}} Event
 *   source names whose suggestions a class or spans event accepts
 * @typedef {[number, string, string, number, number, number, number]} WireBlock start, class, reason, hidden, heading, part, path
 * @typedef {[number, string, string, number, number, number, number, string]} WirePart a WireBlock and its text
 * @typedef {[number, string, number, number, number]} WireSpan block, id, from, to, label
 * @typedef {{name: string, title: string}} Source of suggestions: site memory, a model, a run, the gazetteer
 * @typedef {{sources: Source[], blocks: [number, string, number, number, number][], spans: [number, number, number, number, number, number][]}} WireSuggestions
 *   blocks are [start, class, percent, source, pages]; spans [block, from, to, label, percent, source]; source is an index into sources
 * @typedef {{events: number, status: string, why: string, undo: string, redo: string, docState: string, newer: number, gold: number, goldBy: string[], note: string}} Status
 * @typedef {{id: number, name: string, title: string, colour: string, key: string, retired?: boolean}} Label
 * @typedef {Status & {document: number, project: number, annotator: number, person: string, name: string, language: string, site: string, practice: boolean, labels: Label[],
 *   reasons: {name: string, title: string, key: string}[], keys: Record<string, string>, paths: string[], blocks: WireBlock[],
 *   texts?: string[], exact?: [number, string][], spans: WireSpan[], suggestions?: WireSuggestions}} State
 * @typedef {Status & {before: number, applied: string[], refused: Refusal[], touched: [number, number][], classes: Run[], parts: WirePart[], spans: WireSpan[]}} Answer
 * @typedef {{id: string, reason: string, conflict: boolean}} Refusal
 * @typedef {{classes(i: number, j: number): void, marks(i: number): void, split(i: number): void, join(i: number): void, note(): void, status(): void}} Listener
 *   hears of everything that changes: classes of blocks i to j, spans of block i, block i cut in two, block i+1 joined to i
 */

/** A reason, in words for the person, why an action cannot be done. */
export class Refused extends Error {}

/** @type {Record<string, string>} */
const letters = { body: "b", boilerplate: "x", "": "" };

/** What a class is called in an event, by its letter. @type {Record<string, string>} */
export const classNames = { b: "body", x: "boilerplate", "": "" };

/** @type {Listener} */
const nobody = { classes() {}, marks() {}, split() {}, join() {}, note() {}, status() {} };

/**
 * The number of code points of s.
 * @param {string} s
 */
export function codePoints(s) {
  let n = s.length;
  for (let i = 1; i < s.length; i++) {
    if ((s.charCodeAt(i) & 0xfc00) === 0xdc00 && (s.charCodeAt(i - 1) & 0xfc00) === 0xd800) n--;
  }
  return n;
}

/**
 * The order of spans in a block: by start, then longest first, then id.
 * @param {{from: number, to: number, id: string}} a
 * @param {{from: number, to: number, id: string}} b
 */
export function inOrder(a, b) {
  return a.from - b.from || b.to - a.to || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

export class Model {
  /**
   * @param {State} state
   * @param {(block: number) => string} read the text of a block that the state brings no text for
   */
  constructor(state, read = () => "") {
    this.read = read;
    /** @type {Listener} */
    this.listener = nobody;
    /** @type {Block[]} */
    this.blocks = state.blocks.map((b, i) => block(b, state.texts ? state.texts[i] : null));
    for (const [id, text] of state.exact ?? []) this.blocks[this.index(id)].text = text;

    /** Blocks by class. @type {Record<string, number>} */
    this.counts = { b: 0, x: 0, "": 0 };
    for (const b of this.blocks) this.counts[b.cls]++;
    /** Spans by label. @type {Map<number, number>} */
    this.labels = new Map();
    /** Spans by label and text: the entity list. @type {Map<string, {label: number, text: string, n: number}>} */
    this.entities = new Map();
    /** @type {Map<number, Span[]>} */
    this.spansOf = new Map();
    /** @type {Map<string, Span>} */
    this.spans = new Map();
    for (const s of state.spans) this.#addSpan(this.#span(s));

    this.note = state.note;
    this.events = state.events;
    this.status = state.status;
    this.why = state.why;
    this.newer = state.newer;
    this.gold = state.gold;
    this.goldBy = state.goldBy;

    /** @type {{id: string, inverse: Change}[]} */
    this.done = [];
    /** @type {{id: string, inverse: Change}[]} */
    this.undone = [];
    // What the server would undo below what this page has done itself.
    this.undoBelow = state.undo;
    this.redoBelow = state.redo;
  }

  /** @param {Status} s */
  #status(s) {
    this.events = s.events;
    this.status = s.status;
    this.why = s.why;
    this.newer = s.newer;
    this.gold = s.gold;
    this.goldBy = s.goldBy;
  }

  /** The index of the block with that id, or -1. @param {number} id */
  index(id) {
    const i = this.at(id);
    return i >= 0 && this.blocks[i].id === id ? i : -1;
  }

  /** The index of the last block that starts at or before id, or -1. @param {number} id */
  at(id) {
    let lo = 0, hi = this.blocks.length;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if (this.blocks[mid].id <= id) lo = mid + 1;
      else hi = mid;
    }
    return lo - 1;
  }

  /** The text of block i. @param {number} i */
  text(i) {
    const b = this.blocks[i];
    return (b.text ??= this.read(b.id));
  }

  /** The spans of block i, in order. @param {number} i @returns {readonly Span[]} */
  spansIn(i) {
    return this.spansOf.get(this.blocks[i].id) ?? [];
  }

  // ---- doing and undoing

  /** Applies a new event; throws Refused. @param {Event} e */
  do(e) {
    const inverse = this.change(this.resolve(e));
    this.done.push({ id: e.id, inverse });
    this.undone = [];
    this.redoBelow = "";
  }

  /**
   * Takes back the newest event. `of` is that event; `waits` says that only
   * the server knows what it was, so nothing changed here yet. Null where
   * there is nothing to take back.
   * @returns {{of: string, waits: boolean} | null}
   */
  undo() {
    const step = this.done.pop();
    if (!step) return this.undoBelow ? { of: this.undoBelow, waits: true } : null;
    this.undone.push({ id: step.id, inverse: this.change(step.inverse) });
    return { of: step.id, waits: false };
  }

  /** The inverse of undo. @returns {{of: string, waits: boolean} | null} */
  redo() {
    const step = this.undone.pop();
    if (!step) return this.redoBelow ? { of: this.redoBelow, waits: true } : null;
    this.done.push({ id: step.id, inverse: this.change(step.inverse) });
    return { of: step.id, waits: false };
  }

  /**
   * Does once more what a kept event did, after the page was loaded before the
   * server had it. What cannot be done is left to the server's answer.
   * @param {Event} e
   */
  replay(e) {
    try {
      if (e.kind === "undo") this.done.at(-1)?.id === e.of && this.undo();
      else if (e.kind === "redo") this.undone.at(-1)?.id === e.of && this.redo();
      else if (e.kind in statuses) this.setStatus(statuses[e.kind], e.reason ?? "");
      else this.do(e);
    } catch (err) {
      if (!(err instanceof Refused)) throw err;
    }
  }

  /** @param {string} status @param {string} why */
  setStatus(status, why = "") {
    this.status = status;
    this.why = why;
    this.listener.status();
  }

  /**
   * What an event does, in this model's terms. It throws Refused where a block
   * or span is not there.
   * @param {Event} e
   * @returns {Change}
   */
  resolve(e) {
    switch (e.kind) {
      case "class":
        return { classes: [[e.from ?? 0, e.to ?? 0, letters[e.class ?? ""], e.reason ?? ""]] };
      case "split": {
        const id = e.block ?? 0, at = e.at ?? 0;
        const i = this.#known(id);
        return { splits: [[id, at, id + codePoints(this.text(i).slice(0, at))]] };
      }
      case "join": {
        const i = this.#known(e.block ?? 0);
        if (i === 0 || !this.blocks[i].part) throw new Refused("There is no split to take back here.");
        const left = this.blocks[i - 1], right = this.blocks[i];
        /** @type {Change} */
        const c = { joins: [right.id] };
        if (left.cls !== right.cls || left.reason !== right.reason) c.classes = [[left.id, left.id, left.cls, left.reason]];
        return c;
      }
      case "spans":
        return { add: (e.add ?? []).map(({ id, block, from, to, label, quote }) => ({ id, block, from, to, label, quote })), remove: e.remove ?? [] };
      case "note":
        return { note: e.note ?? "" };
    }
    throw new Refused("This action is not known here.");
  }

  /** @param {number} id */
  #known(id) {
    const i = this.index(id);
    if (i < 0) throw new Refused("This block is not there any more.");
    return i;
  }

  /**
   * Applies a change and gives its inverse. On Refused nothing has changed.
   * @param {Change} c
   * @returns {Change}
   */
  change(c) {
    this.#check(c);

    /** @type {Required<Omit<Change, "note">> & {note?: string}} */
    const inverse = { classes: this.#before(c), joins: [], splits: [], add: [], remove: [] };
    for (const id of c.remove ?? []) {
      const s = /** @type {Span} */ (this.spans.get(id));
      this.#removeSpan(s);
      this.listener.marks(this.index(s.block));
      inverse.add.push(s);
    }
    for (const id of c.joins ?? []) {
      const i = this.index(id) - 1;
      inverse.splits.unshift([this.blocks[i].id, this.text(i).length, id]);
      this.#join(i);
    }
    for (const [id, at, part] of c.splits ?? []) {
      inverse.joins.unshift(part);
      this.#split(this.index(id), at, part);
    }
    for (const run of c.classes ?? []) this.#setRun(run);
    for (const s of c.add ?? []) {
      this.#addSpan({ ...s });
      this.listener.marks(this.index(s.block));
      inverse.remove.push(s.id);
    }
    if (c.note !== undefined) {
      inverse.note = this.note;
      this.note = c.note;
      this.listener.note();
    }

    return inverse;
  }

  /** @param {Change} c */
  #check(c) {
    for (const id of c.remove ?? []) if (!this.spans.has(id)) throw new Refused("This entity is not there any more.");
    for (const id of c.joins ?? []) this.#known(id);
    for (const [id, at] of c.splits ?? []) {
      const i = this.#known(id);
      if (at <= 0 || at >= this.text(i).length) throw new Refused("A block cannot be split at its edge.");
      for (const s of this.spansIn(i)) {
        if (s.from < at && at < s.to && !c.remove?.includes(s.id)) throw new Refused(`“${s.quote}” crosses this point. Remove it before splitting.`);
      }
    }
    if (!c.joins?.length && !c.splits?.length) {
      for (const [first, last] of c.classes ?? []) if (this.#known(first) > this.#known(last)) throw new Refused("These blocks are not in order.");
    }
    for (const s of c.add ?? []) {
      if (this.spans.has(s.id) && !c.remove?.includes(s.id)) throw new Refused("This entity is there already.");
      if (c.joins?.length || c.splits?.length) continue;
      const i = this.#known(s.block);
      if (s.from < 0 || s.from >= s.to || s.to > this.text(i).length) throw new Refused("An entity covers at least one letter or digit.");
      for (const o of this.spansIn(i)) {
        if (o.from === s.from && o.to === s.to && o.label === s.label && !c.remove?.includes(o.id)) throw new Refused(`“${s.quote}” already has this label here.`);
      }
    }
  }

  /**
   * The classes that a change is about to touch, as runs of equal neighbours.
   * @param {Change} c
   * @returns {Run[]}
   */
  #before(c) {
    /** @type {Run[]} */
    const out = [];
    const keep = (/** @type {number} */ i, /** @type {number} */ j) => {
      for (let fresh = true; i <= j; i++, fresh = false) {
        const b = this.blocks[i], last = out.at(-1);
        if (!fresh && last && last[2] === b.cls && last[3] === b.reason) last[1] = b.id;
        else out.push([b.id, b.id, b.cls, b.reason]);
      }
    };
    for (const id of c.joins ?? []) keep(this.index(id) - 1, this.index(id));
    for (const [id] of c.splits ?? []) keep(this.index(id), this.index(id));
    if (out.length === 0) for (const [first, last] of c.classes ?? []) keep(this.index(first), this.index(last));
    return out;
  }

  /** @param {Run} run */
  #setRun([first, last, cls, reason]) {
    const i = this.at(first), j = this.at(last);
    for (let k = i; k <= j; k++) {
      const b = this.blocks[k];
      this.counts[b.cls]--;
      this.counts[cls]++;
      b.cls = cls;
      b.reason = reason;
    }
    this.listener.classes(i, j);
  }

  /** Cuts block i at unit at; the right part gets the id part. @param {number} i @param {number} at @param {number} part */
  #split(i, at, part) {
    const left = this.blocks[i], text = this.text(i), spans = this.spansIn(i);
    this.blocks.splice(i + 1, 0, { ...left, id: part, part: true, text: text.slice(at) });
    left.text = text.slice(0, at);
    this.counts[left.cls]++;
    const [stay, go] = [spans.filter((s) => s.to <= at), spans.filter((s) => s.to > at)];
    this.#setSpans(left.id, stay);
    this.#setSpans(part, go.map((s) => Object.assign(s, { block: part, from: s.from - at, to: s.to - at })));
    this.listener.split(i);
  }

  /** Joins block i+1 to block i, which keeps its class. @param {number} i */
  #join(i) {
    const left = this.blocks[i], right = this.blocks[i + 1], at = this.text(i).length;
    const go = this.spansIn(i + 1).map((s) => Object.assign(s, { block: left.id, from: s.from + at, to: s.to + at }));
    left.text = this.text(i) + this.text(i + 1);
    this.#setSpans(left.id, [...this.spansIn(i), ...go]);
    this.#setSpans(right.id, []);
    this.counts[right.cls]--;
    this.blocks.splice(i + 1, 1);
    this.listener.join(i);
  }

  /** @param {number} id @param {Span[]} list */
  #setSpans(id, list) {
    if (list.length) this.spansOf.set(id, list.sort(inOrder));
    else this.spansOf.delete(id);
  }

  /** @param {Span} s */
  #addSpan(s) {
    this.spans.set(s.id, s);
    this.#setSpans(s.block, [...(this.spansOf.get(s.block) ?? []), s]);
    this.labels.set(s.label, (this.labels.get(s.label) ?? 0) + 1);
    const key = `${s.label} ${s.quote}`;
    const entity = this.entities.get(key);
    if (entity) entity.n++;
    else this.entities.set(key, { label: s.label, text: s.quote, n: 1 });
  }

  /** @param {Span} s */
  #removeSpan(s) {
    this.spans.delete(s.id);
    this.#setSpans(s.block, (this.spansOf.get(s.block) ?? []).filter((o) => o.id !== s.id));
    this.labels.set(s.label, (this.labels.get(s.label) ?? 1) - 1);
    const key = `${s.label} ${s.quote}`;
    const entity = this.entities.get(key);
    if (entity && --entity.n === 0) this.entities.delete(key);
  }

  /** @param {WireSpan} w @returns {Span} */
  #span([block, id, from, to, label]) {
    return { id, block, from, to, label, quote: this.text(this.index(block)).slice(from, to) };
  }

  // ---- what the server says

  /**
   * Takes over what the server says about the touched blocks and about the
   * annotation as a whole. Nothing that the server does not mention changes.
   * @param {Answer} a
   * @param {boolean} newest no answer comes after this one; only then does it speak of the last step done here
   */
  settle(a, newest = true) {
    for (const part of a.touched) this.#settlePart(a, part);
    if (a.note !== this.note) {
      this.note = a.note;
      this.listener.note();
    }
    this.#status(a);
    this.listener.status();
    if (!newest) return;

    // Another page of this person was at work: only the server knows what undo would do.
    if ((this.done.at(-1)?.id ?? this.undoBelow) !== a.undo || (this.undone.at(-1)?.id ?? this.redoBelow) !== a.redo) {
      this.done = [];
      this.undone = [];
      this.undoBelow = a.undo;
      this.redoBelow = a.redo;
    }
  }

  /** @param {Answer} a @param {[number, number]} part */
  #settlePart(a, [first, last]) {
    const i = this.at(first);
    const end = () => {
      let j = this.at(last);
      while (this.blocks[j + 1]?.part) j++;
      return j;
    };
    const inside = (/** @type {number} */ id) => first <= id && id <= last;

    const parts = a.parts.filter(([id]) => inside(id));
    const wanted = new Set(parts.filter((p) => p[5] === 1).map(([id]) => id));
    const have = new Set(this.blocks.slice(i, end() + 1).filter((b) => b.part).map((b) => b.id));
    if (wanted.size !== have.size || [...wanted].some((id) => !have.has(id))) {
      for (let k = i; k <= end(); k++) for (const s of [...this.spansIn(k)]) this.#removeSpan(s);
      for (let k = end(); k > i; k--) if (this.blocks[k].part && !wanted.has(this.blocks[k].id)) this.#join(k - 1);
      for (let n = 1; n < parts.length; n++) {
        const k = this.at(parts[n][0]);
        if (wanted.has(parts[n][0]) && this.blocks[k].id !== parts[n][0]) this.#split(k, parts[n - 1][7].length, parts[n][0]);
      }
    }

    for (const run of a.classes) {
      if (!inside(run[0])) continue;
      const from = this.at(run[0]), to = this.at(run[1]);
      for (let k = from; k <= to; k++) {
        if (this.blocks[k].cls !== run[2] || this.blocks[k].reason !== run[3]) {
          this.#setRun([this.blocks[k].id, run[1], run[2], run[3]]);
          break;
        }
      }
    }

    /** @type {Map<number, Span[]>} */
    const fresh = new Map();
    for (const w of a.spans) {
      if (!inside(w[0])) continue;
      const s = this.#span(w), list = fresh.get(s.block);
      if (list) list.push(s);
      else fresh.set(s.block, [s]);
    }
    for (let k = i, j = end(); k <= j; k++) {
      const old = this.spansIn(k), now = fresh.get(this.blocks[k].id) ?? [];
      if (alike(old, now)) continue;
      for (const s of [...old]) this.#removeSpan(s);
      for (const s of now) this.#addSpan(s);
      this.listener.marks(k);
    }
  }

  /**
   * Takes over a whole state that was loaded again. False where it is of other
   * blocks, so that the page has to be loaded anew.
   * @param {State} state
   */
  load(state) {
    const whole = state.blocks.filter((b) => !b[5]), mine = this.blocks.filter((b) => !b.part);
    if (whole.length !== mine.length || whole.some((b, i) => b[0] !== mine[i].id)) return false;

    const texts = state.texts ?? [];
    /** @type {Answer} */
    const a = {
      ...state, before: state.events, applied: [], refused: [], touched: [], spans: state.spans,
      classes: state.blocks.map((b) => [b[0], b[0], b[1], b[2]]),
      parts: state.blocks.flatMap((b, i) => (b[5] || state.blocks[i + 1]?.[5] ? [/** @type {WirePart} */ ([...b, texts[i]])] : [])),
    };
    if (state.blocks.length) a.touched = [[state.blocks[0][0], state.blocks[state.blocks.length - 1][0]]];
    this.settle(a);
    return true;
  }
}

/** What an event makes of the annotation's status. @type {Record<string, string>} */
export const statuses = { submit: "submitted", skip: "skipped", flag: "flagged", reopen: "draft" };

/** @param {WireBlock} b @param {string | null} text @returns {Block} */
function block([id, cls, reason, hidden, heading, part, path], text) {
  return { id, cls, reason, hidden: !!hidden, heading, part: !!part, path, text };
}

/** @param {readonly Span[]} a @param {readonly Span[]} b */
function alike(a, b) {
  return a.length === b.length && a.every((s, i) => s.id === b[i].id && s.from === b[i].from && s.to === b[i].to && s.label === b[i].label);
}
