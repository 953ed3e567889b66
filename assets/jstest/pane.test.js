import assert from "node:assert/strict";
import { test } from "node:test";
import { after, whole } from "../js/pane.js";

test("the pane goes round three places", () => {
  assert.deepEqual(["beside", "top", "hidden"].map((p) => after(p, false)), ["top", "hidden", "beside"]);
});

test("a narrow screen has no place beside the blocks", () => {
  assert.equal(after("hidden", true), "top");
  assert.equal(after("top", true), "hidden");
});

test("a part of a block is shown by the element of the first part", () => {
  const blocks = [{ part: false }, { part: true }, { part: true }, { part: false }];
  assert.deepEqual([0, 1, 2, 3].map((i) => whole(blocks, i)), [0, 0, 0, 3]);
});
