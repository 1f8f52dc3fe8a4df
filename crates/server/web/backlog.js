// Owns the fetching of what was said before: older messages as the reader scrolls up, and what a gap
// says is missing but the log may still have. `changed()` is called whenever there is more to draw.

/** After a page was refused, so long nothing older is asked for, in milliseconds. */
const OLDER_AGAIN_MS = 3_000;
/** Pages asked for to fill gaps at one go, at most. */
const GAP_PAGES_MAX = 5;
/** The longest page asked for to fill a gap, in messages; the server may allow less. */
const GAP_PAGE = 200;

/** Fetches the page before the oldest message. */
export async function loadOlder(client, room, changed) {
  if (!room.joined || !room.more || room.loading || client.state.state !== "connected" || Date.now() < room.olderNotBefore) return;
  if (room.oldest() <= 1) {
    room.more = false;
    changed();
    return;
  }
  room.loading = true;
  changed();
  try {
    const page = await client.history(room.name, room.oldest());
    room.more = page.more;
    room.insert(page.messages, client.user);
  } catch {
    // The line is gone, or the server is in trouble. Whatever draws asks again, so without a pause
    // the page would ask without end.
    room.olderNotBefore = Date.now() + OLDER_AGAIN_MS;
    setTimeout(changed, OLDER_AGAIN_MS);
  }
  room.loading = false;
  changed();
}

/** Asks the log about the gaps, newest first; what it doesn't have is hopeless. */
export async function fillGaps(client, room, changed) {
  for (let pages = 0; pages < GAP_PAGES_MAX; pages += 1) {
    const gap = room.openGap();
    if (!gap) return;
    try {
      room.fillGap(gap, await client.history(room.name, gap.to + 1, GAP_PAGE), client.user);
    } catch {
      return; // Entering the room again asks again.
    }
    changed();
  }
  room.giveUpGaps();
  changed();
}
