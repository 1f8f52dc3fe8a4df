// Owns the plots of how long things took, and of rates that were tried one after the other.

/// Deliveries by latency: bars a tenth of a power of ten wide.
function drawHistogram(figure) {
  const { spread } = numbers.spreads.find(({ name }) => name === "delivery");
  const bars = new Map();
  for (const [us, count] of spread.buckets) {
    const bar = Math.floor(Math.log10(Math.max(1, us)) * 10 + 1e-6);
    bars.set(bar, (bars.get(bar) ?? 0) + count);
  }
  const places = [...bars.keys()];
  if (places.length === 0) return figure.remove();
  const edge = (bar) => 10 ** (bar / 10);
  const box = canvas(figure, 284, 58);
  const x = logarithmic(edge(Math.min(...places)), Math.max(edge(Math.max(...places) + 1), spread.max_us), box.left, box.right);
  const y = logarithmic(1, Math.max(...bars.values(), 2), box.bottom - 6, box.top);
  // A bar of one stands six pixels high, so that it is seen.
  y.ticks = y.ticks.filter((value) => y.ticks.length < 7 || Math.round(Math.log10(value)) % 2 === 0);
  y.minor = [];
  sideAxis(box, y, asCount);
  footAxis(box, x, onAxis(asTime));
  for (const [bar, count] of bars) {
    const from = x(edge(bar));
    draw(box.svg, "rect", { class: "bar a", x: from + 0.5, y: y(count), width: Math.max(1, x(edge(bar + 1)) - from - 1), height: box.bottom - y(count) });
  }
  marks(box, x, [["p50", spread.p50_us], ["p90", spread.p90_us], ["p99", spread.p99_us], ["p99.9", spread.p999_us], ["max", spread.max_us]]);
  const within = (high) => spread.buckets.filter(([us]) => us <= high).reduce((sum, [, count]) => sum + count, 0) / Math.max(1, spread.count);
  follow(box, (px) => {
    const hit = places.find((bar) => px >= x(edge(bar)) && px < x(edge(bar + 1)));
    if (hit === undefined) return leave(box);
    tip(box, px, [
      { className: "at", name: `${asTime(edge(hit))} to ${asTime(edge(hit + 1))}` },
      { name: "deliveries", value: asExact(bars.get(hit)) },
      { name: "no longer", value: asShare(1 - within(edge(hit + 1))) },
    ]);
  });
}

/// Upright lines with their names, in lanes where they are close.
function marks(box, x, all) {
  const free = Array(4).fill(-Infinity);
  const lines = draw(box.svg, "g");
  for (const [name, us] of all) {
    const at = x(us);
    const words = draw(box.svg, "text", { class: "marked" }, `${name} ${asTime(us)}`);
    const wide = words.getComputedTextLength();
    const begin = Math.max(box.left, Math.min(at + 4, box.right - wide));
    const lane = Math.max(0, free.findIndex((until) => until <= begin));
    free[lane] = begin + wide + 8;
    const y = 11 + lane * 14;
    draw(lines, "line", { class: "mark", x1: at, x2: at, y1: y - 8, y2: box.bottom });
    words.setAttribute("x", begin);
    words.setAttribute("y", y);
  }
}

/// A share that is left over, as the share below it: 0.001 as 99.9 %.
function asShare(rest) {
  if (rest <= 0) return "100 %";
  if (rest >= 0.1) return `${Math.round(100 - rest * 100)} %`;
  const after = Math.min(8, Math.ceil(-Math.log10(rest) - 2 - 1e-9));
  return `${(100 - rest * 100).toFixed(Math.max(0, after))} %`;
}

/// Each kind of time by the share that took no longer; every step to the right is ten times as rare.
function drawTails(figure) {
  const looks = { delivery: "a", ack: "d", connect: "c", join: "f", resume: "e", away: "b" };
  const box = canvas(figure, 284, 10);
  const all = numbers.spreads.map(({ name, spread }) => ({ name, look: looks[name], spread, steps: tail(spread) }));
  const most = Math.max(...all.map(({ spread }) => spread.count), 10);
  const nines = Math.min(8, Math.ceil(Math.log10(most)));
  const x = (left) => box.left + (Math.min(nines, -Math.log10(left)) / nines) * (box.right - box.left);
  x.ticks = Array.from({ length: nines + 1 }, (_, place) => 10 ** -place);
  const times = all.flatMap(({ steps }) => steps.map(([, us]) => us));
  const y = logarithmic(Math.max(1, Math.min(...times)), Math.max(...times, 10), box.bottom, box.top);
  sideAxis(box, y, asTime);
  footAxis(box, x, (left) => (left === 1 ? "0 %" : asShare(left)), true);
  for (const { look, steps } of all) {
    line(box, `line ${look}`, steps.map(([left, us]) => [x(left), y(us)]));
  }
  key(figure, all.map(({ name, look }) => ({ name, look })));
  follow(box, (px) => {
    const place = Math.min(box.right, Math.max(box.left, px));
    const left = 10 ** ((-(place - box.left) / (box.right - box.left)) * nines);
    // Beyond the longest there is nothing to say.
    const at = (steps) => steps.find(([share]) => share <= left)?.[1];
    upright(box, place);
    tip(box, place, [
      { className: "at", name: `${asShare(left)} within` },
      ...all.map(({ name, look, steps }) => ({ name, look, value: at(steps) === undefined ? "–" : asTime(at(steps)) })),
    ]);
  });
}

/// What share took longer than a time, for each time: [share, µs].
function tail(spread) {
  let rest = spread.count;
  const steps = [[1, Math.max(1, spread.min_us)]];
  for (const [us, count] of spread.buckets) {
    rest -= count;
    if (rest > 0) steps.push([rest / spread.count, Math.max(1, us)]);
  }
  const last = 1 / Math.max(10, spread.count);
  steps.push([Math.min(last, steps.at(-1)[0]), Math.max(1, spread.max_us)]);
  return steps;
}

/// Rates: what came of each. Hollow where the cluster fell behind.
function drawSteps(figure, rows, format, isLog) {
  const { steps } = numbers;
  const box = canvas(figure, 250, 14);
  const most = roundUp(Math.max(...steps.map(({ rate }) => rate)), 5);
  const x = linear(0, most, box.left, box.right, box.width < 420 ? 4 : 6);
  const values = rows.flatMap(({ of }) => steps.map(of));
  const high = Math.max(...values, 1);
  const y = isLog ? logarithmic(Math.max(1, Math.min(...values)), high, box.bottom, box.top) : linear(0, roundUp(Math.max(high, most), 4), box.bottom, box.top, 4);
  sideAxis(box, y, format);
  footAxis(box, x, onAxis(asCount));
  if (!isLog) draw(box.svg, "path", { class: "line dashed c", d: `M${x(0)} ${y(0)}L${x(most)} ${y(most)}` });
  const kept = numbers.kept ?? 0;
  if (kept > 0) {
    draw(box.svg, "line", { class: "mark", x1: x(kept), x2: x(kept), y1: box.top - 8, y2: box.bottom });
    draw(box.svg, "text", { class: "marked", x: x(kept) - 6, y: box.top, "text-anchor": "end" }, `kept up to ${asCount(kept)}/s`);
  }
  for (const { look, of } of rows) {
    line(box, `line ${look}`, steps.map((step) => [x(step.rate), y(of(step))]));
    for (const step of steps) draw(box.svg, "circle", { class: `dot ${look} ${step.is_kept ? "" : "hollow"}`, cx: x(step.rate), cy: y(of(step)), r: 4 });
  }
  key(figure, rows.map(({ name, look }) => ({ name, look })));
  follow(box, (px) => {
    const near = steps.reduce((a, b) => (Math.abs(x(b.rate) - px) < Math.abs(x(a.rate) - px) ? b : a));
    upright(box, x(near.rate));
    tip(box, x(near.rate), [
      { className: "at", name: `${asExact(near.rate)} due a second` },
      ...rows.map(({ name, look, of }) => ({ name, look, value: (format === asCount ? asExact : format)(of(near)) })),
      { name: near.is_kept ? "kept up" : "fell behind" },
    ]);
  });
}
