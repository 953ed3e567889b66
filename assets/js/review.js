// @ts-check
// The review screen: differences and their answers, keys, comments, gold. What
// is decided goes through an outbox of its own, so it outlives the page.

import { Deciding, sent } from "./deciding.js";
import { asking, byId, chooseReason, count, help, kept, make, say, sentence, signIn, toast } from "./dialogs.js";
import { Keymap, show } from "./keys.js";
import { alone, newID, openStore, Outbox } from "./outbox.js";
import { words } from "./words.js";

/** @typedef {import("./deciding.js").Place} Place */
/** @typedef {import("./deciding.js").Step} Step */
/** @typedef {import("./deciding.js").Span} Span */

/** @param {string} id */
const json = (id) => JSON.parse(byId(id).textContent ?? "null");

let state = json("state");
const keymap = new Keymap(json("actions"), {}, []);
const here = location.pathname; // of this document's review
let deciding = new Deciding(state);
let focus = "";

// ---- saving

const store = openStore("annotate-review");
let saving = { condition: "saved", words: "" };

/** @type {Record<string, () => string>} */
const chipWords = {
  saved: () => "Saved",
  saving: () => "Saving",
  offline: () => `Offline, ${outbox.kept} kept`,
  signin: () => "Not saved, sign in",
  other: () => "Not saved, sign in",
};

const outbox = new Outbox({
  store,
  annotator: state.annotator,
  post: send,
  alone,
  changed(condition, _, words) {
    const before = saving.condition;
    saving = { condition, words };
    const chip = byId("save");
    chip.dataset.state = condition;
    chip.dataset.kept = String(outbox.kept);
    chip.textContent = chipWords[condition]();
    if (condition === before) return;
    if (condition === "offline") say("The server does not answer. What you decide is kept in this browser and sent later.");
    if (condition === "saved" && before === "offline") say("Everything is saved.");
    if (condition === "signin" || condition === "other") signIn(() => void outbox.retry());
  },
  answered(document, answer, events) {
    if (document !== state.document) return;
    const ids = events.map((e) => e.id), news = /** @type {any} */ (answer);
    if (news.version !== deciding.version) return void reload();
    deciding.answered(news, ids).forEach(paint);
    tally();
    if (/** @type {HTMLDialogElement} */ (byId("entities")).open) fill();
  },
  refused(lost, conflict) {
    for (const one of lost) toast(sentence(one.reason), { stay: true });
    if (conflict) say("Another adjudicator was faster. The page shows what they decided.");
  },
  fragile() {
    toast("This browser does not let the page store anything, so what you decide is safe only once it says Saved.", { stay: true });
  },
});

/**
 * Sends a batch. A 409 that says what became of each action is an answer; one
 * without is that another person is signed in.
 * @param {number} document
 * @param {string} body
 * @returns {Promise<import("./outbox.js").Reply>}
 */
async function send(document, body) {
  const r = await fetch(`/documents/${document}/review/decisions`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body,
    redirect: "manual",
    keepalive: body.length < 20_000,
    signal: AbortSignal.timeout(20_000),
  });
  if (r.type === "opaqueredirect") return { status: 401, body: null };
  const said = await r.json().catch(() => null);
  if (r.ok && !said) throw new Error("the answer is no JSON");
  return { status: r.status === 409 && said?.applied ? 200 : r.status, body: said, after: Number(r.headers.get("Retry-After")) || 0 };
}

addEventListener("online", () => void outbox.retry());
addEventListener("beforeunload", (e) => {
  if (outbox.kept > 0 && (!store.durable || outbox.adding > 0)) e.preventDefault();
});

/** @param {string} kind @param {{steps?: Step[], of?: string}} what */
function act(kind, what) {
  const event = { id: newID(), kind, seen: deciding.seen, version: deciding.version, ...what };
  deciding.add(event);
  storing = outbox.add(state.document, state.name, /** @type {any} */ (event));
  for (const step of what.steps ?? []) if (step.place) paint(step.place);
  tally();
}

/** The rows anew, where what people handed in changed. */
async function reload() {
  const r = await fetch(here, { headers: { Accept: "text/html" } }).catch(() => null);
  const page = r?.ok && !r.redirected ? new DOMParser().parseFromString(await r.text(), "text/html") : null;
  const rows = page?.getElementById("rows");
  if (!page || !rows) return location.reload();
  byId("rows").replaceWith(document.adoptNode(rows));
  state = JSON.parse(page.getElementById("state")?.textContent ?? "null");
  const waiting = deciding.waiting;
  deciding = new Deciding(state);
  waiting.forEach((e) => deciding.add(e));
  paintAll();
  if (focus && deciding.byKey.has(focus)) go(focus);
}

/**
 * The page before this one may have sent its last decision after this one was
 * made by the server: then neither the outbox nor this page knows it. Where
 * something is decided here meanwhile, the answer to that brings it.
 */
async function catchUp() {
  const r = await fetch(`${here}/state`, { headers: { Accept: "application/json" } }).catch(() => null);
  const now = r?.ok ? await r.json() : null;
  if (now?.seen > deciding.seen && deciding.waiting.length === 0) await reload();
}

// ---- painting

/** @param {string} id */
const labelName = (id) => state.labels.find((/** @type {any} */ l) => String(l.id) === String(id))?.name ?? "";

/** @param {import("./deciding.js").Answer} a @param {string} key */
const said = (a, key) => (key.startsWith("block:") ? a.class : a.spans.map((s) => `${labelName(String(s[3]))} “${s[4]}”`).join(", ") || "no entity");

/** Shows how a place is decided. @param {string} key */
function paint(key) {
  const d = deciding.decision(key), place = deciding.byKey.get(key);
  if (!place) return key.startsWith("spans:") ? paintOwn(key) : paintOver(key);
  const row = /** @type {HTMLElement | null} */ (document.querySelector(`[data-place="${key}"]`));
  if (!row) return;

  const proposed = d?.answer ? -1 : place.most;
  row.classList.toggle("decided", deciding.decided(place));
  for (const radio of /** @type {NodeListOf<HTMLInputElement>} */ (row.querySelectorAll("input[type=radio]"))) {
    const none = radio.value === "none";
    radio.checked = d?.answer ? (none ? d.took < 0 && key.startsWith("spans:") && d.answer.spans.length === 0 : Number(radio.value) === d.took) : Number(radio.value) === proposed;
  }
  const chosen = /** @type {HTMLElement} */ (row.querySelector("[data-chosen]"));
  chosen.replaceChildren();
  if (d?.answer) {
    chosen.append(make("span", { class: `v ${place.kind === "block" ? d.answer.class : "says"}` }, said(d.answer, key)));
    if (d.took < 0 && place.kind === "spans" && d.answer.spans.length) chosen.append(make("span", { class: "sub" }, " own answer"));
    if (d.by && d.by !== state.person) chosen.append(make("span", { class: "sub" }, ` ${d.by}`));
  } else if (proposed >= 0) {
    chosen.append(make("span", { class: "chip" }, "majority"));
  }
  const cause = row.querySelector("[data-cause]");
  if (cause) cause.textContent = state.causes.find((/** @type {any} */ c) => c.name === d?.cause)?.title ?? "Why?";
}

/** Entities that an adjudicator marked or took away where nobody differs. @param {string} key */
function paintOwn(key) {
  const id = `own-${key.slice("spans:".length)}`;
  byId(id)?.remove();
  const spans = deciding.decision(key)?.answer?.spans;
  const about = spans?.[0] ?? state.spans.find((/** @type {Span} */ s) => s[5] === key);
  if (!spans || !about) return;
  const words = spans.length ? spans.map((s) => `${labelName(String(s[3]))} “${s[4]}”`).join(", ") : `“${about[4]}” is no entity`;
  byId(`r${about[0]}`)?.after(make("p", { id, class: "advice" }, `${words}, own answer`));
}

/** A class that overrules what all said. @param {string} key */
function paintOver(key) {
  const button = /** @type {HTMLElement | null} */ (document.querySelector(`[data-over="${key}"]`));
  if (!button) return;
  button.dataset.agreed ??= button.textContent ?? "";
  const now = deciding.decision(key)?.answer?.class || button.dataset.agreed;
  button.textContent = now;
  button.className = `v over ${now}${now === button.dataset.agreed ? "" : " overruled"}`;
  button.setAttribute("aria-label", `Gold: ${now}${now === button.dataset.agreed ? "" : ", overruled"}. Decide otherwise`);
}

function paintAll() {
  for (const p of deciding.places) paint(p.key);
  for (const key of deciding.shown.keys()) if (!deciding.byKey.has(key)) paint(key);
  tally();
}

function tally() {
  const n = deciding.open().length;
  byId("left").textContent = `${count(n, "difference")} left`;
  byId("gold").setAttribute("aria-disabled", String(n > 0));
  for (const [action, of] of [["undo", deciding.undoes], ["redo", deciding.redoes]]) {
    for (const b of document.querySelectorAll(`[data-action="${action}"]`)) b.setAttribute("aria-disabled", String(!of));
  }
}

// ---- going about

/** @param {string} key */
function row(key) {
  return /** @type {HTMLElement | null} */ (document.querySelector(`[data-place="${key}"]`));
}

/** Puts the focus on a difference. @param {string} key */
function go(key) {
  for (const el of document.querySelectorAll(".r.focus")) el.classList.remove("focus");
  const el = row(key);
  if (!el) return;
  focus = key;
  el.classList.add("focus");
  const radio = /** @type {HTMLElement | null} */ (el.querySelector("input:checked") ?? el.querySelector("input"));
  radio?.focus({ preventScroll: true });
  el.scrollIntoView({ block: "nearest" });
  const doc = byId("doc"), box = el.getBoundingClientRect(), within = doc.getBoundingClientRect();
  if (box.bottom > within.bottom - 60 || box.top < within.top + 60) doc.scrollBy({ top: box.top - within.top - within.height / 3 });
}

/** @param {number} by */
function step(by) {
  const p = deciding.next(focus, by);
  if (!p) return say("There is no difference in this document.");
  go(p.key);
}

/** Goes on after a decision. */
function on() {
  const p = deciding.open().length ? deciding.next(focus, 1, true) : undefined;
  if (p) go(p.key);
  else say("Nothing is open. Enter makes gold.");
}

/**
 * Takes a person's answer, here or for the whole run.
 * @param {number} i
 * @param {boolean} all
 */
function take(i, all) {
  const p = deciding.byKey.get(focus);
  if (!p) return say("Go to a difference first.");
  if (i >= state.columns.length) return say(`There are ${state.columns.length} people.`);
  const places = all ? deciding.run(focus) : [p];
  act("decide", { steps: places.map((o) => ({ place: o.key, took: i })) });
  say(`${state.columns[i]}: ${said(p.votes[i], p.key)}${places.length > 1 ? `, in ${places.length} places` : ""}. ${deciding.open().length} left.`);
  focus = places[places.length - 1].key;
  on();
}

/** @param {string} name */
function own(name) {
  const p = deciding.byKey.get(focus);
  if (p?.kind !== "block") return say("This is about entities. E is for an own answer.");
  act("decide", { steps: [{ place: focus, class: name }] });
  say(`${name}. ${deciding.open().length} left.`);
  on();
}

function none() {
  if (deciding.byKey.get(focus)?.kind !== "spans") return say("This is about a block.");
  act("decide", { steps: [{ place: focus, own: true, spans: [] }] });
  say(`No entity. ${deciding.open().length} left.`);
  on();
}

/** @param {"undo" | "redo"} kind */
function travel(kind) {
  const of = kind === "undo" ? deciding.undoes : deciding.redoes;
  if (!of) return say(`There is nothing to ${kind}.`);
  if (deciding.waiting.some((e) => e.kind !== "decide")) return; // one step at a time
  act(kind, { of });
}

async function cause() {
  const key = focus;
  if (!deciding.byKey.has(key)) return say("Go to a difference first.");
  const given = await chooseReason(state.causes, deciding.decision(key)?.cause ?? "", "No cause");
  if (given !== null) act("decide", { steps: [{ place: key, cause: given }] });
  go(key);
}

// ---- gold

let making = false;

/** The last decision on its way into the browser's store. @type {Promise<void>} */
let storing = Promise.resolve();

async function gold() {
  const open = deciding.byKey.get(focus);
  if (open && !deciding.decided(open) && deciding.proposed(open) >= 0) return take(deciding.proposed(open), false);
  const left = deciding.open();
  if (left.length) {
    toast(`${count(left.length, "difference")} still ${left.length === 1 ? "needs" : "need"} a decision.`);
    return go(left[0].key);
  }
  if (making) return;
  making = true;
  try {
    await storing.catch(() => {});
    await outbox.send();
    if (outbox.kept > 0) return toast("Your decisions are not saved yet. Make gold once they are.");
    const r = await fetch(`${here}/gold`, { method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" }, body: JSON.stringify({ seen: deciding.seen }), redirect: "manual" });
    if (r.type === "opaqueredirect" || r.status === 401) return signIn(() => void gold());
    const answer = await r.json().catch(() => null);
    if (r.ok) return location.assign(answer.next);
    toast(sentence(answer?.reason ?? `the server answered with ${r.status}`), { stay: true });
    if (r.status === 409) await reload();
  } catch {
    toast("The server does not answer. Your decisions are kept; make gold in a moment.", { action: "Try again", run: () => void gold(), stay: true });
  } finally {
    making = false;
  }
}

// ---- entities

/** The entities of gold as they stand, with the places they are decided in. */
function entities() {
  /** @type {{span: Span, place: string, agreed: boolean}[]} */
  const out = [];
  for (const span of state.spans) {
    const d = deciding.decision(span[5]);
    if (!d?.answer) out.push({ span, place: span[5], agreed: true });
  }
  for (const [key, d] of deciding.shown) {
    if (!key.startsWith("spans:") || !d.answer) continue;
    for (const span of d.answer.spans) out.push({ span, place: key, agreed: false });
  }
  return out;
}

/** The text of a row. @param {number} start */
const text = (start) => document.querySelector(`#r${start} .t`)?.textContent ?? "";

/** Words chosen in the dialog, as units of the row. @type {{from: number, to: number} | null} */
let chosen = null;

/**
 * The dialog about the entities of a row.
 * @param {number} start
 * @param {{from: number, to: number} | null} words
 */
function edit(start, words_ = null) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("entities"));
  dialog.dataset.row = String(start);
  chosen = words_;
  fill();
  if (!dialog.open) dialog.showModal();
  /** @type {HTMLElement | null} */ (dialog.querySelector(chosen ? "[data-label]" : "#entities-words button"))?.focus();
}

function fill() {
  const start = Number(byId("entities").dataset.row), all = text(start);
  const list = entities().filter((e) => e.span[0] === start);
  byId("entities-list").replaceChildren(
    ...list.map((e) => {
      const b = make("button", { type: "button", class: "btn plain small" }, "Remove", make("span", { class: "sr" }, ` “${e.span[4]}”`));
      b.addEventListener("click", () => drop(e));
      return make("li", {}, make("span", { class: "chip" }, labelName(String(e.span[3]))), ` “${e.span[4]}” `, b);
    }),
  );
  byId("entities-words").replaceChildren(
    ...words(all, state.language).map((w) => {
      const on = chosen !== null && w.from < chosen.to && w.to > chosen.from;
      const b = make("button", { type: "button", class: "word", "aria-pressed": String(on) }, all.slice(w.from, w.to));
      b.addEventListener("click", () => {
        chosen = chosen && !on ? { from: Math.min(chosen.from, w.from), to: Math.max(chosen.to, w.to) } : on ? null : { from: w.from, to: w.to };
        fill();
        /** @type {HTMLElement | undefined} */ ([...byId("entities-words").children].find((o) => o.textContent === b.textContent))?.focus();
      });
      return b;
    }),
  );
}

/** The answer of a place before it is changed: its own, or what is proposed. @param {Place} p @returns {Span[]} */
const answerOf = (p) => deciding.decision(p.key)?.answer?.spans ?? [];

/** @param {{span: Span, place: string, agreed: boolean}} e */
function drop(e) {
  const left = e.agreed ? [] : (deciding.decision(e.place)?.answer?.spans ?? []).filter((s) => s !== e.span);
  act("decide", { steps: [{ place: e.place, own: true, spans: left.map((s) => sent(s, newID())) }] });
  say(`“${e.span[4]}” removed.`);
  fill();
}

/** Gives the chosen words a label. @param {number} label */
function mark(label) {
  const start = Number(byId("entities").dataset.row);
  if (!chosen) return say("Press the first and the last word first.");
  const quote = text(start).slice(chosen.from, chosen.to), { from, to } = chosen;
  const added = { id: newID(), block: start, from, to, label, quote };
  const differs = deciding.places.find((p) => p.kind === "spans" && p.row === start && p.votes.some((v) => v.spans.some((s) => s[0] === start && s[1] < to && s[2] > from)));
  if (differs) act("decide", { steps: [{ place: differs.key, own: true, spans: [...answerOf(differs).map((s) => sent(s, newID())), added] }] });
  else act("decide", { steps: [{ own: true, spans: [added] }] });
  say(`“${quote}”: ${labelName(String(label))}.`);
  chosen = null;
  fill();
}

byId("entities-close").addEventListener("click", () => /** @type {HTMLDialogElement} */ (byId("entities")).close());
byId("entities").addEventListener("close", () => {
  getSelection()?.removeAllRanges();
  if (focus) go(focus);
});
byId("entities").addEventListener("keydown", (e) => {
  const label = state.labels.find((/** @type {any} */ l) => l.key === e.key && !l.retired);
  if (label && chosen && !e.ctrlKey && !e.metaKey) {
    e.preventDefault();
    mark(label.id);
  }
});

/** Words that were selected in a row, by mouse or finger. */
function selected() {
  const s = getSelection();
  if (!s || s.isCollapsed || s.rangeCount === 0 || asking()) return;
  const range = s.getRangeAt(0), t = (range.startContainer.parentElement ?? document.body).closest(".t");
  if (!t || !t.contains(range.endContainer)) return;
  const before = document.createRange();
  before.selectNodeContents(t);
  before.setEnd(range.startContainer, range.startOffset);
  const from = before.toString().length, to = from + range.toString().length;
  if (to > from) edit(Number(/** @type {HTMLElement} */ (t.closest("[data-row]")).dataset.row), { from, to });
}

// ---- comments

/** @param {string} key */
function comment(key) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("comment")), form = /** @type {HTMLFormElement} */ (byId("comment-form"));
  const field = /** @type {HTMLTextAreaElement} */ (byId("comment-text")), problem = byId("comment-problem"), id = newID();
  byId("comment-about").textContent = deciding.byKey.has(key) ? `On “${deciding.byKey.get(key)?.words}”` : "On the whole document";
  problem.textContent = "";
  byId("comment-cancel").onclick = () => dialog.close();
  form.onsubmit = async (e) => {
    e.preventDefault();
    try {
      const r = await fetch(here.replace(/review$/, "comments"), { method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" }, body: JSON.stringify({ id, place: key, text: field.value }), redirect: "manual" });
      if (!r.ok) {
        const answer = await r.json().catch(() => null);
        problem.textContent = sentence(answer?.reason ?? (r.type === "opaqueredirect" ? "your session has ended; sign in in another tab and send it again" : `the server answered with ${r.status}`));
        return;
      }
      talk(key, id, field.value);
      field.value = "";
      dialog.close();
      say("The comment is kept.");
    } catch {
      problem.textContent = "The server does not answer. The comment stands here; send it again in a moment.";
    }
  };
  dialog.onclose = () => focus && go(focus);
  dialog.showModal();
  field.focus();
}

/** Shows a comment beside its place. @param {string} key @param {string} id @param {string} words */
function talk(key, id, words) {
  let list = document.querySelector(`[data-talk="${key}"]`);
  if (!list) {
    list = make("ul", { class: "talk", "data-talk": key, "aria-label": "Comments" });
    row(key)?.after(list);
  }
  list.append(make("li", { id: `c-${id}` }, make("b", {}, state.person), make("span", { class: "meta" }, " just now "), make("p", { dir: "auto" }, words), make("button", { type: "button", class: "btn plain small", "data-resolve": id, "aria-pressed": "false" }, "Done")));
}

/** @param {HTMLElement} button */
async function resolve(button) {
  const done = button.getAttribute("aria-pressed") !== "true";
  const r = await fetch(`${here.replace(/review$/, "comments")}/${button.dataset.resolve}/resolve`, { method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" }, body: JSON.stringify({ resolved: done }) }).catch(() => null);
  if (!r?.ok) return toast("The server does not answer, so the comment stays as it was.");
  button.setAttribute("aria-pressed", String(done));
  button.closest("li")?.classList.toggle("resolved", done);
}

// ---- input

/** @type {Record<string, () => void>} */
const actions = {
  next: () => step(1),
  previous: () => step(-1),
  body: () => own("body"),
  boilerplate: () => own("boilerplate"),
  none,
  entities: () => deciding.byKey.has(focus) && edit(Number(row(focus)?.dataset.row)),
  cause: () => void cause(),
  comment: () => comment(deciding.byKey.has(focus) ? focus : ""),
  undo: () => travel("undo"),
  redo: () => travel("redo"),
  gold: () => void gold(),
  help: () => help(keymap, async () => ""),
  kept: () => void showKept(),
};

async function showKept() {
  if (saving.condition === "signin" || saving.condition === "other") return signIn(() => void outbox.retry());
  const lost = await store.lost(state.annotator);
  kept(saving.condition === "offline" ? `${saving.words} ${count(outbox.kept, "action")} kept in this browser, to be sent as soon as the server answers.` : "Everything is saved.", lost, () => void store.forget(state.annotator));
  if (saving.condition === "offline") void outbox.retry();
}

addEventListener("keydown", (e) => {
  const on = /** @type {HTMLElement} */ (e.target);
  if (asking() || e.isComposing || e.ctrlKey || e.metaKey || e.altKey || on.closest("textarea, select, input:not([type=radio])")) return;
  if (e.key === "Enter" && on.closest("button, a")) return;
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(e.code);
  if (digit) {
    e.preventDefault();
    return take(Number(digit[1]) - 1, e.shiftKey);
  }
  const found = keymap.find(e, false);
  if (!found || !("action" in found) || !actions[found.action]) return;
  e.preventDefault();
  if (!e.repeat || found.action === "next" || found.action === "previous") actions[found.action]();
});

document.addEventListener("change", (e) => {
  const radio = /** @type {HTMLInputElement} */ (e.target);
  if (!radio.matches("input[type=radio]")) return;
  focus = radio.name;
  if (radio.value === "none") none();
  else take(Number(radio.value), false);
});

document.addEventListener("click", (e) => {
  const el = /** @type {HTMLElement} */ (e.target);
  const place = /** @type {HTMLElement | null} */ (el.closest("[data-place]"));
  const does = /** @type {HTMLElement | null} */ (el.closest("[data-do]"));
  if (does && place) {
    go(place.dataset.place ?? "");
    return actions[does.dataset.do ?? ""]();
  }
  const action = /** @type {HTMLElement | null} */ (el.closest("[data-action]"))?.dataset.action;
  if (action) return actions[action]();
  const over = /** @type {HTMLElement | null} */ (el.closest("[data-over]"));
  if (over) return overrule(over);
  const done = /** @type {HTMLElement | null} */ (el.closest("[data-resolve]"));
  if (done) return void resolve(done);
  const label = /** @type {HTMLElement | null} */ (el.closest("#entities [data-label]"));
  if (label) return mark(Number(label.dataset.label));
  if (el.closest("label") && place) {
    // A proposed answer is checked already, so choosing it changes nothing.
    const radio = /** @type {HTMLInputElement | null} */ (el.closest("label")?.querySelector("input:checked"));
    if (radio && el !== radio && !deciding.decision(radio.name)?.answer) {
      focus = radio.name;
      take(Number(radio.value), false);
    }
    return;
  }
  if (place && !el.closest(".t")) go(place.dataset.place ?? "");
  else if (place && getSelection()?.isCollapsed) go(place.dataset.place ?? "");
});

/** Turns the class of a row on which all agree. @param {HTMLElement} button */
function overrule(button) {
  const key = button.dataset.over ?? "", agreed = button.dataset.agreed ?? button.textContent ?? "", now = button.textContent;
  const other = now === "body" ? "boilerplate" : "body";
  act("decide", { steps: [other === agreed ? { place: key, clear: true } : { place: key, class: other }] });
  say(other === agreed ? `${other}, as all say.` : `${other}, although all say ${agreed}.`);
}

document.addEventListener("pointerup", () => setTimeout(selected));
let touch = 0;
document.addEventListener("selectionchange", () => {
  clearTimeout(touch);
  // A finger moves the ends of a selection without a pointer event.
  if (matchMedia("(pointer: coarse)").matches) touch = window.setTimeout(selected, 900);
});

// ---- start

for (const el of document.querySelectorAll("[data-key]")) {
  const key = keymap.key(/** @type {HTMLElement} */ (el).dataset.key ?? "");
  el.textContent = /^[a-z]$/.test(key) ? key.toUpperCase() : /^[A-Z]$/.test(key) ? `⇧${key}` : show(key);
}
for (const e of await store.list(state.annotator, 5000)) {
  byId("save").dataset.state = "saving";
  byId("save").textContent = chipWords.saving();
  if (e.document === state.document) deciding.add(/** @type {any} */ (e.event));
}
paintAll();
const first = deciding.open()[0] ?? deciding.places[0];
if (first) go(first.key);
document.body.dataset.ready = "1";
void outbox.send().then(catchUp);
