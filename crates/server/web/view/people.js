// Owns who is shown to be in a place, and who types there.

import { avatar, byId, element } from "./element.js";

/** People drawn at most; the rest is counted. */
const DRAWN_MAX = 1_000;

export class People {
  #list = byId("members");
  #drawn = new Map(); // user → {item, label}
  #collator = new Intl.Collator();

  /** `on.person(user)` when somebody other than the reader is chosen. */
  constructor(on) {
    this.#list.addEventListener("click", ({ target }) => {
      const user = target.closest("button")?.closest("li")?.dataset.user;
      if (user) on.person(user);
    });
  }

  /** Draws who is in a room, or the two of a conversation; `myName` is how the reader is called. */
  draw(place, me, myName) {
    const known = place.isDirect ? [[place.user, place.title]] : place.people.list();
    // Of a large room only some are known, but the reader is there for certain.
    if (place.joined && !known.some(([user]) => user === me)) known.push([me, myName]);
    const people = [...new Map(known)].sort(([userA, nameA], [userB, nameB]) => (userB === me) - (userA === me) || this.#collator.compare(nameA, nameB));
    const shown = people.slice(0, DRAWN_MAX);
    const count = place.isDirect ? people.length : place.count;
    this.#place(shown, me);
    const others = count - shown.length;
    const rest = byId("members-rest");
    rest.hidden = others <= 0 || shown.length === 0;
    rest.textContent = others === 1 ? "and 1 other" : `and ${others.toLocaleString()} others`;
    byId("members-title").textContent = place.isDirect ? "In this conversation" : "Online";
    byId("members-count").textContent = place.isDirect || place.out ? "" : count.toLocaleString();
  }

  /** Items stay where they are as long as their person does, so that focus isn't lost. */
  #place(shown, me) {
    const wanted = new Set(shown.map(([user]) => user));
    for (const [user, { item }] of this.#drawn) {
      if (wanted.has(user)) continue;
      item.remove();
      this.#drawn.delete(user);
    }
    let next = this.#list.firstElementChild;
    for (const [user, name] of shown) {
      const label = `${user === me} ${name}`;
      let { item, label: drawn } = this.#drawn.get(user) ?? {};
      if (drawn !== label) {
        const fresh = personElement(user, name, me);
        if (item === next && item) next = fresh;
        item?.replaceWith(fresh);
        item = fresh;
        this.#drawn.set(user, { item, label });
      }
      if (item === next) next = next.nextElementSibling;
      else this.#list.insertBefore(item, next);
    }
  }
}

function personElement(user, name, me) {
  const label = element("bdi", { className: "member-name" }, name);
  const inside =
    user === me
      ? element("span", { className: "person", title: user }, avatar(user, name), label, element("span", { className: "you" }, "you"))
      : element("button", { type: "button", className: "person", title: `Write to ${user}` }, avatar(user, name), label);
  const item = element("li", {}, inside);
  item.dataset.user = user;
  return item;
}

/** Who types: by name where it is one or two, otherwise how many. */
export function drawTyping(count, names) {
  const line = byId("typing");
  const bold = (name) => element("bdi", {}, name);
  let parts = [];
  if (count === 1 && names.length === 1) parts = [bold(names[0]), " is typing…"];
  else if (count === 2 && names.length === 2) parts = [bold(names[0]), " and ", bold(names[1]), " are typing…"];
  else if (count > 0) parts = [count === 1 ? "1 person is typing…" : `${count.toLocaleString()} people are typing…`];
  const text = element("span", {}, ...parts);
  if (text.textContent === line.lastChild?.textContent) return;
  const dots = element("span", { className: "dots", "aria-hidden": "true" }, element("i"), element("i"), element("i"));
  line.replaceChildren(...(parts.length ? [dots, text] : []));
}
