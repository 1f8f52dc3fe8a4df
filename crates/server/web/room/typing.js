// Owns who types in a room, for as long as that may be believed. Pure: takes `now` in milliseconds.

/** A server ends typing 6 s after its last repetition and says so. That word may be lost to a slow
 * reader, so 2 s later it is no longer waited for. */
const BELIEVED_MS = 8_000;
/** Typists remembered at most; servers name far fewer. */
const TYPISTS_MAX = 64;

export class Typing {
  #users = new Map();
  #crowd = null; // {count, until} where they are too many to be named

  seen(user, typing, now) {
    for (const [each, until] of this.#users) if (until <= now) this.#users.delete(each);
    if (!typing) this.#users.delete(user);
    else if (this.#users.size < TYPISTS_MAX || this.#users.has(user)) this.#users.set(user, now + BELIEVED_MS);
  }

  /** What was known before counts no more. */
  replace(news, now) {
    this.clear();
    if (!news) return;
    const { count, users = [] } = news;
    if (users.length === 0 && count > 0) this.#crowd = { count, until: now + BELIEVED_MS };
    for (const user of users) this.seen(user, true, now);
  }

  clear() {
    this.#users.clear();
    this.#crowd = null;
  }

  /** Who types besides `me`: how many, and who, unless they are too many to be named. */
  now(me, now) {
    if (this.#crowd && this.#crowd.until > now) return { count: this.#crowd.count, users: [] };
    const users = [...this.#users].filter(([user, until]) => user !== me && until > now).map(([user]) => user);
    return { count: users.length, users };
  }
}
