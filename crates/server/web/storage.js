// Owns what a reload survives: who the reader is, the rooms and the inbox with their positions, and what
// was said but not yet acked. Kept in the tab's session storage, so two tabs may be two people.
// Keeps true: what is read back has the right shape, or is nothing.

import { isRoomName } from "./client/names.js";

const KEY = "roomcast";

/** The stored session, or nothing. */
export function load() {
  let stored;
  try {
    stored = JSON.parse(sessionStorage.getItem(KEY));
  } catch {
    return null;
  }
  const { user, name, token = null, active = null } = stored ?? {};
  if (typeof user !== "string" || typeof name !== "string") return null;
  const rooms = list(stored.rooms)
    .filter((room) => isRoomName(room?.name))
    .map((room) => ({ name: room.name, since: room.since ?? null }));
  const conversations = list(stored.conversations)
    .filter((each) => isRoomName(each?.user))
    .map(({ user: other, label, seen, closed, lastAt }) => ({
      user: other,
      label: typeof label === "string" ? label : null,
      seen: position(seen),
      closed: position(closed),
      lastAt: Number(lastAt) || 0,
    }));
  const outbox = list(stored.outbox).filter((item) => typeof item?.key === "string" && typeof item.text === "string" && isRoomName(item.room));
  return { user, name, token, active: isRoomName(active) ? active : null, rooms, inbox: stored.inbox ?? null, conversations, outbox };
}

export function save(session) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(session));
  } catch {
    // Storage is full or forbidden: the page works on, only a reload begins anew.
  }
}

export function clear() {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // As above.
  }
}

function list(value) {
  return Array.isArray(value) ? value : [];
}

function position(stored) {
  return Number.isSafeInteger(stored?.seq) ? { epoch: stored.epoch, seq: stored.seq } : null;
}
