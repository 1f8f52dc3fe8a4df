// Owns the page as a whole: who is signed in, which place is shown, and what the reader does. Decides
// when a message counts as seen, and when to draw.
// Leaves to others: what comes from the server (hearing.js), the places (places.js), the look (view/).

import { loadOlder } from "./backlog.js";
import { hear } from "./hearing.js";
import { Places, ROOMS_MAX } from "./places.js";
import { Roomcast } from "./roomcast.js";
import { completeRoster } from "./roster.js";
import { inboxOf, isInbox, isRoomName } from "./client/names.js";
import { rows } from "./room/rows.js";
import * as storage from "./storage.js";
import { Composer } from "./view/composer.js";
import { byId } from "./view/element.js";
import { drawHead } from "./view/head.js";
import { OutPanel } from "./view/out.js";
import { Panels } from "./view/panels.js";
import { People, drawTyping } from "./view/people.js";
import { PlaceList } from "./view/places.js";
import { SignIn } from "./view/signin.js";
import { Status } from "./view/status.js";
import { Stream } from "./view/stream.js";

const SAVE_AFTER_MS = 300;
const TYPING_CHECK_MS = 1_000;
const UNCHANGED = { list: false, stream: false, people: false, arrived: 0, quiet: false, toNew: false };

let client = null;
let session = null; // {user, name, token}
let unproven = false; // whether what was entered on the card has yet to be let in
let places = null;
let active = null; // the name of the place that is shown
let drawPlanned = false;
let saveTimer = 0;
let changed = { ...UNCHANGED };

const panels = new Panels();
const status = new Status(() => client?.start());
const signIn = new SignIn(({ user, name, token, room }) => {
  unproven = true;
  begin({ user, name, token, active: room, rooms: [], inbox: null, conversations: [], outbox: [] });
});
const stream = new Stream({ older, end: see, retry: (key) => client.retry(key), discard: (key) => client.discard(key), person: write });
const composer = new Composer({ say, typing: (room, typing) => client?.typing(room, typing) });
const people = new People({ person: write });
const outPanel = new OutPanel({ rejoin });
const placeList = new PlaceList({
  open(name) {
    panels.close();
    open(name);
  },
  leave,
  refused: (why) => status.notice(`${why}.`),
});

function begin(stored) {
  const { user, name, token, outbox, inbox } = stored;
  session = { user, name, token };
  client = new Roomcast({ origin: location.origin, user, name, token, outbox, inbox });
  places = new Places(user, stored.conversations);
  listen();
  signIn.hide();
  byId("chat").hidden = false;
  byId("me-name").textContent = name || user;
  for (const room of stored.rooms.slice(0, ROOMS_MAX)) if (!isInbox(room.name)) enter(room.name, room.since);
  client.start();
  open(stored.active);
}

function listen() {
  client.addEventListener("state", ({ detail: state }) => {
    status.show(state);
    // Who is refused at the door is told so at the door; who was in before keeps all that is here.
    if (unproven && state.why) signOut(`${state.why}.`);
  });
  client.addEventListener("connected", ({ detail: { user, limits } }) => {
    unproven = false;
    session.user = user;
    places.belongTo(user);
    composer.limit(limits?.message_bytes_max);
    byId("me-name").textContent = session.name || user;
    byId("me-name").title = user;
    redraw("list", "stream", "people");
  });
  client.addEventListener("outbox", ({ detail: { room } }) => room === active && redraw("stream"));
  hear(client, places, {
    changed: (log, ...parts) => redraw("list", ...(isShown(log) ? parts : [])),
    arrived,
    entered(log, { resumed, isMarked }) {
      if (!isShown(log)) return;
      changed.quiet ||= !resumed;
      const place = here();
      // In a room where the reader has never read, there is no place at which the new begins.
      if (place.newFrom || stream.hasMessages || !(isMarked || place.isDirect) || !places.unread().get(active)) return;
      place.markNew();
      changed.toNew = true;
    },
    typing: (log) => isShown(log) && showTyping(),
    isShown,
  });
}

function here() {
  return places && active !== null ? places.get(active) : null;
}

/** Whether something of this log is on the page. */
function isShown(log) {
  return log === here() || (log === places?.inbox.log && active !== null && isInbox(active));
}

function isSeen(place) {
  return place.name === active && !document.hidden && stream.atEnd;
}

function arrived(log, messages) {
  const others = messages.filter(({ from }) => from !== client.user);
  const { inbox } = places;
  const isDirect = log === inbox.log;
  if (isDirect) inbox.sort(messages);
  const unread = places.unread();
  for (const name of new Set(others.map(({ from }) => (isDirect ? inboxOf(from) : log.name)))) {
    const place = places.get(name);
    const count = isDirect ? others.filter(({ from }) => from === place?.user).length : others.length;
    if (!place || isSeen(place)) continue;
    if ((unread.get(name) ?? 0) <= count) place.markNew();
    if (name === active && !stream.atEnd) changed.arrived += count;
    if (name !== active && isDirect) status.say(`Message from ${place.title}`);
  }
  log.trim(isShown(log) && !stream.atEnd);
  redraw("list", ...(isShown(log) ? ["stream"] : []));
  if (others.length && isShown(log)) showTyping();
}

function say(text) {
  const item = client.say(active, text);
  if (!item) {
    status.notice("Too many messages are waiting to be sent.");
    return false;
  }
  const place = here();
  place.newFrom = null;
  if (place.isDirect) places.inbox.reopen(place.user);
  redraw("list", "stream");
  draw();
  stream.toEnd();
  return true;
}

function enter(name, since = null) {
  const room = places.add(name);
  if (room) client.join(name, since);
  return room;
}

/** Shows a place, entering the room first if need be; without a name, the page goes back to the card. */
function open(name) {
  if (name === null) {
    signOut();
    return;
  }
  if (!places.get(name) && (isInbox(name) || !enter(name))) {
    status.notice(isInbox(name) ? "There are too many conversations." : "Leave a room before you enter another.");
    return;
  }
  const place = places.get(name);
  if (place.isDirect) {
    place.label ??= places.nameOf(place.user);
    places.inbox.reopen(place.user);
  }
  if (name !== active) {
    const before = here();
    if (before) before.newFrom = null;
    active = name;
    stream.reset();
    composer.turnTo(place);
    Object.assign(changed, { quiet: true, toNew: true });
    const isUnread = (places.unread().get(name) ?? 0) > 0;
    if (isUnread && place.joined) place.markNew();
    if (!place.isDirect) completeRoster(client, place, () => isShown(place));
  }
  history.replaceState(null, "", `#${encodeURIComponent(name).replaceAll("%40", "@").replaceAll("%3A", ":")}`);
  redraw("list", "stream", "people");
  draw();
  if (matchMedia("(pointer: fine)").matches) composer.focus();
}

/** Opens the conversation with somebody. */
function write(user) {
  panels.close();
  open(inboxOf(user));
}

function rejoin() {
  const room = here();
  if (!room?.out) return;
  const { since } = room.out;
  room.out = { ...room.out, isAsking: true };
  client.join(room.name, since);
  redraw("list");
}

function leave(name) {
  if (!isInbox(name)) client.leave(name);
  composer.forget(name);
  places.remove(name);
  if (name === active) open(places.names[0] ?? null);
  redraw("list");
}

function signOut(why = "") {
  unproven = false;
  client.stop();
  client = null;
  const room = active !== null && !isInbox(active) ? active : "";
  session = active = places = null;
  clearTimeout(saveTimer);
  storage.clear();
  panels.close();
  stream.reset();
  byId("chat").hidden = true;
  document.title = "Roomcast";
  signIn.show({ room, why });
}

/** What is on the page down to the end has been seen by whoever looks at it. */
function see() {
  const place = here();
  if (!place || !isSeen(place)) return;
  const before = places.unread().get(active);
  if (place.isDirect) places.inbox.see(place.user);
  else {
    const position = place.see();
    if (position) client.read(place.name, position);
  }
  if (before) redraw("list");
}

/** The inbox has one mark for all conversations: it goes up to the first message that was not seen. */
function tellInbox() {
  const mark = places.inbox.mark();
  if (mark) client.read(places.inbox.log.name, mark);
}

function older(asked = false) {
  const place = here();
  if (!place || (place.isDirect && place.asks && !asked)) return;
  const log = place.isDirect ? places.inbox.log : place;
  loadOlder(client, log, (messages) => {
    if (place.isDirect) places?.inbox.sort(messages);
    changed.quiet = true;
    redraw("list", ...(here() === place ? ["stream"] : []));
  });
}

function redraw(...parts) {
  for (const part of parts) changed[part] = true;
  if (!drawPlanned) {
    drawPlanned = true;
    // A hidden page gets no frames, and its title still counts what is unread.
    if (document.hidden) setTimeout(draw, 50);
    else requestAnimationFrame(draw);
  }
  clearTimeout(saveTimer);
  saveTimer = setTimeout(save, SAVE_AFTER_MS);
}

function draw() {
  drawPlanned = false;
  const place = here();
  if (!place) return;
  // Drawing may find that there is more to draw; that is marked anew, not wiped away with this.
  const { list, stream: drawStream, people: drawPeople, arrived: count, quiet, toNew } = changed;
  changed = { ...UNCHANGED };
  const me = client.user;
  if (drawStream) {
    stream.draw(rows(place, { me, outbox: client.outbox.in(active) }), { now: Date.now(), arrived: count, quiet });
    if (toNew) stream.toNew();
    see();
  }
  if (drawPeople) people.draw(place, me, session.name || me);
  tellInbox();
  if (list || drawPeople) {
    const unread = places.unread();
    placeList.draw({ rooms: places.rooms, conversations: places.inbox.listed(), unread, active });
    drawHead(place, { unread, shared: place.isDirect ? places.sharedWith(place.user) : [] });
    outPanel.draw(place);
  }
}

function showTyping() {
  const place = here();
  if (!place) return;
  const { count, users } = place.isDirect || place.out ? { count: 0, users: [] } : place.typing.now(client.user, Date.now());
  drawTyping(count, users.map((user) => place.nameOf(user)));
}

function save() {
  clearTimeout(saveTimer);
  if (!session) return;
  storage.save({
    ...session,
    active,
    rooms: places.rooms.map(({ name, out }) => ({ name, since: client.since(name) ?? out?.since ?? null })),
    inbox: client.since(client.inbox),
    conversations: places.inbox.stored(),
    outbox: client.outbox.items,
  });
}

function placeInAddress() {
  try {
    const name = decodeURIComponent(location.hash.slice(1));
    return isRoomName(name) ? name : null;
  } catch {
    return null;
  }
}

setInterval(() => active && showTyping(), TYPING_CHECK_MS);
addEventListener("pagehide", save);
addEventListener("online", () => client?.wake());
addEventListener("hashchange", () => client && placeInAddress() && open(placeInAddress()));
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    if (drawPlanned) draw();
    return;
  }
  client?.wake();
  see();
});
document.addEventListener("keydown", (event) => {
  if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key) || !client) return;
  const { names } = places;
  const step = event.key === "ArrowUp" ? -1 : 1;
  event.preventDefault();
  open(names.at((names.indexOf(active) + step) % names.length));
});
byId("sign-out").addEventListener("click", () => signOut());

const stored = storage.load();
const wanted = placeInAddress();
if (stored && (stored.rooms.length || stored.active)) {
  begin({ ...stored, active: wanted ?? stored.active ?? stored.rooms[0].name });
} else {
  signIn.show({ room: wanted ?? "" });
}
