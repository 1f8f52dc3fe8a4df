// Owns what stands in place of the composer in a room that the reader is not in any more: why, and the
// way back.

import { BANNED, REMOVED } from "../client/refusals.js";
import { byId } from "./element.js";
import { moment } from "./time.js";

/** Timers can't wait longer, in milliseconds. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export class OutPanel {
  #panel = byId("out");
  #why = byId("out-why");
  #button = byId("rejoin");
  #timer = 0;

  /** `on.rejoin()`. */
  constructor(on) {
    this.#button.addEventListener("click", () => on.rejoin());
  }

  draw({ out, name }) {
    clearTimeout(this.#timer);
    byId("composer").hidden = out !== null;
    this.#panel.hidden = out === null;
    if (out === null) return;
    const now = Date.now();
    const text = whyText(out, name, now);
    // Said aloud once, not each time it is drawn.
    if (this.#why.textContent !== text) this.#why.textContent = text;
    const leftMs = out.code === BANNED && out.untilMs !== null ? out.untilMs - now : 0;
    this.#button.disabled = out.isAsking === true || leftMs > 0;
    this.#button.textContent = out.isAsking ? "Joining…" : "Join again";
    if (leftMs > 0) this.#timer = setTimeout(() => this.draw({ out, name }), Math.min(leftMs, TIMER_MS_MAX));
  }
}

function whyText({ code, why, untilMs }, name, now) {
  if (code === REMOVED) return `You were taken out of ${name}.`;
  if (code === BANNED) return untilMs > now ? `You are banned from ${name} until ${moment(untilMs, now)}.` : `You were banned from ${name}. The ban is over.`;
  return `You can’t be in ${name}: ${why}.`;
}
