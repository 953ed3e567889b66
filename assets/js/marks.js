// @ts-check
// Painting spans: a block's text is cut at the borders of its spans into runs
// that nest, and the runs become elements. This is the only place that does.

import { inOrder } from "./state.js";

/**
 * @typedef {{from: number, to: number, id: string}} Range
 * @typedef {{from: number, to: number, span?: undefined}} Text
 * @typedef {{from: number, to: number, span: Range, nodes: (Text | Cut)[]}} Cut
 *   a span, or where two spans cross, a part of one
 */

/**
 * Cuts a text of that length. Spans may nest, touch, overlap or cover the same
 * range; each unit of the text stands in exactly one Text, in order. Where two
 * spans cross, the one that starts later is cut in two.
 * @param {number} length
 * @param {readonly Range[]} spans
 * @returns {(Text | Cut)[]}
 */
export function cut(length, spans) {
  const sorted = [...spans].sort(inOrder);
  const borders = new Set([0, length]);
  for (const s of sorted) borders.add(s.from).add(s.to);
  const at = [...borders].sort((a, b) => a - b);

  /** @type {(Text | Cut)[]} */
  const root = [];
  /** @type {Cut[]} */
  let open = [];
  /** @type {Range[]} */
  let active = [];
  let next = 0;
  for (let n = 0; n + 1 < at.length; n++) {
    const from = at[n], to = at[n + 1];
    active = active.filter((s) => s.to > from);
    while (next < sorted.length && sorted[next].from <= from) active.push(sorted[next++]);

    let same = 0;
    while (same < open.length && open[same].span === active[same]) same++;
    open = open.slice(0, same);
    for (const span of active.slice(same)) {
      /** @type {Cut} */
      const node = { from, to, span, nodes: [] };
      (open.at(-1)?.nodes ?? root).push(node);
      open.push(node);
    }
    for (const node of open) node.to = to;
    (open.at(-1)?.nodes ?? root).push({ from, to });
  }

  return root;
}

/**
 * Fills an element with the text and its spans. look gives each span its tag,
 * class, the short name shown behind it, and what it says under the pointer;
 * that name is drawn by the style sheet, so that the element's text stays the
 * block's.
 * @param {Element} into
 * @param {string} text
 * @param {readonly Range[]} spans
 * @param {(span: any) => {tag: string, cls: string, type: string, title?: string}} look
 */
export function paint(into, text, spans, look) {
  const doc = into.ownerDocument;
  if (spans.length === 0) {
    const only = into.firstChild;
    if (!only || only !== into.lastChild || only.nodeType !== 3 || only.nodeValue !== text) into.replaceChildren(doc.createTextNode(text));
    return;
  }

  const make = (/** @type {Text | Cut} */ node) => {
    if (!node.span) return doc.createTextNode(text.slice(node.from, node.to));
    const { tag, cls, type, title } = look(node.span);
    const el = doc.createElement(tag);
    el.className = cls;
    if (node.from > node.span.from) el.classList.add("cut-start");
    if (node.to < node.span.to) el.classList.add("cut-end");
    else if (type) el.dataset.type = type;
    if (title) el.title = title;
    el.dataset.span = node.span.id;
    for (const child of node.nodes) el.append(make(child));
    return el;
  };
  into.replaceChildren(...cut(text.length, spans).map(make));
}
