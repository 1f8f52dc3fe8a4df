// Owns one direct conversation: what of the inbox was exchanged with one user. To the views it is like a
// room; it holds no messages itself. Pure.

import { inboxOf } from "../client/names.js";

export class Conversation {
  #inbox;

  constructor(inbox, user) {
    this.#inbox = inbox;
    this.user = user;
    /** The name by which the page opens it. */
    this.name = inboxOf(user);
    /** The display name, where one is known. */
    this.label = null;
    /** The last position seen by the reader, and the last one of the conversation. */
    this.seen = null;
    this.last = null;
    /** When that was stamped, in milliseconds. */
    this.lastAt = 0;
    /** What was said up to this position doesn't bring it onto the list. */
    this.closed = null;
    this.newFrom = null;
    /** Nobody is taken out of their inbox. */
    this.out = null;
  }

  get isDirect() {
    return true;
  }

  get title() {
    return this.label ?? this.user;
  }

  /** Messages of this conversation, and gaps between them in which more may have been. */
  get entries() {
    const found = [];
    for (const entry of this.#inbox.log.entries) {
      if (entry.kind === "gap") {
        if (found.at(-1)?.kind === "gap") found.pop();
        if (found.length) found.push(entry);
      } else if (this.#inbox.userIn(entry) === this.user) found.push(entry);
    }
    return found;
  }

  hasKey(key) {
    return this.#inbox.log.hasKey(key);
  }

  nameOf(user) {
    return user === this.user ? this.title : user;
  }

  get loading() {
    return this.#inbox.log.loading;
  }

  get joined() {
    return this.#inbox.log.joined;
  }

  get more() {
    return this.#inbox.log.more;
  }

  /** Whether it takes the reader to look further back. */
  get asks() {
    return this.more && !this.#inbox.mayLookFurther;
  }

  /** Whether the log is here from its beginning. */
  get isWhole() {
    const first = this.#inbox.log.entries[0];
    return !this.more && (first === undefined || (first.kind === "message" && first.seq === 1));
  }

  /** The new begins where the reader had come to. */
  markNew() {
    const { epoch, readTo } = this.#inbox.log.reading;
    const seen = this.seen?.epoch === epoch ? this.seen.seq : 0;
    this.newFrom = { epoch, seq: Math.max(readTo, seen) };
  }

  isNew({ epoch, seq }) {
    return this.newFrom !== null && epoch === this.newFrom.epoch && seq > this.newFrom.seq;
  }
}
