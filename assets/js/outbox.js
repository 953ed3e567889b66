// @ts-check
// The outbox keeps every event until the server has said that it is in the
// log. An event is stored in the browser before it is sent; it is sent again
// until there is an answer, which is safe because the server knows each by its
// id. One page of the browser sends at a time, in the order of the actions. An
// event is only ever sent as the person who made it.

/**
 * @typedef {import("./state.js").Event} Event
 * @typedef {import("./state.js").Answer} Answer
 * @typedef {{seq?: number, document: number, name: string, annotator: number, event: Event}} Entry
 * @typedef {{id: string, document: number, name: string, annotator: number, what: string, reason: string, at: number}} Lost a refused event, as the person is told of it
 * @typedef {{
 *   durable: boolean,
 *   add(entry: Entry): Promise<number>,
 *   list(annotator: number, limit: number): Promise<Entry[]>,
 *   settle(seqs: number[], lost: Lost[]): Promise<void>,
 *   lost(annotator: number): Promise<Lost[]>,
 *   forget(annotator: number): Promise<void>,
 * }} Store list gives the oldest entries first; settle removes entries and notes refused ones in one step
 * @typedef {{status: number, body: any, after?: number}} Reply after: seconds the server asks to wait
 * @typedef {"saved" | "saving" | "offline" | "signin" | "other"} Condition
 * @typedef {{
 *   store: Store,
 *   annotator: number,
 *   post(document: number, body: string, annotator: number): Promise<Reply>,
 *   alone?<T>(run: () => Promise<T>): Promise<T>,
 *   wait?(ms: number): Promise<void>,
 *   changed?(condition: Condition, kept: number, words: string): void,
 *   answered?(document: number, answer: Answer, events: Event[]): void,
 *   refused?(lost: Lost[], conflict: boolean): void,
 *   fragile?(): void,
 * }} Options
 *   alone runs the function while no other page does; changed hears what the chip shows; answered hears each answer; refused what was not taken; fragile
 *   says once that events last only as long as the page
 */

/** Limits of a batch, below those of the server. */
const maxEvents = 500, maxBytes = 900_000;

/** How long to wait after a failure, in milliseconds; the last one repeats. */
const waits = [500, 1000, 2000, 5000, 10_000, 20_000];

/** A name for an event or a span. Over plain http on a local network there is no randomUUID. */
export function newID() {
  if (globalThis.crypto.randomUUID) return globalThis.crypto.randomUUID();
  const b = [...globalThis.crypto.getRandomValues(new Uint8Array(16))];
  b[6] = (b[6] & 0x0f) | 0x40;
  b[8] = (b[8] & 0x3f) | 0x80;
  const hex = b.map((n) => n.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

export class Outbox {
  /** @param {Options} options */
  constructor(options) {
    this.store = options.store;
    this.annotator = options.annotator;
    this.post = options.post;
    this.alone = options.alone ?? ((run) => run());
    this.wait = options.wait ?? ((ms) => new Promise((done) => setTimeout(done, ms)));
    this.changed = options.changed ?? (() => {});
    this.answered = options.answered ?? (() => {});
    this.refused = options.refused ?? (() => {});
    this.fragile = options.fragile ?? (() => {});
    this.warned = false;

    /** @type {Condition} */
    this.condition = "saved";
    this.kept = 0;
    this.failures = 0;
    /** @type {Promise<void> | null} */
    this.running = null;
    this.again = false;
    this.adding = 0;
  }

  /**
   * Keeps an event and sends it as soon as may be. It resolves once the event
   * is kept.
   * @param {number} document
   * @param {string} name the document's, for messages
   * @param {Event} event
   */
  async add(document, name, event) {
    this.kept++;
    this.adding++;
    this.#tell(this.condition === "saved" ? "saving" : this.condition);
    try {
      await this.store.add({ document, name, annotator: this.annotator, event });
    } finally {
      this.adding--;
    }
    if (!this.store.durable && !this.warned) {
      this.warned = true;
      this.fragile();
    }
    if (this.condition === "saving") this.send();
  }

  /** Tries now, whatever went wrong before. */
  retry() {
    this.failures = 0;
    this.#tell("saving");
    this.hurry?.();
    return this.send();
  }

  /** Sends all that is kept. It resolves when there is nothing left or sending has to wait. */
  send() {
    this.again = true;
    this.running ??= this.#run().finally(() => (this.running = null));
    return this.running;
  }

  async #run() {
    while (this.again) {
      this.again = false;
      /** @type {number} */
      let pause;
      try {
        pause = await this.alone(() => this.#drain());
      } catch (err) {
        console.error(err);
        pause = waits[0];
      }
      if (pause > 0) {
        // Not awaited: whoever waits for send must not wait for the network to come back.
        void this.#later(pause);
        return;
      }
      if (pause < 0) return;
    }
  }

  /** @param {number} ms */
  async #later(ms) {
    /** @type {Promise<void>} */
    const hurried = new Promise((done) => (this.hurry = done));
    await Promise.race([this.wait(ms), hurried]);
    if (this.condition === "offline") await this.send();
  }

  /**
   * Sends batch after batch. It gives 0 when all is sent, -1 where a person has
   * to act first, else how long to wait before the next try.
   * @returns {Promise<number>}
   */
  async #drain() {
    let limit = maxEvents;
    for (;;) {
      const entries = await this.store.list(this.annotator, maxEvents);
      this.kept = Math.max(entries.length, this.adding);
      if (entries.length === 0) {
        this.failures = 0;
        if (this.adding === 0) this.#tell("saved");
        return 0;
      }
      if (this.condition === "saved") this.#tell("saving");

      const batch = this.#batch(entries, limit);
      const document = batch[0].document;
      /** @type {Reply} */
      let reply;
      try {
        const body = JSON.stringify({ annotator: this.annotator, events: batch.map((e) => e.event) });
        reply = await this.post(document, body, this.annotator);
      } catch {
        return this.#failed("The server does not answer.");
      }

      switch (true) {
        case reply.status === 200 && Array.isArray(reply.body?.applied): {
          if (!(await this.#settle(batch, reply.body))) return this.#failed("The server did not say what became of this.");
          limit = maxEvents;
          this.failures = 0;
          if (this.condition !== "saving") this.#tell("saving");
          break;
        }
        case reply.status === 401:
          this.#tell("signin");
          return -1;
        case reply.status === 409:
          this.#tell("other", reply.body?.reason ?? "Another person is signed in.");
          return -1;
        case [400, 403, 404, 410, 413, 415, 422].includes(reply.status):
          // One bad event must not hold up the others, so each is tried alone.
          if (batch.length > 1) {
            limit = reply.status === 413 ? Math.ceil(batch.length / 2) : 1;
            break;
          }
          await this.#lose(batch[0], said(reply));
          break;
        default:
          return this.#failed(said(reply), reply.after);
      }
    }
  }

  /**
   * The oldest entries that are of one document, as many as one request takes.
   * @param {Entry[]} entries
   * @param {number} limit
   */
  #batch(entries, limit) {
    const out = [];
    let bytes = 0;
    for (const e of entries) {
      if (e.document !== entries[0].document) break;
      bytes += JSON.stringify(e.event).length * 3;
      if (out.length >= limit || (out.length > 0 && bytes > maxBytes)) break;
      out.push(e);
    }
    return out;
  }

  /**
   * Removes what the answer speaks of. False where it speaks of none.
   * @param {Entry[]} batch
   * @param {Answer} answer
   */
  async #settle(batch, answer) {
    const applied = new Set(answer.applied), why = new Map(answer.refused.map((r) => [r.id, r]));
    const settled = batch.filter((e) => applied.has(e.event.id) || why.has(e.event.id));
    const lost = settled.filter((e) => why.has(e.event.id)).map((e) => this.#lost(e, why.get(e.event.id)?.reason ?? ""));
    if (settled.length === 0) return false;

    await this.store.settle(settled.map((e) => e.seq ?? 0), lost);
    this.answered(batch[0].document, answer, settled.map((e) => e.event));
    if (lost.length) this.refused(lost, answer.refused.some((r) => r.conflict));
    return true;
  }

  /** @param {Entry} entry @param {string} reason */
  async #lose(entry, reason) {
    const lost = [this.#lost(entry, reason)];
    await this.store.settle([entry.seq ?? 0], lost);
    this.refused(lost, true);
  }

  /** @param {Entry} e @param {string} reason @returns {Lost} */
  #lost(e, reason) {
    return { id: e.event.id, document: e.document, name: e.name, annotator: e.annotator, what: describe(e.event), reason, at: Date.now() };
  }

  /** @param {string} words @param {number} [seconds] */
  #failed(words, seconds) {
    this.#tell("offline", words);
    const ms = waits[Math.min(this.failures++, waits.length - 1)];
    return Math.max(ms, (seconds ?? 0) * 1000);
  }

  /** @param {Condition} condition @param {string} words */
  #tell(condition, words = "") {
    this.condition = condition;
    this.changed(condition, this.kept, words);
  }
}

/** @param {Reply} reply */
function said(reply) {
  return reply.body?.reason ?? reply.body?.detail ?? `The server answered with ${reply.status}.`;
}

/**
 * An event in words, for the list of what was not saved.
 * @param {Event} e
 */
export function describe(e) {
  switch (e.kind) {
    case "class":
      return (e.from === e.to ? "one block " : "several blocks ") + (e.class || "undecided");
    case "spans":
      if (!e.add?.length) return e.remove?.length === 1 ? "an entity removed" : `${e.remove?.length} entities removed`;
      return e.add.length === 1 ? `“${e.add[0].quote}” marked` : `${e.add.length} entities marked`;
    case "split":
      return "a block split";
    case "join":
      return "two parts joined";
    case "note":
      return "the note";
    case "submit":
      return "the submission";
    case "skip":
      return "skipping the document";
    case "flag":
      return "flagging the document";
    case "reopen":
      return "reopening the document";
  }
  return e.kind;
}

/** A store that lasts as long as the page. @implements {Store} */
export class MemoryStore {
  constructor() {
    this.durable = false;
    this.seq = 0;
    /** @type {Entry[]} */
    this.entries = [];
    /** @type {Lost[]} */
    this.gone = [];
  }
  /** @param {Entry} entry */
  async add(entry) {
    this.entries.push({ ...entry, seq: ++this.seq });
    return this.seq;
  }
  /** @param {number} annotator @param {number} limit */
  async list(annotator, limit) {
    return this.entries.filter((e) => e.annotator === annotator).slice(0, limit);
  }
  /** @param {number[]} seqs @param {Lost[]} lost */
  async settle(seqs, lost) {
    const gone = new Set(seqs);
    this.entries = this.entries.filter((e) => !gone.has(e.seq ?? 0));
    this.gone.push(...lost);
  }
  /** @param {number} annotator */
  async lost(annotator) {
    return this.gone.filter((l) => l.annotator === annotator);
  }
  /** @param {number} annotator */
  async forget(annotator) {
    this.gone = this.gone.filter((l) => l.annotator !== annotator);
  }
}

/**
 * A store that outlives the page and the browser. What the browser refuses to
 * store (its space is full) is kept in the page.
 * @implements {Store}
 */
class IndexedStore {
  /** @param {IDBDatabase} db */
  constructor(db) {
    this.db = db;
    this.durable = true;
    this.spare = new MemoryStore();
    this.spare.seq = 2 ** 50; // apart from the numbers that the database gives
  }
  /**
   * @template T
   * @param {IDBTransactionMode} mode
   * @param {(events: IDBObjectStore, lost: IDBObjectStore) => IDBRequest<T> | void} use
   * @returns {Promise<T>}
   */
  #in(mode, use) {
    return new Promise((done, fail) => {
      const tx = this.db.transaction(["events", "lost"], mode, { durability: "relaxed" });
      const request = use(tx.objectStore("events"), tx.objectStore("lost"));
      tx.oncomplete = () => done(/** @type {T} */ (request ? request.result : undefined));
      tx.onabort = tx.onerror = () => fail(tx.error);
    });
  }
  /** @param {Entry} entry */
  async add(entry) {
    try {
      return /** @type {number} */ (await this.#in("readwrite", (events) => events.add(entry)));
    } catch (err) {
      console.warn(err);
      this.durable = false;
      return this.spare.add(entry);
    }
  }
  /** @param {number} annotator @param {number} limit */
  async list(annotator, limit) {
    /** @type {Entry[]} */
    const all = await this.#in("readonly", (events) => events.index("annotator").getAll(IDBKeyRange.only(annotator), limit));
    return all.length < limit ? [...all, ...(await this.spare.list(annotator, limit - all.length))] : all;
  }
  /** @param {number[]} seqs @param {Lost[]} lost */
  async settle(seqs, lost) {
    await this.spare.settle(seqs, []);
    await this.#in("readwrite", (events, gone) => {
      for (const seq of seqs) events.delete(seq);
      for (const one of lost) gone.put(one);
    });
  }
  /** @param {number} annotator @returns {Promise<Lost[]>} */
  async lost(annotator) {
    const all = await this.#in("readonly", (_, gone) => gone.getAll());
    return all.filter((l) => l.annotator === annotator);
  }
  /** @param {number} annotator */
  async forget(annotator) {
    for (const l of await this.lost(annotator)) await this.#in("readwrite", (_, gone) => gone.delete(l.id));
  }
}

/** A store that may be used while it is still being opened. @implements {Store} */
class OpeningStore {
  /** @param {Promise<Store>} opening */
  constructor(opening) {
    this.opening = opening;
    this.durable = true;
    void this.#use(async () => {});
  }
  /** @template T @param {(store: Store) => Promise<T>} use */
  async #use(use) {
    const store = await this.opening;
    try {
      return await use(store);
    } finally {
      this.durable = store.durable;
    }
  }
  /** @param {Entry} entry */
  add(entry) {
    return this.#use((s) => s.add(entry));
  }
  /** @param {number} annotator @param {number} limit */
  list(annotator, limit) {
    return this.#use((s) => s.list(annotator, limit));
  }
  /** @param {number[]} seqs @param {Lost[]} lost */
  settle(seqs, lost) {
    return this.#use((s) => s.settle(seqs, lost));
  }
  /** @param {number} annotator */
  lost(annotator) {
    return this.#use((s) => s.lost(annotator));
  }
  /** @param {number} annotator */
  forget(annotator) {
    return this.#use((s) => s.forget(annotator));
  }
}

/**
 * The browser's store; one in memory where it has none or refuses it. Each
 * screen whose actions go elsewhere has one of its own, by name.
 * @param {string} name
 * @returns {Store}
 */
export function openStore(name = "annotate") {
  return new OpeningStore(new Promise((done) => {
    const memory = () => done(new MemoryStore());
    try {
      const open = indexedDB.open(name, 1);
      open.onupgradeneeded = () => {
        // Within one index key, entries come in the order of their seq.
        open.result.createObjectStore("events", { keyPath: "seq", autoIncrement: true }).createIndex("annotator", "annotator");
        open.result.createObjectStore("lost", { keyPath: "id" });
      };
      open.onsuccess = () => done(new IndexedStore(open.result));
      open.onerror = open.onblocked = memory;
    } catch {
      memory();
    }
  }));
}

/**
 * Runs a function while no other page of this browser runs one under the name.
 * Without the Web Locks API two pages may send at once; the server answers a
 * repeated event without applying it again.
 * @template T
 * @param {() => Promise<T>} run
 * @returns {Promise<T>}
 */
export async function alone(run) {
  if (typeof navigator === "undefined" || !navigator.locks) return run();
  return /** @type {Promise<T>} */ (navigator.locks.request("annotate-outbox", run));
}

/**
 * Sends a batch to the server.
 * @param {number} document
 * @param {string} body
 * @returns {Promise<Reply>}
 */
export async function post(document, body) {
  const r = await fetch(`/documents/${document}/events`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body,
    credentials: "same-origin",
    redirect: "manual", // a redirect to the sign-in page is an ended session, not an answer
    keepalive: body.length < 20_000, // so that what is under way survives leaving the page
    signal: AbortSignal.timeout(20_000),
  });
  if (r.type === "opaqueredirect") return { status: 401, body: null };
  let said = null;
  try {
    said = await r.json();
  } catch {
    if (r.ok) throw new Error("the answer is no JSON");
  }
  return { status: r.status, body: said, after: Number(r.headers.get("Retry-After")) || 0 };
}
