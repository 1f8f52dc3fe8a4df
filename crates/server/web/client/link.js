// Owns the line to the server: one WebSocket after another, when to come back, and the heartbeat.
// Keeps true: at most one socket is listened to; a line without a sign of life is given up within two
// heartbeats; a told delay and the close codes are obeyed.
// Leaves to others: what the frames mean, apart from `connected`, `reconnect` and `pong`.
//
// Events: `up` (the `connected` frame), `frame` (any other), `down`, `state` ({state, retryAt, why}).

import { AS_TOLD, NOT_WITHOUT_CHANGE, backoffMs, comeBack, explain } from "./comeback.js";

export const CONNECTED = "connected";
export const RECONNECTING = "reconnecting";
export const OFFLINE = "offline";

/** How long a connection may take to greet, in milliseconds. */
const GREETING_WAIT_MS = 10_000;
/** A line that lived so long was a good one: the next back-off starts from the beginning. */
const GOOD_LINE_MS = 5_000;
/** Within what time a line must answer when the reader comes back to the page, in milliseconds. */
const WAKE_WAIT_MS = 4_000;
const HEARTBEAT_MS_DEFAULT = 25_000;
const HEARTBEAT_MS_MIN = 1_000;
/** A refused handshake looks like a cut line; every so many attempts the server is asked why. */
const ASK_WHY_EVERY = 8;

export class Link extends EventTarget {
  #address; #protocols; #askWhy;
  #socket = null;
  #attempt = 0;
  #upSince = null;
  #heard = false;
  #comeBackAt = null;
  #pings = 0;
  #timers = { retry: 0, greeting: 0, heartbeat: 0, move: 0, wake: 0 };

  /** `address()` is where to connect, asked each time; `askWhy` asks the server over HTTP why it
   * refuses a handshake: a sentence, or null. */
  constructor({ address, protocols = [], askWhy = async () => null }) {
    super();
    this.#address = address;
    this.#protocols = protocols;
    this.#askWhy = askWhy;
    this.state = { state: OFFLINE, retryAt: null, why: null };
  }

  get isUp() {
    return this.#upSince !== null;
  }

  /** Connects now, whatever was planned. */
  open() {
    this.#quit();
    this.#say(RECONNECTING);
    let socket;
    try {
      socket = new WebSocket(this.#address(), this.#protocols);
    } catch {
      this.#say(OFFLINE, { why: "This sign-in can't be used" });
      return;
    }
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#socket === socket && this.#take(data);
    socket.onclose = ({ code, reason }) => this.#lost(socket, code, reason);
    this.#timers.greeting = setTimeout(() => this.#lost(socket, 1006, ""), GREETING_WAIT_MS);
  }

  /** Ends the conversation for good. */
  close() {
    this.#quit();
    this.#say(OFFLINE);
  }

  /** What came over this line can't be right: start another, with back-off. */
  renew() {
    this.#lost(this.#socket, 4100, "");
  }

  /** Sends a frame if the line is up; says whether it went. */
  send(frame) {
    if (!this.isUp || this.#socket.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** The reader is back, or the network is: don't wait for a timer to find out how things are. */
  wake() {
    if (this.#socket === null) {
      if (this.state.state === RECONNECTING) this.open();
    } else if (this.isUp && !this.#timers.wake) {
      this.#ping();
      const socket = this.#socket;
      this.#timers.wake = setTimeout(() => {
        this.#timers.wake = 0;
        if (!this.#heard) this.#lost(socket, 1006, "");
      }, WAKE_WAIT_MS);
    }
  }

  #take(data) {
    this.#heard = true;
    let frames;
    try {
      frames = JSON.parse(data);
    } catch {
      return;
    }
    for (const frame of Array.isArray(frames) ? frames : [frames]) {
      if (frame?.type === "connected") this.#greeted(frame);
      else if (frame?.type === "reconnect") this.#told(frame.after_ms);
      else if (this.isUp && typeof frame?.type === "string") this.#emit("frame", frame);
    }
  }

  #greeted(frame) {
    clearTimeout(this.#timers.greeting);
    this.#upSince = Date.now();
    const heartbeatMs = Math.max(HEARTBEAT_MS_MIN, Number(frame.heartbeat_ms) || HEARTBEAT_MS_DEFAULT);
    this.#timers.heartbeat = setInterval(() => this.#beat(), heartbeatMs);
    this.#heard = true;
    this.#say(CONNECTED);
    this.#emit("up", frame);
  }

  #beat() {
    if (this.#heard) this.#ping();
    else this.#lost(this.#socket, 1006, "");
  }

  #ping() {
    this.#heard = false;
    this.#pings += 1;
    this.send({ type: "ping", id: `ping-${this.#pings}` });
  }

  /** The node wants to be rid of us: move when told, or when it closes, whichever comes first. */
  #told(afterMs) {
    const waitMs = Math.min(Math.max(Number(afterMs) || 0, 0), 10 * 60_000);
    this.#comeBackAt = Date.now() + waitMs;
    clearTimeout(this.#timers.move);
    const socket = this.#socket;
    this.#timers.move = setTimeout(() => this.#lost(socket, 4000, ""), waitMs);
  }

  #lost(socket, code, reason) {
    if (socket === null || socket !== this.#socket) return;
    const greeted = this.isUp;
    const told = this.#comeBackAt;
    if (greeted && Date.now() - this.#upSince >= GOOD_LINE_MS) this.#attempt = 0;
    this.#quit();
    const plan = comeBack(code);
    if (plan === NOT_WITHOUT_CHANGE) {
      this.#say(OFFLINE, { why: explain(code, reason) });
      return;
    }
    let waitMs = backoffMs(this.#attempt);
    if (plan === AS_TOLD && greeted && this.#attempt === 0) waitMs = 0;
    if (told !== null) waitMs = Math.max(waitMs * Math.sign(this.#attempt), told - Date.now(), 0);
    if (!greeted && this.#attempt % ASK_WHY_EVERY === 0) this.#ask();
    // Being sent away is no failure.
    if (told === null) this.#attempt += 1;
    this.#timers.retry = setTimeout(() => this.open(), waitMs);
    this.#say(RECONNECTING, { retryAt: Date.now() + waitMs });
  }

  async #ask() {
    const why = await this.#askWhy();
    if (why === null || this.isUp || this.state.state !== RECONNECTING) return;
    this.#quit();
    this.#say(OFFLINE, { why });
  }

  /** Lets go of the socket and of every plan; a half-open socket would take long to close itself. */
  #quit() {
    for (const name of Object.keys(this.#timers)) {
      clearTimeout(this.#timers[name]);
      this.#timers[name] = 0;
    }
    const socket = this.#socket;
    const wasUp = this.isUp;
    this.#socket = null;
    this.#upSince = null;
    this.#comeBackAt = null;
    if (socket) {
      socket.onmessage = socket.onclose = null;
      socket.close(1000);
    }
    if (wasUp) this.#emit("down", null);
  }

  #say(state, { retryAt = null, why = null } = {}) {
    this.state = { state, retryAt, why };
    this.#emit("state", this.state);
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
