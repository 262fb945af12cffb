/** A chart as rectangles, lines and words at places. Pure geometry: the painter says how wide a word is. */
import type { Chart, Tone } from './charts.ts';

export type Shape =
  | { kind: 'rect'; x: number; y: number; width: number; height: number; tone: Tone }
  | { kind: 'line'; x1: number; y1: number; x2: number; y2: number }
  /** `y` is the middle of the word. */
  | { kind: 'word'; x: number; y: number; text: string; anchor: 'start' | 'middle' | 'end' };

export interface Drawing {
  width: number;
  height: number;
  shapes: readonly Shape[];
}

export interface Pen {
  width: number;
  /** Height of a line of words. */
  line: number;
  measure(text: string): number;
  number(value: number): string;
}

const KEY = 8;

export function draw(chart: Chart, pen: Pen): Drawing {
  return chart.kind === 'bars' ? bars(chart, pen) : columns(chart, pen);
}

function bars(chart: Chart, pen: Pen): Drawing {
  const { categories, series } = chart;
  const key = legend(chart, pen);
  const names = Math.min(Math.max(0, ...categories.map(pen.measure)), pen.width * 0.4);
  const heights = categories.map((_, i) => sum(series.map(({ values }) => values[i] ?? 0)));
  const most = Math.max(1, ...heights);
  const figures = pen.measure(pen.number(most)) + 8;
  const x0 = names + 8;
  const scale = (pen.width - x0 - figures) / most;
  const step = pen.line * 1.6;
  const shapes: Shape[] = [...key.shapes];
  categories.forEach((category, i) => {
    const y = key.height + i * step;
    shapes.push({ kind: 'word', x: names, y: y + step / 2, text: shorten(category, names, pen), anchor: 'end' });
    let x = x0;
    for (const { tone, values } of series) {
      const width = (values[i] ?? 0) * scale;
      if (width > 0) shapes.push({ kind: 'rect', x, y: y + step * 0.14, width, height: step * 0.72, tone });
      x += width;
    }
    shapes.push({ kind: 'word', x: x + 4, y: y + step / 2, text: pen.number(heights[i] ?? 0), anchor: 'start' });
  });
  const height = key.height + categories.length * step;
  shapes.push({ kind: 'line', x1: x0, y1: key.height, x2: x0, y2: height });
  return { width: pen.width, height, shapes };
}

function columns(chart: Chart, pen: Pen): Drawing {
  const { categories, series } = chart;
  const key = legend(chart, pen);
  const plot = 130;
  const heights = categories.map((_, i) => sum(series.map(({ values }) => values[i] ?? 0)));
  const ticks = ticksTo(Math.max(1, ...heights));
  const top = ticks.at(-1) ?? 1;
  const x0 = Math.max(...ticks.map((tick) => pen.measure(pen.number(tick)))) + 6;
  const y0 = key.height + pen.line / 2;
  const shapes: Shape[] = [...key.shapes];
  for (const tick of ticks) {
    const y = y0 + plot - (tick / top) * plot;
    shapes.push({ kind: 'line', x1: x0, y1: y, x2: pen.width, y2: y });
    shapes.push({ kind: 'word', x: x0 - 5, y, text: pen.number(tick), anchor: 'end' });
  }
  const step = (pen.width - x0) / Math.max(1, categories.length);
  const thick = Math.min(step * 0.72, 34);
  // As many names as fit beside each other: always the first, and then every so many.
  const every = Math.max(1, Math.ceil((Math.max(...categories.map(pen.measure)) + 10) / step));
  categories.forEach((category, i) => {
    const middle = x0 + (i + 0.5) * step;
    let y = y0 + plot;
    for (const { tone, values } of series) {
      const height = ((values[i] ?? 0) / top) * plot;
      y -= height;
      if (height > 0) shapes.push({ kind: 'rect', x: middle - thick / 2, y, width: thick, height, tone });
    }
    if (i % every !== 0) return;
    const half = pen.measure(category) / 2;
    const x = Math.min(Math.max(middle, x0 + half), pen.width - half);
    shapes.push({ kind: 'word', x, y: y0 + plot + pen.line * 0.8, text: category, anchor: 'middle' });
  });
  return { width: pen.width, height: y0 + plot + pen.line * 1.5, shapes };
}

/** What the tones mean; a single one needs no key. */
function legend({ series }: Chart, pen: Pen): { height: number; shapes: Shape[] } {
  if (series.length < 2) return { height: 0, shapes: [] };
  const shapes: Shape[] = [];
  let x = 0;
  let y = pen.line / 2;
  for (const { name, tone } of series) {
    const width = KEY + 4 + pen.measure(name) + 14;
    if (x > 0 && x + width > pen.width) {
      x = 0;
      y += pen.line * 1.4;
    }
    shapes.push({ kind: 'rect', x, y: y - KEY / 2, width: KEY, height: KEY, tone });
    shapes.push({ kind: 'word', x: x + KEY + 4, y, text: name, anchor: 'start' });
    x += width;
  }
  return { height: y + pen.line, shapes };
}

/** Round numbers from nought to a bit over the highest: four or five of them. */
export function ticksTo(most: number): number[] {
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power);
  const whole = Math.ceil(step);
  return Array.from({ length: Math.ceil(most / whole) + 1 }, (_, i) => i * whole);
}

function shorten(text: string, width: number, { measure }: Pen): string {
  if (measure(text) <= width) return text;
  let end = text.length;
  while (end > 1 && measure(`${text.slice(0, end)}…`) > width) end--;
  return `${text.slice(0, end)}…`;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
