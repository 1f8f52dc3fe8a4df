// Owns the fetching of what was said before: older messages as the reader scrolls up, what of the inbox
// is unread, and what a gap says is missing but the log may still have. `changed(messages)` is called
// whenever there is more to draw, with the messages that were not here before.

/** After a page was refused, so long nothing older is asked for, in milliseconds. */
const OLDER_AGAIN_MS = 3_000;
/** Pages asked for to fill gaps at one go, at most. */
const GAP_PAGES_MAX = 5;
/** The longest page asked for at one go, in messages; the server may allow less. */
const LONG_PAGE = 200;
/** Pages of the inbox looked through for what is unread, at most. */
const INBOX_PAGES_MAX = 5;

/** Fetches the page before the oldest message; says whether that went well. */
export async function loadOlder(client, room, changed, limit = undefined) {
  if (!room.joined || !room.more || room.loading || client.state.state !== "connected" || Date.now() < room.olderNotBefore) return false;
  if (room.oldest() <= 1) {
    room.more = false;
    changed([]);
    return true;
  }
  room.loading = true;
  changed([]);
  let fresh = null;
  try {
    const page = await client.history(room.name, room.oldest(), limit);
    room.more = page.more;
    fresh = room.insert(page.messages, client.user);
  } catch {
    // The line is gone, or the server is in trouble. Whatever draws asks again, so without a pause
    // the page would ask without end.
    room.olderNotBefore = Date.now() + OLDER_AGAIN_MS;
    setTimeout(() => changed([]), OLDER_AGAIN_MS);
  }
  room.loading = false;
  changed(fresh ?? []);
  return fresh !== null;
}

/** Fetches the latest of the inbox, and as much more as is unread. */
export async function loadInbox(client, inbox, changed) {
  for (let pages = 0; pages < INBOX_PAGES_MAX && !inbox.isLoaded; pages += 1) {
    if (inbox.log.more && !(await loadOlder(client, inbox.log, changed, LONG_PAGE))) return;
    if (inbox.isCovered || !inbox.log.more) break;
  }
  inbox.isLoaded = true;
  changed([]);
}

/** Asks the log about the gaps, newest first; what it doesn't have is hopeless. */
export async function fillGaps(client, room, changed) {
  for (let pages = 0; pages < GAP_PAGES_MAX; pages += 1) {
    const gap = room.openGap();
    if (!gap) return;
    let fresh;
    try {
      fresh = room.fillGap(gap, await client.history(room.name, gap.to + 1, LONG_PAGE), client.user);
    } catch {
      return; // Entering the room again asks again.
    }
    changed(fresh);
  }
  room.giveUpGaps();
  changed([]);
}
