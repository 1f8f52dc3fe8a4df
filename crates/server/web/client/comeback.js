// Owns the answer to "the connection is gone, what now?": whether to come back, and after how long.
// Keeps true: the same reading of close codes as the protocol's table, and full jitter, so that
// clients that were cut together do not return together. Pure.

/** The spread of the first wait, in milliseconds; it doubles with each attempt. */
export const BACKOFF_BASE_MS = 250;
/** The widest spread, in milliseconds. */
export const BACKOFF_CAP_MS = 10_000;

export const AS_TOLD = "as told";
export const WITH_BACKOFF = "with back-off";
export const NOT_WITHOUT_CHANGE = "not without change";

/** The back end ended the session; its reason, where it gave one, is not the name of the code. */
const DISCONNECTED = 4402;

const EXPLAINED = new Map([
  [1009, "The server found a message too large"],
  [4400, "Your sign-in has expired"],
  [4401, "You have too many windows open here"],
]);

/** What to do after a close with `code`. */
export function comeBack(code) {
  if (code === 1001 || code === 1012 || (code >= 4000 && code <= 4099)) return AS_TOLD;
  if ([1002, 1003, 1007, 1009, 1010].includes(code)) return NOT_WITHOUT_CHANGE;
  if (code >= 4400 && code <= 4499) return NOT_WITHOUT_CHANGE;
  return WITH_BACKOFF;
}

/** Full jitter: anything from nothing to the whole spread of this attempt, which counts from 0. */
export function backoffMs(attempt, random = Math.random) {
  const spread = Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** Math.min(attempt, 16));
  return Math.floor(random() * spread);
}

/** Why the client stays away, as a sentence for people. */
export function explain(code, reason) {
  const why = EXPLAINED.get(code);
  if (why) return why;
  if (code === DISCONNECTED) return reason && reason !== "disconnected" ? `You were disconnected: ${reason}` : "You were disconnected";
  return reason ? `The server closed the connection (${reason})` : `The server closed the connection (${code})`;
}
