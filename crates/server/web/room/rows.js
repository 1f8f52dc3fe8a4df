// Owns what the message list shows, row by row: messages in groups, days, gaps, what is new, who has
// read the reader's own messages, and those that the room has not said back. Pure: a list of plain
// values, of a room or of a conversation.

import { ACKED, FAILED } from "../client/outbox.js";

/** Messages of one person further apart than this begin a new group, in milliseconds. */
const GROUP_MS = 5 * 60_000;
/** Readers of a message named at most; the others are counted. */
const READERS_NAMED_MAX = 12;

/** Rows, each with a `key` that stays the same for the same thing. */
export function rows(room, { me, outbox }) {
  const { entries } = room;
  const list = [edge(room, entries, outbox)];
  const items = outbox.filter(({ key }) => !room.hasKey(key));
  const acked = items.filter(({ state }) => state === ACKED);
  let previous = null;
  let day = null;
  let isNewShown = false;
  const show = (message) => {
    if (dayOf(message) !== day) {
      day = dayOf(message);
      list.push({ kind: "day", key: `day ${message.rowKey}`, at: message.timestamp });
      previous = null;
    }
    if (!isNewShown && !message.own && room.isNew(message)) {
      isNewShown = true;
      list.push({ kind: "new", key: "new" });
      previous = null;
    }
    const follows = previous?.from === message.from && message.timestamp - previous.timestamp < GROUP_MS;
    if (follows) list.at(-1).last = false;
    list.push({ ...message, kind: "message", key: message.rowKey, first: !follows, last: true, isDirect: room.isDirect });
    previous = message;
  };
  for (const entry of entries) {
    if (entry.kind === "gap") {
      const { epoch, from, to, hopeless } = entry;
      list.push({ kind: "gap", key: `gap ${epoch} ${from}`, lost: Math.max(0, to - from + 1), hopeless });
      previous = null;
      continue;
    }
    while (acked.length && acked[0].epoch === entry.epoch && acked[0].seq < entry.seq) show(ownRow(acked.shift(), me));
    show(saidRow(entry, room, me));
  }
  for (const item of acked) show(ownRow(item, me));
  for (const item of items) if (item.state !== ACKED) show(ownRow(item, me));
  if (!room.isDirect) markReaders(list, room);
  return list;
}

function edge(room, entries, outbox) {
  const first = entries.find(({ kind }) => kind === "message");
  const isHere = first || outbox.length > 0;
  let state = "more";
  if (room.loading || (!room.joined && !room.out)) state = isHere ? "loading" : "entering";
  else if (room.isDirect && room.asks) state = "asks";
  // What a gap swallowed may have stood before everything that is here.
  else if (room.joined && !room.more && entries[0]?.kind !== "gap") {
    const isWhole = room.isDirect ? room.isWhole : first?.seq === 1;
    state = first ? (isWhole ? "beginning" : "forgotten") : isHere ? "more" : "empty";
  }
  return { kind: "edge", key: "edge", state, room: room.title, isDirect: room.isDirect };
}

function saidRow(entry, room, me) {
  const own = entry.from === me;
  return {
    rowKey: own && entry.key ? `key ${entry.key}` : `id ${entry.id}`,
    own, id: entry.id, epoch: entry.epoch, seq: entry.seq, from: entry.from, name: entry.name ?? room.nameOf(entry.from),
    timestamp: entry.timestamp, text: entry.message, state: "said",
  };
}

function ownRow(item, me) {
  const state = item.state === ACKED ? "said" : item.state === FAILED ? "failed" : "pending";
  return {
    rowKey: `key ${item.key}`, own: true, id: null, epoch: item.epoch, seq: item.seq, from: me, name: me,
    timestamp: item.timestamp ?? item.saidAt, text: item.text, state, why: item.why, sendKey: item.key,
  };
}

/** Own messages get to know who has read them; the newest one that somebody has read says so. */
function markReaders(list, room) {
  const { epoch } = room.reading;
  const marks = room.reading.marks();
  if (marks.length === 0) return;
  let isTold = false;
  for (const row of list.toReversed()) {
    if (row.kind !== "message" || !row.own || row.state !== "said" || row.epoch !== epoch) continue;
    const behind = marks.findIndex(({ seq }) => seq < row.seq);
    const count = behind < 0 ? marks.length : behind;
    if (count === 0) continue;
    row.readers = { count, names: marks.slice(0, Math.min(count, READERS_NAMED_MAX)).map(({ user }) => room.nameOf(user)) };
    row.tells = !isTold;
    isTold = true;
    // All who have read anything have read what stands before.
    if (count === marks.length) {
      for (const each of list) if (each.own && each.state === "said" && each.epoch === epoch && each.seq < row.seq) each.readers = row.readers;
      return;
    }
  }
}

function dayOf({ timestamp }) {
  return new Date(timestamp).toDateString();
}
