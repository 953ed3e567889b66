import assert from "node:assert/strict";
import { test } from "node:test";
import { cut } from "../js/marks.js";
import { random } from "./help.js";

/** A tree as one line: spans in brackets with their id. */
function line(text, nodes) {
  return nodes.map((n) => (n.span ? `[${n.span.id} ${line(text, n.nodes)}]` : text.slice(n.from, n.to))).join("|");
}
const spans = (...list) => list.map(([from, to, id]) => ({ from, to, id }));

for (const [rule, text, list, want] of [
  ["no span is one run", "abc", [], "abc"],
  ["a span in the middle", "abcde", [[1, 3, "p"]], "a|[p bc]|de"],
  ["a span over everything", "abc", [[0, 3, "p"]], "[p abc]"],
  ["spans that touch stay apart", "abcd", [[0, 2, "p"], [2, 4, "q"]], "[p ab]|[q cd]"],
  ["a span inside another", "abcd", [[0, 4, "p"], [1, 2, "q"]], "[p a|[q b]|cd]"],
  ["spans with the same start: the longer is outside", "abcd", [[0, 2, "a"], [0, 4, "z"]], "[z [a ab]|cd]"],
  ["spans with the same end", "abcd", [[0, 4, "p"], [2, 4, "q"]], "[p ab|[q cd]]"],
  ["one range with two labels nests by id", "abc", [[0, 3, "q"], [0, 3, "p"]], "[p [q abc]]"],
  ["spans that cross: the later one is cut", "abcdef", [[0, 4, "p"], [2, 6, "q"]], "[p ab|[q cd]]|[q ef]"],
  ["three that cross", "abcdef", [[0, 3, "p"], [1, 5, "q"], [2, 6, "r"]], "[p a|[q b|[r c]]]|[q [r de]]|[r f]"],
  ["an emoji before the span", "😀 Ada", [[3, 6, "p"]], "😀 |[p Ada]"],
  ["an empty text", "", [], ""],
]) {
  test(rule, () => assert.equal(line(text, cut(text.length, spans(...list))), want));
}

test("any spans: every unit stands once, in order, under exactly the spans that cover it", () => {
  const rand = random(11);
  for (let n = 0; n < 400; n++) {
    const length = 1 + Math.floor(rand() * 30);
    const list = Array.from({ length: Math.floor(rand() * 8) }, (_, i) => {
      const from = Math.floor(rand() * length);
      return { id: `s${i}`, from, to: from + 1 + Math.floor(rand() * (length - from)) };
    });
    let at = 0;
    const walk = (nodes, above) => {
      for (const node of nodes) {
        if (node.span) {
          assert.ok(!above.includes(node.span.id), "a span is not inside itself");
          assert.ok(node.nodes.length > 0);
          walk(node.nodes, [...above, node.span.id]);
          continue;
        }
        assert.equal(node.from, at);
        at = node.to;
        const want = list.filter((s) => s.from <= node.from && s.to >= node.to).map((s) => s.id).sort();
        assert.deepEqual([...above].sort(), want);
      }
    };
    walk(cut(length, list), []);
    assert.equal(at, length);
  }
});
