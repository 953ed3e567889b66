// @ts-check
// Words of a block's text, in UTF-16 units: where they are, what a selection
// becomes when it is snapped to them, and where a quote stands again.

/** @typedef {{from: number, to: number}} Range */

const segmenters = new Map();

/** @param {string} language */
function segmenter(language) {
  let s = segmenters.get(language);
  if (s === undefined) {
    s = null;
    if (typeof Intl !== "undefined" && "Segmenter" in Intl) {
      try {
        s = new Intl.Segmenter(language || undefined, { granularity: "word" });
      } catch {
        s = new Intl.Segmenter(undefined, { granularity: "word" }); // not a language tag
      }
    }
    segmenters.set(language, s);
  }
  return s;
}

/** A picture that is clicked is meant, not the word beside it. */
const picture = /\p{Extended_Pictographic}|\p{Regional_Indicator}/u;

/**
 * The words of a text in order, emoji among them. Where it has none ("- - -"), its runs without
 * spaces stand for them, so that every text that shows something can be marked.
 * @param {string} text
 * @param {string} language a BCP 47 tag, or ""
 * @returns {Range[]}
 */
export function words(text, language) {
  const s = segmenter(language);
  /** @type {Range[]} */
  const out = [];
  if (s) {
    for (const w of s.segment(text)) if (w.isWordLike || picture.test(w.segment)) out.push({ from: w.index, to: w.index + w.segment.length });
  } else {
    for (const m of text.matchAll(/[\p{L}\p{M}\p{N}_]+(?:['’.][\p{L}\p{M}\p{N}_]+)*|[\p{Extended_Pictographic}\p{Regional_Indicator}\u200d\ufe0f\p{Emoji_Modifier}]+/gu)) out.push({ from: m.index, to: m.index + m[0].length });
  }
  if (out.length === 0) for (const m of text.matchAll(/\S+/gu)) out.push({ from: m.index, to: m.index + m[0].length });
  return out;
}

/**
 * The index of the word at a unit, or of the nearest one; -1 where there is none.
 * @param {readonly Range[]} list
 * @param {number} at
 */
export function wordAt(list, at) {
  let best = -1, gap = Infinity;
  for (let i = 0; i < list.length; i++) {
    const d = at < list[i].from ? list[i].from - at : at >= list[i].to ? at - list[i].to + 1 : 0;
    if (d < gap) [best, gap] = [i, d];
    if (d === 0 || list[i].from > at) break;
  }
  return best;
}

const kept = /^[#@%&*/\\_]$/;
const outside = /^[\p{White_Space}\p{P}\p{Cc}\p{Cf}]$/u;
const partners = [..."()[]{}«»“”‘’‹›「」『』"];

/** @param {string} c */
const outer = (c) => !kept.test(c) && outside.test(c);

/** @param {string[]} s @param {string} mark */
function paired(s, mark) {
  const i = partners.indexOf(mark);
  return i >= 0 && s.includes(partners[i ^ 1]);
}

/** @param {string[]} before */
function abbreviated(before) {
  let i = before.length;
  while (i > 0 && !/^\p{White_Space}$/u.test(before[i - 1])) i--;
  const word = before.slice(i);
  const letters = word.filter((c) => !/^\p{M}$/u.test(c)).length; // a decomposed accent is none
  return word.length > 0 && (word.includes(".") || (letters <= 3 && /^\p{Lu}$/u.test(word[0])));
}

/**
 * Trims outer spaces and punctuation as the server does (corpus.Snap): a
 * bracket or quotation mark stays where its partner is inside, a full stop
 * where it belongs to an abbreviation. Null where nothing is left.
 * @param {string} text
 * @param {number} from
 * @param {number} to
 * @returns {Range | null}
 */
export function snap(text, from, to) {
  const s = [...text.slice(from, to)];
  let lo = 0, hi = s.length;
  while (lo < hi && outer(s[lo]) && !paired(s.slice(lo, hi), s[lo])) from += s[lo++].length;
  while (lo < hi && outer(s[hi - 1]) && !paired(s.slice(lo, hi), s[hi - 1]) && !(s[hi - 1] === "." && abbreviated(s.slice(lo, hi - 1)))) to -= s[--hi].length;
  return lo < hi ? { from, to } : null;
}

const wordy = /^[\p{L}\p{M}\p{N}_]$/u;
const unspaced = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]$/u;

/** Whether a word goes on between these two characters. @param {string} a @param {string} b */
const joined = (a, b) => wordy.test(a) && wordy.test(b) && !unspaced.test(a) && !unspaced.test(b);

/** @param {string} text @param {number} at */
const charBefore = (text, at) => (at > 0 ? /** @type {string} */ ([...text.slice(Math.max(0, at - 2), at)].at(-1)) : "");
/** @param {string} text @param {number} at */
const charAt = (text, at) => (at < text.length ? String.fromCodePoint(/** @type {number} */ (text.codePointAt(at))) : "");

/**
 * Where a quote stands in a text as whole words, left to right, without overlaps.
 * @param {string} text
 * @param {string} quote
 * @returns {Range[]}
 */
export function occurrences(text, quote) {
  /** @type {Range[]} */
  const out = [];
  if (!quote) return out;
  for (let at = text.indexOf(quote); at >= 0; ) {
    const to = at + quote.length;
    const whole = !joined(charBefore(text, at), charAt(text, at)) && !joined(charBefore(text, to), charAt(text, to));
    if (whole) out.push({ from: at, to });
    at = text.indexOf(quote, whole ? to : at + 1);
  }
  return out;
}

/**
 * One character further from a unit, as a reader counts: a letter with its
 * marks, an emoji family, a flag are one.
 * @param {string} text
 * @param {number} at
 * @param {1 | -1} by
 */
export function character(text, at, by) {
  if (typeof Intl !== "undefined" && "Segmenter" in Intl) {
    let before = 0;
    for (const g of new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text)) {
      const end = g.index + g.segment.length;
      if (by > 0 && end > at) return end;
      if (by < 0 && end >= at) return g.index < at ? g.index : before;
      before = g.index;
    }
  }
  return Math.min(text.length, Math.max(0, at + by));
}
