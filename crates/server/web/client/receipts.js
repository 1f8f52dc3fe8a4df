// Owns how far the reader has read, room by room, until the server knows.
// Keeps true: a mark is sent once it is due, never twice, and one mark a second at most in all; what a
// lost line may have swallowed is sent again. Sends nothing itself.

/** Marks are sent so often at most, in milliseconds. */
const EVERY_MS = 1_000;

export class Receipts {
  #read = new Map();
  #due = new Set();
  #sentAt = 0;
  #timer = 0;
  #send;

  /** `send(room, position)` says whether it went. */
  constructor(send) {
    this.#send = send;
  }

  /** The reader has read up to `{epoch, seq}`. */
  read(room, { epoch, seq }) {
    const known = this.#read.get(room);
    if (known?.epoch === epoch && known.seq >= seq) return;
    this.#read.set(room, { epoch, seq });
    this.#due.add(room);
    this.#plan();
  }

  /** What the server knows on letting us in: nothing, or the mark up to which it was told. */
  joined(room, epoch, mark = 0) {
    const known = this.#read.get(room);
    this.#due.delete(room);
    if (known?.epoch !== epoch || known.seq <= mark) return;
    this.#due.add(room);
    this.#plan();
  }

  forget(room) {
    this.#read.delete(room);
    this.#due.delete(room);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#due.clear();
  }

  #plan() {
    if (this.#timer || this.#due.size === 0) return;
    this.#timer = setTimeout(() => this.#flush(), Math.max(0, this.#sentAt + EVERY_MS - Date.now()));
  }

  #flush() {
    this.#timer = 0;
    for (const room of [...this.#due]) {
      // One that could not go comes back with the room's next `joined`.
      this.#due.delete(room);
      if (!this.#send(room, this.#read.get(room))) continue;
      this.#sentAt = Date.now();
      break;
    }
    this.#plan();
  }
}
