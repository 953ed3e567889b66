// @ts-check
// Where a page turns from prose to short lines or back: from the article to
// the headlines under it, from the menu to the article. A look at a block's
// length and its end finds nearly all of them, so one key jumps from one part
// of the page to the next.

/** A sentence's end, with whatever closes behind it. */
const ended = /[.!?…。！？؟۔।][\p{Pe}\p{Pf}\p{Pi}"'´`\s]*$/u;

/**
 * Whether a block reads like prose: long, or of some length and a sentence.
 * Scripts without spaces say more in fewer characters.
 * @param {string} text
 */
export function prose(text) {
  const dense = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u.test(text) ? 2.5 : 1;
  const length = text.trim().length * dense;

  return length >= 120 || (length >= 40 && ended.test(text));
}

/**
 * The first block of the next part, or of the part before, seen from block
 * from; -1 where there is none. Going back, a block inside a part leads to
 * that part's own first block.
 * @param {(i: number) => string} text
 * @param {number} n how many blocks there are
 * @param {number} from
 * @param {1 | -1} step
 */
export function turn(text, n, from, step) {
  if (step > 0) {
    const here = prose(text(from));
    for (let i = from + 1; i < n; i++) if (prose(text(i)) !== here) return i;

    return -1;
  }
  if (from === 0) return -1;
  const part = prose(text(from - 1));
  let i = from - 1;
  while (i > 0 && prose(text(i - 1)) === part) i--;

  return i;
}
