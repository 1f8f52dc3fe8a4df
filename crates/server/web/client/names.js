// Owns what may be a name: user ids and room names derived from what people type, and message keys.
// Keeps true: what comes out is what the server takes, `[A-Za-z0-9._:@#-]`, or nothing.
// Leaves to others: whether the server gives a right to that name.

const ROOM_CHARS_MAX = 128;
const USER_CHARS_MAX = 64;
const DISPLAY_NAME_BYTES_MAX = 128;
const PLAIN = /^[A-Za-z0-9._:@#-]+$/;
const NOT_PLAIN = /[^A-Za-z0-9._:@#-]/gu;

/** A display name as the server takes it: no control or direction characters, no space at the ends. */
export function displayName(typed) {
  const clean = typed
    .normalize("NFC")
    .replace(/[\p{Cc}\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069\u2028\u2029]/gu, " ")
    .replace(/\s+/gu, " ")
    .trim();
  let name = "";
  let bytes = 0;
  for (const character of clean) {
    bytes += byteLength(character);
    if (bytes > DISPLAY_NAME_BYTES_MAX) break;
    name += character;
  }
  return name.trim();
}

/** The user id that a display name stands for; the same name is the same user. */
export function userId(name) {
  return name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/\s+/gu, "-")
    // Scripts without Latin letters keep their identity as code points.
    .replace(NOT_PLAIN, (character) => `u${character.codePointAt(0).toString(16)}`)
    .replace(/^[@#]+/, "")
    .slice(0, USER_CHARS_MAX);
}

/** The room that was meant: spaces become dashes and the `#` people write in front is dropped. */
export function roomName(typed) {
  const name = typed.trim().replace(/\s+/gu, "-").replace(/^#(?=.)/, "");
  return isRoomName(name) ? name : null;
}

/** Whether this is a room name as it stands. */
export function isRoomName(name) {
  return typeof name === "string" && name.length <= ROOM_CHARS_MAX && PLAIN.test(name) && name !== "@";
}

/** Whether this is somebody's inbox: the room where their direct messages land, and no room to enter. */
export function isInbox(name) {
  return name.startsWith("@");
}

export function inboxOf(user) {
  return `@${user}`;
}

/** Whose inbox this is. */
export function userOf(inbox) {
  return inbox.slice(1);
}

/** A key that makes a retry safe. `randomUUID` is missing where the page came over plain HTTP. */
export function newKey(source = globalThis.crypto) {
  if (typeof source.randomUUID === "function") return source.randomUUID();
  const bytes = source.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The length of a text in bytes of UTF-8, as the server counts. */
export function byteLength(text) {
  return new TextEncoder().encode(text).length;
}
