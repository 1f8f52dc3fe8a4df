// Owns how the connection is shown, and short notices. Says changes aloud once, not every second.

import { byId } from "./element.js";

const NOTICE_MS = 6_000;

export class Status {
  #pill = byId("state");
  #text = byId("state-text");
  #spoken = byId("spoken");
  #notice = byId("notice");
  #timer = 0;
  #noticeTimer = 0;
  #current = { state: "offline", retryAt: null, why: null };

  /** `onRetry()` when the reader doesn't want to wait. */
  constructor(onRetry) {
    this.#pill.addEventListener("click", () => this.#current.state !== "connected" && onRetry());
  }

  show(current) {
    const before = this.#current.state;
    this.#current = current;
    const { state, why } = current;
    this.#pill.dataset.state = state;
    this.#pill.title = { connected: "Connected", reconnecting: "Try again now", offline: why ? `${why}. Try again` : "Try again" }[state];
    if (state !== before) this.#spoken.textContent = { connected: "Connected", reconnecting: "Connection lost, reconnecting", offline: why ?? "Offline" }[state];
    if (state === "offline" && why) this.notice(`${why}.`, true);
    if (state === "connected") this.#hideNotice();
    this.#tick();
  }

  /** Tells something for a while, or until the connection is back. */
  notice(text, stays = false) {
    clearTimeout(this.#noticeTimer);
    this.#notice.textContent = text;
    this.#notice.hidden = false;
    if (!stays) this.#noticeTimer = setTimeout(() => this.#hideNotice(), NOTICE_MS);
  }

  /** Says something to those who listen only. */
  say(text) {
    this.#spoken.textContent = text;
  }

  #hideNotice() {
    this.#notice.hidden = true;
    this.#notice.textContent = "";
  }

  #tick() {
    clearTimeout(this.#timer);
    const { state, retryAt } = this.#current;
    if (state !== "reconnecting") {
      this.#text.textContent = state === "connected" ? "Connected" : "Offline";
      return;
    }
    const leftMs = (retryAt ?? 0) - Date.now();
    const noNetwork = navigator.onLine === false;
    this.#text.textContent = leftMs > 0 ? `${noNetwork ? "No network, retrying" : "Reconnecting"} in ${Math.ceil(leftMs / 1000)} s` : "Reconnecting…";
    if (leftMs > 0) this.#timer = setTimeout(() => this.#tick(), leftMs % 1000 || 1000);
  }
}
