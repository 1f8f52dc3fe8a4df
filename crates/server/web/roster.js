// Owns the completing of the list of who is in a room: asks for it page by page where it can be had
// whole. `members` events bring the pages, so that each has its place among the comings and goings.

/** Users in a room at most for the list to be completed. */
const COMPLETED_MAX = 1_000;
/** Pages asked for at one go, at most. */
const PAGES_MAX = 20;
/** Where the pages did not add up, or the list was lost, so long until it is asked for again, in milliseconds. */
const AGAIN_MS = 5_000;

/** Rooms that were asked about just now. */
const asking = new WeakSet();

/** Asks until the list of `room` is complete; `isWanted()` says whether anybody looks at it. */
export async function completeRoster(client, room, isWanted) {
  const isShort = () => room.joined && !room.people.isComplete && room.count <= COMPLETED_MAX;
  if (!isShort() || !isWanted() || asking.has(room)) return;
  asking.add(room);
  try {
    for (let page = 0; page < PAGES_MAX && isShort(); page += 1) {
      const { more } = await client.who(room.name, room.people.nextAfter);
      if (!more) break;
    }
  } catch {
    // The line is gone or the server in trouble: entering the room anew asks anew.
  }
  setTimeout(() => {
    asking.delete(room);
    completeRoster(client, room, isWanted);
  }, AGAIN_MS);
}
