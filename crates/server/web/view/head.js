// Owns the bar above the messages and the title of the window: where the reader is, and what waits elsewhere.

import { byId } from "./element.js";

const ROOMS_NAMED_MAX = 2;

/** `unread` maps places to numbers; `shared` are the rooms in which the other one of a conversation is now. */
export function drawHead(place, { unread, shared }) {
  const total = [...unread.values()].reduce((sum, count) => sum + count, 0);
  const elsewhere = total - (unread.get(place.name) ?? 0);
  document.title = `${total ? `(${total}) ` : ""}${place.title} · Roomcast`;
  byId("open-rooms").classList.toggle("news", elsewhere > 0);
  byId("open-rooms").setAttribute("aria-label", elsewhere > 0 ? `Rooms, ${elsewhere} unread` : "Rooms");
  byId("room-mark").textContent = place.isDirect ? "" : "#";
  byId("room-title").textContent = place.title;
  byId("room-title").title = place.isDirect ? place.user : "";
  byId("room-count").textContent = place.isDirect ? whereabouts(shared) : roomText(place);
}

function roomText({ joined, out, count }) {
  if (out) return "You are not in this room";
  return joined ? `${count.toLocaleString()} online` : "";
}

function whereabouts(shared) {
  if (shared.length === 0) return "Direct messages";
  const names = shared.slice(0, ROOMS_NAMED_MAX).map(({ name }) => name);
  return `Direct messages · online in ${names.join(", ")}${shared.length > names.length ? " …" : ""}`;
}
