// Owns what the server's numbered refusals mean to this client: whether the same may be tried again by
// itself, and why not, in words that fit behind "Not sent:". Pure.

export const NOT_ALLOWED = 200;
export const NOT_JOINED = 201;
export const ALREADY_JOINED = 202;
export const BANNED = 204;
export const REMOVED = 205;

const TOO_FAST = 300;
const TRY_AGAIN = 500;
const DRAINING = 502;
/** Where the server doesn't say when to try again, in milliseconds. */
const RETRY_MS_DEFAULT = 2_000;

const WHY_NOT = new Map([
  [NOT_ALLOWED, "you may not do this here"],
  [NOT_JOINED, "you are not in this room"],
  [BANNED, "you are banned from this room"],
  [REMOVED, "you were taken out of this room"],
  [301, "it is too long"],
  [302, "you are in as many rooms as allowed"],
  [501, "the server can’t store messages right now"],
  [503, "something went wrong on the server"],
]);

/** Whether the same will do later, without a change. */
export function isTemporary({ code }) {
  return [TOO_FAST, TRY_AGAIN, DRAINING].includes(code);
}

/** After how many milliseconds to try again. */
export function retryMs({ retry_after_ms: told }) {
  return told ?? RETRY_MS_DEFAULT;
}

/** Why not, for people. */
export function whyNot({ code, message }) {
  return WHY_NOT.get(code) ?? (message || `error ${code}`);
}
