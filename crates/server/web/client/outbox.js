// Owns what the reader has said and the room has not confirmed.
// Keeps true: one message of a room is under way at a time, so a retry can't change their order; a
// message is resent with the same key, and never by itself once the server may have forgotten that
// key. Takes `now` in milliseconds; sends nothing itself.

/** How long the server knows a key, in milliseconds, less a margin for the way there. */
const KEY_LIFE_MS = 5 * 60_000 - 10_000;
/** Without an answer for this long, a message is sent again, in milliseconds. */
const ANSWER_WAIT_MS = 10_000;
/** Messages kept at most; then saying more is refused. */
const ITEMS_MAX = 200;

export const WAITING = "waiting";
export const SENT = "sent";
export const ACKED = "acked";
export const FAILED = "failed";

export class Outbox {
  constructor(stored = []) {
    this.items = stored.slice(-ITEMS_MAX).map((item) => ({ ...item, state: item.state === SENT ? WAITING : item.state }));
  }

  /** Takes a message in; nothing if there are too many already. */
  add(key, room, text, now) {
    // The room has long said these; their copies were only not among the messages loaded here.
    this.items = this.items.filter((item) => item.state !== ACKED || now - item.saidAt < KEY_LIFE_MS);
    if (this.items.length >= ITEMS_MAX) return null;
    const item = { key, room, text, saidAt: now, firstSentAt: null, askedAt: null, notBefore: 0, state: WAITING, why: null, epoch: null, seq: null };
    this.items.push(item);
    return item;
  }

  find(key) {
    return this.items.find((item) => item.key === key) ?? null;
  }

  in(room) {
    return this.items.filter((item) => item.room === room);
  }

  /** The rooms for which something is here. */
  rooms() {
    return new Set(this.items.map((item) => item.room));
  }

  /** What of `room` should be sent now, if anything. */
  due(room, now) {
    const item = this.items.find((each) => each.room === room && (each.state === WAITING || each.state === SENT));
    if (!item) return null;
    if (item.state === SENT && now - item.askedAt < ANSWER_WAIT_MS) return null;
    if (item.firstSentAt !== null && now - item.firstSentAt > KEY_LIFE_MS) {
      this.fail(item, "no answer came; it may have been delivered");
      return this.due(room, now);
    }
    return item.notBefore > now ? null : item;
  }

  sent(item, now) {
    item.state = SENT;
    item.firstSentAt ??= now;
    item.askedAt = now;
  }

  /** The log has it, at this position; it stays until the room says it back. */
  acked(item, { epoch, seq, timestamp }) {
    Object.assign(item, { state: ACKED, epoch, seq, timestamp, why: null });
  }

  /** The server asks to try the same again later. */
  postpone(item, until) {
    item.state = WAITING;
    item.notBefore = until;
  }

  fail(item, why) {
    item.state = FAILED;
    item.why = why;
  }

  /** Nothing of `room` is to be sent any more unless the reader wants it. */
  failAll(room, why) {
    for (const item of this.items) if (item.room === room && (item.state === WAITING || item.state === SENT)) this.fail(item, why);
  }

  /** The reader wants it tried again: as a new attempt, with the same key. */
  retry(item) {
    Object.assign(item, { state: WAITING, why: null, notBefore: 0, firstSentAt: null, askedAt: null });
  }

  remove(key) {
    this.items = this.items.filter((item) => item.key !== key);
  }

  /** Forgets a whole room. */
  drop(room) {
    this.items = this.items.filter((item) => item.room !== room);
  }

  /** The line is gone: what was under way is to be sent again. */
  lineLost() {
    for (const item of this.items) {
      if (item.state === SENT) item.state = WAITING;
      item.notBefore = 0;
    }
  }

  /** The next moment after `now` at which something may become due; otherwise nothing. */
  nextMoment(now) {
    const moments = this.items
      .filter((item) => item.state === WAITING || item.state === SENT)
      .map((item) => (item.state === SENT ? item.askedAt + ANSWER_WAIT_MS : item.notBefore))
      .filter((moment) => moment > now);
    return moments.length ? Math.min(...moments) : null;
  }
}
