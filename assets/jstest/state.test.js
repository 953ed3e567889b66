import assert from "node:assert/strict";
import { test } from "node:test";
import { codePoints, Model, Refused } from "../js/state.js";
import { random, stateOf, texts } from "./help.js";

/** Everything that a person can see of a model. */
function picture(m) {
  return {
    blocks: m.blocks.map((b, i) => [b.id, b.cls, b.reason, b.part, m.text(i)]),
    spans: m.blocks.flatMap((b, i) => m.spansIn(i).map((s) => [b.id, s.id, s.from, s.to, s.label, s.quote])),
    counts: { ...m.counts },
    labels: Object.fromEntries([...m.labels].filter(([, n]) => n)),
    entities: Object.fromEntries([...m.entities].map(([k, e]) => [k, e.n])),
    note: m.note,
  };
}

/** Counts made from scratch, to hold against the running ones. */
function recount(m) {
  const counts = { b: 0, x: 0, "": 0 }, labels = {}, entities = {};
  for (const b of m.blocks) counts[b.cls]++;
  for (const s of m.spans.values()) {
    labels[s.label] = (labels[s.label] ?? 0) + 1;
    entities[`${s.label} ${s.quote}`] = (entities[`${s.label} ${s.quote}`] ?? 0) + 1;
  }
  return { counts, labels, entities };
}

let serial = 0;
const name = () => `event-${String(++serial).padStart(6, "0")}`;

/** A random event, possible or not. */
function anyEvent(m, rand) {
  const pick = (n) => Math.floor(rand() * n);
  const i = pick(m.blocks.length), b = m.blocks[i], text = m.text(i), id = name();
  switch (pick(6)) {
    case 0:
    case 1: {
      const j = Math.min(m.blocks.length - 1, i + pick(4));
      return { id, kind: "class", from: b.id, to: m.blocks[j].id, class: ["body", "boilerplate", ""][pick(3)], reason: ["", "related"][pick(2)] };
    }
    case 2: {
      const starts = [...text].reduce((list, c) => [...list, list.at(-1) + c.length], [0]);
      return { id, kind: "split", block: b.id, at: starts[pick(starts.length)] };
    }
    case 3:
      return { id, kind: "join", block: b.id };
    case 4: {
      const from = pick(text.length + 1), to = Math.min(text.length, from + pick(8));
      const remove = rand() < 0.3 && m.spans.size ? [[...m.spans.keys()][pick(m.spans.size)]] : [];
      return { id, kind: "spans", add: [{ id: name(), block: b.id, from, to, label: 1 + pick(3), quote: text.slice(from, to) }], remove };
    }
    default:
      return { id, kind: "note", note: `note ${pick(100)}` };
  }
}

test("whatever is done, undo takes it back exactly and redo does it again", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const rand = random(seed), m = new Model(stateOf());
    const pictures = [picture(m)];
    for (let n = 0; n < 40; n++) {
      const before = picture(m);
      try {
        m.do(anyEvent(m, rand));
      } catch (err) {
        assert.ok(err instanceof Refused, String(err));
        assert.deepEqual(picture(m), before, "a refused action changes nothing");
        continue;
      }
      pictures.push(picture(m));
      const { counts, labels, entities } = picture(m);
      assert.deepEqual({ counts, labels, entities }, recount(m), "running counts");
      assert.equal(m.blocks.map((_, i) => m.text(i)).join(""), texts.join(""), "no text is lost");
    }
    for (let n = pictures.length - 2; n >= 0; n--) {
      assert.ok(m.undo());
      assert.deepEqual(picture(m), pictures[n], `seed ${seed}, undo to ${n}`);
    }
    assert.equal(m.undo(), null);
    for (let n = 1; n < pictures.length; n++) {
      m.redo();
      assert.deepEqual(picture(m), pictures[n], `seed ${seed}, redo to ${n}`);
    }
    assert.equal(m.redo(), null);
  }
});

/** The answer of a server whose copy is the model other, about all blocks. */
function answerOf(other, more = {}) {
  const wire = (b) => [b.id, b.cls, b.reason, 0, 0, b.part ? 1 : 0, -1];
  const cut = (i) => other.blocks[i].part || other.blocks[i + 1]?.part;
  return {
    before: 0, events: 1, status: "draft", why: "", undo: other.done.at(-1)?.id ?? "", redo: "", docState: "begun", newer: 0, gold: 0, goldBy: [], note: other.note,
    applied: [], refused: [], touched: [[other.blocks[0].id, other.blocks.at(-1).id]],
    classes: other.blocks.map((b) => [b.id, b.id, b.cls, b.reason]),
    parts: other.blocks.flatMap((b, i) => (cut(i) ? [[...wire(b), other.text(i)]] : [])),
    spans: other.blocks.flatMap((b, i) => other.spansIn(i).map((s) => [b.id, s.id, s.from, s.to, s.label])),
    ...more,
  };
}

test("an answer makes the screen what the server has, from any other state", () => {
  for (let seed = 1; seed <= 80; seed++) {
    const rand = random(seed * 7), mine = new Model(stateOf()), server = new Model(stateOf());
    for (let n = 0; n < 25; n++) for (const m of [mine, server]) {
      try {
        m.do(anyEvent(m, rand));
      } catch (err) {
        assert.ok(err instanceof Refused, String(err));
      }
    }
    mine.settle(answerOf(server));
    assert.deepEqual(picture(mine), picture(server), `seed ${seed}`);
    assert.deepEqual(mine.undo(), server.done.length ? { of: server.done.at(-1).id, waits: true } : null, "only the server knows what to undo");
  }
});

test("a state that was loaded again does the same, unless its blocks are others", () => {
  const mine = new Model(stateOf()), rand = random(5);
  for (let n = 0; n < 20; n++) try { mine.do(anyEvent(mine, rand)); } catch { /* refused */ }
  assert.equal(mine.load(stateOf()), true);
  assert.deepEqual(picture(mine), picture(new Model(stateOf())));
  assert.equal(mine.load(stateOf(["something else"])), false);
});

test("an answer about some blocks leaves the others as they are", () => {
  const m = new Model(stateOf());
  m.do({ id: name(), kind: "class", from: m.blocks[0].id, to: m.blocks[5].id, class: "body" });
  const id = m.blocks[2].id;
  m.settle({ ...answerOf(m), touched: [[id, id]], classes: [[id, id, "x", "related"]], parts: [], spans: [] });
  assert.deepEqual(m.blocks.map((b) => b.cls), ["b", "b", "x", "b", "b", "b", ""]);
});

test("listeners hear of exactly the blocks whose marks an answer changes", () => {
  const m = new Model(stateOf(texts, { spans: [[0, "span-one", 0, 7, 1], [0, "span-two", 8, 12, 1]] }));
  const heard = [];
  m.listener = { classes: (i, j) => heard.push(`classes ${i} ${j}`), marks: (i) => heard.push(`marks ${i}`), split() {}, join() {}, note() {}, status() {} };
  m.settle(answerOf(m));
  assert.deepEqual(heard, []);
  const changed = answerOf(m);
  changed.spans = changed.spans.slice(1);
  changed.classes[3][2] = "b";
  m.settle(changed);
  assert.deepEqual(heard, ["classes 3 3", "marks 0"]);
});

test("a split gives the right part the id that the server will give it: code points, not units", () => {
  const m = new Model(stateOf(["😀😀 Ada"]));
  m.do({ id: name(), kind: "split", block: 0, at: 5 });
  assert.deepEqual(m.blocks.map((b, i) => [b.id, m.text(i)]), [[0, "😀😀 "], [3, "Ada"]]);
});

test("a span that crosses a split stops it, and the words say which", () => {
  const m = new Model(stateOf(["Mara Lindqvist said"], { spans: [[0, "span-one", 0, 14, 1]] }));
  assert.throws(() => m.do({ id: name(), kind: "split", block: 0, at: 5 }), (err) => err instanceof Refused && err.message.includes("Mara Lindqvist"));
});

test("events kept from before a reload are done again, undo included", () => {
  const m = new Model(stateOf());
  m.replay({ id: "first-event", kind: "class", from: 0, to: 0, class: "body" });
  m.replay({ id: "undo-event", kind: "undo", of: "first-event" });
  m.replay({ id: "gone-event", kind: "class", from: 99999, to: 99999, class: "body" });
  m.replay({ id: "submit-event", kind: "submit" });
  assert.equal(m.counts.b, 0);
  assert.equal(m.status, "submitted");
});

test("code points are counted as the server counts them", () => {
  for (const t of [...texts, "", "\ud83d", "\ude00\ud83d", "a\ud83d\ude00"]) assert.equal(codePoints(t), [...t].length);
});
