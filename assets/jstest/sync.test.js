import assert from "node:assert/strict";
import { test } from "node:test";
import { Model } from "../js/state.js";
import { Sync } from "../js/sync.js";
import { stateOf } from "./help.js";

const lines = ["one", "two", "three"]; // the blocks are 0, 4 and 8
const classEvent = (id, block, cls) => ({ id, kind: "class", from: block, to: block, class: cls });
const classes = (m) => m.blocks.map((b) => b.cls || "-").join("");

/** The answer to events that made one block what it is. */
function answer(before, events, block, letter, more = {}) {
  return {
    before, events, status: "draft", why: "", undo: "", redo: "", docState: "begun", newer: 0, gold: 0, goldBy: [], note: "", applied: [], refused: [],
    touched: [[block, block]], classes: [[block, block, letter, ""]], parts: [], spans: [], ...more,
  };
}

function make(state = stateOf(lines)) {
  const m = new Model(state), heard = [];
  const server = { state: null };
  const sync = new Sync(m, {
    load: async () => {
      heard.push("load");
      return server.state;
    },
    changed: () => heard.push("changed"), foreign: () => heard.push("foreign"), anew: () => heard.push("anew"),
  });
  const act = (e) => {
    m.do(e);
    sync.sent(e);
  };
  return { m, sync, act, heard, server };
}

test("an answer that comes while newer actions wait does not take them off the screen", () => {
  const { m, sync, act, heard } = make();
  act(classEvent("event-one", 0, "body"));
  act(classEvent("event-two", 0, "boilerplate"));
  sync.answered(answer(0, 1, 0, "b", { undo: "event-one" }), ["event-one"]);
  assert.equal(classes(m), "x--");
  sync.answered(answer(1, 2, 0, "x", { undo: "event-two" }), ["event-two"]);
  assert.equal(classes(m), "x--");
  assert.deepEqual(heard, ["changed"]);
  assert.deepEqual(m.undo(), { of: "event-two", waits: false }, "undo still knows this page's own steps");
});

test("what the server made of an action replaces what the screen thought", () => {
  const { m, sync, act } = make();
  const add = [{ id: "span-0001", block: 8, from: 0, to: 5, label: 1, quote: "three" }];
  act({ id: "event-one", kind: "spans", add });
  sync.answered(answer(0, 1, 8, "", { undo: "event-one", spans: [[8, "span-0001", 0, 3, 1]] }), ["event-one"]);
  assert.deepEqual(m.spansIn(2).map((s) => s.quote), ["thr"]);
});

test("another page's work is loaded and said, and one's own unanswered actions stay", async () => {
  const { m, sync, act, heard, server } = make();
  server.state = stateOf(lines, { events: 5, blocks: [[0, "x", "", 0, 0, 0, -1], [4, "x", "", 0, 0, 0, -1], [8, "", "", 0, 0, 0, -1]] });
  sync.answered(answer(0, 5, 0, "x"), ["event-of-theirs"]);
  act(classEvent("event-one", 8, "body")); // while it loads
  await new Promise((done) => setTimeout(done));
  assert.equal(classes(m), "xxb");
  assert.deepEqual(heard, ["foreign", "load", "changed"]);

  sync.answered(answer(5, 6, 8, "b", { undo: "event-one" }), ["event-one"]);
  assert.deepEqual(heard.slice(3), ["changed"], "in step again, nothing is loaded");
});

test("a gap in the server's count means that something was missed", async () => {
  const { m, sync, act, heard, server } = make();
  server.state = stateOf(lines, { events: 4, blocks: [[0, "b", "", 0, 0, 0, -1], [4, "b", "", 0, 0, 0, -1], [8, "b", "", 0, 0, 0, -1]] });
  act(classEvent("event-one", 0, "body"));
  sync.answered(answer(3, 4, 0, "b"), ["event-one"]);
  await new Promise((done) => setTimeout(done));
  assert.equal(classes(m), "bbb");
  assert.ok(heard.includes("load"));
});

test("a refused action is taken off the screen", async () => {
  const { m, sync, act, server } = make();
  server.state = stateOf(lines);
  act(classEvent("event-one", 0, "body"));
  sync.answered(answer(0, 0, 0, "", { touched: [], classes: [], refused: [{ id: "event-one", reason: "no", conflict: false }] }), ["event-one"]);
  await new Promise((done) => setTimeout(done));
  assert.equal(classes(m), "---");
});

test("an undo of something from before this page waits for the server and shows what it says", async () => {
  const { m, sync, heard, server } = make(stateOf(lines, { events: 1, undo: "event-old", blocks: [[0, "b", "", 0, 0, 0, -1], [4, "", "", 0, 0, 0, -1], [8, "", "", 0, 0, 0, -1]] }));
  const step = m.undo();
  assert.deepEqual(step, { of: "event-old", waits: true });
  sync.sent({ id: "event-undo", kind: "undo", of: step.of }, step.waits);
  assert.equal(sync.travelling, true);
  server.state = stateOf(lines, { events: 2, redo: "event-old" });
  sync.answered(answer(1, 2, 0, ""), ["event-undo"]);
  await new Promise((done) => setTimeout(done));
  assert.equal(classes(m), "---");
  assert.equal(sync.travelling, false);
  assert.deepEqual(m.redo(), { of: "event-old", waits: true });
  assert.ok(heard.includes("load"));
});

test("a document that was cut anew is loaded as a whole page", async () => {
  const { sync, heard, server } = make();
  server.state = stateOf(["something else"]);
  await sync.reload();
  assert.deepEqual(heard, ["load", "anew"]);
});

test("without an answer to loading, the screen stays as it is", async () => {
  const { m, sync, act } = make();
  act(classEvent("event-one", 0, "body"));
  await sync.reload();
  assert.equal(classes(m), "b--");
});
