import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { character, occurrences, snap, wordAt, words } from "../js/words.js";

// The same table is read by the test in Go, so that browser and server cannot
// drift apart: [rule, text, selected, want].
const table = JSON.parse(await readFile(new URL("snap.json", import.meta.url), "utf8"));

for (const [rule, text, selected, want] of table) {
  test(`snap: ${rule}`, () => {
    const from = text.indexOf(selected);
    assert.ok(from >= 0);
    const r = snap(text, from, from + selected.length);
    assert.equal(r ? text.slice(r.from, r.to) : "", want);
  });
}

for (const [rule, text, language, want] of [
  ["words without punctuation", "“We looked,” she said.", "en", ["We", "looked", "she", "said"]],
  ["an apostrophe inside stays", "Kyiv's push", "en", ["Kyiv's", "push"]],
  ["combining marks stay with their letter, and an emoji is a word", "e\u0301clair 😀 now", "fr", ["e\u0301clair", "😀", "now"]],
  ["a family and a flag are one each", "the 👨‍👩‍👧‍👦 from 🇳🇴", "en", ["the", "👨‍👩‍👧‍👦", "from", "🇳🇴"]],
  ["Hebrew", "שלום לכולם", "he", ["שלום", "לכולם"]],
  ["Thai is cut without spaces", "ภาษาไทย", "th", ["ภาษา", "ไทย"]],
  ["a no-break space parts words", "one\u00a0two", "", ["one", "two"]],
  ["a text without words gives its signs", "- — *", "en", ["-", "—", "*"]],
  ["a language that is no tag is no error", "a b", "not a tag", ["a", "b"]],
  ["nothing in nothing", "", "en", []],
]) {
  test(`words: ${rule}`, () => assert.deepEqual(words(text, language).map((w) => text.slice(w.from, w.to)), want));
}

test("the word at a unit is the one that holds it, else the nearest", () => {
  const list = [{ from: 2, to: 5 }, { from: 8, to: 10 }];
  assert.deepEqual([0, 2, 4, 5, 7, 9, 20].map((at) => wordAt(list, at)), [0, 0, 0, 0, 1, 1, 1]);
  assert.equal(wordAt([], 3), -1);
});

for (const [rule, text, quote, want] of [
  ["whole words only", "Ann, Anna and Ann", "Ann", [0, 14]],
  ["without overlaps", "aa aa aa", "aa aa", [0]],
  ["a name before punctuation", "(Ada) Ada's Ada.", "Ada", [1, 6, 12]],
  ["Chinese has no spaces between words", "在北京的北京人", "北京", [1, 4]],
  ["a quote that starts with a sign", "5 % and 15 %", "%", [2, 11]],
  ["a combining mark belongs to the word", "e e\u0301", "e", [0]],
  ["an emoji", "😀😀", "😀", [0, 2]],
  ["an empty quote stands nowhere", "abc", "", []],
]) {
  test(`occurrences: ${rule}`, () => assert.deepEqual(occurrences(text, quote).map((r) => r.from), want));
}

test("a character is what a reader counts as one", () => {
  const text = "a👨‍👩‍👧e\u0301🇩🇪z";
  const steps = [0];
  while (steps.at(-1) < text.length) steps.push(character(text, steps.at(-1), 1));
  assert.deepEqual(steps, [0, 1, 9, 11, 15, 16]);
  const back = [text.length];
  while (back.at(-1) > 0) back.push(character(text, back.at(-1), -1));
  assert.deepEqual(back.reverse(), steps);
});
