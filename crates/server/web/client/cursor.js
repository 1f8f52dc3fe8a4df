// Owns the comparison of what arrives in a room with what was last seen there: the same rule as the
// nodes' own cursor, so that "no silent hole, no duplicate" means the same on both ends. Pure.
// Leaves to others: what to do about a hole.

export const NEXT = "next";
export const DUPLICATE = "duplicate";
export const HOLE = "hole";
export const OTHER_EPOCH = "other epoch";

/** The last position seen in a room, with the id of the message that stood there. */
export class Cursor {
  constructor({ epoch, seq, id = null }) {
    this.epoch = epoch;
    this.seq = seq;
    this.id = id;
  }

  /** What a position is to this cursor. Doesn't move it. */
  compare({ epoch, seq }) {
    if (epoch !== this.epoch) return OTHER_EPOCH;
    if (seq <= this.seq) return DUPLICATE;
    return seq === this.seq + 1 ? NEXT : HOLE;
  }

  /** Compares a message and moves onto it if it is the next one. */
  observe(message) {
    const step = this.compare(message);
    if (step === NEXT) {
      this.seq = message.seq;
      this.id = message.id;
    }
    return step;
  }

  /** Moves past a told gap; never back within its own epoch. */
  skipGap(epoch, to) {
    if (epoch !== this.epoch || to > this.seq) {
      this.epoch = epoch;
      this.seq = to;
      this.id = null;
    }
  }

  /** The position to come back with. */
  since() {
    const { epoch, seq, id } = this;
    return id ? { epoch, seq, id } : { epoch, seq };
  }
}

/** A cursor from what was stored, or nothing if that is no position. */
export function readCursor(stored) {
  const good = stored && typeof stored.epoch === "string" && Number.isSafeInteger(stored.seq) && stored.seq >= 0;
  return good ? new Cursor({ epoch: stored.epoch, seq: stored.seq, id: stored.id ?? null }) : null;
}
