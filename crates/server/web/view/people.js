// Owns who is shown to be in the room, and who types.

import { avatar, byId, element } from "./element.js";

/** Members drawn at most; the rest is counted. */
const DRAWN_MAX = 200;

export function drawPeople(room, me) {
  const collator = new Intl.Collator();
  const members = [...room.members].sort(([userA, nameA], [userB, nameB]) => (userB === me) - (userA === me) || collator.compare(nameA, nameB));
  const items = members.slice(0, DRAWN_MAX).map(([user, name]) => memberElement(user, name, me));
  const unlisted = room.count - items.length;
  if (unlisted > 0 && items.length > 0) items.push(element("li", { className: "rest" }, `and ${unlisted.toLocaleString()} more`));
  byId("members").replaceChildren(...items);
  byId("members-count").textContent = room.count.toLocaleString();
  byId("room-count").textContent = room.joined ? `${room.count.toLocaleString()} online` : "";
}

function memberElement(user, name, me) {
  const label = element("bdi", { className: "member-name", title: user }, name);
  const item = element("li", {}, avatar(user, name), label, user === me ? element("span", { className: "you" }, "you") : null);
  item.dataset.user = user;
  return item;
}

export function drawTyping(names) {
  const line = byId("typing");
  const bold = (name) => element("bdi", {}, name);
  const parts = {
    0: () => [],
    1: () => [bold(names[0]), " is typing"],
    2: () => [bold(names[0]), " and ", bold(names[1]), " are typing"],
  }[names.length] ?? (() => [`${names.length} people are typing`]);
  const text = parts();
  const dots = element("span", { className: "dots", "aria-hidden": "true" }, element("i"), element("i"), element("i"));
  line.replaceChildren(...(text.length ? [dots, element("span", {}, ...text, " …")] : []));
}
