// Owns what is known of one room: its messages and gaps in order, who is there, who types, what is
// unread. Pure: takes `now` in milliseconds, draws nothing, sends nothing.
// Keeps true: a message is held once, by its id, also after the log began a new epoch; entries of one
// epoch stand in order of `seq`; memory is bounded.

/** Entries kept at most while the reader is at the newest; the oldest go first. */
const ENTRIES_KEPT = 1_000;
/** Entries kept at most in any case. */
const ENTRIES_MAX = 5_000;
/** Typists remembered at most. */
const TYPISTS_MAX = 50;
/** Members listed at most; the count stays right beyond it. */
const MEMBERS_MAX = 1_000;
/** How long somebody types without saying so again, in milliseconds. */
const TYPING_LASTS_MS = 6_000;

export class Room {
  #byId = new Map();
  #keys = new Set();
  #typing = new Map();

  constructor(name, unread = 0) {
    this.name = name;
    this.entries = [];
    this.members = new Map();
    this.count = 0;
    this.unread = unread;
    /** The first message that was unread when the reader came in. */
    this.firstNewId = null;
    /** Whether the log may have more before the oldest entry. */
    this.more = true;
    this.loading = false;
    /** From when on older entries may be asked for, in milliseconds. */
    this.olderNotBefore = 0;
    this.joined = false;
    this.epoch = null;
    this.seq = 0;
  }

  hasKey(key) {
    return this.#keys.has(key);
  }

  /** How somebody is shown. */
  nameOf(user) {
    return this.members.get(user) ?? user;
  }

  /** The room is entered, or entered again; returns the messages that were not here before. */
  enter({ epoch, seq, messages, gap, count, members }, me) {
    const renewed = this.epoch !== null && this.epoch !== epoch;
    this.joined = true;
    this.olderNotBefore = 0;
    if (gap) this.addGap({ epoch, ...gap });
    else if (renewed) this.addGap({ epoch, from: 1, to: 0 });
    const fresh = messages.filter((message) => this.append(message, me));
    Object.assign(this, { epoch, seq, count });
    if (renewed) this.more = true;
    if (members) this.listMembers(members, count);
    this.#typing.clear();
    return fresh;
  }

  /** Takes the newest message in; false if it is here already. */
  append(message, me) {
    this.#typing.delete(message.from);
    this.epoch = message.epoch;
    this.seq = message.seq;
    if (!this.#remember(message, me)) return false;
    this.entries.push({ kind: "message", ...message });
    this.#byId.set(message.id, this.entries.at(-1));
    return true;
  }

  /** Takes older messages in, each at its place. */
  insert(messages, me) {
    for (const message of messages) {
      if (this.entries.length >= ENTRIES_MAX || !this.#remember(message, me)) continue;
      const entry = { kind: "message", ...message };
      const later = (each) => each.epoch === message.epoch && (each.seq ?? each.from) > message.seq;
      const at = this.entries.findIndex(later);
      this.entries.splice(at < 0 ? this.entries.length : at, 0, entry);
      this.#byId.set(message.id, entry);
    }
    if (this.entries.length >= ENTRIES_MAX) this.more = false;
  }

  addGap({ epoch, from, to }) {
    this.entries.push({ kind: "gap", epoch, from, to, hopeless: to < from });
    if (this.epoch !== epoch) this.more = true;
    Object.assign(this, { epoch, seq: Math.max(to, 0) });
  }

  /** The newest gap that the log has not yet been asked about. */
  openGap() {
    return this.entries.findLast((each) => each.kind === "gap" && !each.hopeless) ?? null;
  }

  /** A page of the log that ends where the gap ends: what it has is no longer missing. */
  fillGap(gap, page, me) {
    const found = page.epoch === gap.epoch ? page.messages.filter(({ seq }) => seq >= gap.from && seq <= gap.to) : [];
    this.insert(found, me);
    if (found.length) gap.to = found[0].seq - 1;
    if (gap.to < gap.from) this.entries = this.entries.filter((each) => each !== gap);
    else if (!found.length || !page.more) gap.hopeless = true;
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

  listMembers(members, count) {
    this.members = new Map(members.slice(0, MEMBERS_MAX).map(({ user, name }) => [user, name ?? user]));
    this.count = count;
  }

  memberCame({ user, name, count }) {
    if (this.members.size < MEMBERS_MAX) this.members.set(user, name ?? user);
    this.count = count;
  }

  memberWent({ user, count }) {
    this.members.delete(user);
    this.#typing.delete(user);
    this.count = count;
  }

  types(user, typing, now) {
    this.#typing.delete(user);
    if (typing && this.#typing.size < TYPISTS_MAX) this.#typing.set(user, now + TYPING_LASTS_MS);
  }

  /** Who types at `now`, but for the reader. */
  typists(now, me) {
    return [...this.#typing].filter(([user, until]) => user !== me && until > now).map(([user]) => user);
  }

  /** Something new that the reader does not see. */
  addUnread(messages, me) {
    const others = messages.filter(({ from }) => from !== me);
    if (others.length && this.unread === 0) this.firstNewId = others[0].id;
    this.unread += others.length;
  }

  /** A known message keeps its entry and learns its present position. */
  #remember(message, me) {
    if (message.key && message.from === me) this.#keys.add(message.key);
    const known = this.#byId.get(message.id);
    if (known) Object.assign(known, { epoch: message.epoch, seq: message.seq });
    return !known;
  }
}
