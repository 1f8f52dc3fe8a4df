// Owns the completing of the list of who is in a room: asks for it page by page where it can be had
// whole, and for the first page where it can't. `members` events bring the pages, so that each has its
// place among the comings and goings.

/** Users in a room at most for the list to be completed. */
const COMPLETED_MAX = 1_000;
/** Pages asked for at one go, at most. */
const PAGES_MAX = 20;
/** Where the pages did not add up, or the list was lost, so long until it is asked for again, in milliseconds. */
const AGAIN_MS = 5_000;
/** In a larger room nobody tells who goes, so the first page is asked for again, in milliseconds. */
const LARGE_AGAIN_MS = 60_000;

/** Rooms that were asked about just now. */
const asking = new WeakSet();

/** Asks until the list of `room` is complete; `isWanted()` says whether anybody looks at it. */
export async function completeRoster(client, room, isWanted) {
  if (!room.joined || room.people.isComplete || !isWanted() || asking.has(room)) return;
  asking.add(room);
  const isLarge = room.count > COMPLETED_MAX;
  try {
    for (let page = 0; page < PAGES_MAX && room.joined && !room.people.isComplete; page += 1) {
      const { more } = await client.who(room.name, isLarge ? null : room.people.nextAfter);
      if (isLarge || !more) break;
    }
  } catch {
    // The line is gone or the server in trouble: it is asked again as if the pages did not add up.
  }
  const again = () => {
    asking.delete(room);
    completeRoster(client, room, isWanted);
  };
  setTimeout(again, isLarge ? LARGE_AGAIN_MS : AGAIN_MS);
}
