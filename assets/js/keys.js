// @ts-check
// Which key does what. The list of actions is keys.json, which the server
// embeds in the page; a person's own keys are laid over it. A key is written as
// the character it types ("b", "B", "?") or by name with its modifiers
// ("Space", "Shift+ArrowDown").

/**
 * @typedef {{action: string, key: string, also?: string[], group: string, in?: string, words: string, fixed?: boolean}} Action
 * @typedef {{key: string, code?: string, shiftKey?: boolean, altKey?: boolean, ctrlKey?: boolean, metaKey?: boolean, isComposing?: boolean,
 *   getModifierState?: (name: string) => boolean}} Press
 */

/** Keys that no action may take, because the browser or the dialogs need them. */
const taken = new Set(["Tab", "Shift+Tab", "Escape", "Enter", "F5", "F11", "F12"]);

const modifiers = new Set(["Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock", "NumLock", "Dead", "Unidentified", "Process"]);

/**
 * The keys that a press may stand for, likeliest first. A letter of a
 * non-Latin layout also stands for the Latin letter printed on that key, and
 * the digit row for digits where the layout needs Shift for them. Empty where
 * the press is none of ours: Ctrl or Meta is held, or text is being composed.
 * @param {Press} press
 * @returns {string[]}
 */
export function keysOf(press) {
  const third = press.getModifierState?.("AltGraph") ?? false;
  if (press.isComposing || press.metaKey || (press.ctrlKey && !third) || modifiers.has(press.key)) return [];

  if ([...press.key].length > 1 || press.key === " ") {
    const name = press.key === " " ? "Space" : press.key;
    return [(press.altKey ? "Alt+" : "") + (press.shiftKey ? "Shift+" : "") + name];
  }

  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(press.code ?? "");
  if (press.altKey && !third) return digit ? ["Alt+" + digit[1]] : [];

  const out = [press.key];
  const letter = /^Key([A-Z])$/.exec(press.code ?? "");
  if (letter && !/^\p{Script=Latin}$/u.test(press.key)) out.push(press.shiftKey ? letter[1] : letter[1].toLowerCase());
  if (digit && !press.shiftKey && press.key !== digit[1]) out.push(digit[1]);
  return out;
}

export class Keymap {
  /**
   * @param {Action[]} actions
   * @param {Record<string, string>} own the person's own keys, by action
   * @param {{id: number, title: string, name: string, key: string, retired?: boolean}[]} labels
   */
  constructor(actions, own, labels) {
    this.actions = actions;
    this.labels = labels.filter((l) => l.key && !l.retired);
    this.own = { ...own };
    this.#index();
  }

  #index() {
    /** @type {Map<string, Action>} */
    this.byKey = new Map();
    for (const a of this.actions) for (const key of this.keys(a)) if (!this.byKey.has(key)) this.byKey.set(key, a);
    this.byLabelKey = new Map(this.labels.map((l) => [l.key, l.id]));
  }

  /** All keys of an action, the one that is shown first. @param {Action} a */
  keys(a) {
    return [this.own[a.action] ?? a.key, ...(a.also ?? [])];
  }

  /** The key shown for an action. @param {string} action */
  key(action) {
    const a = this.actions.find((o) => o.action === action);
    return a ? this.keys(a)[0] : "";
  }

  /**
   * What a press does: an action, or a label to give ("second" where Alt asks
   * for one more label on the same words). Null for nothing.
   * @param {Press} press
   * @param {boolean} inWords
   * @returns {{action: string} | {label: number, second: boolean} | null}
   */
  find(press, inWords) {
    for (const key of keysOf(press)) {
      const a = this.byKey?.get(key);
      if (a) return a.in === "words" && !inWords ? null : { action: a.action };
      const label = this.byLabelKey?.get(key) ?? this.byLabelKey?.get(key.replace(/^Alt\+/, ""));
      if (label !== undefined) return { label, second: key.startsWith("Alt+") };
    }
    return null;
  }

  /**
   * Why an action cannot have a key, in words; "" where it can.
   * @param {string} action
   * @param {string} key
   */
  problem(action, key) {
    const mine = this.actions.find((a) => a.action === action);
    if (!mine || mine.fixed) return "This key cannot be changed.";
    if (taken.has(key) && !(action === "submit" && key === "Enter")) return `${show(key)} cannot be given to an action, the browser and the dialogs need it.`;
    const other = this.actions.find((a) => a !== mine && this.keys(a).includes(key));
    if (other) return `${show(key)} is already used for: ${other.words}.`;
    const label = this.labels.find((l) => l.key === key);
    if (label) return `${show(key)} is already the key of the label ${label.title || label.name}.`;
    return "";
  }

  /**
   * Gives an action another key; the usual one again where key is "". Returns
   * the problem, "" where it is done.
   * @param {string} action
   * @param {string} key
   */
  set(action, key) {
    const usual = this.actions.find((a) => a.action === action)?.key ?? "";
    const problem = this.problem(action, key || usual);
    if (problem) return problem;
    if (!key || key === usual) delete this.own[action];
    else this.own[action] = key;
    this.#index();
    return "";
  }

  /** All keys as they were. */
  reset() {
    this.own = {};
    this.#index();
  }
}

/** @type {Record<string, string>} */
const signs = { ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", Enter: "⏎", Escape: "Esc", Delete: "Del", Backspace: "⌫", PageUp: "PgUp", PageDown: "PgDn", Shift: "⇧" };

/** A key as it is shown: "⇧↓", "Space". @param {string} key */
export function show(key) {
  if (key === "+") return key;
  return key.split("+").map((part) => signs[part] ?? part).join(" ");
}
