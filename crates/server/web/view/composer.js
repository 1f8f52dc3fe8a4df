// Owns the field in which a message is written: its keys, its size, its drafts by room, and when to
// tell the others that somebody types.

import { byteLength } from "../client/names.js";
import { byId } from "./element.js";

/** While somebody types, others are told this often, in milliseconds. */
const TELL_EVERY_MS = 3_000;
/** So long without a key and the typing is over, in milliseconds. */
const IDLE_MS = 5_000;
const LINES_MAX = 8;

export class Composer {
  #field = byId("message");
  #button = byId("send");
  #note = byId("composer-note");
  #drafts = new Map();
  #room = null;
  #bytesMax = Infinity;
  #toldAt = 0;
  #isTelling = false;
  #idleTimer = 0;

  /** `on.say(text)` returns whether it was taken; `on.typing(room, typing)`. */
  constructor(on) {
    this.on = on;
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#say();
    });
    this.#field.addEventListener("keydown", (event) => {
      // While a word is being composed, Enter belongs to the input method.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.#say();
    });
    this.#field.addEventListener("input", () => {
      this.#measure();
      this.#typed();
    });
    this.#field.addEventListener("blur", () => this.#stopTyping());
  }

  limit(bytesMax) {
    this.#bytesMax = bytesMax || Infinity;
    this.#measure();
  }

  /** Turns to a place; what was being written elsewhere is kept. */
  turnTo({ name: room, title }) {
    if (room === this.#room) return;
    this.#stopTyping();
    this.#toldAt = 0;
    if (this.#room !== null) this.#drafts.set(this.#room, this.#field.value);
    this.#room = room;
    this.#field.value = this.#drafts.get(room) ?? "";
    this.#field.placeholder = `Message ${title}`;
    this.#measure();
  }

  forget(room) {
    this.#drafts.delete(room);
  }

  focus() {
    this.#field.focus();
  }

  #say() {
    const text = this.#field.value.trim();
    if (text === "" || this.#button.disabled || !this.on.say(text)) return;
    // A message ends the typing by itself, and what comes after it begins anew.
    clearTimeout(this.#idleTimer);
    this.#isTelling = false;
    this.#toldAt = 0;
    this.#field.value = "";
    this.#measure();
    this.#field.focus();
  }

  #measure() {
    const text = this.#field.value;
    const over = byteLength(text.trim()) - this.#bytesMax;
    this.#note.textContent = over > 0 ? `Too long by ${over.toLocaleString()} bytes` : "";
    this.#button.disabled = over > 0 || text.trim() === "";
    // Where the browser can't size the field by its content, count the lines.
    if (!CSS.supports("field-sizing", "content")) this.#field.rows = Math.min(LINES_MAX, text.split("\n").length);
  }

  #typed() {
    if (this.#field.value.trim() === "") {
      this.#stopTyping();
      return;
    }
    const now = Date.now();
    if (now - this.#toldAt >= TELL_EVERY_MS) {
      this.#toldAt = now;
      this.#isTelling = true;
      this.on.typing(this.#room, true);
    }
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => this.#stopTyping(), IDLE_MS);
  }

  #stopTyping() {
    clearTimeout(this.#idleTimer);
    if (!this.#isTelling) return;
    this.#isTelling = false;
    this.on.typing(this.#room, false);
  }
}
