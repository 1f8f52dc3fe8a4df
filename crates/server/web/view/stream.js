// Owns the message list on the page: which list items stand in it, and where it is scrolled to.
// Keeps true: at the newest message it stays there; scrolled up, what the reader looks at doesn't move.
// Leaves to others: what the rows are (room/rows.js) and what one looks like (view/message.js).

import { byId } from "./element.js";
import { readersSignature, rowElement, rowSignature, writeReaders } from "./message.js";

/** So close to the end counts as the end, in pixels. */
const END_PX = 48;
/** So close to the top, older messages are fetched, in pixels. */
const TOP_PX = 400;

export class Stream {
  #list = byId("messages");
  #box = byId("stream");
  #jump = byId("jump");
  #drawn = new Map();
  #unseen = 0;
  #atEnd = true;

  /** `on.older()` when the reader nears the top, `on.end()` at the newest, `on.retry(key)`,
   * `on.discard(key)`, `on.person(user)`. `on.older(true)`: the reader asks for it. */
  constructor(on) {
    this.on = on;
    this.#box.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#jump.addEventListener("click", () => this.toEnd());
    this.#list.addEventListener("click", ({ target }) => {
      const { key, from } = target.closest("li")?.dataset ?? {};
      if (target.matches(".retry")) on.retry(key);
      if (target.matches(".discard")) on.discard(key);
      if (target.matches(".earlier")) on.older(true);
      if (target.closest("button.who")) on.person(from);
    });
    const resized = new ResizeObserver(() => {
      if (this.#atEnd) this.#box.scrollTop = this.#box.scrollHeight;
    });
    resized.observe(this.#box);
    resized.observe(this.#list);
  }

  get atEnd() {
    return this.#atEnd;
  }

  get hasMessages() {
    return this.#list.querySelector(".message") !== null;
  }

  /** Shows another room: nothing of the old one stays. */
  reset() {
    this.#list.replaceChildren();
    this.#drawn.clear();
    this.#unseen = 0;
    this.#atEnd = true;
    this.#showJump();
  }

  /** Draws what has changed. `arrived` of the rows are messages that just came from others. */
  draw(rows, { now, arrived = 0, quiet = false }) {
    this.#box.setAttribute("aria-busy", quiet ? "true" : "false");
    const anchor = this.#atEnd ? null : this.#anchor();
    this.#place(rows, now);
    if (anchor) this.#box.scrollTop += anchor.item.getBoundingClientRect().top - anchor.top;
    else this.#box.scrollTop = this.#box.scrollHeight;
    if (!this.#atEnd) this.#unseen += arrived;
    this.#showJump();
    this.#nearTop();
  }

  toEnd() {
    this.#box.scrollTop = this.#box.scrollHeight;
    this.#scrolled();
  }

  /** Shows what is new first, where it doesn't fit on the screen. */
  toNew() {
    const mark = this.#list.querySelector(".divider.new");
    if (!mark) return;
    const above = mark.getBoundingClientRect().top - this.#box.getBoundingClientRect().top;
    if (above >= 0) return;
    this.#box.scrollTop += above - 16;
    this.#scrolled();
  }

  #place(rows, now) {
    const wanted = new Set(rows.map(({ key }) => key));
    for (const [key, { item }] of this.#drawn) {
      if (wanted.has(key)) continue;
      item.remove();
      this.#drawn.delete(key);
    }
    let next = this.#list.firstElementChild;
    for (const row of rows) {
      const signature = rowSignature(row);
      const drawn = this.#drawn.get(row.key);
      let item = drawn?.item;
      if (drawn?.signature !== signature) {
        item = rowElement(row, now);
        if (drawn) {
          if (drawn.item === next) next = item;
          drawn.item.replaceWith(item);
        }
        this.#drawn.set(row.key, { item, signature, readers: null });
      }
      this.#writeReaders(row);
      if (item === next) next = next.nextElementSibling;
      else this.#list.insertBefore(item, next);
    }
  }

  /** In place, so that a message isn't read aloud again because somebody has read it. */
  #writeReaders(row) {
    if (!row.own || row.state !== "said") return;
    const drawn = this.#drawn.get(row.key);
    const readers = readersSignature(row);
    if (drawn.readers === readers) return;
    drawn.readers = readers;
    writeReaders(drawn.item, row);
  }

  /** The first message in sight, and where it stands. */
  #anchor() {
    const top = this.#box.getBoundingClientRect().top;
    for (const item of this.#list.children) {
      const place = item.getBoundingClientRect();
      if (place.bottom > top && item.dataset.seq) return { item: this.#standIn(item), top: place.top };
    }
    return null;
  }

  #standIn(item) {
    // The item may be drawn anew; its text's place is what counts, so it is found again by id.
    const { id, key } = item.dataset;
    const find = () => [...this.#list.children].find((each) => each === item || (id && each.dataset.id === id) || (key && each.dataset.key === key));
    return { getBoundingClientRect: () => (find() ?? item).getBoundingClientRect() };
  }

  #scrolled() {
    const left = this.#box.scrollHeight - this.#box.clientHeight - this.#box.scrollTop;
    this.#atEnd = left <= END_PX;
    if (this.#atEnd) {
      this.#unseen = 0;
      this.on.end();
    }
    this.#showJump();
    this.#nearTop();
  }

  #nearTop() {
    if (this.#box.scrollTop < TOP_PX) this.on.older();
  }

  #showJump() {
    this.#jump.hidden = this.#atEnd;
    this.#jump.classList.toggle("news", this.#unseen > 0);
    const many = this.#unseen === 1 ? "1 new message" : `${this.#unseen} new messages`;
    this.#jump.textContent = this.#unseen ? many : "Jump to the newest";
  }
}
