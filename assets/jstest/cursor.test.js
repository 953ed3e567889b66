import assert from "node:assert/strict";
import { test } from "node:test";
import { Cursor } from "../js/cursor.js";
import { layout } from "../js/minimap.js";
import { elsewhere, places, twins } from "../js/same.js";
import { Model } from "../js/state.js";
import { stateOf } from "./help.js";

const cursor = (lines, more) => new Cursor(new Model(stateOf(lines, more)), "en");
const quote = (c) => c.quote();

test("the selection is a range from its anchor, or picked blocks as runs", () => {
  const c = cursor(["a", "b", "c", "d", "e"]);
  c.move(3);
  c.move(1, true);
  assert.deepEqual(c.ranges(), [[1, 3]]);
  c.pick(new Set([c.model.blocks[4].id, c.model.blocks[0].id, c.model.blocks[1].id]));
  assert.deepEqual(c.ranges(), [[0, 1], [4, 4]]);
  assert.equal(c.count(), 3);
  c.move(9);
  assert.deepEqual(c.ranges(), [[4, 4]], "moving lets go, and stops at the end");
});

test("words: into them, along, and taking in more or fewer", () => {
  const c = cursor(["“Ada Lovelace,” she said."]);
  assert.ok(c.enter());
  assert.equal(quote(c), "Ada");
  c.step(1, true);
  assert.equal(quote(c), "Ada Lovelace");
  c.step(1, true);
  c.step(-1, true);
  assert.equal(quote(c), "Ada Lovelace");
  c.step(-1, true);
  assert.equal(quote(c), "Ada");
  c.step(1, false);
  assert.equal(quote(c), "Lovelace");
  c.enter(true);
  c.step(1, false);
  assert.equal(quote(c), "said", "the last word is the end");
});

test("growing backwards from a word and forwards again crosses the anchor", () => {
  const c = cursor(["one two three"]);
  c.enter(true);
  c.step(-1, true);
  c.step(-1, true);
  assert.equal(quote(c), "one two three");
  c.step(1, true);
  c.step(1, true);
  assert.equal(quote(c), "three");
});

test("characters are what a reader counts, from a word on", () => {
  const c = cursor(["x 👨‍👩‍👧e\u0301 z"]);
  c.take({ from: 0, to: 1 });
  for (let n = 0; n < 2; n++) c.stepCharacter(1);
  assert.equal(quote(c), "x 👨‍👩‍👧");
  c.stepCharacter(1);
  assert.equal(quote(c), "x 👨‍👩‍👧e\u0301");
  c.stepCharacter(-1);
  assert.equal(quote(c), "x 👨‍👩‍👧");
});

test("an end moves by words and never past the other", () => {
  const c = cursor(["Mara Lindqvist said"]);
  c.enter();
  assert.deepEqual(c.moved("end", 1), { from: 0, to: 14 });
  assert.equal(c.moved("end", -1), null);
  assert.equal(c.moved("start", -1), null);
  c.take({ from: 0, to: 14 });
  assert.deepEqual(c.moved("start", 1), { from: 5, to: 14 });
  assert.deepEqual(c.moved("end", -1), { from: 0, to: 4 });
});

test("entities follow one another through the document", () => {
  const c = cursor(["Ada and Bo", "none", "Cy"], { spans: [[0, "span-a", 0, 3, 1], [0, "span-b", 8, 10, 1], [16, "span-c", 0, 2, 1]] });
  c.enter();
  const seen = [];
  for (let s = c.neighbour(1); s; s = c.neighbour(1)) {
    seen.push(s.quote);
    c.takeSpan(s);
  }
  assert.deepEqual(seen, ["Bo", "Cy"]);
  c.takeSpan(c.neighbour(-1));
  assert.equal(c.quote(), "Bo");
});

test("the innermost entity is the one meant", () => {
  const c = cursor(["Bank of England"], { spans: [[0, "span-a", 0, 15, 2], [0, "span-b", 8, 15, 3]] });
  c.enter(true);
  assert.equal(c.innermost().id, "span-b");
  c.enter();
  assert.equal(c.innermost().id, "span-a");
});

test("growing by elements goes outwards; by classes where there are none", () => {
  const paths = ["body/nav/a", "body/main/p", "body/main/div/p"];
  const c = cursor(["a", "b", "c", "d"]);
  c.model.blocks.forEach((b, i) => (b.path = [0, 1, 2, 1][i]));
  c.move(2);
  assert.deepEqual(c.enclosing(paths), [1, 3]);
  c.select(1, 3);
  assert.deepEqual(c.enclosing(paths), [0, 3]);

  const plain = cursor(["a", "b", "c", "d"]);
  plain.model.blocks[0].cls = "b";
  plain.move(2);
  assert.deepEqual(plain.enclosing([]), [1, 3]);
  plain.select(1, 3);
  assert.deepEqual(plain.enclosing([]), [0, 3]);
});

test("the same everywhere: whole words, without those that have the label", () => {
  const m = new Model(stateOf(["Ada met Adam", "Ada, Ada"], { spans: [[0, "span-a", 0, 3, 1]] }));
  assert.deepEqual(places(m, "Ada", 1).map((p) => [p.block, p.from]), [[13, 0], [13, 5]]);
  assert.deepEqual(places(m, "Ada", 2).map((p) => [p.block, p.from]), [[0, 0], [13, 0], [13, 5]]);
  assert.equal(places(m, "", 1).length, 0);
  assert.deepEqual([...twins(new Model(stateOf(["-", "a", "-"])), 0)], [0, 4]);
});

test("the minimap fits any number of blocks into its height", () => {
  for (const n of [1, 15, 200, 10_000]) {
    const { top } = layout(Array.from({ length: n }, (_, i) => (i * 37) % 300), 800);
    assert.ok(top[n] <= 801, `${n} blocks are ${top[n]} high`);
    for (let i = 0; i < n; i++) assert.ok(top[i + 1] > top[i]);
  }
});

for (const [what, site, text, want] of [
  ["a block, on its site", "one.example", { cls: "b" }, "/documents/7/everywhere?scope=site&block=12&class=body"],
  ["an undecided block, without a site", "", { cls: "" }, "/documents/7/everywhere?scope=project&block=12"],
  ["words with signs of addresses", "one.example", { from: 1, to: 6, quote: "A&B=😀", label: 3 }, "/documents/7/everywhere?scope=site&block=12&from=1&to=6&quote=A%26B%3D%F0%9F%98%80&label=3"],
]) {
  test(`the same elsewhere: ${what}`, () => assert.equal(elsewhere({ document: 7, site }, 12, text), want));
}
