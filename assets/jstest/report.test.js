import assert from "node:assert/strict";
import { test } from "node:test";
import { step, wanted } from "../js/report.js";

for (const [rule, press, want] of [
  ["n is the next mistake", { key: "n" }, "next"],
  ["N is the one before", { key: "N", shiftKey: true }, "prev"],
  ["j is the next document", { key: "j" }, "next-document"],
  ["k is the one before", { key: "k" }, "prev-document"],
  ["a Russian j is the same key", { key: "о", code: "KeyJ" }, "next-document"],
  ["Escape goes back", { key: "Escape" }, "list"],
  ["Ctrl belongs to the browser", { key: "n", ctrlKey: true }, ""],
  ["another key is nobody's", { key: "x" }, ""],
]) test(`keys: ${rule}`, () => assert.equal(wanted(press), want));

for (const [rule, args, want] of [
  ["from one to the next", [1, 1, [0, 10, 20]], 2],
  ["around the end", [3, 1, [0, 10, 20]], 1],
  ["back around the start", [1, -1, [0, 10, 20]], 3],
  ["from nowhere to the first below the bar", [0, 1, [-500, 20, 300], 80], 3],
  ["from below all of them to the first", [0, 1, [-500, -20], 80], 1],
  ["from nowhere back to the last above", [0, -1, [-500, 20, 300], 80], 2],
  ["from above all of them back to the last", [0, -1, [200, 300], 80], 2],
  ["there is none", [0, 1, []], 0],
]) test(`step: ${rule}`, () => assert.equal(step(...args), want));
