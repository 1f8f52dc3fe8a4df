// Owns what is known of one room: its messages and gaps in order, with who is there, who types, and
// who has read how far beside them. Pure: takes `now` in milliseconds, draws nothing, sends nothing.
// Keeps true: a message is held once, by its id, also after the log began a new epoch; entries of one
// epoch stand in order of `seq`; memory is bounded.

import { People } from "./people.js";
import { Reading } from "./reading.js";
import { Typing } from "./typing.js";

/** Entries kept at most while the reader is at the newest; the oldest go first. */
const ENTRIES_KEPT = 1_000;
/** Entries kept at most in any case. */
const ENTRIES_MAX = 5_000;
/** Names kept at most of those who may have gone. */
const NAMES_MAX = 2_000;

export class Room {
  #byId = new Map();
  #keys = new Set();
  #names = new Map();

  constructor(name) {
    this.name = name;
    this.entries = [];
    this.people = new People();
    this.typing = new Typing();
    this.reading = new Reading();
    /** What others said behind this position was new when the reader came in; null: nothing. */
    this.newFrom = null;
    /** Whether the log may have more before the oldest entry. */
    this.more = true;
    this.loading = false;
    /** From when on older entries may be asked for, in milliseconds. */
    this.olderNotBefore = 0;
    this.joined = false;
    /** Why one is not in it any more, and the position to come back with: {code, why, untilMs, since}. */
    this.out = null;
    this.epoch = null;
    this.seq = 0;
  }

  get isDirect() {
    return false;
  }

  /** How the room is called on the page. */
  get title() {
    return this.name;
  }

  get count() {
    return this.people.count;
  }

  hasKey(key) {
    return this.#keys.has(key);
  }

  /** How somebody is shown. */
  nameOf(user) {
    return this.people.name(user) ?? this.#names.get(user) ?? user;
  }

  /** The room is entered, or entered again; returns the messages that were not here before. */
  enter(frame, me, now) {
    const { epoch, seq, messages, gap, count, members, typing } = frame;
    const renewed = this.epoch !== null && this.epoch !== epoch;
    this.joined = true;
    this.out = null;
    this.olderNotBefore = 0;
    // First, so that the messages of a page count as what they are: read, or not.
    this.reading.began(frame);
    if (gap) this.addGap({ epoch, ...gap });
    else if (renewed) this.addGap({ epoch, from: 1, to: 0 });
    const fresh = messages.filter((message) => this.append(message, me));
    Object.assign(this, { epoch, seq });
    if (renewed) this.more = true;
    this.people.began(count, members);
    this.typing.replace(typing, now);
    return fresh;
  }

  /** The line is gone: what goes on there is not told any more. */
  lineLost() {
    this.people.loseTrack();
    this.typing.clear();
  }

  /** One is not in it any more; what was said stays. */
  putOut(out) {
    this.lineLost();
    this.people.began(0);
    this.joined = false;
    this.out = out;
  }

  /** Takes the newest message in; false if it is here already. */
  append(message, me, now = 0) {
    this.typing.seen(message.from, false, now);
    this.reading.said(message);
    this.epoch = message.epoch;
    this.seq = message.seq;
    if (!this.#remember(message, me)) return false;
    this.entries.push({ kind: "message", ...message });
    this.#byId.set(message.id, this.entries.at(-1));
    return true;
  }

  /** Takes older messages in, each at its place; returns those that were not here before. */
  insert(messages, me) {
    const fresh = [];
    for (const message of messages) {
      if (this.entries.length >= ENTRIES_MAX || !this.#remember(message, me)) continue;
      const entry = { kind: "message", ...message };
      const later = (each) => each.epoch === message.epoch && (each.seq ?? each.from) > message.seq;
      const at = this.entries.findIndex(later);
      this.entries.splice(at < 0 ? this.entries.length : at, 0, entry);
      this.#byId.set(message.id, entry);
      fresh.push(message);
    }
    if (this.entries.length >= ENTRIES_MAX) this.more = false;
    return fresh;
  }

  addGap({ epoch, from, to }) {
    this.entries.push({ kind: "gap", epoch, from, to, hopeless: to < from });
    if (this.epoch !== epoch) this.more = true;
    this.reading.skipped(epoch, to);
    Object.assign(this, { epoch, seq: Math.max(to, 0) });
  }

  /** The newest gap that the log has not yet been asked about. */
  openGap() {
    return this.entries.findLast((each) => each.kind === "gap" && !each.hopeless) ?? null;
  }

  /** A page of the log that ends where the gap ends: what it has is no longer missing. */
  fillGap(gap, page, me) {
    const found = page.epoch === gap.epoch ? page.messages.filter(({ seq }) => seq >= gap.from && seq <= gap.to) : [];
    const fresh = this.insert(found, me);
    if (found.length) gap.to = found[0].seq - 1;
    if (gap.to < gap.from) this.entries = this.entries.filter((each) => each !== gap);
    else if (!found.length || !page.more) gap.hopeless = true;
    return fresh;
  }

  /** No more is asked about the gaps there are. */
  giveUpGaps() {
    for (const entry of this.entries) if (entry.kind === "gap") entry.hopeless = true;
  }

  /** Before which position to ask for older messages. */
  oldest() {
    const first = this.entries.find((each) => each.kind === "message" && each.epoch === this.epoch);
    return first ? first.seq : this.seq + 1;
  }

  /** Lets the oldest go where there are too many; `reading` says the reader looks at old ones. */
  trim(reading) {
    const keep = reading ? ENTRIES_MAX : ENTRIES_KEPT;
    if (this.entries.length <= keep) return;
    for (const entry of this.entries.splice(0, this.entries.length - Math.floor(keep * 0.8))) {
      this.#byId.delete(entry.id);
      this.#keys.delete(entry.key);
    }
    this.more = true;
  }

  /** What others said that is unread: a number; those that are not loaded count as others'. */
  unread(me) {
    const { epoch, readTo, unread } = this.reading;
    if (unread === 0) return 0;
    let own = 0;
    for (let at = this.entries.length - 1; at >= 0; at -= 1) {
      const entry = this.entries[at];
      if (entry.kind !== "message") continue;
      if (entry.epoch !== epoch || entry.seq <= readTo) break;
      if (entry.from === me) own += 1;
    }
    return Math.max(0, unread - own);
  }

  /** The reader has seen all that is here; returns the position to tell, if that is news. */
  see() {
    const { epoch, seq } = this;
    if (seq === 0 || this.reading.epoch !== epoch || this.reading.readTo >= seq) return null;
    this.reading.read(seq);
    return { epoch, seq };
  }

  /** The new begins where the reader's mark is. */
  markNew() {
    this.newFrom = { epoch: this.reading.epoch, seq: this.reading.readTo };
  }

  isNew({ epoch, seq }) {
    return this.newFrom !== null && epoch === this.newFrom.epoch && seq > this.newFrom.seq;
  }

  /** Somebody came, went, or some did in a large room. */
  presence({ joined = [], left = [], count }) {
    for (const user of left) {
      this.people.went(user);
      this.typing.seen(user, false, 0);
    }
    for (const member of joined) this.people.came(member);
    if (joined.length === 0 && left.length === 0) this.people.loseTrack();
    this.people.count = count;
  }

  /** `marks` are read marks of anybody, the reader too. */
  reads(marks, me) {
    for (const { user, seq } of marks) {
      if (user === me) {
        this.reading.read(seq);
        continue;
      }
      this.reading.readBy(user, seq);
      this.#learn(user, this.people.name(user));
    }
  }

  /** Who has gone keeps the name under which they spoke or read. */
  #learn(user, name) {
    if (!name) return;
    if (this.#names.size >= NAMES_MAX) this.#names.clear();
    this.#names.set(user, name);
  }

  /** A known message keeps its entry and learns its present position. */
  #remember(message, me) {
    this.#learn(message.from, message.name);
    if (message.key && message.from === me) this.#keys.add(message.key);
    const known = this.#byId.get(message.id);
    if (known) Object.assign(known, { epoch: message.epoch, seq: message.seq });
    return !known;
  }
}
