// Owns the page as a whole: carries what the client tells to the rooms, the rooms to the views, and
// what the reader does back to the client. Decides when a message counts as read, and when to draw.

import { fillGaps, loadOlder } from "./backlog.js";
import { Roomcast } from "./roomcast.js";
import { isRoomName } from "./client/names.js";
import { Room } from "./room/room.js";
import { rows } from "./room/rows.js";
import * as storage from "./storage.js";
import { Composer } from "./view/composer.js";
import { byId } from "./view/element.js";
import { Panels } from "./view/panels.js";
import { drawPeople, drawTyping } from "./view/people.js";
import { RoomList } from "./view/rooms.js";
import { SignIn } from "./view/signin.js";
import { Status } from "./view/status.js";
import { Stream } from "./view/stream.js";

/** Rooms on the page at most. */
const ROOMS_MAX = 50;
const SAVE_AFTER_MS = 300;
const TYPING_CHECK_MS = 1_000;

let client = null;
let session = null; // {user, name, token}
let unproven = false; // whether what was entered on the card has yet to be let in
let active = null; // the name of the room that is shown
let drawPlanned = false;
let saveTimer = 0;
const rooms = new Map();
const changed = { rooms: false, stream: false, people: false, arrived: 0, quiet: false };

const panels = new Panels();
const status = new Status(() => client?.start());
const signIn = new SignIn(({ user, name, token, room }) => {
  unproven = true;
  begin({ user, name, token, active: room, rooms: [{ name: room }], outbox: [] });
});
const stream = new Stream({ older, end: () => markRead(), retry: (key) => client.retry(key), discard: (key) => client.discard(key) });
const composer = new Composer({ say, typing: (room, typing) => client?.typing(room, typing) });
const roomList = new RoomList({
  open(name) {
    panels.close();
    openRoom(name);
  },
  leave: leaveRoom,
  refused: (why) => status.notice(`${why}.`),
});

function begin(stored) {
  const { user, name, token = null } = stored;
  session = { user, name, token };
  client = new Roomcast({ origin: location.origin, user, name, token, outbox: stored.outbox });
  listen(client);
  signIn.hide();
  byId("chat").hidden = false;
  byId("me-name").textContent = name || user;
  for (const room of stored.rooms.slice(0, ROOMS_MAX)) enterRoom(room.name, room.since, room.unread);
  client.start();
  openRoom(stored.active);
}

function listen(to) {
  const on = (type, take) => to.addEventListener(type, ({ detail }) => take(detail, rooms.get(detail?.room)));
  on("state", (state) => {
    status.show(state);
    // Who is refused at the door is told so at the door; who was in before keeps all that is here.
    if (unproven && state.why) signOut(`${state.why}.`);
  });
  on("connected", ({ user, limits }) => {
    unproven = false;
    session.user = user;
    composer.limit(limits?.message_bytes_max);
    byId("me-name").textContent = session.name || user;
    byId("me-name").title = user;
  });
  on("joined", joined);
  on("chat", (message, room) => room.append(message, client.user) && arrived(room, [message]));
  on("gap", (gap, room) => {
    room.addGap(gap);
    redraw(room, "stream");
    mend(room);
  });
  on("members", ({ members, count }, room) => {
    room.listMembers(members, count);
    redraw(room, "people");
  });
  on("user_joined", (signal, room) => {
    room.memberCame(signal);
    redraw(room, "people");
  });
  on("user_left", (signal, room) => {
    room.memberWent(signal);
    redraw(room, "people");
  });
  on("typing", ({ user, typing }, room) => room.types(user, typing, Date.now()));
  on("typing", (_, room) => room.name === active && showTyping());
  on("outbox", (_, room) => room && redraw(room, "stream"));
  on("refused", ({ room: name, why }) => {
    rooms.delete(name);
    status.notice(`You can't enter ${name}: ${why}.`);
    if (name === active) openRoom([...rooms.keys()][0] ?? null);
    redraw(null, "rooms");
  });
}

function joined(frame, room) {
  const { resumed, members } = frame;
  const fresh = room.enter(resumed ? frame : { ...frame, gap: null }, client.user);
  if (!members) client.who(room.name);
  if (!resumed) changed.quiet = true;
  arrived(room, resumed ? fresh : []);
  redraw(room, "people");
  mend(room);
}

function arrived(room, messages) {
  const others = messages.filter(({ from }) => from !== client.user);
  if (room.name !== active || document.hidden) room.addUnread(others, client.user);
  else if (!stream.atEnd) changed.arrived += others.length;
  room.trim(room.name === active && !stream.atEnd);
  redraw(room, "stream");
  if (others.length && room.name === active) showTyping();
}

function say(text) {
  const item = client.say(active, text);
  if (!item) {
    status.notice("Too many messages are waiting to be sent.");
    return false;
  }
  const room = rooms.get(active);
  room.firstNewId = null;
  stream.toEnd();
  redraw(room, "stream");
  return true;
}

function enterRoom(name, since = null, unread = 0) {
  rooms.set(name, new Room(name, unread));
  client.join(name, since);
}

/** Shows a room, entering it first if need be; without a name, the page goes back to the card. */
function openRoom(name) {
  if (name === null) {
    signOut();
    return;
  }
  if (!rooms.has(name)) {
    if (rooms.size >= ROOMS_MAX) {
      status.notice("Leave a room before you enter another.");
      return;
    }
    enterRoom(name);
  }
  if (name !== active) {
    const before = rooms.get(active);
    if (before) before.firstNewId = null;
    active = name;
    stream.reset();
    composer.turnTo(name);
    changed.quiet = true;
    showTyping();
  }
  byId("room-title").textContent = name;
  history.replaceState(null, "", `#${encodeURIComponent(name).replaceAll("%40", "@").replaceAll("%3A", ":")}`);
  const room = rooms.get(name);
  redraw(room, "stream", "people", "rooms");
  draw();
  stream.toNew();
  markRead();
  if (matchMedia("(pointer: fine)").matches) composer.focus();
}

function leaveRoom(name) {
  client.leave(name);
  composer.forget(name);
  rooms.delete(name);
  if (name === active) openRoom([...rooms.keys()][0] ?? null);
  redraw(null, "rooms");
}

function signOut(why = "") {
  unproven = false;
  client.stop();
  client = null;
  const room = active ?? "";
  session = active = null;
  rooms.clear();
  clearTimeout(saveTimer);
  storage.clear();
  panels.close();
  stream.reset();
  byId("chat").hidden = true;
  document.title = "Roomcast";
  signIn.show({ room, why });
}

function markRead() {
  const room = rooms.get(active);
  if (!room?.unread || document.hidden) return;
  room.unread = 0;
  redraw(room, "rooms");
}

function older() {
  const room = rooms.get(active);
  if (!room) return;
  loadOlder(client, room, () => {
    changed.quiet = true;
    redraw(room, "stream");
  });
}

function mend(room) {
  fillGaps(client, room, () => redraw(room, "stream"));
}

function redraw(room, ...parts) {
  for (const part of parts) if (part === "rooms" || room?.name === active) changed[part] = true;
  changed.rooms ||= parts.includes("stream");
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
  // Drawing may find that there is more to draw; that is marked anew, not wiped away with this.
  const { rooms: drawRooms, stream: drawStream, people, arrived: count, quiet } = changed;
  Object.assign(changed, { rooms: false, stream: false, people: false, arrived: 0, quiet: false });
  const room = rooms.get(active);
  if (!room) return;
  if (drawRooms) {
    const list = [...rooms.values()];
    roomList.draw(list, active);
    const unread = list.reduce((sum, each) => sum + each.unread, 0);
    document.title = `${unread ? `(${unread}) ` : ""}${active} · Roomcast`;
    byId("open-rooms").classList.toggle("news", list.some((each) => each.unread > 0 && each.name !== active));
  }
  if (people) drawPeople(room, client.user);
  if (drawStream) {
    stream.draw(rows(room, { me: client.user, outbox: client.outbox.in(active) }), { now: Date.now(), arrived: count, quiet });
  }
}

function showTyping() {
  const room = rooms.get(active);
  drawTyping(room ? room.typists(Date.now(), client.user).map((user) => room.nameOf(user)) : []);
}

function save() {
  clearTimeout(saveTimer);
  if (!session) return;
  const list = [...rooms.values()].map(({ name, unread }) => ({ name, unread, since: client.since(name) }));
  storage.save({ ...session, active, rooms: list, outbox: client.outbox.items });
}

function roomInAddress() {
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
addEventListener("hashchange", () => client && roomInAddress() && openRoom(roomInAddress()));
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    if (drawPlanned) draw();
    return;
  }
  client?.wake();
  markRead();
});
document.addEventListener("keydown", (event) => {
  if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key) || !client) return;
  const names = [...rooms.keys()];
  const step = event.key === "ArrowUp" ? -1 : 1;
  event.preventDefault();
  openRoom(names.at((names.indexOf(active) + step) % names.length));
});
byId("sign-out").addEventListener("click", () => signOut());

const stored = storage.load();
const wanted = roomInAddress();
if (stored?.rooms.length) {
  const known = stored.rooms.some(({ name }) => name === stored.active);
  begin({ ...stored, active: wanted ?? (known ? stored.active : stored.rooms[0].name) });
} else {
  signIn.show({ room: wanted ?? "" });
}
