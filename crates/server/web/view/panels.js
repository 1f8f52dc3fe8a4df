// Owns the two side panels where the window is too narrow to show them beside the messages.
// Keeps true: at most one is open over the messages, and a closed one can't be reached by keyboard.

import { byId } from "./element.js";

const PANELS = {
  rooms: { panel: "rooms-panel", opener: "open-rooms", beside: matchMedia("(min-width: 45rem)") },
  people: { panel: "people-panel", opener: "open-people", beside: matchMedia("(min-width: 64rem)") },
};

export class Panels {
  #open = null;

  constructor() {
    for (const [name, { opener, beside }] of Object.entries(PANELS)) {
      byId(opener).addEventListener("click", () => this.#show(name));
      beside.addEventListener("change", () => this.#show(null));
    }
    byId("backdrop").addEventListener("click", () => this.close());
    document.addEventListener("keydown", ({ key }) => key === "Escape" && this.close());
    this.#show(null);
  }

  close() {
    if (this.#open === null) return;
    const { opener } = PANELS[this.#open];
    this.#show(null);
    byId(opener).focus();
  }

  #show(open) {
    this.#open = open;
    for (const [name, { panel, opener, beside }] of Object.entries(PANELS)) {
      byId(panel).classList.toggle("over", name === open);
      byId(panel).inert = name !== open && !beside.matches;
      byId(opener).setAttribute("aria-expanded", String(name === open));
    }
    byId("conversation").inert = open !== null;
    byId("backdrop").hidden = open === null;
    if (open) byId(PANELS[open].panel).querySelector("[aria-current], button, input")?.focus();
  }
}
