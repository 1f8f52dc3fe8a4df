// Owns what one row of the message list looks like. Everything people wrote enters as text.

import { avatar, element } from "./element.js";
import { clock, day, full } from "./time.js";

const LINK = /\bhttps?:\/\/[^\s<>"'`\u200e\u200f\u202a-\u202e\u2066-\u2069]+/giu;
const AFTER_LINK = /[.,:;!?)\]}»”’]+$/u;

const EDGES = {
  more: "",
  loading: "Loading earlier messages…",
  entering: "Entering the room…",
  empty: "Nothing has been said here yet. Go first.",
  forgotten: "Earlier messages are no longer kept.",
};

/** The list item of a row. `now` is for the names of days. */
export function rowElement(row, now) {
  if (row.kind === "message") return messageElement(row);
  const text = {
    edge: () => (row.state === "beginning" ? `This is where ${row.room} begins.` : EDGES[row.state]),
    day: () => day(row.at, now),
    new: () => "New",
    gap: () => gapText(row),
  }[row.kind]();
  return element("li", { className: `divider ${row.kind}` }, element("span", { dir: "auto" }, text));
}

/** What must change for a row to be drawn anew. */
export function rowSignature(row) {
  if (row.kind !== "message") return JSON.stringify(row);
  return JSON.stringify([row.first, row.last, row.state, row.why, row.seq, row.id, row.name, row.timestamp]);
}

function messageElement(row) {
  const marks = [row.own && "own", row.first && "first", row.last && "last", row.state !== "said" && row.state];
  const item = element("li", { className: ["message", ...marks].filter(Boolean).join(" ") });
  if (row.seq !== null) item.dataset.seq = row.seq;
  if (row.id) item.dataset.id = row.id;
  if (row.sendKey) item.dataset.key = row.sendKey;
  const time = element("time", { dateTime: new Date(row.timestamp).toISOString(), title: full(row.timestamp) }, clock(row.timestamp));
  const who = element("bdi", { className: "who", title: row.own ? null : row.from }, row.own ? "You" : row.name);
  item.append(
    row.first && !row.own ? avatar(row.from, row.name) : "",
    element("div", { className: "head" }, who, " ", time),
    element("div", { className: "text", dir: "auto" }, ...withLinks(row.text)),
  );
  if (row.state === "pending") item.append(element("p", { className: "note" }, "Sending…"));
  if (row.state === "failed") item.append(failedNote(row));
  return item;
}

function failedNote(row) {
  return element(
    "p",
    { className: "note" },
    element("span", {}, `Not sent: ${row.why}.`),
    " ",
    element("button", { type: "button", className: "link retry" }, "Try again"),
    " ",
    element("button", { type: "button", className: "link discard" }, "Discard"),
  );
}

function gapText({ lost, hopeless }) {
  if (lost === 0) return "Some messages could not be recovered";
  const many = lost === 1 ? "1 message" : `${lost.toLocaleString()} messages`;
  return hopeless ? `${many} could not be recovered` : `Looking for ${many} missed…`;
}

/** The text as it was written, with web addresses made into links; no other scheme is. */
function withLinks(text) {
  const parts = [];
  let at = 0;
  for (const match of text.matchAll(LINK)) {
    const address = match[0].replace(AFTER_LINK, "");
    if (!URL.canParse(address)) continue;
    parts.push(
      text.slice(at, match.index),
      element("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow" }, address),
    );
    at = match.index + address.length;
  }
  return [...parts, text.slice(at)];
}
