// Owns what becomes of what the client tells: carried into the rooms and the inbox, and from there, as
// what has changed, to the page. Draws nothing, sends nothing but questions.

import { fillGaps, loadInbox } from "./backlog.js";
import { completeRoster } from "./roster.js";

/** Carries what `client` tells into `places`. `page` hears `changed(log, ...parts)`, `arrived(log,
 * messages)`, `entered(log, {resumed, isMarked})` and `typing(log)`; `isShown(log)` is asked of it. */
export function hear(client, places, page) {
  const on = (type, take) =>
    client.addEventListener(type, ({ detail }) => {
      const log = places.log(detail.room);
      if (log) take(log, detail);
    });
  const people = (log) => {
    page.changed(log, "people");
    completeRoster(client, log, () => page.isShown(log));
  };
  const older = (log) => (messages) => {
    if (log === places.inbox.log) places.inbox.sort(messages);
    page.changed(log, "stream");
  };

  on("joined", (log, frame) => {
    const { resumed, read } = frame;
    const fresh = log.enter(resumed ? frame : { ...frame, gap: null }, client.user, Date.now());
    page.arrived(log, resumed ? fresh : []);
    page.entered(log, { resumed, isMarked: read !== undefined });
    people(log);
    fillGaps(client, log, older(log));
    if (log === places.inbox.log) loadInbox(client, places.inbox, older(log));
  });
  on("chat", (log, message) => log.append(message, client.user, Date.now()) && page.arrived(log, [message]));
  on("gap", (log, gap) => {
    log.addGap(gap);
    page.changed(log, "stream");
    fillGaps(client, log, older(log));
  });
  on("members", (log, members) => {
    log.people.listed(members);
    page.changed(log, "people");
  });
  on("user_joined", (log, { count, ...member }) => {
    log.presence({ joined: [member], count });
    people(log);
  });
  on("user_left", (log, { count, user }) => {
    log.presence({ left: [user], count });
    people(log);
    page.typing(log);
  });
  on("presence", (log, news) => {
    log.presence(news);
    people(log);
  });
  on("typing", (log, { user, typing }) => {
    log.typing.seen(user, typing, Date.now());
    page.typing(log);
  });
  on("typists", (log, news) => {
    log.typing.replace(news, Date.now());
    page.typing(log);
  });
  const read = (log, marks) => {
    log.reads(marks, client.user);
    page.changed(log, "stream");
  };
  on("read", (log, mark) => read(log, [mark]));
  on("reads", (log, { marks }) => read(log, marks));
  on("out", (log, { room: _, ...out }) => {
    log.putOut(out);
    page.changed(log, "stream", "people");
    page.typing(log);
  });
  client.addEventListener("disconnected", () => {
    for (const log of [places.inbox.log, ...places.rooms]) {
      log.lineLost();
      page.typing(log);
    }
  });
}
