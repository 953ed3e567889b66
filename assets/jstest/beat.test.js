import assert from "node:assert/strict";
import { test } from "node:test";
import { Clock, idle, numberOf, Ranges } from "../js/beat.js";

test("time passes while somebody is at it, and half a minute longer", () => {
  const c = new Clock(1000, true);
  assert.equal(c.read(6000), 5000);
  c.input(11_000);
  assert.equal(c.read(1_000_000), 10_000 + idle);
  assert.equal(c.read(2_000_000), 10_000 + idle);
});

test("coming back after a pause counts from the first input on", () => {
  const c = new Clock(0, true);
  assert.equal(c.read(100_000), idle);
  c.input(200_000);
  assert.equal(c.read(201_000), idle + 1000);
});

test("asking often changes nothing", () => {
  const often = new Clock(0, true), once = new Clock(0, true);
  for (let t = 0; t <= 50_000; t += 7) often.read(t);
  assert.equal(often.read(50_000), once.read(50_000));
});

test("no time passes behind another window, whatever the pointer does", () => {
  const c = new Clock(0, true);
  c.focus(2000, false);
  c.input(3000);
  c.input(4000);
  assert.equal(c.read(5000), 2000);
  c.focus(6000, true);
  assert.equal(c.read(7000), 3000);
});

test("coming to the front is no input", () => {
  const c = new Clock(0, false);
  c.focus(60_000, true);
  assert.equal(c.read(70_000), 0);
  c.input(70_000);
  assert.equal(c.read(71_000), 1000);
});

test("two tabs count once: one of them is in front", () => {
  const a = new Clock(0, true), b = new Clock(0, false);
  for (let t = 1000; t <= 10_000; t += 1000) {
    const front = t % 4000 < 2000;
    a.focus(t, front);
    b.focus(t, !front);
    (front ? a : b).input(t);
  }
  assert.equal(a.read(10_000) + b.read(10_000), 10_000);
});

test("a clock that stands still or goes back takes nothing away", () => {
  const c = new Clock(5000, true);
  c.read(6000);
  assert.equal(c.read(5500), 1000);
  assert.equal(c.read(6000), 1000);
});

test("ranges join where they touch or overlap", () => {
  const r = new Ranges();
  for (const [from, to] of [[5, 6], [0, 1], [2, 3], [1, 2], [9, 12], [6, 9], [20, 21]]) r.add(from, to);
  assert.deepEqual(r.list, [[0, 3], [5, 12], [20, 21]]);
  r.add(2, 20);
  assert.deepEqual(r.list, [[0, 21]]);
});

test("any order of additions gives the same ranges", () => {
  const want = new Ranges(), got = new Ranges();
  const ns = [3, 1, 4, 15, 9, 2, 6, 5, 35, 8];
  for (const n of ns) want.add(n, n + 1);
  for (const n of ns.reverse()) got.add(n, n + 1);
  assert.deepEqual(got.list, want.list);
});

test("a part of a split block has the block's number", () => {
  const starts = [0, 16, 49, 51];
  for (const [id, number] of [[0, 0], [7, 0], [16, 1], [30, 1], [49, 2], [51, 3], [60, 3]]) assert.equal(numberOf(starts, id), number);
});
