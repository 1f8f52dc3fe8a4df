// Owns who is in a room, as far as it was told. Pure.
// Keeps true: it holds a bounded number of users, and says when its list of them can't be relied on.
// Leaves to others: asking for those who are missing.

/** Users held at most; of rooms that are larger, no complete list is to be had. */
const USERS_MAX = 2_000;

export class People {
  #users = new Map();
  /** Up to which user, in the order of their ids, it is known who is here; null: of nobody. */
  #listedTo = null;
  /** Whether it is known of all. */
  #isListed = false;
  count = 0;

  /** What `joined` says: how many, and the first of them, or nobody. */
  began(count, members = []) {
    this.count = count;
    this.#users.clear();
    for (const member of members) this.#add(member);
    this.#isListed = members.length === count;
    this.#listedTo = members.at(-1)?.user ?? null;
  }

  came(member) {
    this.#add(member);
  }

  went(user) {
    this.#users.delete(user);
  }

  /** Who comes and goes is not told any more, or was not told for a while. */
  loseTrack() {
    this.#listedTo = null;
    this.#isListed = false;
  }

  /** A page of `who`: those it spans and doesn't name are not here. */
  listed({ after, count, members, more }) {
    this.count = count;
    const last = members.at(-1)?.user ?? null;
    if (more && last === null) return;
    const named = new Set(members.map(({ user }) => user));
    for (const user of this.#users.keys()) {
      const isSpanned = (after === null || user > after) && (!more || user <= last);
      if (isSpanned && !named.has(user)) this.#users.delete(user);
    }
    const isNext = after === null || (this.#listedTo !== null && after <= this.#listedTo);
    if (isNext && !this.#isListed) {
      this.#isListed = !more;
      if (last !== null && (this.#listedTo === null || last > this.#listedTo)) this.#listedTo = last;
    }
    for (const member of members) this.#add(member);
  }

  /** Whether the list is all who are here. The count is a second witness: it disagrees where something was not told. */
  get isComplete() {
    return this.#isListed && this.#users.size === this.count;
  }

  /** After whom to ask for the next page; null: from the beginning. */
  get nextAfter() {
    return this.#isListed ? null : this.#listedTo;
  }

  has(user) {
    return this.#users.has(user);
  }

  /** The display name of somebody who is here and has one. */
  name(user) {
    return this.#users.get(user) ?? null;
  }

  /** `[user, name]` of each who is known to be here. */
  list() {
    return [...this.#users].map(([user, name]) => [user, name ?? user]);
  }

  #add({ user, name = null }) {
    if (this.#users.size >= USERS_MAX && !this.#users.has(user)) this.loseTrack();
    else this.#users.set(user, name);
  }
}
