import assert from "node:assert/strict";
import { test } from "node:test";
import { Cursor } from "../js/cursor.js";
import { Known, stretches } from "../js/known.js";
import { Model } from "../js/state.js";
import { Suggestions } from "../js/suggestions.js";
import { random, stateOf } from "./help.js";

const sources = [{ name: "memory", title: "seen on this site" }, { name: "model:7", title: "model 7" }, { name: "gazetteer", title: "marked before" }];
const labels = [{ id: 1, name: "PER", title: "Person" }, { id: 2, name: "ORG", title: "" }, { id: 3, name: "OLD", title: "Old", retired: true }];

/**
 * A document with a block for each suggestion: "x14" is boilerplate that site
 * memory saw on 14 pages, "b" body by the model, "m" boilerplate by the model,
 * "-" nothing; spans are [index of the block, from, to, label, percent, source].
 */
function made(kinds, { spans = [], texts = kinds.map((_, i) => `Block number ${i}, Ada Lovelace`), rejected = [], more = {} } = {}) {
  const state = stateOf(texts, { labels, ...more }), id = (i) => state.blocks[i][0];
  const blocks = kinds.flatMap((k, i) => (k === "-" ? [] : [[id(i), k === "b" ? "b" : "x", 97 - i % 5, k[0] === "x" ? 0 : 1, Number(k.slice(1))]]));
  state.suggestions = { sources, blocks, spans: spans.map(([i, ...rest]) => [id(i), ...rest]) };
  const model = new Model(state), suggestions = new Suggestions(model, state, rejected), known = new Known(model, suggestions);
  model.listener = {
    ...model.listener,
    classes(i, j) {
      suggestions.changed(i, j);
      known.changed(i, j);
    },
    marks: (i) => suggestions.changed(i, i),
    split: () => suggestions.recount(),
    join: () => suggestions.recount(),
  };
  return { state, model, suggestions, known, id };
}

let serial = 0;
const name = () => `event-${String(++serial).padStart(6, "0")}`;
const give = ({ model, id }, i, j, cls) => model.do({ id: name(), kind: "class", from: id(i), to: id(j), class: cls });
const mark = ({ model, id }, i, from, to, label) => model.do({ id: name(), kind: "spans", add: [{ id: name(), block: id(i), from, to, label, quote: model.text(i).slice(from, to) }] });
const found = (s, i) => s.spansIn(i).map((o) => [o.from, o.to, o.label]);

for (const [rule, kinds, want] of [
  ["nothing suggested is no stretch", ["-", "-", "-"], []],
  ["three neighbours are one, with the least of their pages", ["x9", "x4", "x14"], [[0, 2, 4]]],
  ["two are too few", ["x9", "x9", "b", "x9", "x9"], []],
  ["a text seen on one page alone is not known", ["x9", "x9", "x1", "x9"], []],
  ["two stretches, apart", ["x2", "x2", "x2", "b", "-", "x3", "x3", "x3", "x3"], [[0, 2, 2], [5, 8, 3]]],
  ["what a model says is not memory", ["m", "m", "m", "m"], []],
]) {
  test(`known boilerplate: ${rule}`, () => {
    const { model, suggestions } = made(kinds);
    assert.deepEqual(stretches(model, suggestions).map((s) => [model.index(s.first), model.index(s.last), s.pages]), want);
    for (const s of stretches(model, suggestions)) assert.equal(s.n, model.index(s.last) - model.index(s.first) + 1);
  });
}

test("what is decided, marked or split is never hidden", () => {
  const kinds = ["x9", "x9", "x9", "x9"], at = (i) => stateOf(kinds.map((_, k) => `Block number ${k}, Ada Lovelace`)).blocks[i];
  const decided = stateOf(kinds.map((_, k) => `Block number ${k}, Ada Lovelace`)).blocks;
  decided[1][1] = "x";
  assert.equal(made(kinds, { more: { blocks: decided } }).known.closed.size, 0);
  const marked = made(kinds, { more: { spans: [[at(2)[0], "span-000", 0, 5, 1]] } });
  assert.equal(marked.known.closed.size, 0, "two on either side are too few");
});

test("a stretch is one step for the cursor, and selected as a whole", () => {
  const { model, known } = made(["b", "x5", "x5", "x5", "b", "x5", "x5", "x5"]), c = new Cursor(model, "en", known);
  const walk = (by) => {
    const out = [];
    for (let i = c.focus; i >= 0 && i < model.blocks.length; i = c.beyond(by)) {
      c.move(i);
      out.push(c.focus);
    }
    return out;
  };
  assert.deepEqual(walk(1), [0, 1, 4, 5]);
  assert.deepEqual(walk(-1), [5, 4, 1, 0]);
  c.move(2);
  assert.equal(c.focus, 1, "whatever leads into it, its first block stands for it");
  assert.deepEqual(c.ranges(), [[1, 3]]);
  c.move(4, true);
  assert.deepEqual(c.ranges(), [[1, 4]]);
  c.move(4);
  c.move(c.beyond(-1), true);
  assert.deepEqual(c.ranges(), [[1, 4]], "upwards too");
  assert.deepEqual([0, 1, 2, 3, 4, 5].map((i) => c.selected(i)), [false, true, true, true, true, false]);
  c.move(0);
  assert.equal(c.open(1), 1);
  c.move(1);
  assert.equal(c.open(1), 4, "the next that needs a decision is behind it");
  known.open(1);
  assert.deepEqual(c.ranges(), [[1, 1]], "open, it is blocks like others");
});

test("an accepted stretch stays closed, what is not one thing any more opens", () => {
  const d = made(["x5", "x5", "x5", "x5", "b"]);
  give(d, 0, 3, "boilerplate");
  assert.deepEqual([d.known.start(2), d.known.end(2)], [0, 3]);
  d.model.undo();
  assert.deepEqual([d.known.start(2), d.known.end(2)], [0, 3], "and after undo");
  give(d, 1, 1, "boilerplate");
  assert.equal(d.known.at(3), undefined);

  const body = made(["x5", "x5", "x5"]);
  give(body, 0, 2, "body");
  assert.equal(body.known.at(0), undefined, "body is to be read");
  assert.deepEqual(body.known.open(0), null);
});

test("accepting takes what is open: one run for neighbours of one class from one source", () => {
  const d = made(["x5", "x5", "m", "b", "b", "-", "b", "x5"], { spans: [[3, 16, 28, 1, 90, 1], [4, 16, 28, 1, 80, 2], [6, 16, 28, 1, 80, 1], [7, 16, 28, 1, 80, 1]] });
  give(d, 4, 4, "body");
  const { runs, spans } = d.suggestions.within([[0, 7]]);
  assert.deepEqual(runs.map((r) => [r.from, r.to, r.cls, r.source]), [[0, 1, "x", "memory"], [2, 2, "x", "model:7"], [3, 3, "b", "model:7"], [6, 6, "b", "model:7"], [7, 7, "x", "memory"]]);
  assert.deepEqual([...spans].map(([source, list]) => [source, list.map((s) => s.block)]), [["model:7", [d.id(3), d.id(6)]], ["gazetteer", [d.id(4)]]]);

  const some = d.suggestions.within([[0, 0], [2, 3]], () => false);
  assert.deepEqual(some.runs.map((r) => [r.from, r.to]), [[0, 0], [2, 2], [3, 3]], "only what is asked for");
  assert.equal(some.spans.size, 0, "and only words that were seen");
});

test("span suggestions stand in body alone", () => {
  const d = made(["b", "x5", "-"], { spans: [0, 1, 2].map((i) => [i, 16, 28, 1, 90, 1]) });
  assert.deepEqual([0, 1, 2].map((i) => found(d.suggestions, i).length), [1, 0, 0]);
  give(d, 0, 0, "boilerplate");
  give(d, 1, 2, "body");
  assert.deepEqual([0, 1, 2].map((i) => found(d.suggestions, i).length), [0, 1, 1]);
});

for (const [rule, spans, marked, want] of [
  ["the surer of two that overlap is shown", [[0, 16, 28, 1, 70, 2], [0, 20, 28, 2, 90, 1]], null, [[20, 28, 2]]],
  ["in order of the text, however sure", [[0, 16, 19, 1, 70, 2], [0, 0, 5, 2, 60, 1], [0, 20, 28, 2, 90, 1]], null, [[0, 5, 2], [16, 19, 1], [20, 28, 2]]],
  ["the longer of two that are as sure", [[0, 16, 19, 1, 70, 1], [0, 16, 28, 1, 70, 1]], null, [[16, 28, 1]]],
  ["an entity at the same place hides it, whatever its label", [[0, 16, 28, 1, 90, 1]], [16, 28, 2], []],
  ["an entity over a part of it hides it", [[0, 16, 28, 1, 90, 1]], [20, 28, 1], []],
  ["an entity that touches does not", [[0, 16, 19, 1, 90, 1]], [19, 28, 1], [[16, 19, 1]]],
  ["a label that is not offered any more is not suggested", [[0, 16, 28, 3, 90, 1], [0, 0, 5, 9, 90, 1]], null, []],
  ["what does not fit the text is not shown", [[0, 16, 99, 1, 90, 1]], null, []],
]) {
  test(`span suggestions: ${rule}`, () => {
    const d = made(["b"], { spans });
    if (marked) mark(d, 0, ...marked);
    assert.deepEqual(found(d.suggestions, 0), want);
  });
}

test("a rejected one is gone until it is brought back, and what it covered shows", () => {
  const d = made(["b"], { spans: [[0, 16, 28, 1, 90, 1], [0, 20, 28, 2, 60, 2]] }), [first] = d.suggestions.spansIn(0);
  d.suggestions.reject(first);
  assert.deepEqual(found(d.suggestions, 0), [[20, 28, 2]]);
  const again = made(["b"], { spans: [[0, 16, 28, 1, 90, 1]], rejected: d.suggestions.rejected });
  assert.deepEqual(found(again.suggestions, 0), [], "kept by what it is, not by its place in the list");
  assert.deepEqual(d.suggestions.restore(first.id), [0, 0]);
  assert.deepEqual(found(d.suggestions, 0), [[16, 28, 1]]);
});

test("a split block takes its span suggestions along and loses its class", () => {
  const text = "😀 Ada Lovelace met Ada", spans = [[0, 3, 15, 1, 90, 1], [0, 20, 23, 1, 80, 1]];
  const d = made(["b"], { texts: [text], spans });
  assert.deepEqual(d.suggestions.spansIn(0).map((s) => text.slice(s.from, s.to)), ["Ada Lovelace", "Ada"]);
  d.model.do({ id: name(), kind: "split", block: 0, at: 16 });
  assert.equal(d.suggestions.of(0), undefined);
  assert.equal(d.suggestions.left, 0);
  const part = d.model.blocks[1].id;
  assert.equal(part, 15, "in code points");
  d.model.do({ id: name(), kind: "class", from: 0, to: part, class: "body" });
  assert.deepEqual([found(d.suggestions, 0), found(d.suggestions, 1)], [[[3, 15, 1]], [[4, 7, 1]]]);
  assert.equal(d.model.text(1).slice(4, 7), "Ada");

  // Loaded again, the server names the part.
  const state = stateOf([text], { labels });
  state.blocks = [[0, "b", "", 0, 0, 0, -1], [15, "b", "", 0, 0, 1, -1]];
  state.texts = [text.slice(0, 16), text.slice(16)];
  state.suggestions = { sources, blocks: [[0, "b", 90, 1, 0]], spans: [[0, 3, 15, 1, 90, 1], [15, 4, 7, 1, 80, 1]] };
  const loaded = new Suggestions(new Model(state), state);
  assert.deepEqual([found(loaded, 0), found(loaded, 1)], [[[3, 15, 1]], [[4, 7, 1]]]);
  assert.equal(loaded.spansIn(1)[0].id, d.suggestions.spansIn(1)[0].id, "and it is the same suggestion");
});

test("to the next and the one before, from words and from blocks", () => {
  const { suggestions: s, id } = made(["b", "-", "b"], { spans: [[0, 0, 5, 1, 90, 1], [0, 16, 28, 1, 90, 1], [2, 16, 28, 1, 90, 1]] });
  const at = (o) => o && [o.block, o.from];
  assert.deepEqual(at(s.neighbour(0, null, 1)), [id(0), 0], "a block that is not begun: its first");
  assert.deepEqual(at(s.neighbour(0, { from: 0, to: 5 }, 1)), [id(0), 16]);
  assert.deepEqual(at(s.neighbour(0, { from: 16, to: 19 }, 1)), [id(0), 16], "its first word is not yet it");
  assert.deepEqual(at(s.neighbour(0, { from: 16, to: 28 }, 1)), [id(2), 16]);
  assert.equal(s.neighbour(2, { from: 16, to: 28 }, 1), null);
  assert.deepEqual(at(s.neighbour(2, { from: 16, to: 28 }, -1)), [id(0), 16]);
  assert.deepEqual(at(s.neighbour(1, null, -1)), [id(0), 16]);
  assert.equal(s.neighbour(0, { from: 0, to: 5 }, -1), null);
  assert.equal(s.at(0, { from: 16, to: 28 })?.from, 16);
  assert.equal(s.at(0, { from: 16, to: 19 }), undefined);
});

test("in words: what, from where, how sure", () => {
  const { suggestions: s } = made(["x14", "x1", "b"], { spans: [[2, 16, 28, 1, 91, 2], [2, 0, 5, 2, 60, 1]] });
  assert.deepEqual([s.of(0), s.of(1), s.of(2), ...s.spansIn(2)].map((o) => s.words(o)), [
    "boilerplate, seen on 14 pages of this site", "boilerplate, seen on 1 page of this site", "body, model 7, 95\u00a0%", "ORG, model 7, 60\u00a0%", "Person, marked before, 91\u00a0%",
  ]);
});

test("a document without suggestions has none", () => {
  const state = stateOf(), model = new Model(state), s = new Suggestions(model, state);
  assert.deepEqual([s.any, s.left, s.of(0), s.neighbour(0, null, 1), s.within([[0, 6]]).runs], [false, 0, undefined, null, []]);
  assert.equal(new Known(model, s).at(0), undefined);
});

test("the count of open ones is what a recount gives, whatever is done", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const rand = random(seed), pick = (n) => Math.floor(rand() * n);
    const d = made(Array.from({ length: 12 }, () => ["x5", "x5", "b", "m", "-"][pick(5)]), { spans: Array.from({ length: 20 }, () => [pick(12), 16 + pick(6), 22 + pick(6), 1 + pick(2), 50 + pick(50), 1]) });
    for (let n = 0; n < 60; n++) {
      const i = pick(d.model.blocks.length), j = Math.min(d.model.blocks.length - 1, i + pick(5)), b = d.model.blocks[i];
      try {
        switch (pick(7)) {
          case 0:
          case 1: d.model.do({ id: name(), kind: "class", from: b.id, to: d.model.blocks[j].id, class: ["body", "boilerplate", ""][pick(3)] }); break;
          case 2: d.model.do({ id: name(), kind: "split", block: b.id, at: pick(d.model.text(i).length) }); break;
          case 3: d.model.do({ id: name(), kind: "join", block: b.id }); break;
          case 4: {
            const from = pick(d.model.text(i).length), to = Math.min(d.model.text(i).length, from + 4);
            d.model.do({ id: name(), kind: "spans", add: [{ id: name(), block: b.id, from, to, label: 1, quote: d.model.text(i).slice(from, to) }] });
            break;
          }
          case 5: d.model.undo(); break;
          default: {
            const [s] = d.suggestions.spansIn(i);
            if (s) d.suggestions.reject(s);
            else for (const id of d.suggestions.rejected) d.suggestions.restore(id);
          }
        }
      } catch (err) {
        if (err.name !== "Error") throw err; // Refused: it was not possible
      }
      const { left } = d.suggestions;
      d.suggestions.recount();
      assert.equal(left, d.suggestions.left, `seed ${seed}, step ${n}`);
      d.model.blocks.forEach((o, k) => {
        const s = d.known.at(k);
        if (s) assert.ok(d.model.blocks.slice(d.known.start(k), d.known.end(k) + 1).every((p) => p.cls === o.cls && p.cls !== "b"), "a closed stretch is one thing");
      });
    }
  }
});
