// Owns how moments are written, in the reader's language and time zone.

const clockFormat = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const fullFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const dayFormat = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const yearFormat = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const nearFormat = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

export function clock(at) {
  return clockFormat.format(at);
}

export function full(at) {
  return fullFormat.format(at);
}

/** A moment that may be on another day: the clock today, otherwise the day too. */
export function moment(at, now) {
  return day(at, now) === day(now, now) ? clock(at) : `${day(at, now)}, ${clock(at)}`;
}

/** Today and yesterday by name, this year without the year. */
export function day(at, now) {
  const startOf = (moment) => new Date(new Date(moment).toDateString()).getTime();
  const daysAgo = Math.round((startOf(now) - startOf(at)) / 86_400_000);
  if (daysAgo === 0 || daysAgo === 1) {
    const word = nearFormat.format(-daysAgo, "day");
    return word.charAt(0).toLocaleUpperCase() + word.slice(1);
  }
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return (sameYear ? dayFormat : yearFormat).format(at);
}
