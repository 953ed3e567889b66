// What the pages around the labelling screen do beyond links and forms. Every
// one of them works without this module; it saves a hand movement or two.

// A box ticks all others of its table, another shows a password, and the
// buttons for chosen rows say how many there are.
document.addEventListener("change", (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement)) return;

  if (box.matches("[data-all]")) {
    for (const one of box.closest("table").querySelectorAll("tbody input[type=checkbox]")) one.checked = box.checked;
  }
  if (box.matches("[data-show]")) {
    document.getElementById(box.dataset.show).type = box.checked ? "text" : "password";
  }
  if (box.closest("table[data-chosen]")) chosen(box.closest("table"));
});

function chosen(table) {
  const n = table.querySelectorAll("tbody input[type=checkbox]:checked").length;
  for (const out of document.querySelectorAll("[data-count]")) out.textContent = n ? String(n) : "";
}

// A button copies what another element holds; where a browser does not allow
// that, it is chosen, and the person copies it.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(source);
  }
});

// Enter presses the main button of a page, when nothing else would take it.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.repeat || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if (event.target !== document.body && event.target.id !== "main") return;
  const button = document.querySelector("[data-enter]");
  if (button) {
    event.preventDefault();
    button.click();
  }
});

// The dot beside a label's colour follows the choice.
document.addEventListener("change", (event) => {
  if (event.target.matches("select[data-dot]")) event.target.previousElementSibling.className = `dot c-${event.target.value}`;
});
