// @ts-check
// What an adjudicator decided in one document, as the screen shows it: what
// the server knows, and over it what it has not answered yet. Nothing here
// knows the page.

/**
 * @typedef {[number, number, number, number, string, string]} Span row, from, to, label, quote, key of its place; units of UTF-16 inside the row
 * @typedef {{class: string, spans: Span[]}} Answer
 * @typedef {{key: string, kind: "block" | "spans", row: number, line: number, words: string, votes: Answer[], most: number}} Place
 * @typedef {{key: string, answer: Answer | null, took: number, cause: string, by?: string}} Decision
 * @typedef {{id: string, block: number, from: number, to: number, label: number, quote: string, exact?: boolean}} SpanEvent
 * @typedef {{place?: string, took?: number, class?: string, spans?: SpanEvent[], own?: boolean, clear?: boolean, cause?: string}} Step
 * @typedef {{id: string, kind: string, steps?: Step[], of?: string, seen: number, version: string}} Event
 * @typedef {{seen: number, version: string, undo: string, redo: string, gold: number, decisions: Decision[]}} News
 */

export class Deciding {
  /** @param {News & {places: Place[], majority: boolean}} state */
  constructor(state) {
    this.places = state.places;
    this.byKey = new Map(state.places.map((p) => [p.key, p]));
    this.majority = state.majority;
    this.seen = state.seen;
    this.version = state.version;
    this.gold = state.gold;
    this.undoes = state.undo;
    this.redoes = state.redo;
    /** What the server has said. @type {Map<string, Decision>} */
    this.known = new Map(state.decisions.map((d) => [d.key, d]));
    /** What it has not answered, oldest first. @type {Event[]} */
    this.waiting = [];
    /** @type {Map<string, Decision>} */
    this.shown = new Map();
    this.#lay();
  }

  /** Lays what waits over what is known. */
  #lay() {
    this.shown = new Map(this.known);
    for (const e of this.waiting) for (const step of e.steps ?? []) this.#step(step);
  }

  /** @param {Step} step */
  #step(step) {
    if (!step.place) return; // the server names the place
    const before = this.shown.get(step.place) ?? { key: step.place, answer: null, took: -1, cause: "" };
    const d = { ...before, by: "", cause: step.cause ?? before.cause };
    const place = this.byKey.get(step.place);
    if (step.took !== undefined && place) Object.assign(d, { answer: place.votes[step.took], took: step.took });
    else if (step.own) Object.assign(d, { answer: { class: "", spans: (step.spans ?? []).map((s) => [s.block, s.from, s.to, s.label, s.quote, ""]) }, took: -1 });
    else if (step.class) Object.assign(d, { answer: { class: step.class, spans: [] }, took: -1 });
    else if (step.clear) Object.assign(d, { answer: null, took: -1 });
    this.shown.set(step.place, d);
  }

  /** @param {string} key */
  decision(key) {
    return this.shown.get(key);
  }

  /**
   * Whether the place has its answer: somebody decided it, or the project lets
   * the majority decide.
   * @param {Place} place
   */
  decided(place) {
    return !!this.shown.get(place.key)?.answer || (this.majority && place.most >= 0);
  }

  /** What is proposed for an open place, -1 for nothing. @param {Place} place */
  proposed(place) {
    return this.shown.get(place.key)?.answer ? -1 : place.most;
  }

  open() {
    return this.places.filter((p) => !this.decided(p));
  }

  /**
   * The difference after or before one, around the ends; open ones alone where
   * there are any and that is asked for.
   * @param {string} key "" for none
   * @param {number} by 1 or -1
   * @param {boolean} open
   */
  next(key, by, open = false) {
    const n = this.places.length, at = this.places.findIndex((p) => p.key === key);
    const from = at < 0 ? (by > 0 ? -1 : n) : at;
    const some = open && this.places.some((p) => p.key !== key && !this.decided(p));
    for (let i = 1; i <= n; i++) {
      const p = this.places[(((from + by * i) % n) + n) % n];
      if (!some || !this.decided(p)) return p;
    }
    return undefined;
  }

  /**
   * The difference with its neighbours that have the same votes: rows that
   * follow one another, without a row between them that nobody doubts.
   * @param {string} key
   */
  run(key) {
    const at = this.places.findIndex((p) => p.key === key);
    if (at < 0) return [];
    const kin = this.places.filter((p) => p.kind === this.places[at].kind);
    const votes = pattern(this.places[at]);
    const here = kin.indexOf(this.places[at]);
    let first = here, last = here;
    while (first > 0 && kin[first].line - kin[first - 1].line <= 1 && pattern(kin[first - 1]) === votes) first--;
    while (last + 1 < kin.length && kin[last + 1].line - kin[last].line <= 1 && pattern(kin[last + 1]) === votes) last++;
    return kin.slice(first, last + 1);
  }

  /** Shows an event that is on its way. @param {Event} event */
  add(event) {
    this.waiting.push(event);
    for (const step of event.steps ?? []) this.#step(step);
    if (event.kind === "decide") {
      this.undoes = event.id;
      this.redoes = "";
    }
  }

  /**
   * Takes what the server says of events, and gives the keys that changed for
   * the person.
   * @param {News} news
   * @param {string[]} ids of the events that are answered
   */
  answered(news, ids) {
    const before = this.shown, done = new Set(ids);
    this.waiting = this.waiting.filter((e) => !done.has(e.id));
    if (news.seen >= this.seen) {
      for (const d of news.decisions) this.known.set(d.key, d);
      this.seen = news.seen;
    }
    this.version = news.version;
    this.gold = news.gold;
    if (!this.waiting.some((e) => e.kind === "decide")) {
      this.undoes = news.undo;
      this.redoes = news.redo;
    }
    this.#lay();
    return [...new Set([...before.keys(), ...this.shown.keys()])].filter((key) => !same(before.get(key), this.shown.get(key)));
  }
}

/** Who says what, so that two places can be held against each other. @param {Place} p */
function pattern(p) {
  return p.votes.map((v) => (p.kind === "block" ? v.class : String(v.spans.length > 0))).join();
}

/** @param {Decision | undefined} a @param {Decision | undefined} b */
function same(a, b) {
  return JSON.stringify([a?.answer ?? null, a?.took ?? -1, a?.cause ?? ""]) === JSON.stringify([b?.answer ?? null, b?.took ?? -1, b?.cause ?? ""]);
}

/**
 * A span of an answer as it is sent back.
 * @param {Span} s
 * @param {string} id
 * @returns {SpanEvent}
 */
export function sent([block, from, to, label, quote], id) {
  return { id, block, from, to, label, quote, exact: true };
}
