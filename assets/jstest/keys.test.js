import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { Keymap, keysOf, show } from "../js/keys.js";

const all = JSON.parse(await readFile(new URL("../js/keys.json", import.meta.url), "utf8"));
const actions = all.filter((a) => !a.screen), review = all.filter((a) => a.screen === "review");
const labels = [{ id: 1, name: "PER", title: "Person", key: "1" }, { id: 2, name: "ORG", title: "", key: "2", retired: true }, { id: 3, name: "LAW", title: "Law", key: "w" }];
const map = (own = {}) => new Keymap(actions, own, labels);
const press = (key, more = {}) => ({ key, ...more });

for (const [rule, p, want] of [
  ["a letter is itself", press("b"), ["b"]],
  ["a capital is its own key", press("B", { shiftKey: true }), ["B"]],
  ["the space bar has a name", press(" "), ["Space"]],
  ["arrows carry their modifiers", press("ArrowDown", { shiftKey: true }), ["Shift+ArrowDown"]],
  ["Ctrl belongs to the browser", press("b", { ctrlKey: true }), []],
  ["Cmd belongs to the browser", press("b", { metaKey: true }), []],
  ["AltGr types a character", press("[", { ctrlKey: true, altKey: true, getModifierState: (m) => m === "AltGraph" }), ["["]],
  ["a Russian letter also stands for the Latin one on that key", press("и", { code: "KeyB" }), ["и", "b"]],
  ["and with Shift for the capital", press("И", { code: "KeyB", shiftKey: true }), ["И", "B"]],
  ["a moved Latin letter stands for itself alone", press("a", { code: "KeyQ" }), ["a"]],
  ["the French digit row gives digits without Shift", press("&", { code: "Digit1" }), ["&", "1"]],
  ["a Persian digit is a digit", press("۱", { code: "Digit1" }), ["۱", "1"]],
  ["Alt and a digit asks for a second label", press("¡", { code: "Digit1", altKey: true }), ["Alt+1"]],
  ["text that is being composed is nobody's", press("b", { isComposing: true }), []],
  ["a modifier alone is nothing", press("Shift", { shiftKey: true }), []],
  ["a dead key is nothing", press("Dead"), []],
]) {
  test(`keysOf: ${rule}`, () => assert.deepEqual(keysOf(p), want));
}

for (const [screen, list] of [["labelling", actions], ["review", review]]) test(`no key of the ${screen} screen stands for two actions`, () => {
  assert.ok(list.length > 5);
  const seen = new Map();
  for (const a of list) for (const key of [a.key, ...(a.also ?? [])]) {
    assert.ok(!seen.has(key), `${key}: ${seen.get(key)} and ${a.action}`);
    seen.set(key, a.action);
  }
});

test("a press finds its action, its label, or nothing", () => {
  assert.deepEqual(map().find(press("b"), false), { action: "body" });
  assert.deepEqual(map().find(press("1"), false), { label: 1, second: false });
  assert.deepEqual(map().find(press("1", { code: "Digit1", altKey: true }), true), { label: 1, second: true });
  assert.equal(map().find(press("2"), false), null, "a retired label has no key");
  assert.equal(map().find(press("q"), false), null);
});

test("keys of the words do nothing among the blocks, so Tab leaves the list", () => {
  assert.equal(map().find(press("Tab"), false), null);
  assert.deepEqual(map().find(press("Tab"), true), { action: "nextSpan" });
});

test("an own key replaces the usual one, which is free then", () => {
  const m = map();
  assert.equal(m.set("body", "y"), "");
  assert.deepEqual(m.find(press("y"), false), { action: "body" });
  assert.equal(m.find(press("b"), false), null);
  assert.equal(m.set("boilerplate", "b"), "");
  assert.deepEqual(m.own, { body: "y", boilerplate: "b" });
  assert.notEqual(m.set("body", ""), "", "the usual key is taken by now");
  m.reset();
  assert.deepEqual(m.find(press("b"), false), { action: "body" });
});

for (const [rule, action, key, part] of [
  ["a key of another action is refused with its name", "body", "x", "boilerplate"],
  ["so is a second key of another action", "body", "ArrowDown", "next block"],
  ["so is a label's key", "body", "w", "Law"],
  ["Tab stays the browser's", "body", "Tab", "Tab"],
  ["Escape stays with the dialogs", "body", "Escape", "Esc"],
  ["Enter stays with submit", "body", "Enter", "⏎"],
  ["arrows cannot be changed", "right", "v", "cannot"],
  ["an action that is not there cannot have one", "nothing", "v", "cannot"],
]) {
  test(`collisions: ${rule}`, () => {
    const m = map(), said = m.set(action, key);
    assert.ok(said.includes(part), said);
    assert.deepEqual(m.own, {});
  });
}

test("keys are shown as on the keyboard", () => {
  assert.deepEqual(["Shift+ArrowDown", "Space", "+", "b", "Alt+1"].map(show), ["⇧ ↓", "Space", "+", "b", "Alt 1"]);
});
