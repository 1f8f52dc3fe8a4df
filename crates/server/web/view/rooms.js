// Owns the list of rooms on the page, and the field to go into another.

import { roomName } from "../client/names.js";
import { byId, element } from "./element.js";

export class RoomList {
  #list = byId("rooms");
  #form = byId("join-form");
  #field = byId("join-room");

  /** `on.open(room)`, `on.leave(room)`, `on.refused(why)`. */
  constructor(on) {
    this.#list.addEventListener("click", ({ target }) => {
      const room = target.closest("li")?.dataset.room;
      if (room && target.closest(".leave")) on.leave(room);
      else if (room && target.closest(".open")) on.open(room);
    });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      const name = roomName(this.#field.value);
      if (name === null) {
        on.refused("A room's name has letters, digits and . _ : @ # - only");
        return;
      }
      this.#field.value = "";
      on.open(name);
    });
  }

  draw(rooms, active) {
    const focused = document.activeElement?.closest?.("#rooms li")?.dataset.room;
    this.#list.replaceChildren(...rooms.map((room) => roomElement(room, room.name === active)));
    if (focused) [...this.#list.children].find(({ dataset }) => dataset.room === focused)?.querySelector(".open").focus();
  }
}

function roomElement({ name, unread, joined }, active) {
  const badge = unread > 0 ? element("span", { className: "badge" }, unread > 99 ? "99+" : String(unread), element("span", { className: "hidden-text" }, " unread")) : null;
  const open = element(
    "button",
    { type: "button", className: "open", "aria-current": active ? "true" : null },
    element("span", { className: "mark", "aria-hidden": "true" }, "#"),
    element("bdi", { className: "room-name" }, name),
    badge,
  );
  const leave = element("button", { type: "button", className: "leave", title: `Leave ${name}`, "aria-label": `Leave ${name}` }, "×");
  const item = element("li", { className: joined ? "" : "entering" }, open, leave);
  item.dataset.room = name;
  return item;
}
