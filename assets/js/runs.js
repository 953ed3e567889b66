// The name of a run follows the cleaner that is chosen, until somebody types
// one. Without this module the server names it when the field is empty.

const form = document.getElementById("start-run");
const name = form?.querySelector("[data-prefill]");

if (name) {
  let own = name.value !== "";
  const follow = () => {
    const chosen = form.querySelector("[name=cleaner]:checked");
    if (!own && chosen) name.value = chosen.dataset.run;
  };
  name.addEventListener("input", () => (own = name.value !== ""));
  form.addEventListener("change", (event) => {
    if (event.target.name === "cleaner") follow();
  });
  follow();
}
