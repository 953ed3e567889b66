// Sends files and folders of a form with a bar that shows how far it is: those
// of the import page, and those of a run. Dropped folders are walked, and ten
// thousand files go in one request. Without this module the form sends itself.

const form = document.getElementById("import");
const drop = document.getElementById("drop");
const problem = document.getElementById("import-problem");
const sending = document.getElementById("sending");
const words = document.getElementById("sending-words");
const bar = document.getElementById("sending-bar");

/** @typedef {{file: File, path: string}} Found */

let request = null;
const byName = new Intl.Collator(undefined, { numeric: true });

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const found = [];
  for (const input of form.querySelectorAll("input[type=file]")) {
    for (const file of input.files) found.push({ file, path: file.webkitRelativePath || file.name });
  }
  send(found, form.elements.pasted?.value ?? "");
});

// A page onto which one can drop must take the drop everywhere: beside the box
// the browser would open the file and leave the page.
let depth = 0;
addEventListener("dragenter", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  depth++;
  drop.classList.add("over");
});
addEventListener("dragleave", () => {
  depth = Math.max(0, depth - 1);
  if (depth === 0) drop.classList.remove("over");
});
addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "copy";
});
addEventListener("drop", async (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  depth = 0;
  drop.classList.remove("over");
  if (request) return;

  say("Reading what you dropped");
  try {
    send(await dropped(event.dataTransfer), "");
  } catch (error) {
    fail(`What you dropped cannot be read (${error.message}). Choose the files with the buttons instead.`);
  }
});

function carriesFiles(event) {
  return event.dataTransfer && [...event.dataTransfer.types].includes("Files");
}

/**
 * The files of a drop, with those in folders.
 * @param {DataTransfer} data
 * @returns {Promise<Found[]>}
 */
async function dropped(data) {
  // Entries must be asked for before the first await: then the list is emptied.
  const entries = [...data.items].filter((item) => item.kind === "file").map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const found = [];
  for (const entry of entries) {
    if (entry instanceof File) found.push({ file: entry, path: entry.name });
    else if (entry) await walk(entry, found);
  }
  return found;
}

async function walk(entry, found) {
  if (entry.isFile) {
    const file = await new Promise((done, failed) => entry.file(done, failed));
    found.push({ file, path: entry.fullPath.replace(/^\//, "") });
    if (found.length % 500 === 0) say(`Reading what you dropped: ${found.length} files`);
    return;
  }
  // A reader gives at most a hundred entries at a time, and none at the end.
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (some.length === 0) return;
    for (const one of some) await walk(one, found);
  }
}

/**
 * @param {Found[]} found
 * @param {string} pasted
 */
function send(found, pasted) {
  if (request) return;
  if (found.length === 0 && pasted.trim() === "") {
    fail(form.elements.pasted ? "Choose a file or a folder, or paste a text." : "Choose a file or a folder.");
    return;
  }
  const body = new FormData();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && name !== "pasted") body.append(name, value);
  }
  if (pasted.trim() !== "") body.append("pasted", pasted);
  // A folder gives its files in no order; documents keep the one they come in.
  found.sort((a, b) => byName.compare(a.path, b.path));
  for (const { file, path } of found) body.append("file", file, path);

  problem.hidden = true;
  form.querySelector("#send").disabled = true;
  say(found.length > 1 ? `Sending ${found.length} files` : "Sending");

  request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.responseType = "json";
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) bar.value = event.loaded / event.total;
  });
  request.addEventListener("load", () => {
    const answer = request.response;
    if (request.status === 201 && answer?.path) {
      location.assign(answer.path);
      return;
    }
    fail(request.status === 401 ? "Your session has ended. Sign in again in another tab, then press Check once more." : answer?.reason || `The server answered ${request.status}. Try it again.`, answer?.field);
  });
  request.addEventListener("error", () => fail("The server broke off. Either it cannot be reached, or this is more than it takes at once (2 GB); send it in smaller parts."));
  request.addEventListener("abort", () => fail("Sending was stopped. Nothing was stored."));
  request.send(body);
}

document.getElementById("stop-sending").addEventListener("click", () => request?.abort());

function say(text) {
  sending.hidden = false;
  words.textContent = text;
}

/**
 * @param {string} reason
 * @param {string} [field] the name of the field that is wrong, if one is
 */
function fail(reason, field) {
  request = null;
  form.querySelector("#send").disabled = false;
  sending.hidden = true;
  bar.value = 0;
  problem.textContent = reason;
  problem.hidden = false;
  const wrong = field && form.elements.namedItem(field);
  if (wrong instanceof HTMLElement && wrong.type !== "file") {
    wrong.setAttribute("aria-invalid", "true");
    wrong.setAttribute("aria-describedby", problem.id);
    wrong.addEventListener("input", () => wrong.removeAttribute("aria-invalid"), { once: true });
    wrong.after(problem); // beside the field, where one looks
    wrong.focus();
  } else {
    form.querySelector(".drop").before(problem);
  }
  problem.scrollIntoView({ block: "nearest" });
}
