// Owns what one row of the message list looks like. Everything people wrote enters as text.

import { avatar, element } from "./element.js";
import { clock, day, full } from "./time.js";

const LINK = /\bhttps?:\/\/[^\s<>"'`\u200e\u200f\u202a-\u202e\u2066-\u2069]+/giu;
const AFTER_LINK = /[.,:;!?)\]}»”’]+$/u;

/** Readers named below a message at most; more are counted. */
const READERS_NAMED_MAX = 3;

const EDGES = {
  more: "",
  loading: "Loading earlier messages…",
  entering: "Entering the room…",
  forgotten: "Earlier messages are no longer kept.",
};

/** The list item of a row. `now` is for the names of days. */
export function rowElement(row, now) {
  if (row.kind === "message") return messageElement(row);
  const text = {
    edge: () => edgeText(row),
    day: () => day(row.at, now),
    new: () => "New",
    gap: () => gapText(row),
  }[row.kind]();
  const item = element("li", { className: `divider ${row.kind}` }, element("span", { dir: "auto" }, text));
  if (row.kind === "edge" && row.state === "asks") item.append(element("button", { type: "button", className: "link earlier" }, "Look for earlier messages"));
  return item;
}

/** What must change for a row to be drawn anew; who has read it is written into what is there. */
export function rowSignature(row) {
  if (row.kind !== "message") return JSON.stringify(row);
  return JSON.stringify([row.first, row.last, row.state, row.why, row.seq, row.id, row.name, row.timestamp]);
}

/** What must change for the readers of a message to be written anew. */
export function readersSignature({ readers, tells }) {
  return JSON.stringify([readers, tells]);
}

/** Writes into the item of one's own message that the room has it, and who has read it. */
export function writeReaders(item, { readers, tells }) {
  const tick = item.querySelector(".tick");
  if (!tick) return;
  const text = readers ? `Seen by ${namesText(readers)}` : "Sent";
  tick.classList.toggle("seen", Boolean(readers));
  tick.title = text;
  tick.firstChild.textContent = readers ? "Seen" : "Sent";
  item.querySelector(".readers")?.remove();
  if (tells) item.append(element("p", { className: "readers", title: text, "aria-live": "off" }, ...readersText(readers)));
}

function messageElement(row) {
  const marks = [row.own && "own", row.first && "first", row.last && "last", row.state !== "said" && row.state];
  const item = element("li", { className: ["message", ...marks].filter(Boolean).join(" ") });
  if (row.seq !== null) item.dataset.seq = row.seq;
  if (row.id) item.dataset.id = row.id;
  if (!row.own) item.dataset.from = row.from;
  if (row.sendKey) item.dataset.key = row.sendKey;
  const time = element("time", { dateTime: new Date(row.timestamp).toISOString(), title: full(row.timestamp) }, clock(row.timestamp));
  item.append(
    row.first && !row.own ? avatar(row.from, row.name) : "",
    element("div", { className: "head" }, whoElement(row), " ", time),
    element("div", { className: "text", dir: "auto" }, ...withLinks(row.text)),
  );
  if (row.own && row.state === "said") item.append(element("span", { className: "tick", "aria-live": "off" }, element("span", { className: "hidden-text" })));
  if (row.state === "pending") item.append(element("p", { className: "note" }, "Sending…"));
  if (row.state === "failed") item.append(failedNote(row));
  return item;
}

/** Who is another, and named in sight, can be written to; by keyboard that is done from the list of people. */
function whoElement({ own, first, from, name, isDirect }) {
  if (own || !first || isDirect) return element("bdi", { className: "who", title: own ? null : from }, own ? "You" : name);
  return element("button", { type: "button", className: "who", tabIndex: -1, title: `Write to ${from}` }, element("bdi", {}, name));
}

function readersText({ count, names }) {
  if (count > READERS_NAMED_MAX) return [`Seen by ${count.toLocaleString()}`];
  return ["Seen by ", ...names.flatMap((name, at) => [at ? ", " : "", element("bdi", {}, name)])];
}

function namesText({ count, names }) {
  const others = count - names.length;
  return names.join(", ") + (others > 0 ? ` and ${others.toLocaleString()} more` : "");
}

function edgeText({ state, room, isDirect }) {
  if (state === "beginning") return isDirect ? `This is where your conversation with ${room} begins.` : `This is where ${room} begins.`;
  if (state === "empty") return isDirect ? `Nothing has been said between you and ${room} yet.` : "Nothing has been said here yet. Go first.";
  if (state === "entering" && isDirect) return EDGES.loading;
  return EDGES[state] ?? "";
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
