// Owns the lists of rooms and of conversations on the page, and the field to go into another.

import { roomName } from "../client/names.js";
import { avatar, byId, element } from "./element.js";

const BADGE_MAX = 99;

export class PlaceList {
  #rooms = byId("rooms");
  #directs = byId("directs");
  #field = byId("join-room");
  #drawn = "";

  /** `on.open(name)`, `on.leave(name)`, `on.refused(why)`. */
  constructor(on) {
    for (const list of [this.#rooms, this.#directs]) {
      list.addEventListener("click", ({ target }) => {
        const name = target.closest("li")?.dataset.room;
        if (name && target.closest(".leave")) on.leave(name);
        else if (name && target.closest(".open")) on.open(name);
      });
    }
    byId("join-form").addEventListener("submit", (event) => {
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

  draw({ rooms, conversations, unread, active }) {
    const drawn = JSON.stringify([active, ...[...rooms, ...conversations].map(({ name, title, joined, out }) => [name, title, joined, out !== null, unread.get(name)])]);
    // Items that are made anew while they are clicked would swallow the click.
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const focused = document.activeElement?.closest?.("#rooms li, #directs li")?.dataset.room;
    const items = (places) => places.map((place) => placeElement(place, unread.get(place.name) ?? 0, place.name === active));
    this.#rooms.replaceChildren(...items(rooms));
    this.#directs.replaceChildren(...items(conversations));
    byId("directs-hint").hidden = conversations.length > 0;
    if (!focused) return;
    const again = [...this.#rooms.children, ...this.#directs.children].find(({ dataset }) => dataset.room === focused);
    again?.querySelector(".open").focus();
  }
}

function placeElement(place, unread, isActive) {
  const { name, title, isDirect, joined, out } = place;
  const badge = unread > 0 ? element("span", { className: "badge" }, unread > BADGE_MAX ? `${BADGE_MAX}+` : String(unread), element("span", { className: "hidden-text" }, " unread")) : null;
  const open = element(
    "button",
    { type: "button", className: "open", title: isDirect ? place.user : null, "aria-current": isActive ? "true" : null },
    isDirect ? avatar(place.user, title) : element("span", { className: "mark", "aria-hidden": "true" }, "#"),
    element("bdi", { className: "room-name" }, title),
    out ? element("span", { className: "shut" }, "out") : null,
    badge,
  );
  const what = isDirect ? `Close the conversation with ${title}` : `Leave ${title}`;
  const leave = element("button", { type: "button", className: "leave", title: what, "aria-label": what }, "×");
  const item = element("li", { className: joined || isDirect ? "" : "entering" }, open, leave);
  item.dataset.room = name;
  return item;
}
