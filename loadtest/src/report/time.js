// Owns the plots over time: one timeline, the faults behind each of them, one crosshair through all.

const series = numbers.series;

/// What each plot shows. Values of `rows` are as long as `series.at_s`.
const overTime = {
  latency: {
    height: 250, scale: "log", format: asTime, labels: true,
    rows: () => [
      { name: "max", look: "c", thin: true, values: series.max_us },
      { name: "p99", look: "b", values: series.p99_us },
      { name: "p50", look: "a", values: series.p50_us },
    ],
  },
  messages: {
    height: 170, format: asCount,
    rows: () => [
      { name: "due", look: "c", dashed: true, values: series.due },
      { name: "acked", look: "a", values: series.acked, area: true },
      { name: "acks awaited", isHidden: true, values: series.waiting },
    ],
  },
  deliveries: {
    height: 150, format: asCount,
    rows: () => [{ name: "deliveries", look: "d", values: series.delivered, area: true }],
  },
  sessions: {
    height: 170, format: asCount, most: () => numbers.clients,
    rows: () => [
      { name: "open", look: "d", values: series.open, area: true },
      { name: "settled", look: "a", values: series.settled },
    ],
  },
  nodes: {
    height: 170, format: asCount, stacked: true,
    rows: () => series.by_node.map((values, place) => ({
      name: numbers.nodes[place] ?? `node ${place + 1}`, look: "adbefc"[place % 6], values,
    })),
  },
  trouble: {
    height: 150, scale: "log", format: asCount, stems: true,
    rows: () => [
      { name: "cut", look: "b", values: aboveZero(series.cut) },
      { name: "gaps told", look: "e", values: aboveZero(series.gaps) },
      { name: "refused", look: "d", values: aboveZero(series.refused) },
    ].filter(({ values }) => values.some((value) => value !== null)),
  },
};

/// The plots over time that stand on the page, for the crosshair.
let crossed = [];

const aboveZero = (values) => values.map((value) => (value > 0 ? value : null));

function drawOverTime(figure) {
  const plot = overTime[figure.dataset.plot];
  const all = plot.rows();
  const rows = all.filter(({ isHidden }) => !isHidden);
  const isNarrow = widthOf(figure) < 620;
  const end = Math.max(numbers.took_s, (series.at_s.at(-1) ?? 0) + series.step_s);
  const left = isNarrow ? 44 : 52;
  const faults = lanesOf(widthOf(figure) - left - 10, end, Boolean(plot.labels) && !isNarrow);
  const lanes = 1 + faults.reduce((most, { lane }) => Math.max(most, lane), -1);
  const box = canvas(figure, (isNarrow ? plot.height * 0.85 : plot.height) + lanes * 19, 8 + lanes * 19, left);
  const x = timeScale(box, end);
  const stacks = plot.stacked ? stack(rows) : undefined;
  const y = valueScale(box, plot, rows, stacks);
  hatch(box);
  sideAxis(box, y, plot.format);
  bands(box, x, faults);
  footAxis(box, x, asClock);
  rows.forEach((row, place) => drawRow(box, x, y, row, place, stacks, plot));
  const shape = (row) => (stacks ? "area" : row.dashed ? "dashed" : "");
  key(figure, rows.map((row) => ({ name: row.name, look: row.look, shape: shape(row) })));
  crossed.push({ box, x, y, rows: all, stacks, plot });
  follow(box, (px) => cross(box, x, px, end), uncross);
}

function drawRow(box, x, y, row, place, stacks, plot) {
  const middle = series.step_s / 2;
  const at = (values) => values.map((value, index) => (value === null ? null : [x(series.at_s[index] + middle), y(value)]));
  const points = at(stacks?.[place] ?? row.values);
  const zero = () => at(row.values.map(() => 0));
  if (stacks) return area(box, points, place > 0 ? at(stacks[place - 1]) : zero(), `area full ${row.look}`);
  if (plot.stems) {
    // Side by side, so that none hides another one.
    const aside = place * 2.5;
    const stems = points.filter((point) => point !== null).map(([px, py]) => `M${(px + aside).toFixed(1)} ${box.bottom}V${py.toFixed(1)}`);
    return draw(box.svg, "path", { class: `line ${row.look}`, d: stems.join("") });
  }
  if (row.area) area(box, points, zero(), `area ${row.look}`);
  return line(box, `line ${row.look} ${row.thin ? "thin" : ""} ${row.dashed ? "dashed" : ""}`, points);
}

function timeScale(box, end) {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];
  const wanted = (end / (box.right - box.left)) * 70;
  const step = steps.find((step) => step >= wanted) ?? 86400 * Math.ceil(wanted / 86400);
  const scale = (s) => box.left + (s / end) * (box.right - box.left);
  scale.seconds = (px) => ((px - box.left) / (box.right - box.left)) * end;
  scale.ticks = [];
  for (let at = 0; at <= end; at += step) scale.ticks.push(at);
  return scale;
}

function valueScale(box, plot, rows, stacks) {
  const all = (stacks ?? rows.map((row) => row.values)).flat().filter((value) => value !== null);
  const highest = all.reduce((a, b) => Math.max(a, b), 0);
  if (plot.scale === "log") {
    const lowest = all.reduce((a, b) => Math.min(a, b), Infinity);
    // A stem of the lowest value has a length too.
    const low = Math.min(lowest, highest || 1) * (plot.stems ? 0.5 : 1);
    return logarithmic(Math.max(0.01, low), highest || 10, box.bottom, box.top);
  }
  const top = roundUp(Math.max(highest, plot.most?.() ?? 0), 4);
  return linear(0, top, box.bottom, box.top, 4);
}

/// The sums up to each row.
function stack(rows) {
  const sums = [];
  rows.forEach((row, place) => sums.push(row.values.map((value, index) => value + (sums[place - 1]?.[index] ?? 0))));
  return sums;
}

function area(box, top, bottom, className) {
  const known = top.filter((point) => point !== null);
  if (known.length === 0) return;
  const back = bottom.filter((point) => point !== null).reverse();
  const text = [...known, ...back].map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");
  draw(box.svg, "path", { class: className, d: `M${text}Z` });
}

function hatch(box) {
  if (document.getElementById("hatch")) return;
  const pattern = draw(draw(box.svg, "defs"), "pattern", { id: "hatch", width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  draw(pattern, "line", { class: "hatch", x1: 0, x2: 0, y1: 0, y2: 5 });
}

/// The faults as they began, each with the lane above the plot in which its label stands, and where. A label
/// that finds no room shrinks to its number; a number without room is left to the table.
function lanesOf(width, end, isNamed) {
  const free = isNamed ? [0, 0, 0] : [0];
  const byBegin = numbers.faults.map((fault, place) => ({ ...fault, number: place + 1 })).sort((a, b) => a.from_s - b.from_s);
  return byBegin.map((fault) => {
    const from = (fault.from_s / end) * width;
    const name = fault.name.length > 28 ? `${fault.name.slice(0, 27)}…` : fault.name;
    const badge = fault.number < 10 ? 16 : 22;
    for (const words of isNamed ? [name, ""] : [""]) {
      const wide = badge + 4 + textWidth(words);
      const begin = Math.max(0, Math.min(from, width - wide));
      const lane = free.findIndex((until) => until <= begin);
      if (lane < 0) continue;
      free[lane] = begin + wide + 6;
      return { ...fault, words, badge, begin, lane };
    }
    return { ...fault, lane: -1 };
  });
}

function textWidth(words) {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `11px ${getComputedStyle(document.body).fontFamily}`;
  return words === "" ? 0 : pen.measureText(words).width + 4;
}

/// Each fault as a band, and hatched while those who were cut came back.
function bands(box, x, faults) {
  const height = box.bottom - box.top;
  for (const { number, from_s, to_s, back_s, words, badge, begin, lane } of faults) {
    const from = x(from_s);
    const to = Math.min(box.right, Math.max(from + 2, x(to_s)));
    const back = Math.min(box.right, x(back_s ?? 0));
    if (back > to) draw(box.svg, "rect", { class: "back", x: to, y: box.top, width: back - to, height });
    draw(box.svg, "rect", { class: "band", x: from, y: box.top, width: Math.max(0, to - from), height });
    if (lane < 0) continue;
    const [left, y] = [box.left + begin, box.top - 19 - lane * 19];
    draw(box.svg, "line", { class: "edge", x1: Math.round(from), x2: Math.round(from), y1: y + 8, y2: box.top });
    draw(box.svg, "rect", { class: "under", x: left, y, width: badge, height: 15, rx: 4 });
    draw(box.svg, "rect", { class: "badge", x: left, y, width: badge, height: 15, rx: 4 });
    draw(box.svg, "text", { class: "fault", x: left + badge / 2, y: y + 11.5, "text-anchor": "middle" }, number);
    draw(box.svg, "text", { class: "named", x: left + badge + 4, y: y + 11.5 }, words);
  }
}

/// A line through all plots at the pointer's second, and what each value is there.
function cross(over, x, px, end) {
  if (series.at_s.length === 0) return;
  uncross();
  const s = Math.min(end, Math.max(0, x.seconds(px)));
  let index = series.at_s.findIndex((at) => at + series.step_s > s);
  if (index < 0) index = series.at_s.length - 1;
  const at = series.at_s[index] + series.step_s / 2;
  for (const { box, x, y, rows, stacks, plot } of crossed) {
    const place = Math.round(x(at));
    draw(box.svg, "line", { class: "cross", x1: place, x2: place, y1: box.top, y2: box.bottom });
    rows.forEach((row, order) => {
      const value = (stacks?.[order] ?? row.values)[index];
      if (value !== null && value !== undefined && !row.isHidden) draw(box.svg, "circle", { class: `dot cross ${row.look}`, cx: place, cy: y(value), r: 3.5 });
    });
    if (box !== over) continue;
    const asTold = plot.format === asCount ? asExact : plot.format;
    const on = numbers.faults.filter(({ from_s, to_s, back_s }) => from_s < series.at_s[index] + series.step_s && Math.max(to_s, back_s ?? 0) >= series.at_s[index]);
    const named = rows.map((row) => ({ name: row.name, look: row.look ?? "none", value: row.values[index] === null ? "–" : asTold(row.values[index]) }));
    tip(box, place, [
      { className: "at", name: asClock(series.at_s[index]) },
      ...on.map(({ name, to_s }) => ({ className: "on", name: to_s < series.at_s[index] ? `after ${name}` : name })),
      ...(stacks ? named.reverse() : named),
    ]);
  }
}

function uncross() {
  for (const element of document.querySelectorAll(".cross, #time .tip")) element.remove();
}
