// Owns the reader's inbox: one log of direct messages, and the conversations that it is made of.
// Keeps true: what is unread is known person by person, though the server keeps one mark for the whole
// inbox; that mark is never told beyond a message that was not seen. Pure; memory is bounded.

import { inboxOf } from "../client/names.js";
import { Conversation } from "./conversation.js";
import { Room } from "./room.js";

/** Conversations listed at most; what else comes stays in the log. */
const CONVERSATIONS_MAX = 200;
/** So many messages of the log are looked through by themselves for what belongs to a conversation. */
const AUTO_ENTRIES_MAX = 1_000;

export class Inbox {
  #conversations = new Map();

  /** `stored` is what `stored()` gave before a reload. */
  constructor(me, stored = null) {
    this.me = me;
    this.log = new Room(inboxOf(me));
    /** Whether what is unread was fetched, as far as it can be had. */
    this.isLoaded = false;
    for (const { user, ...about } of stored ?? []) {
      const known = this.#open(user);
      if (known) Object.assign(known, about);
    }
  }

  /** The conversation with a user; begins one if need be, or gives nothing where there are too many. */
  with(user) {
    return this.#open(user);
  }

  /** The conversations to be listed, the latest first. */
  listed() {
    const all = [...this.#conversations.values()].filter((each) => !this.#isClosed(each));
    return all.sort((a, b) => b.lastAt - a.lastAt || (a.user < b.user ? -1 : 1));
  }

  /** Takes a conversation off the list, until something more is said in it. */
  close(user) {
    const conversation = this.#conversations.get(user);
    if (conversation) conversation.closed = conversation.last ?? { epoch: this.log.epoch, seq: this.log.seq };
  }

  reopen(user) {
    const conversation = this.#conversations.get(user);
    if (conversation) conversation.closed = null;
  }

  /** Sorts messages of the log, old or new, to their conversations. */
  sort(messages) {
    for (const message of messages) {
      const conversation = this.#open(this.userIn(message));
      if (!conversation) continue;
      if (message.from === conversation.user && message.name) conversation.label = message.name;
      const { last } = conversation;
      if (last && last.epoch === message.epoch && last.seq >= message.seq) continue;
      if (last && last.epoch !== message.epoch && conversation.lastAt > message.timestamp) continue;
      conversation.last = { epoch: message.epoch, seq: message.seq };
      conversation.lastAt = message.timestamp;
    }
  }

  /** With whom a message of the inbox was exchanged. */
  userIn({ from, to }) {
    return from === this.me ? (to ?? this.me) : from;
  }

  /** How many messages of each user are unread. */
  unread() {
    const counts = new Map();
    for (const entry of this.#unread()) counts.set(entry.from, (counts.get(entry.from) ?? 0) + 1);
    return counts;
  }

  /** All that is here of a conversation has been seen. */
  see(user) {
    const conversation = this.#conversations.get(user);
    if (!conversation?.last) return;
    const { epoch, seq } = conversation.last;
    if (conversation.seen?.epoch !== epoch || conversation.seen.seq < seq) conversation.seen = { epoch, seq };
  }

  /** The position up to which nothing is unread, if that is news to the server. */
  mark() {
    const { log } = this;
    const { epoch, readTo } = log.reading;
    if (!log.joined || epoch === null || epoch !== log.epoch || !this.isLoaded) return null;
    const first = this.#unread().reduce((low, { seq }) => Math.min(low, seq), log.seq + 1);
    if (first - 1 <= readTo) return null;
    log.reading.read(first - 1);
    return { epoch, seq: first - 1 };
  }

  /** Whether all that is unread is here. */
  get isCovered() {
    const { log } = this;
    return !log.more || log.reading.unread === 0 || log.oldest() <= log.reading.readTo + 1;
  }

  /** Whether older messages may be fetched without the reader asking. */
  get mayLookFurther() {
    return this.log.entries.length < AUTO_ENTRIES_MAX;
  }

  /** What a reload should find again: of each conversation, what the log doesn't tell. */
  stored() {
    return [...this.#conversations.values()].map(({ user, label, seen, closed, lastAt }) => ({ user, label, seen, closed, lastAt }));
  }

  /** What others said that was not seen, in this epoch. */
  #unread() {
    const { epoch, readTo } = this.log.reading;
    const found = [];
    for (let at = this.log.entries.length - 1; at >= 0; at -= 1) {
      const entry = this.log.entries[at];
      if (entry.kind !== "message") continue;
      if (entry.epoch !== epoch || entry.seq <= readTo) break;
      if (entry.from !== this.me && !this.#isSeen(entry)) found.push(entry);
    }
    return found;
  }

  #isSeen({ from, epoch, seq }) {
    const seen = this.#conversations.get(from)?.seen;
    return seen?.epoch === epoch && seen.seq >= seq;
  }

  #isClosed({ closed, last }) {
    return closed !== null && (last === null || (last.epoch === closed.epoch && last.seq <= closed.seq));
  }

  #open(user) {
    let conversation = this.#conversations.get(user) ?? null;
    if (conversation === null && this.#conversations.size < CONVERSATIONS_MAX) {
      conversation = new Conversation(this, user);
      this.#conversations.set(user, conversation);
    }
    return conversation;
  }
}
