// @ts-check
// The next document. It is claimed and fetched while the present one is nearly
// done, so that going on is instant. A claim that is not used runs out by
// itself on the server.

/** @typedef {{path: string, page: Document}} Ready */

/** How long "nothing is left" is believed, in milliseconds. */
const believed = 30_000;

export class Next {
  /**
   * @param {number} project
   * @param {number} document the present one
   * @param {() => Promise<void>} flush sends what waits: a document whose handing in is still on its way would be handed out again
   */
  constructor(project, document, flush) {
    this.project = project;
    this.document = document;
    this.flush = flush;
    /** @type {Promise<Ready | "none" | null> | null} */
    this.coming = null;
  }

  /** Claims and fetches, once. What did not come is asked for again when it is needed. */
  prepare() {
    this.coming ??= this.#fetch().then((r) => {
      if (!r) this.coming = null;
      if (r === "none") setTimeout(() => (this.coming = null), believed);
      return r;
    });
    return this.coming;
  }

  /** @returns {Promise<Ready | "none" | null>} "none": nothing is left; null: the server did not say */
  async #fetch() {
    try {
      await this.flush();
      const r = await fetch(`/projects/${this.project}/next?after=${this.document}`, { method: "POST", headers: { Accept: "application/json" }, redirect: "manual" });
      if (r.status === 404) return "none";
      if (!r.ok) return null;
      const { document, path } = await r.json();
      if (document === this.document) return null;
      const page = await fetchPage(path);
      return page && { path, page };
    } catch {
      return null;
    }
  }
}

/**
 * A labelling page as a document, null where the server gave something else.
 * @param {string} path
 */
export async function fetchPage(path) {
  const r = await fetch(path, { headers: { "Annotate-Prefetch": "1", Accept: "text/html" } });
  if (!r.ok || r.redirected) return null;
  const page = new DOMParser().parseFromString(await r.text(), "text/html");
  return page.getElementById("screen") && page.getElementById("state") ? page : null;
}

/**
 * Puts the screen of a fetched page in the place of the present one. False
 * where it comes from another version of the program, whose scripts are not
 * these.
 * @param {Document} page
 */
export function swap(page) {
  const script = (/** @type {Document} */ d) => /** @type {HTMLScriptElement | null} */ (d.querySelector('script[type="module"][src]'))?.getAttribute("src");
  if (script(page) !== script(document)) return false;
  for (const id of ["screen", "state"]) {
    const fresh = page.getElementById(id), old = document.getElementById(id);
    if (!fresh || !old) return false;
    old.replaceWith(document.adoptNode(fresh));
  }
  document.title = page.title;
  return true;
}
