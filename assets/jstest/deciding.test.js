// What the review screen shows of decisions: those the server knows, and over
// them those it has not answered.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Deciding, sent } from "../js/deciding.js";

const block = (at, line, votes, most = -1) => ({ key: `block:${at}-${at + 5}`, kind: "block", row: at, line, words: "words", votes: votes.map((v) => ({ class: v, spans: [] })), most });
const b = "body", x = "boilerplate";
const span = (row, from, to, label, quote) => [row, from, to, label, quote, "spans:0-1"];
const spans = (at, line, votes) => ({ key: `spans:${at}-${at + 3}`, kind: "spans", row: at, line, words: "words", votes: votes.map((s) => ({ class: "", spans: s })), most: -1 });
const news = (more) => ({ seen: 0, version: "v", undo: "", redo: "", gold: 0, decisions: [], ...more });
const state = (places, more = {}) => ({ ...news(), places, majority: false, ...more });
const decide = (id, ...steps) => ({ id, kind: "decide", seen: 0, version: "v", steps });

test("a decision shows at once, and stays when the server has it", () => {
  const d = new Deciding(state([block(0, 0, [b, x]), block(10, 1, [x, b])]));
  d.add(decide("one", { place: "block:0-5", took: 1 }));
  assert.equal(d.decision("block:0-5").answer.class, x);
  assert.deepEqual(d.open().map((p) => p.key), ["block:10-15"]);
  assert.equal(d.undoes, "one");
  const changed = d.answered(news({ seen: 1, undo: "one", decisions: [{ key: "block:0-5", answer: { class: x, spans: [] }, took: 1, cause: "", by: "anna" }] }), ["one"]);
  assert.deepEqual(changed, [], "nothing changes for the eye");
  assert.equal(d.waiting.length, 0);
  assert.equal(d.seen, 1);
});

test("what was refused goes back to what the server says", () => {
  const d = new Deciding(state([block(0, 0, [b, x])]));
  d.add(decide("one", { place: "block:0-5", took: 0 }));
  const changed = d.answered(news({ seen: 4, decisions: [{ key: "block:0-5", answer: { class: x, spans: [] }, took: 1, cause: "", by: "ben" }] }), ["one"]);
  assert.deepEqual(changed, ["block:0-5"]);
  assert.equal(d.decision("block:0-5").by, "ben");
  assert.equal(d.undoes, "");
});

test("an answer does not hide what is still on its way", () => {
  const d = new Deciding(state([block(0, 0, [b, x])]));
  d.add(decide("one", { place: "block:0-5", took: 0 }));
  d.add(decide("two", { place: "block:0-5", took: 1 }));
  d.answered(news({ seen: 1, undo: "one", decisions: [{ key: "block:0-5", answer: { class: b, spans: [] }, took: 0, cause: "", by: "anna" }] }), ["one"]);
  assert.equal(d.decision("block:0-5").answer.class, x);
  assert.equal(d.undoes, "two");
});

test("an older answer that comes late changes nothing", () => {
  const known = { key: "block:0-5", answer: { class: b, spans: [] }, took: 0, cause: "", by: "anna" };
  const d = new Deciding(state([block(0, 0, [b, x])], { seen: 9, decisions: [known] }));
  d.answered(news({ seen: 3, decisions: [{ ...known, answer: null }] }), []);
  assert.equal(d.decision("block:0-5").answer.class, b);
  assert.equal(d.seen, 9);
});

test("a cause alone keeps the answer, taking back keeps the cause", () => {
  const d = new Deciding(state([block(0, 0, [b, x])]));
  d.add(decide("one", { place: "block:0-5", cause: "slip" }));
  assert.equal(d.decision("block:0-5").answer, null);
  d.add(decide("two", { place: "block:0-5", class: b }));
  d.add(decide("three", { place: "block:0-5", clear: true }));
  assert.deepEqual([d.decision("block:0-5").answer, d.decision("block:0-5").cause], [null, "slip"]);
});

test("an own answer for entities, and none at all", () => {
  const d = new Deciding(state([spans(0, 0, [[span(0, 0, 3, 1, "Ada")], []])]));
  d.add(decide("one", { place: "spans:0-3", own: true, spans: [sent(span(0, 0, 3, 2, "Ada"), "span-0001")] }));
  assert.deepEqual(d.decision("spans:0-3").answer.spans.map((s) => s.slice(0, 5)), [[0, 0, 3, 2, "Ada"]]);
  d.add(decide("two", { place: "spans:0-3", own: true, spans: [] }));
  assert.deepEqual(d.decision("spans:0-3").answer.spans, []);
  assert.ok(d.decided(d.places[0]));
});

test("the next difference, around the ends and past what is decided", () => {
  const d = new Deciding(state([block(0, 0, [b, x]), block(10, 1, [b, x]), block(20, 2, [b, x])]));
  const keys = (key, by, open) => d.next(key, by, open)?.row;
  assert.deepEqual([keys("", 1), keys("", -1), keys("block:20-25", 1), keys("block:0-5", -1)], [0, 20, 0, 20]);
  d.add(decide("one", { place: "block:10-15", took: 0 }));
  assert.deepEqual([keys("block:0-5", 1, true), keys("block:0-5", 1)], [20, 10]);
  assert.equal(new Deciding(state([])).next("", 1), undefined);
});

for (const [name, places, key, want] of [
  ["neighbours with the same votes", [block(0, 3, [b, x]), block(10, 4, [b, x]), block(20, 5, [b, x])], "block:10-15", [0, 10, 20]],
  ["not over a row that nobody doubts", [block(0, 3, [b, x]), block(10, 5, [b, x])], "block:0-5", [0]],
  ["not with other votes", [block(0, 3, [b, x]), block(10, 4, [x, b]), block(20, 5, [b, x])], "block:0-5", [0]],
  ["entities between blocks do not part them", [block(0, 3, [b, x]), spans(1, 3, [[], []]), block(10, 4, [b, x])], "block:0-5", [0, 10]],
  ["entities with those that the same people have", [spans(0, 3, [[span(0, 0, 3, 1, "Ada")], []]), spans(10, 4, [[span(10, 0, 3, 3, "Oslo")], []]), spans(20, 5, [[], [span(20, 0, 3, 3, "Oslo")]])], "spans:0-3", [0, 10]],
  ["a place that there is not", [block(0, 3, [b, x])], "block:9-9", []],
]) {
  test(`a run: ${name}`, () => assert.deepEqual(new Deciding(state(places)).run(key).map((p) => p.row), want));
}

test("a majority is proposed, and decides where the project says so", () => {
  const places = [block(0, 0, [b, b, x], 0), block(10, 1, [b, x, ""], -1)];
  const d = new Deciding(state(places));
  assert.deepEqual([d.proposed(places[0]), d.proposed(places[1]), d.open().length], [0, -1, 2]);
  d.add(decide("one", { place: "block:0-5", took: 2 }));
  assert.equal(d.proposed(places[0]), -1);
  assert.deepEqual(new Deciding(state(places, { majority: true })).open().map((p) => p.row), [10]);
});
