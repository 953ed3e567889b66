import assert from "node:assert/strict";
import { test } from "node:test";
import { prose, turn } from "../js/turns.js";

for (const [rule, text, want] of [
  ["a headline is none", "Repairs to the Kessel bridge will close both lanes until spring", false],
  ["a headline with a dash behind it is none", "Ten Quiet Villages To See Before Everybody Else Does -", false],
  ["a sentence of some length is", "Brandt said that the islanders´ patience was not a budget line.", true],
  ["closing quotes stand behind a sentence's end", "“We looked at every weld twice,” she said, “and it did not get better.”", true],
  ["a short sentence is not", "It rained.", false],
  ["a long block is, whatever its end", "word ".repeat(40), true],
  ["Japanese says more in less", "青波市の山田恵子市長は火曜日、修復を終えた千羽橋の渡り初めを行った。", true],
  ["an Arabic question is a sentence", "هل سيستمر العمل في الميناء حتى نهاية شهر مارس القادم؟", true],
  ["a dash is none", "-", false],
  ["nothing is none", "", false],
]) {
  test(`prose: ${rule}`, () => assert.equal(prose(text), want));
}

const long = "x".repeat(150);
const page = ["menu", "menu", "title", long, long, "sub", long, "-", "more", "more"];
const at = (/** @type {number} */ i) => page[i];

test("going on stops at each part's first block", () => {
  const stops = [];
  for (let i = 0; i >= 0; i = turn(at, page.length, i, 1)) stops.push(i);
  assert.deepEqual(stops, [0, 3, 5, 6, 7]);
});

test("going back stops at the same blocks", () => {
  const stops = [];
  for (let i = page.length - 1; i >= 0; i = turn(at, page.length, i, -1)) stops.push(i);
  assert.deepEqual(stops, [9, 7, 6, 5, 3, 0]);
});
