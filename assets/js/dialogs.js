// @ts-check
// What is said to the person and asked of them: messages, the keys, signing in
// again, a reason, and the list of what was not saved.

import { keysOf, show } from "./keys.js";

/** @template {HTMLElement} [T=HTMLElement] @param {string} id */
export const byId = (id) => /** @type {T} */ (document.getElementById(id));

/**
 * An element with its text and children; text never becomes markup.
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {(Node | string)[]} children
 */
export function make(tag, attributes = {}, ...children) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) el.setAttribute(name, value);
  el.append(...children);
  return el;
}

/** A capital in front, a full stop behind. @param {string} reason */
export function sentence(reason) {
  if (!reason) return "";
  const [first] = reason;
  return first.toUpperCase() + reason.slice(first.length) + (/[.?…]$/.test(reason) ? "" : ".");
}

/** @param {number} n @param {string} noun */
export const count = (n, noun) => `${n.toLocaleString("en-GB").replaceAll(",", "\u202f")} ${noun}${n === 1 ? "" : "s"}`;

/** Says something that a screen reader reads when it has time. @param {string} words */
export function say(words) {
  const el = byId("say");
  // The same words twice are no change to a live region.
  el.textContent = el.textContent === words ? words + "\u00a0" : words;
}

/**
 * Shows a message until it is read or closed; a screen reader reads it at once.
 * @param {string} words
 * @param {{action?: string, run?: () => void, href?: string, stay?: boolean}} more
 */
export function toast(words, { action = "", run, href, stay = false } = {}) {
  const box = byId("toasts");
  for (const old of box.children) if (old.firstChild?.textContent === words) old.remove();
  while (box.children.length > 2) box.firstElementChild?.remove();
  const close = make("button", { type: "button", class: "btn plain", "aria-label": "Close this message" }, "×");
  const el = make("div", { class: "toast" }, make("span", {}, words));
  if (href) el.append(make("a", { class: "btn", href }, action));
  else if (run) {
    const button = make("button", { type: "button", class: "btn" }, action);
    button.addEventListener("click", () => {
      el.remove();
      run();
    });
    el.append(button);
  }
  el.append(close);
  close.addEventListener("click", () => el.remove());
  box.append(el);
  if (!stay) setTimeout(() => el.remove(), 4000 + words.length * 60);
}

/** Whether a dialog is open, so that keys belong to it. */
export const asking = () => document.querySelector("dialog[open]") !== null;

/** @param {string} id */
function openDialog(id) {
  const dialog = byId(id);
  if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal();
  return /** @type {HTMLDialogElement} */ (dialog);
}

/**
 * Shows the keys and lets the person change them.
 * @param {import("./keys.js").Keymap} keymap
 * @param {() => Promise<string>} save gives the problem, "" where it is kept
 */
export function help(keymap, save) {
  const list = byId("help-keys"), problem = byId("help-problem");
  const fill = () => {
    const groups = new Map();
    for (const a of keymap.actions) {
      if (!groups.has(a.group)) groups.set(a.group, make("section", {}, make("h2", {}, a.group)));
      const keys = keymap.keys(a), row = make("div", { class: "row" }, make("span", {}, a.words[0].toUpperCase() + a.words.slice(1)));
      const first = make("kbd", {}, show(keys[0]));
      if (a.fixed) row.append(first);
      else {
        const button = make("button", { type: "button", class: "key", "data-for": a.action, "aria-label": `${a.words}: ${show(keys[0])}. Change this key` }, first);
        if (keymap.own[a.action]) button.classList.add("own");
        button.addEventListener("click", () => listen(a.action, button));
        row.append(button);
      }
      for (const key of keys.slice(1)) row.append(make("kbd", {}, show(key)));
      groups.get(a.group).append(row);
    }
    if (keymap.labels.length) {
      const section = make("section", {}, make("h2", {}, "Entities"));
      for (const l of keymap.labels) section.append(make("div", { class: "row" }, make("span", {}, l.title || l.name), make("kbd", {}, l.key)));
      groups.set("Entities", section);
    }
    list.replaceChildren(...groups.values());
  };

  const keep = async (/** @type {string} */ wrong, /** @type {string} */ action) => {
    problem.textContent = wrong || (await save());
    fill();
    /** @type {HTMLElement | null} */ (list.querySelector(`[data-for="${action}"]`))?.focus();
  };
  const listen = (/** @type {string} */ action, /** @type {HTMLElement} */ button) => {
    problem.textContent = "";
    button.replaceChildren("press a key");
    const stop = new AbortController();
    button.addEventListener("blur", () => {
      stop.abort();
      fill();
    }, { signal: stop.signal });
    button.addEventListener("keydown", (e) => {
      const [key] = keysOf(e);
      if (e.key === "Tab" || (!key && e.key !== "Escape")) return;
      e.preventDefault();
      e.stopPropagation();
      stop.abort();
      if (e.key === "Escape") keep("", action);
      else keep(keymap.set(action, key), action);
    }, { signal: stop.signal });
  };
  byId("help-reset").onclick = () => {
    keymap.reset();
    keep("", "");
  };
  problem.textContent = "";
  fill();
  openDialog("help");
}

/**
 * Asks for the password over the page. It calls done once the person is signed in.
 * @param {() => void} done
 */
export function signIn(done) {
  const dialog = openDialog("signin"), form = byId("signin-form"), problem = byId("signin-problem");
  if (!(form instanceof HTMLFormElement)) return;
  problem.textContent = "";
  byId("signin-later").onclick = () => dialog.close();
  form.onsubmit = async (e) => {
    e.preventDefault();
    const data = new FormData(form);
    try {
      const r = await fetch("/session", {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify({ name: data.get("name"), password: data.get("password") }),
      });
      if (r.ok) {
        /** @type {HTMLInputElement} */ (form.elements.namedItem("password")).value = "";
        dialog.close();
        done();
        return;
      }
      const said = await r.json().catch(() => null);
      problem.textContent = sentence(said?.reason ?? (r.status === 401 ? "name and password do not belong together" : `the server answered with ${r.status}`));
    } catch {
      problem.textContent = "The server does not answer. What you did is kept; try again in a moment.";
    }
  };
  (/** @type {HTMLInputElement} */ (form.elements.namedItem("password"))).focus();
}

/**
 * Asks for a free reason. It gives null where the person thinks better of it.
 * @param {string} title
 * @param {string} ask
 * @param {string} action
 * @returns {Promise<string | null>}
 */
export function why(title, ask, action) {
  byId("why-title").textContent = title;
  byId("why-ask").textContent = ask;
  byId("why-do").textContent = action;
  const dialog = openDialog("why"), form = /** @type {HTMLFormElement} */ (byId("why-form"));
  form.reset();
  return new Promise((answer) => {
    /** @type {string | null} */
    let given = null;
    form.onsubmit = (e) => {
      e.preventDefault();
      given = String(new FormData(form).get("why") ?? "").trim();
      dialog.close();
    };
    byId("why-cancel").onclick = () => dialog.close();
    dialog.onclose = () => answer(given);
    (/** @type {HTMLInputElement} */ (form.elements.namedItem("why"))).focus();
  });
}

/**
 * Asks for a reason of the list. It gives "" for none, null where the person
 * thinks better of it.
 * @param {{name: string, title: string, key: string}[]} reasons
 * @param {string} now the reason that stands
 * @param {string} none what having none is called
 * @returns {Promise<string | null>}
 */
export function chooseReason(reasons, now, none = "No reason") {
  const list = byId("reasons-list"), dialog = openDialog("reasons");
  return new Promise((answer) => {
    /** @type {string | null} */
    let given = null;
    const give = (/** @type {string} */ name) => {
      given = name;
      dialog.close();
    };
    const rows = [...reasons, { name: "", title: none, key: "0" }].map((r) => {
      const button = make("button", { type: "button", "aria-pressed": String(r.name === now) }, make("span", {}, r.title), make("kbd", {}, r.key));
      button.addEventListener("click", () => give(r.name));
      return button;
    });
    list.replaceChildren(...rows);
    rows[Math.max(0, reasons.findIndex((r) => r.name === now))].focus();
    dialog.onkeydown = (e) => {
      const keys = keysOf(e), i = [...reasons, { name: "", key: "0" }].findIndex((r) => keys.includes(r.key));
      const here = rows.findIndex((r) => r === document.activeElement);
      if (i >= 0) give(i < reasons.length ? reasons[i].name : "");
      else if (e.key === "ArrowDown") rows[(here + 1) % rows.length].focus();
      else if (e.key === "ArrowUp") rows[(here + rows.length - 1) % rows.length].focus();
      else return;
      e.preventDefault();
      e.stopPropagation();
    };
    dialog.onclose = () => answer(given);
  });
}

/**
 * Shows how saving stands and what was not saved.
 * @param {string} words
 * @param {import("./outbox.js").Lost[]} lost
 * @param {() => void} clear
 */
export function kept(words, lost, clear) {
  byId("kept-say").textContent = words;
  byId("kept-list").replaceChildren(
    ...lost.map((l) => make("li", {}, make("a", { href: `/documents/${l.document}` }, l.name || `Document ${l.document}`), `: ${l.what}. ${sentence(l.reason)}`)),
  );
  const button = byId("kept-clear");
  button.hidden = lost.length === 0;
  button.onclick = () => {
    clear();
    /** @type {HTMLDialogElement} */ (byId("kept")).close();
  };
  openDialog("kept");
}
