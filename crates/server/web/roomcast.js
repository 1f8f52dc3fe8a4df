// Owns the client: a conversation with the server that outlives its connections. No DOM in here.
// Keeps true: every room is rejoined at the position last seen; no message is told twice or with a
// silent hole before it; what was said and not acked is sent again with the same key.
// Leaves to others: the line (client/link.js), and what to make of what is told (room/).
//
// Events carry the server's frames, checked: `connected`, `joined` ({...frame, resumed}), `chat`,
// `gap`, `members`, `user_joined`, `user_left`, `typing`; and `state` (of the line), `outbox`
// ({room}), `refused` ({room, why}) when a room can't be entered.

import { Cursor, DUPLICATE, NEXT, readCursor } from "./client/cursor.js";
import { Link } from "./client/link.js";
import { newKey } from "./client/names.js";
import { Outbox } from "./client/outbox.js";

const PROTOCOL = "roomcast.v1";
/** Messages asked for on entering a room for the first time. */
const FIRST_PAGE = 50;
/** Where the server doesn't say when to try again, in milliseconds. */
const RETRY_MS_DEFAULT = 2_000;

const TOO_FAST = 300;
const TRY_AGAIN = 500;
const DRAINING = 502;
const TEMPORARY = [TOO_FAST, TRY_AGAIN, DRAINING];

const WHY_NOT = new Map([
  [200, "you may not do this here"],
  [301, "it is too long"],
  [302, "you are in as many rooms as allowed"],
  [501, "the server can't store messages right now"],
  [503, "something went wrong on the server"],
]);

export class Roomcast extends EventTarget {
  #link;
  #requests = new Map();
  #requestId = 0;
  #rooms = new Map();
  #pumpTimer = 0;

  /** `origin` is the page's own; `token` takes the place of `user` and `name` where it is given. */
  constructor({ origin, user, name, token = null, outbox = [] }) {
    super();
    this.user = user;
    this.limits = null;
    this.outbox = new Outbox(outbox);
    const url = new URL("/v1/ws", origin);
    if (!token) url.search = new URLSearchParams({ user, name }).toString();
    const socketUrl = new URL(url);
    socketUrl.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    this.#link = new Link({
      url: socketUrl.href,
      protocols: token ? [PROTOCOL, `bearer.${token}`] : [],
      askWhy: () => whyRefused(url, token),
    });
    this.#link.addEventListener("state", ({ detail }) => this.#emit("state", detail));
    this.#link.addEventListener("up", ({ detail }) => this.#up(detail));
    this.#link.addEventListener("down", () => this.#down());
    this.#link.addEventListener("frame", ({ detail }) => this.#take(detail));
  }

  get state() {
    return this.#link.state;
  }

  /** Connects, or tries again at once. */
  start() {
    if (!this.#link.isUp) this.#link.open();
  }

  /** Ends the conversation. */
  stop() {
    clearTimeout(this.#pumpTimer);
    this.#link.close();
  }

  /** The reader or the network is back. */
  wake() {
    this.#link.wake();
  }

  /** Goes into a room, at a stored position if there is one. */
  join(name, since = null) {
    if (this.#rooms.has(name)) return;
    const room = { name, cursor: readCursor(since), joinId: null, joined: false };
    this.#rooms.set(name, room);
    this.#askIn(room);
  }

  leave(name) {
    if (!this.#rooms.delete(name)) return;
    this.outbox.drop(name);
    this.#ask({ type: "leave", room: name });
  }

  /** The position last seen in a room, to be stored. */
  since(name) {
    return this.#rooms.get(name)?.cursor?.since() ?? null;
  }

  /** Says something; nothing if too much is waiting already. */
  say(room, text) {
    const item = this.outbox.add(newKey(), room, text, Date.now());
    if (item) this.#pump();
    return item;
  }

  /** Says it again after all. */
  retry(key) {
    const item = this.outbox.find(key);
    if (!item) return;
    this.outbox.retry(item);
    this.#emit("outbox", { room: item.room });
    this.#pump();
  }

  discard(key) {
    const item = this.outbox.find(key);
    if (!item) return;
    this.outbox.remove(key);
    this.#emit("outbox", { room: item.room });
  }

  typing(room, typing) {
    if (this.#rooms.get(room)?.joined) this.#link.send({ type: "typing", room, typing });
  }

  /** Asks who is there; `members` answers. */
  who(room) {
    this.#ask({ type: "who", room });
  }

  /** A page of what was said before a position, as the server's `history` frame. */
  history(room, before, limit = FIRST_PAGE) {
    return new Promise((resolve, reject) => {
      const frame = { type: "history", room, before, limit: this.#pageLimit(limit) };
      if (!this.#ask(frame, { resolve, reject })) reject(new Error("not connected"));
    });
  }

  #pageLimit(wanted) {
    return Math.min(wanted, this.limits?.page_messages_max || wanted);
  }

  #ask(frame, about = {}) {
    const id = this.#requestId + 1;
    if (!this.#link.send({ ...frame, id })) return null;
    this.#requestId = id;
    this.#requests.set(id, { type: frame.type, room: frame.room, ...about });
    return id;
  }

  #up(frame) {
    this.user = frame.user;
    this.limits = frame.limits ?? null;
    this.#emit("connected", frame);
    for (const room of this.#rooms.values()) this.#askIn(room);
  }

  #down() {
    for (const room of this.#rooms.values()) Object.assign(room, { joined: false, joinId: null });
    this.outbox.lineLost();
    const requests = [...this.#requests.values()];
    this.#requests.clear();
    for (const request of requests) request.reject?.(new Error("the connection was lost"));
  }

  /** One frame a room, so that a refusal says which room it is about. */
  #askIn(room) {
    const wish = room.cursor ? { since: room.cursor.since() } : { history: this.#pageLimit(FIRST_PAGE) };
    room.joinId = this.#ask({ type: "join", room: room.name, ...wish });
  }

  #take(frame) {
    const request = this.#requests.get(frame.id);
    switch (frame.type) {
      case "joined":
        this.#requests.delete(frame.id);
        return this.#joined(frame);
      case "chat":
        return this.#chat(frame);
      case "gap":
        return this.#gap(frame);
      case "ack":
        this.#requests.delete(frame.id);
        return request && this.#acked(request, frame);
      case "history":
        this.#requests.delete(frame.id);
        return request?.resolve?.(frame);
      case "error":
        this.#requests.delete(frame.id);
        return request && this.#refused(request, frame);
      case "ok":
        return this.#requests.delete(frame.id);
      case "members":
        this.#requests.delete(frame.id);
      // falls through: like the signals, this is told if the room is still ours
      case "user_joined":
      case "user_left":
      case "typing":
        return this.#rooms.get(frame.room)?.joined && this.#emit(frame.type, frame);
      default:
        return undefined; // `pong` has done its work; unknown frames belong to a later version
    }
  }

  #joined(frame) {
    const room = this.#rooms.get(frame.room);
    if (!room || room.joinId !== frame.id) return;
    const was = room.cursor;
    const messages = frame.messages.filter((message) => !was || was.compare(message) !== DUPLICATE);
    const last = messages.at(-1);
    let id = last?.seq === frame.seq ? last.id : null;
    if (was && was.epoch === frame.epoch && was.seq === frame.seq) id ??= was.id;
    room.cursor = new Cursor({ epoch: frame.epoch, seq: frame.seq, id });
    room.joined = true;
    for (const message of messages) this.#saidBack(message);
    this.#emit("joined", { ...frame, messages, resumed: was !== null });
    this.#pump();
  }

  #chat(frame) {
    const room = this.#rooms.get(frame.room);
    if (!room?.joined) return;
    const step = room.cursor.observe(frame);
    if (step === NEXT) {
      this.#saidBack(frame);
      this.#emit("chat", frame);
      this.#pump();
    } else if (step !== DUPLICATE) {
      // The server tells every hole; one that it did not tell is mended by resuming.
      this.#link.renew();
    }
  }

  #gap(frame) {
    const room = this.#rooms.get(frame.room);
    if (!room?.joined) return;
    room.cursor.skipGap(frame.epoch, frame.to);
    this.#emit("gap", frame);
  }

  #saidBack(message) {
    if (message.key && message.from === this.user) this.outbox.remove(message.key);
  }

  #acked(request, frame) {
    const item = this.outbox.find(request.key);
    if (item) {
      this.outbox.acked(item, frame);
      this.#emit("outbox", { room: item.room });
    }
    this.#pump();
  }

  #refused(request, frame) {
    const why = WHY_NOT.get(frame.code) ?? (frame.message || `error ${frame.code}`);
    const temporary = TEMPORARY.includes(frame.code);
    const retryMs = frame.retry_after_ms ?? RETRY_MS_DEFAULT;
    if (request.type === "chat") {
      const item = this.outbox.find(request.key);
      if (!item) return;
      if (temporary) this.outbox.postpone(item, Date.now() + retryMs);
      else this.outbox.fail(item, why);
      this.#emit("outbox", { room: item.room });
      this.#pump();
    } else if (request.type === "join") {
      const room = this.#rooms.get(request.room);
      if (!room || room.joinId !== frame.id) return;
      if (temporary) setTimeout(() => this.#askAgain(room, frame.id), retryMs);
      else this.#shutOut(room, why);
    } else {
      request.reject?.(new Error(why));
    }
  }

  #askAgain(room, joinId) {
    if (this.#rooms.get(room.name) === room && room.joinId === joinId) this.#askIn(room);
  }

  #shutOut(room, why) {
    this.#rooms.delete(room.name);
    this.outbox.drop(room.name);
    this.#emit("refused", { room: room.name, why });
  }

  /** Sends what is due in every room, and wakes up for what is due later. */
  #pump() {
    clearTimeout(this.#pumpTimer);
    const now = Date.now();
    for (const room of this.#rooms.values()) {
      const item = this.outbox.due(room.name, now);
      if (!item || !room.joined) continue;
      const { key, text } = item;
      if (this.#ask({ type: "chat", room: room.name, message: text, key }, { key })) this.outbox.sent(item, now);
    }
    const moment = this.outbox.nextMoment(now);
    if (moment !== null) this.#pumpTimer = setTimeout(() => this.#pump(), moment - now);
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** Browsers don't tell a page why a handshake was refused; plain HTTP does. */
async function whyRefused(url, token) {
  try {
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    const { status } = await fetch(url, { headers, cache: "no-store" });
    if (status === 401) return token ? "Your access token was refused" : "This server asks for an access token";
    return status === 403 ? "You may not connect from here" : null;
  } catch {
    return null;
  }
}
