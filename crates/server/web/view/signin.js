// Owns the card on which somebody says who they are and where they want to go.

import { displayName, roomName, userId } from "../client/names.js";
import { byId } from "./element.js";

export class SignIn {
  #name = byId("name");
  #room = byId("room");
  #token = byId("token");
  #why = byId("sign-in-why");

  /** `onEnter({user, name, token, room})`. */
  constructor(onEnter) {
    byId("sign-in-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const entered = this.#read();
      if (entered) onEnter(entered);
    });
  }

  show({ name = "", room = "", why = "" } = {}) {
    byId("sign-in").hidden = false;
    this.#name.value ||= name;
    if (room) this.#room.value = room;
    this.#say(why);
    // The server refused what was entered: a token is what may help.
    if (why) this.#token.closest("details").open = true;
    (why ? this.#token : this.#name.value ? this.#room : this.#name).focus();
  }

  hide() {
    byId("sign-in").hidden = true;
    this.#token.value = "";
    this.#say("");
  }

  #read() {
    const token = this.#token.value.trim() || null;
    const name = displayName(this.#name.value);
    const user = userId(name);
    const room = roomName(this.#room.value);
    if (user === "" && token === null) return this.#refuse(this.#name, "Please say what you are called.");
    if (room === null) return this.#refuse(this.#room, "A room's name has letters, digits and . _ : @ # - only.");
    return { user, name, token, room };
  }

  #refuse(field, why) {
    this.#say(why);
    field.setAttribute("aria-invalid", "true");
    field.focus();
    field.addEventListener("input", () => field.removeAttribute("aria-invalid"), { once: true });
    return null;
  }

  #say(why) {
    this.#why.textContent = why;
    this.#why.hidden = why === "";
  }
}
