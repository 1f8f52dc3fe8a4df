// Owns what the message list shows, row by row: messages in groups, days, gaps, what is new, and the
// reader's own messages that the room has not said back. Pure: a list of plain values.

import { ACKED, FAILED } from "../client/outbox.js";

/** Messages of one person further apart than this begin a new group, in milliseconds. */
const GROUP_MS = 5 * 60_000;

/** Rows, each with a `key` that stays the same for the same thing. */
export function rows(room, { me, outbox }) {
  const list = [edge(room, outbox)];
  const items = outbox.filter(({ key }) => !room.hasKey(key));
  const acked = items.filter(({ state }) => state === ACKED);
  let previous = null;
  let day = null;
  const show = (message) => {
    if (dayOf(message) !== day) {
      day = dayOf(message);
      list.push({ kind: "day", key: `day ${message.rowKey}`, at: message.timestamp });
      previous = null;
    }
    if (message.id && message.id === room.firstNewId) {
      list.push({ kind: "new", key: "new" });
      previous = null;
    }
    const follows = previous?.from === message.from && message.timestamp - previous.timestamp < GROUP_MS;
    if (follows) list.at(-1).last = false;
    list.push({ ...message, kind: "message", key: message.rowKey, first: !follows, last: true });
    previous = message;
  };
  for (const entry of room.entries) {
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
  return list;
}

function edge(room, outbox) {
  const first = room.entries.find(({ kind }) => kind === "message");
  let state = "more";
  if (room.loading || !room.joined) state = first || outbox.length ? "loading" : "entering";
  // What a gap swallowed may have stood before everything that is here.
  else if (!room.more && room.entries[0]?.kind !== "gap") state = first ? (first.seq === 1 ? "beginning" : "forgotten") : outbox.length ? "more" : "empty";
  return { kind: "edge", key: "edge", state, room: room.name };
}

function saidRow(entry, room, me) {
  const own = entry.from === me;
  return {
    rowKey: own && entry.key ? `key ${entry.key}` : `id ${entry.id}`,
    own, id: entry.id, seq: entry.seq, from: entry.from, name: entry.name ?? room.nameOf(entry.from),
    timestamp: entry.timestamp, text: entry.message, state: "said",
  };
}

function ownRow(item, me) {
  const state = item.state === ACKED ? "said" : item.state === FAILED ? "failed" : "pending";
  return {
    rowKey: `key ${item.key}`, own: true, id: null, seq: item.seq, from: me, name: me,
    timestamp: item.timestamp ?? item.saidAt, text: item.text, state, why: item.why, sendKey: item.key,
  };
}

function dayOf({ timestamp }) {
  return new Date(timestamp).toDateString();
}
