// Random numbers that are the same in every run, and documents to try things on.

/** A generator of numbers in [0, 1) from a seed (mulberry32). @param {number} seed */
export function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Texts in which units, code points and characters differ. */
export const texts = [
  "Repairs will close both lanes",
  "😀 Ada said: “the 👨‍👩‍👧‍👦 flag 🇩🇪 is e\u0301clair”",
  "שלום לכולם, דוד בן גוריון",
  "one\u00a0two\rthree\u0000four",
  "-",
  "ภาษาไทย เมืองหลวง",
  "Ada Lovelace, Inc. and U.S. (Navy)",
];

/** A state as the server sends it. @param {string[]} list @param {object} more */
export function stateOf(list = texts, more = {}) {
  let at = 0;
  const blocks = list.map((t) => {
    const b = [at, "", "", 0, 0, 0, -1];
    at += [...t].length + 1;
    return b;
  });
  return {
    document: 7, project: 1, annotator: 3, person: "mara", name: "a.txt", language: "en", events: 0, status: "draft", why: "", undo: "", redo: "",
    docState: "begun", newer: 0, gold: 0, goldBy: [], note: "", labels: [], reasons: [], keys: {}, paths: [], blocks, texts: [...list], spans: [], ...more,
  };
}
