// @ts-check
// Keeps the model in step with the server: which events have no answer yet,
// and what an answer means for the screen.

/**
 * @typedef {import("./state.js").Event} Event
 * @typedef {import("./state.js").Answer} Answer
 * @typedef {import("./state.js").State} State
 */

export class Sync {
  /**
   * @param {import("./state.js").Model} model
   * @param {{load(): Promise<State | null>, changed(): void, foreign(): void, anew(): void}} on
   *   load fetches the state; changed: the model is as the server has it; foreign: another page of this person was at work; anew: this
   *   page shows other blocks than the server has
   */
  constructor(model, on) {
    this.model = model;
    this.on = on;
    /** Events without an answer, in order. @type {Map<string, Event>} */
    this.pending = new Map();
    /** @type {Answer[]} */
    this.answers = [];
    /** How many events the server had when it was last heard of. */
    this.expected = model.events;
    /** The answers do not tell everything that has changed. */
    this.stale = false;
    /** An undo or redo that only the server can do is under way. */
    this.travelling = false;
    this.loading = false;
    this.closed = false;
  }

  /** @param {Event} event @param {boolean} travelling */
  sent(event, travelling = false) {
    this.pending.set(event.id, event);
    this.travelling ||= travelling;
  }

  /** An event that was kept from an earlier page. @param {Event} event */
  replay(event) {
    if (this.pending.has(event.id)) return;
    this.pending.set(event.id, event);
    this.model.replay(event);
    // What it takes back is not known here, only to the server.
    if (event.kind === "undo" || event.kind === "redo") this.stale = true;
  }

  /**
   * An answer about this document, to events of this page or of another one.
   * @param {Answer} answer
   * @param {string[]} ids the events that it answers
   */
  answered(answer, ids) {
    const foreign = ids.some((id) => !this.pending.has(id));
    for (const id of ids) this.pending.delete(id);
    if (answer.events >= this.expected) {
      if (foreign || this.travelling || answer.refused.length || (answer.before !== this.expected && answer.events !== this.expected)) this.stale = true;
      if (foreign && answer.events > this.expected) this.on.foreign();
      this.expected = answer.events;
      this.answers.push(answer);
    }
    // While there are newer actions on the screen, the answer is an older picture than the screen's.
    if (this.pending.size > 0) return;

    const { answers } = this;
    this.answers = [];
    if (this.stale) return void this.reload();
    for (const a of answers) this.model.settle(a, a === answers.at(-1));
    this.on.changed();
  }

  /** Takes the server's state anew and does again what it has not answered. */
  async reload() {
    if (this.loading) return;
    this.loading = true;
    const state = await this.on.load();
    this.loading = false;
    if (!state || this.closed) return;

    this.travelling = this.stale = false;
    this.answers = [];
    this.expected = state.events;
    if (!this.model.load(state)) return this.on.anew();
    for (const e of this.pending.values()) this.model.replay(e);
    this.on.changed();
  }
}
