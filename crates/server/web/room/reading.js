// Owns who has read how far in a room, and how much there is left to read. Pure.
// Keeps true: marks never go back within an epoch, and say nothing in another; positions rise by one,
// so what is unread is the distance from the reader's own mark to the last message.

/** Marks of others held at most; those furthest behind go first. */
const MARKS_MAX = 1_000;

export class Reading {
  #epoch = null;
  /** The last position known to be taken. */
  #head = 0;
  /** Up to where all counts as read: the reader's mark, or the beginning of the epoch. */
  #readTo = null;
  #marks = new Map();

  get epoch() {
    return this.#epoch;
  }

  /** The position up to which the reader has read, as far as is known: 0 at least. */
  get readTo() {
    return this.#readTo ?? 0;
  }

  /** What `joined` says: the position that it covers, the reader's own mark, what is unread. */
  began({ epoch, seq, read = null, unread = null }) {
    this.#turnTo(epoch);
    // The log may reach further than a `joined` with its page does.
    const head = Math.max(seq, unread === null ? 0 : (read ?? 0) + unread);
    this.#head = Math.max(this.#head, head);
    if (unread !== null) this.#readUpTo(head - unread);
    if (read !== null) this.#readUpTo(read);
  }

  said({ epoch, seq }) {
    if (epoch !== this.#epoch) this.skipped(epoch, seq - 1);
    this.#head = Math.max(this.#head, seq);
  }

  /** Positions up to `to` will not come. They are unread, but for an epoch in which nobody can have
   * read yet. */
  skipped(epoch, to) {
    const isNew = this.#turnTo(epoch);
    this.#head = Math.max(this.#head, to);
    if (isNew) this.#readTo = Math.max(to, 0);
  }

  /** The reader has read, here or elsewhere. */
  read(seq) {
    this.#readUpTo(seq);
    // A mark stands at a message, which may still be on its way.
    this.#head = Math.max(this.#head, seq);
  }

  readBy(user, seq) {
    const known = this.#marks.get(user);
    if (known === undefined && this.#marks.size >= MARKS_MAX) {
      const [behind, mark] = [...this.#marks].reduce((low, each) => (each[1] < low[1] ? each : low));
      if (mark >= seq) return;
      this.#marks.delete(behind);
    }
    this.#marks.set(user, Math.max(seq, known ?? 0));
  }

  /** How many messages stand behind the reader's mark, own ones among them. */
  get unread() {
    return this.#readTo === null ? 0 : Math.max(0, this.#head - this.#readTo);
  }

  /** The marks of others, the furthest first. */
  marks() {
    return [...this.#marks].map(([user, seq]) => ({ user, seq })).sort((a, b) => b.seq - a.seq || (a.user < b.user ? -1 : 1));
  }

  #readUpTo(seq) {
    this.#readTo = Math.max(this.#readTo ?? 0, seq);
  }

  #turnTo(epoch) {
    if (this.#epoch === epoch) return false;
    this.#epoch = epoch;
    this.#head = 0;
    this.#readTo = null;
    this.#marks.clear();
    return true;
  }
}
