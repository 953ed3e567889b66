import assert from "node:assert/strict";
import { test } from "node:test";
import { describe, MemoryStore, newID, Outbox } from "../js/outbox.js";
import { random } from "./help.js";

const event = (id, more = {}) => ({ id, kind: "class", from: 0, to: 0, class: "body", ...more });

/** A server that keeps a log and answers a repeated event without applying it again. */
class Server {
  log = [];
  refuse = new Set();
  accept(body) {
    const { events } = JSON.parse(body), applied = [], refused = [];
    for (const e of events) {
      if (this.refuse.has(e.id)) refused.push({ id: e.id, reason: "no", conflict: false });
      else {
        if (!this.log.includes(e.id)) this.log.push(e.id);
        applied.push(e.id);
      }
    }
    return { status: 200, body: { applied, refused, before: 0, events: this.log.length } };
  }
}

/** An outbox whose waiting is over when the test says so. */
function make(post, more = {}) {
  const heard = { conditions: [], answered: [], refused: [] }, waiting = [];
  const store = more.store ?? new MemoryStore();
  const box = new Outbox({
    store, annotator: 3, post,
    wait: (ms) => new Promise((done) => waiting.push({ ms, done })),
    changed: (c) => heard.conditions.at(-1) === c || heard.conditions.push(c),
    answered: (document, answer, events) => heard.answered.push(...events.map((e) => e.id)),
    refused: (lost) => heard.refused.push(...lost.map((l) => l.id)),
    ...more,
  });
  return { box, store, heard, waiting };
}

const settle = () => new Promise((done) => setTimeout(done));

test("nothing is lost, nothing comes twice, all in order, whatever fails", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const rand = random(seed), server = new Server();
    const { box, store, heard } = make(async (document, body) => {
      const luck = rand();
      if (luck < 0.2) throw new Error("the network is away");
      if (luck < 0.3) return { status: 503, body: null };
      const reply = server.accept(body);
      if (luck < 0.5) throw new Error("the answer is lost"); // the server has it, the browser does not know
      if (luck < 0.6) return { status: 502, body: null };
      return reply;
    }, { wait: async () => {} });

    const sent = [];
    for (let n = 0; n < 60; n++) {
      const id = `event-${seed}-${n}`;
      sent.push(id);
      void box.add(7, "a.txt", event(id));
      if (rand() < 0.3) await settle();
    }
    for (let n = 0; n < 5000 && (box.condition !== "saved" || box.adding > 0); n++) await settle();

    assert.equal(box.condition, "saved", `seed ${seed}`);
    assert.deepEqual(server.log, sent);
    assert.deepEqual(heard.answered, sent);
    assert.deepEqual(store.entries, []);
  }
});

test("an outbox of a page that was closed is sent by the next page", async () => {
  const store = new MemoryStore(), server = new Server();
  const first = make(async () => { throw new Error("away"); }, { store });
  await first.box.add(7, "a.txt", event("event-one"));
  await settle();
  assert.equal(first.box.condition, "offline");

  const second = make(async (d, body) => server.accept(body), { store });
  await second.box.send();
  assert.deepEqual(server.log, ["event-one"]);
});

test("an ended session keeps everything until someone signs in", async () => {
  const server = new Server();
  let out = true;
  const { box, store, heard } = make(async (d, body) => (out ? { status: 401, body: null } : server.accept(body)));
  await box.add(7, "a.txt", event("event-one"));
  await settle();
  assert.equal(box.condition, "signin");
  await box.add(7, "a.txt", event("event-two"));
  await settle();
  assert.equal(box.condition, "signin");
  assert.equal(store.entries.length, 2);

  out = false;
  await box.retry();
  assert.deepEqual(server.log, ["event-one", "event-two"]);
  assert.deepEqual(heard.conditions, ["saving", "signin", "saving", "saved"]);
});

test("what another person did is never sent under this session", async () => {
  const store = new MemoryStore(), bodies = [];
  await store.add({ document: 7, name: "a.txt", annotator: 4, event: event("theirs") });
  const server = new Server();
  const { box } = make(async (d, body) => {
    bodies.push(JSON.parse(body));
    return server.accept(body);
  }, { store });
  await box.add(7, "a.txt", event("mine-is-sent"));
  await box.send();
  assert.deepEqual(bodies.map((b) => [b.annotator, b.events.map((e) => e.id)]), [[3, ["mine-is-sent"]]]);
  assert.deepEqual(store.entries.map((e) => e.event.id), ["theirs"]);
});

test("signed in as another person: it stops and says so", async () => {
  const said = [];
  const { box, store } = make(async () => ({ status: 409, body: { reason: "you are signed in as jonas" } }), { changed: (c, n, words) => said.push([c, words]) });
  await box.add(7, "a.txt", event("event-one"));
  await settle();
  assert.deepEqual(said.at(-1), ["other", "you are signed in as jonas"]);
  assert.equal(store.entries.length, 1);
});

test("a refused event is told, kept in the list, and holds nothing up", async () => {
  const server = new Server();
  server.refuse.add("event-bad");
  const { box, store, heard } = make(async (d, body) => server.accept(body));
  for (const id of ["event-one", "event-bad", "event-two"]) await box.add(7, "a.txt", event(id));
  await box.send();
  assert.deepEqual(server.log, ["event-one", "event-two"]);
  assert.deepEqual(heard.refused, ["event-bad"]);
  assert.deepEqual((await store.lost(3)).map((l) => [l.id, l.name, l.what, l.reason]), [["event-bad", "a.txt", "one block body", "no"]]);
  assert.equal(box.condition, "saved");
});

test("a batch that the server cannot read is tried event by event", async () => {
  const server = new Server(), sizes = [];
  const { box, heard } = make(async (d, body) => {
    const { events } = JSON.parse(body);
    sizes.push(events.length);
    return events.some((e) => e.id === "event-odd") ? { status: 400, body: { reason: "cannot be read" } } : server.accept(body);
  });
  box.condition = "offline"; // so that the three go in one batch
  for (const id of ["event-one", "event-odd", "event-two"]) await box.add(7, "a.txt", event(id));
  await box.retry();
  assert.deepEqual(server.log, ["event-one", "event-two"]);
  assert.deepEqual(heard.refused, ["event-odd"]);
  assert.equal(sizes[0], 3);
});

test("a batch that is too large is halved", async () => {
  const server = new Server();
  const { box } = make(async (d, body) => (JSON.parse(body).events.length > 10 ? { status: 413, body: null } : server.accept(body)));
  box.condition = "offline";
  for (let n = 0; n < 35; n++) await box.add(7, "a.txt", event(`event-${n}`));
  await box.retry();
  assert.equal(server.log.length, 35);
});

test("a batch is of one document, in the order of the actions", async () => {
  const batches = [], server = new Server();
  const { box } = make(async (document, body) => {
    batches.push([document, ...JSON.parse(body).events.map((e) => e.id)]);
    return server.accept(body);
  });
  box.condition = "offline";
  for (const [d, id] of [[7, "a"], [7, "b"], [8, "c"], [7, "d"]]) await box.add(d, "", event(id));
  await box.retry();
  assert.deepEqual(batches, [[7, "a", "b"], [8, "c"], [7, "d"]]);
});

test("it waits longer from failure to failure, as long as the server asks, and not at all once told to hurry", async () => {
  const server = new Server();
  let failing = true;
  const { box, waiting } = make(async (d, body) => (failing ? { status: 429, body: null, after: waiting.length === 2 ? 30 : 0 } : server.accept(body)));
  await box.add(7, "a.txt", event("event-one"));
  await settle();
  for (let n = 0; n < 2; n++) {
    waiting.at(-1).done();
    await settle();
  }
  assert.deepEqual(waiting.map((w) => w.ms), [500, 1000, 30_000]);
  failing = false;
  await box.retry();
  assert.deepEqual(server.log, ["event-one"]);
});

test("an answer that speaks of none of the events is no success", async () => {
  const { box, store } = make(async () => ({ status: 200, body: { applied: [], refused: [] } }));
  await box.add(7, "a.txt", event("event-one"));
  await settle();
  assert.equal(box.condition, "offline");
  assert.equal(store.entries.length, 1);
});

test("a browser that stores nothing is told of once", async () => {
  let told = 0;
  const server = new Server();
  const { box } = make(async (d, body) => server.accept(body), { fragile: () => told++ });
  await box.add(7, "", event("event-one"));
  await box.add(7, "", event("event-two"));
  assert.equal(told, 1);
});

test("names are such that the server takes them, also without randomUUID", () => {
  const { randomUUID } = globalThis.crypto;
  const ids = new Set();
  try {
    Object.defineProperty(globalThis.crypto, "randomUUID", { value: undefined, configurable: true, writable: true });
    for (let n = 0; n < 1000; n++) ids.add(newID());
  } finally {
    Object.defineProperty(globalThis.crypto, "randomUUID", { value: randomUUID, configurable: true, writable: true });
  }
  ids.add(newID());
  assert.equal(ids.size, 1001);
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("events are named in words", () => {
  assert.equal(describe({ id: "", kind: "spans", add: [{ quote: "Mara" }] }), "“Mara” marked");
  assert.equal(describe({ id: "", kind: "class", from: 1, to: 9, class: "" }), "several blocks undecided");
  assert.equal(describe({ id: "", kind: "submit" }), "the submission");
});
