// Owns the client: a conversation with the server that outlives its connections. No DOM in here.
// Keeps true: every room is rejoined at the position last seen, and so is the reader's own inbox; no
// message is told twice or with a silent hole before it; what was said and not acked is sent again
// with the same key.
// Leaves to others: the line (client/link.js), and what to make of what is told (room/).
//
// Events carry the server's frames, checked: `connected`, `joined` ({...frame, resumed}), `chat`,
// `gap`, `members` ({...frame, after}), `user_joined`, `user_left`, `presence`, `typing`, `typists`,
// `read`, `reads`; and `state` (of the line), `disconnected`, `outbox` ({room}), `out` ({room, code,
// why, untilMs, since}) when a room can't be entered, or one was taken out of it. What comes in the
// inbox is told of the room `inbox`.

import { DUPLICATE, NEXT } from "./client/cursor.js";
import { Link } from "./client/link.js";
import { inboxOf, isInbox, newKey, userOf } from "./client/names.js";
import { Outbox } from "./client/outbox.js";
import { Receipts } from "./client/receipts.js";
import { ALREADY_JOINED, NOT_JOINED, isTemporary, retryMs, whyNot } from "./client/refusals.js";
import { Stay } from "./client/stay.js";

const PROTOCOL = "roomcast.v1";
/** Messages asked for on entering a room for the first time. */
const FIRST_PAGE = 50;
/** After the server held us to be out of a room that we held to be in, in milliseconds. */
const REJOIN_MS = 500;

export class Roomcast extends EventTarget {
  #link;
  #url;
  #requests = new Map();
  #requestId = 0;
  #rooms = new Map();
  #inbox;
  #receipts = new Receipts((room, position) => this.#sendRead(room, position));
  #pumpTimer = 0;

  /** `origin` is the page's own; `token` takes the place of `user` and `name` where it is given.
   * `inbox` is the position last seen in the inbox of `user`. */
  constructor({ origin, user, name, token = null, outbox = [], inbox = null }) {
    super();
    this.user = user;
    this.limits = null;
    this.outbox = new Outbox(outbox);
    this.#inbox = new Stay(inboxOf(user), { since: inbox, isInbox: true });
    this.#url = new URL("/v1/ws", origin);
    if (!token) this.#url.search = new URLSearchParams({ user, name }).toString();
    this.#link = new Link({
      address: () => this.#address(),
      protocols: token ? [PROTOCOL, `bearer.${token}`] : [],
      askWhy: () => whyRefused(this.#url, token),
    });
    this.#link.addEventListener("state", ({ detail }) => this.#emit("state", detail));
    this.#link.addEventListener("up", ({ detail }) => this.#up(detail));
    this.#link.addEventListener("down", () => this.#down());
    this.#link.addEventListener("frame", ({ detail }) => this.#take(detail));
  }

  get state() {
    return this.#link.state;
  }

  /** The room in which direct messages come. */
  get inbox() {
    return this.#inbox.name;
  }

  /** Connects, or tries again at once. */
  start() {
    if (!this.#link.isUp) this.#link.open();
  }

  /** Ends the conversation. */
  stop() {
    clearTimeout(this.#pumpTimer);
    this.#receipts.stop();
    this.#link.close();
  }

  /** The reader or the network is back. */
  wake() {
    this.#link.wake();
  }

  /** Goes into a room, at a stored position if there is one. */
  join(name, since = null) {
    if (this.#rooms.has(name)) return;
    const room = new Stay(name, { since });
    this.#rooms.set(name, room);
    this.#askIn(room);
  }

  leave(name) {
    this.outbox.drop(name);
    this.#receipts.forget(name);
    if (this.#rooms.delete(name)) this.#ask({ type: "leave", room: name });
  }

  /** The position last seen in a room, to be stored. */
  since(name) {
    return this.#stay(name)?.since() ?? null;
  }

  /** Says something in a room, or in `@user` to that user; nothing if too much is waiting already. */
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

  /** The reader has read up to this position. */
  read(room, position) {
    this.#receipts.read(room, position);
  }

  /** Asks who is there, from after a user on; `members` is told, and returned. */
  who(room, after = null) {
    return this.#request({ type: "who", room, ...(after === null ? {} : { after }) }, { after });
  }

  /** A page of what was said before a position, as the server's `history` frame. */
  history(room, before, limit = FIRST_PAGE) {
    return this.#request({ type: "history", room, before, limit: this.#pageLimit(limit) });
  }

  #stay(name) {
    return name === this.#inbox.name ? this.#inbox : (this.#rooms.get(name) ?? null);
  }

  #address() {
    const url = new URL(this.#url);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const { epoch, seq, id } = this.#inbox.since() ?? {};
    if (epoch) url.searchParams.set("inbox", [epoch, seq, id].filter((part) => part !== undefined).join(":"));
    return url.href;
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

  #request(frame, about = {}) {
    return new Promise((resolve, reject) => {
      if (!this.#ask(frame, { ...about, resolve, reject })) reject(new Error("not connected"));
    });
  }

  #sendRead(room, { epoch, seq }) {
    const stay = this.#stay(room);
    // The frame names no epoch: in another one the same number would be another message.
    return Boolean(stay?.joined && stay.cursor.epoch === epoch && this.#link.send({ type: "read", room, seq }));
  }

  #up(frame) {
    this.user = frame.user;
    this.limits = frame.limits ?? null;
    const inbox = inboxOf(frame.user);
    if (inbox !== this.#inbox.name) this.#inbox = new Stay(inbox, { isInbox: true });
    this.#emit("connected", frame);
    for (const room of this.#rooms.values()) this.#askIn(room);
  }

  #down() {
    for (const room of [this.#inbox, ...this.#rooms.values()]) room.lineLost();
    this.outbox.lineLost();
    const requests = [...this.#requests.values()];
    this.#requests.clear();
    for (const request of requests) request.reject?.(new Error("the connection was lost"));
    this.#emit("disconnected", null);
  }

  /** One frame a room, so that a refusal says which room it is about. */
  #askIn(room) {
    const since = room.since();
    const wish = since ? { since } : { history: this.#pageLimit(FIRST_PAGE) };
    room.joinId = this.#ask({ type: "join", room: room.name, ...wish });
  }

  #take(frame) {
    const request = this.#requests.get(frame.id);
    if (request && frame.type !== "chat") this.#requests.delete(frame.id);
    switch (frame.type) {
      case "joined":
        return this.#joined(frame);
      case "chat":
        return this.#chat(frame);
      case "gap":
        return this.#gap(frame);
      case "ack":
        return request && this.#acked(request, frame);
      case "history":
        return request?.resolve?.(frame);
      case "members":
        this.#signal({ ...frame, after: request?.after ?? null });
        return request?.resolve?.(frame);
      case "error":
        if (request) return this.#refused(request, frame);
        return frame.id === undefined && frame.room ? this.#putOut(frame) : undefined;
      case "user_joined":
      case "user_left":
      case "presence":
      case "typing":
      case "typists":
      case "read":
      case "reads":
        return this.#signal(frame);
      default:
        return undefined; // `ok` and `pong` have done their work; unknown frames belong to a later version
    }
  }

  #signal(frame) {
    if (this.#stay(frame.room)?.joined) this.#emit(frame.type, frame);
  }

  #joined(frame) {
    const room = this.#stay(frame.room);
    if (!room?.awaits(frame)) return;
    const told = room.enter(frame);
    for (const message of told.messages) this.#saidBack(message);
    this.#receipts.joined(room.name, frame.epoch, frame.read);
    this.#emit("joined", told);
    this.#pump();
  }

  #chat(frame) {
    const room = this.#stay(frame.room);
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
    const room = this.#stay(frame.room);
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
      // A direct message was acked for its place in the other's inbox, which is none of ours.
      this.outbox.acked(item, isInbox(item.room) ? { ...frame, epoch: null, seq: null } : frame);
      this.#emit("outbox", { room: item.room });
    }
    this.#pump();
  }

  #refused(request, frame) {
    if (request.key) this.#refusedMessage(request, frame);
    else if (request.type === "join") this.#refusedJoin(request, frame);
    else request.reject?.(new Error(whyNot(frame)));
  }

  #refusedMessage({ key, room: name }, frame) {
    const item = this.outbox.find(key);
    if (!item) return;
    const room = this.#rooms.get(name);
    if (frame.code === NOT_JOINED && room) {
      this.outbox.postpone(item, Date.now() + REJOIN_MS);
      if (room.joined) this.#rejoin(room);
    } else if (isTemporary(frame)) this.outbox.postpone(item, Date.now() + retryMs(frame));
    else this.outbox.fail(item, whyNot(frame));
    this.#emit("outbox", { room: item.room });
    this.#pump();
  }

  #refusedJoin({ room: name }, frame) {
    const room = this.#rooms.get(name);
    if (!room || room.joinId !== frame.id) return;
    if (frame.code === ALREADY_JOINED) this.#rejoin(room);
    else if (isTemporary(frame)) setTimeout(() => this.#askAgain(room, frame.id), retryMs(frame));
    else this.#lose(room, frame);
  }

  #askAgain(room, joinId) {
    if (this.#rooms.get(room.name) === room && room.joinId === joinId) this.#askIn(room);
  }

  /** The server's idea of whether we are in is another than ours: begin anew, from the cursor. */
  #rejoin(room) {
    room.lineLost();
    this.#ask({ type: "leave", room: room.name });
    this.#askIn(room);
  }

  /** The server says that we are in this room no more. */
  #putOut(frame) {
    const room = this.#stay(frame.room);
    // Nobody is taken out of their own inbox; a new line opens it anew.
    if (room?.isInbox) return this.#link.renew();
    if (!room) return undefined;
    // A join that is on its way would bring us back in.
    if (!room.joined && room.joinId !== null) this.#ask({ type: "leave", room: room.name });
    return this.#lose(room, frame);
  }

  #lose(room, frame) {
    this.#rooms.delete(room.name);
    const why = whyNot(frame);
    this.outbox.failAll(room.name, why);
    const untilMs = frame.retry_after_ms === undefined ? null : Date.now() + frame.retry_after_ms;
    this.#emit("out", { room: room.name, code: frame.code, why, untilMs, since: room.since() });
  }

  /** Sends what is due in every room, and wakes up for what is due later. */
  #pump() {
    clearTimeout(this.#pumpTimer);
    const now = Date.now();
    for (const name of this.outbox.rooms()) {
      const isDirect = isInbox(name);
      // In the inbox, what was said before the line was lost comes back before it is said again.
      const isOpen = isDirect ? this.#inbox.joined : this.#rooms.get(name)?.joined;
      const item = isOpen ? this.outbox.due(name, now) : null;
      if (!item) continue;
      const { key, text } = item;
      const target = isDirect ? { type: "direct", to: userOf(name) } : { type: "chat", room: name };
      if (this.#ask({ ...target, message: text, key }, { room: name, key })) this.outbox.sent(item, now);
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
