// @ts-check
// The labelling page: one outbox, one keymap, and the screen of the document
// that is open. Documents follow one another in the same page.

import { Beat } from "./beat.js";
import { byId, help, kept, say, signIn, toast } from "./dialogs.js";
import { Keymap, show } from "./keys.js";
import { fetchPage, swap } from "./next.js";
import { alone, openStore, Outbox, post } from "./outbox.js";
import { Screen } from "./screen.js";

/** @typedef {import("./state.js").State} State */

/** @param {string} id */
const json = (id) => JSON.parse(byId(id).textContent ?? "null");

const actions = /** @type {import("./keys.js").Action[]} */ (json("actions"));

/** @type {State} */
let state;
/** @type {Keymap} */
let keymap;
/** @type {Screen} */
let screen;
/** @type {Beat | undefined} */
let beat;

// ---- saving

const store = openStore();
const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("annotate") : null;

/** @type {{condition: string, kept: number, words: string}} */
let saving = { condition: "saved", kept: 0, words: "" };
let chipTimer = 0;

/** @type {Record<string, () => string>} */
const chipWords = {
  saved: () => "Saved",
  saving: () => "Saving",
  offline: () => `Offline, ${saving.kept} kept`,
  signin: () => "Not saved, sign in",
  other: () => "Not saved, sign in",
};

function chip() {
  const el = byId("save");
  el.dataset.state = saving.condition;
  el.textContent = chipWords[saving.condition]();
}

state = json("state");
const outbox = new Outbox({
  store,
  annotator: state.annotator,
  post,
  alone,
  changed(condition, kept, words) {
    const before = saving.condition;
    saving = { condition, kept, words };
    byId("save").dataset.kept = String(kept);
    clearTimeout(chipTimer);
    // What is saved in no time is not worth a flicker.
    if (condition === "saving" && before === "saved") chipTimer = window.setTimeout(chip, 150);
    else chip();
    if (condition === before) return;
    if (condition === "offline") say("The server does not answer. What you do is kept in this browser and sent later.");
    if (condition === "saved" && before === "offline") say("Everything is saved.");
    if (condition === "signin") signIn(signedIn);
    if (condition === "other") {
      toast(`${words} Sign in as ${state.person} to save what you did.`, { stay: true, action: "Sign in", run: () => signIn(signedIn) });
    }
  },
  answered(document, answer, events) {
    const ids = events.map((e) => e.id);
    channel?.postMessage({ type: "answer", document, annotator: state.annotator, answer, ids });
    if (document === state.document) screen.sync.answered(answer, ids);
  },
  refused(lost) {
    screen.refused(lost);
  },
  fragile() {
    toast("This browser does not let the page store anything, so what you do is safe only once it says Saved. Leave the page open until then.", { stay: true });
  },
});

function signedIn() {
  channel?.postMessage({ type: "signedin" });
  void outbox.retry();
}

channel?.addEventListener("message", ({ data }) => {
  if (data.type === "answer" && data.annotator === state.annotator && data.document === state.document) screen.sync.answered(data.answer, data.ids);
  if (data.type === "signedin") {
    /** @type {HTMLDialogElement} */ (byId("signin")).close();
    void outbox.retry();
  }
});
addEventListener("online", () => void outbox.retry());
addEventListener("visibilitychange", () => document.visibilityState === "visible" && outbox.condition !== "signin" && outbox.condition !== "other" && void outbox.retry());
addEventListener("beforeunload", (e) => {
  if (outbox.kept > 0 && (!store.durable || outbox.adding > 0)) e.preventDefault();
});

async function showKept() {
  if (saving.condition === "signin") return signIn(signedIn);
  const lost = await store.lost(state.annotator);
  const words = {
    saved: lost.length ? "Everything else is saved." : "Everything is saved.",
    saving: "Saving.",
    offline: `${saving.words} ${outbox.kept} ${outbox.kept === 1 ? "action is" : "actions are"} kept in this ${store.durable ? "browser" : "page, so leave it open,"} and sent as soon as the server answers.`,
    other: saving.words,
  }[saving.condition] ?? "";
  kept(words, lost, () => void store.forget(state.annotator));
  if (saving.condition === "offline") void outbox.retry();
}

// ---- keys

/** Shows the person's own keys wherever a key is named. */
function nameKeys() {
  for (const el of document.querySelectorAll("[data-key]")) {
    const key = keymap.key(/** @type {HTMLElement} */ (el).dataset.key ?? "");
    el.textContent = /^[a-z]$/.test(key) ? key.toUpperCase() : /^[A-Z]$/.test(key) ? `⇧${key}` : show(key);
  }
}

async function saveKeys() {
  nameKeys();
  try {
    const r = await fetch("/me/keys", { method: "PUT", headers: { "Content-Type": "application/json", Accept: "application/json" }, body: JSON.stringify({ keys: keymap.own }) });
    if (r.ok) return "";
    const said = await r.json().catch(() => null);
    return said?.reason ? `Not kept: ${said.reason}.` : `Not kept: the server answered with ${r.status}.`;
  } catch {
    return "The key works in this page, but the server does not answer, so it is not kept.";
  }
}

// ---- documents

/** Opens the document whose screen and state stand in the page. */
async function open() {
  beat?.stop();
  screen?.close();
  state = json("state");
  keymap = new Keymap(actions, keymap ? keymap.own : state.keys, state.labels);
  nameKeys();
  document.body.className = "labelling";
  screen = new Screen(state, {
    keymap: () => keymap,
    add(event) {
      void outbox.add(state.document, state.name, event);
    },
    load,
    help: () => help(keymap, saveKeys),
    kept: () => void showKept(),
    leave,
    flush: () => outbox.send(),
  });
  beat = new Beat(state, byId("blocks"), byId("doc"), takenOver);
  chip();

  const document_ = state.document;
  for (const e of await store.list(state.annotator, 5000)) {
    if (e.document === document_ && state.document === document_) screen.sync.replay(e.event);
  }
  screen.painter.flush();
  document.body.dataset.ready = "1"; // what tests wait for, and measurements end with
  performance.mark("ready");
}

/** Says that the document is somebody else's now; to who only looks it is no news. */
function takenOver() {
  const { counts } = screen.model;
  if (screen.readOnly || counts.b + counts.x === 0) return false;
  toast("Somebody else has taken this document over. Your labels are kept, but cannot be handed in.", { stay: true });
  return true;
}

/** @returns {Promise<State | null>} */
async function load() {
  try {
    const r = await fetch(`/documents/${state.document}/state`, { headers: { Accept: "application/json" } });
    return r.ok && !r.redirected ? await r.json() : null;
  } catch {
    return null;
  }
}

/** @param {import("./next.js").Ready | "none" | null} ready */
async function leave(ready) {
  if (state.practice && screen.model.status === "submitted") {
    await outbox.send();
    if (outbox.condition === "saved") location.assign(`/documents/${state.document}/practice`);
    else toast("Stay here until this is saved; then you see how you did.", { stay: true });
    return;
  }
  if (ready === null) {
    toast("The server does not say which document is next. What you did is kept.", { action: "Try again", run: () => screen.act("submit"), stay: true });
    return;
  }
  if (ready === "none") {
    await outbox.send();
    if (outbox.condition === "saved") location.assign(`/projects/${state.project}?done=1`);
    else toast("This was the last document. Stay here until it is saved.", { stay: true });
    return;
  }
  if (!swap(ready.page)) return location.assign(ready.path);
  history.pushState(null, "", ready.path);
  await open();
  byId("doc").scrollTop = 0;
  say(`${state.name} is open.`);
}

addEventListener("popstate", async () => {
  const page = await fetchPage(location.pathname).catch(() => null);
  if (!page || !swap(page)) return location.reload();
  await open();
});

// ---- input

addEventListener("keydown", (e) => screen.key(e));

document.addEventListener("pointerdown", (e) => {
  // Buttons that act on the blocks leave the focus where it is.
  if (/** @type {Element} */ (e.target).closest("[data-action], [data-label]")) e.preventDefault();
});

document.addEventListener("click", (e) => {
  const on = /** @type {HTMLElement | null} */ (/** @type {Element} */ (e.target).closest("[data-action], [data-label]"));
  if (!on) return;
  if (on.closest(".also")) document.body.classList.remove("side-open");
  if (on.dataset.action) screen.act(on.dataset.action);
  else screen.label(Number(on.dataset.label), e.altKey);
});

document.addEventListener("copy", (e) => {
  if (/** @type {Element} */ (e.target).closest?.("input, textarea, dialog") || String(getSelection()) !== "") return;
  e.clipboardData?.setData("text/plain", screen.copied());
  e.preventDefault();
});

await open();
void outbox.send();
