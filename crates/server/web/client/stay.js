// Owns one room as the client is in it: whether it is, and the position last seen there.
// Keeps true: what is told of a room goes on from what was told before, each message once. The
// reader's own inbox is such a room, which the server opens without being asked.
// Leaves to others: sending, and what to do about a hole.

import { Cursor, DUPLICATE, readCursor } from "./cursor.js";

export class Stay {
  constructor(name, { since = null, isInbox = false } = {}) {
    this.name = name;
    this.isInbox = isInbox;
    this.cursor = readCursor(since);
    this.joinId = null;
    this.joined = false;
  }

  /** The position to come back with, if there is one. */
  since() {
    return this.cursor?.since() ?? null;
  }

  /** Whether a `joined` is the answer that is waited for; that of the inbox answers nothing. */
  awaits({ id }) {
    return this.isInbox ? id === undefined || id === null : id === this.joinId;
  }

  /** Takes `joined` in; the frame with what of its messages is new, and whether it goes on from before. */
  enter(frame) {
    const was = this.cursor;
    const messages = frame.messages.filter((message) => !was || was.compare(message) !== DUPLICATE);
    const last = messages.at(-1);
    let id = last?.seq === frame.seq ? last.id : null;
    if (was && was.epoch === frame.epoch && was.seq === frame.seq) id ??= was.id;
    this.cursor = new Cursor({ epoch: frame.epoch, seq: frame.seq, id });
    this.joined = true;
    return { ...frame, messages, resumed: was !== null };
  }

  /** The line is gone, and the server's idea of us with it. */
  lineLost() {
    this.joined = false;
    this.joinId = null;
  }
}
