// Owns the places of a reader: the rooms they are in and their inbox with its conversations. A place is
// named as in the address: a room by its name, a conversation by the other's inbox, `@user`.
// Keeps true: what is read back from storage is no more than allowed. Draws nothing, sends nothing.

import { isInbox, userOf } from "./client/names.js";
import { Inbox } from "./room/inbox.js";
import { Room } from "./room/room.js";

/** Rooms on the page at most. */
export const ROOMS_MAX = 50;

export class Places {
  #rooms = new Map();

  constructor(me, conversations = []) {
    this.inbox = new Inbox(me, conversations);
  }

  /** The server says who the reader is; what was kept of somebody else's inbox is dropped. */
  belongTo(me) {
    if (me !== this.inbox.me) this.inbox = new Inbox(me);
  }

  /** The room or conversation of this name, if there is one; a conversation there always is. */
  get(name) {
    return name !== null && isInbox(name) ? this.inbox.with(userOf(name)) : (this.#rooms.get(name) ?? null);
  }

  /** Whose messages come under this name of a room. */
  log(name) {
    return name === this.inbox.log.name ? this.inbox.log : (this.#rooms.get(name) ?? null);
  }

  get rooms() {
    return [...this.#rooms.values()];
  }

  /** The names of all, as they are listed. */
  get names() {
    return [...this.rooms, ...this.inbox.listed()].map(({ name }) => name);
  }

  /** A new room, or nothing if there are too many. */
  add(name) {
    if (this.#rooms.size >= ROOMS_MAX) return null;
    const room = new Room(name);
    this.#rooms.set(name, room);
    return room;
  }

  remove(name) {
    if (isInbox(name)) this.inbox.close(userOf(name));
    else this.#rooms.delete(name);
  }

  /** How much is unread in each: a map from names to numbers. */
  unread() {
    const counts = new Map(this.rooms.map((room) => [room.name, room.unread(this.inbox.me)]));
    const direct = this.inbox.unread();
    for (const { name, user } of this.inbox.listed()) counts.set(name, direct.get(user) ?? 0);
    return counts;
  }

  /** The display name of a user, from wherever one is known. */
  nameOf(user) {
    for (const room of this.#rooms.values()) if (room.people.name(user)) return room.people.name(user);
    return null;
  }

  /** The rooms in which a user is known to be now. */
  sharedWith(user) {
    return this.rooms.filter((room) => room.joined && room.people.has(user));
  }
}
