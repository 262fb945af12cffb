/**
 * Two drawings of one file in SVG, coloured by the page's variables so that they follow light and dark. The histogram's
 * height is logarithmic: nearly all benign texts score 0, and what matters are the few that do not.
 */
import { type Bin, pointAt, type RocPoint, type Thresholds } from '../metrics.ts';

const WIDTH = 420;
const HEIGHT = 300;
const LEFT = 52;
const TOP = 14;
const PLOT_WIDTH = WIDTH - LEFT - 14;
const PLOT_HEIGHT = HEIGHT - TOP - 44;

/** True against false positives, with the two thresholds marked; nothing where there is no curve. */
export function rocSvg(points: readonly RocPoint[], thresholds: Thresholds): string {
  if (points.length === 0) return '';
  const x = (fpr: number) => LEFT + fpr * PLOT_WIDTH;
  const y = (tpr: number) => TOP + (1 - tpr) * PLOT_HEIGHT;
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const path = points.map(({ fpr, tpr }, i) => `${i === 0 ? 'M' : 'L'}${at(x(fpr))} ${at(y(tpr))}`).join('');
  const marks = (['block', 'alert'] as const).map((name) => {
    const { fpr, tpr } = pointAt(points, thresholds[name]);
    const [cx, cy] = [x(fpr), y(tpr)];
    return `<circle class="mark" cx="${at(cx)}" cy="${at(cy)}" r="4"/>${text(cx + 9, cy + 14, `${name} ≥ ${thresholds[name]}`)}`;
  });
  return svg('ROC curve', [
    ...ticks.flatMap((tick) => [
      line(x(tick), y(0), x(tick), y(1)),
      line(x(0), y(tick), x(1), y(tick)),
      text(x(tick), HEIGHT - 28, `${tick * 100}`, 'middle'),
      text(LEFT - 6, y(tick) + 4, `${tick * 100}`, 'end'),
    ]),
    `<path class="chance" d="M${at(x(0))} ${at(y(0))}L${at(x(1))} ${at(y(1))}"/>`,
    `<path class="roc" d="${path}"/>`,
    ...marks,
    text(LEFT + PLOT_WIDTH / 2, HEIGHT - 8, 'benign texts flagged, %', 'middle'),
    upright('attacks flagged, %'),
  ]);
}

/** Share of each class by score, in bins of five. */
export function histogramSvg(bins: readonly Bin[], thresholds: Thresholds): string {
  const total = (name: 'attacks' | 'benign') => bins.reduce((sum, bin) => sum + bin[name], 0);
  const totals = { attacks: total('attacks'), benign: total('benign') };
  const ticks = [0.01, 0.1, 1, 10, 100];
  const x = (score: number) => LEFT + (score / 100) * PLOT_WIDTH;
  // A class of ten thousand has no smaller share than 0.01 %; what is smaller still shows as a line.
  const height = (percent: number) => (percent <= 0 ? 0 : Math.max(1, ((Math.log10(percent) + 2) / 4) * PLOT_HEIGHT));
  const base = TOP + PLOT_HEIGHT;
  const bar = PLOT_WIDTH / bins.length / 2 - 1;
  const bars = bins.flatMap((bin) =>
    (['attacks', 'benign'] as const).map((name, i) => {
      const tall = height(totals[name] === 0 ? 0 : (100 * bin[name]) / totals[name]);
      const left = x(bin.from) + i * (bar + 0.5) + 0.5;
      return `<rect class="${name}" x="${at(left)}" y="${at(base - tall)}" width="${at(bar)}" height="${at(tall)}"/>`;
    }),
  );
  return svg('Scores of attacks and of benign texts', [
    ...ticks.flatMap((tick) => [
      line(LEFT, base - height(tick), LEFT + PLOT_WIDTH, base - height(tick)),
      text(LEFT - 6, base - height(tick) + 4, String(tick), 'end'),
    ]),
    ...[0, 20, 40, 60, 80, 100].map((score) => text(x(score), HEIGHT - 28, String(score), 'middle')),
    ...bars,
    ...(['block', 'alert'] as const).map((name) => {
      const left = x(thresholds[name]);
      return `<path class="threshold" d="M${at(left)} ${TOP}V${at(base)}"/>${text(left + 4, TOP + 10, name)}`;
    }),
    text(LEFT + PLOT_WIDTH / 2, HEIGHT - 8, 'risk score', 'middle'),
    upright('share of the class, % (logarithmic)'),
  ]);
}

function svg(label: string, parts: string[]): string {
  return `<svg role="img" aria-label="${label}" viewBox="0 0 ${WIDTH} ${HEIGHT}">${parts.join('')}</svg>`;
}
function line(x1: number, y1: number, x2: number, y2: number): string {
  return `<path class="grid" d="M${at(x1)} ${at(y1)}L${at(x2)} ${at(y2)}"/>`;
}
function text(x: number, y: number, says: string, anchor = 'start'): string {
  return `<text x="${at(x)}" y="${at(y)}" text-anchor="${anchor}">${says}</text>`;
}
function upright(says: string): string {
  const y = TOP + PLOT_HEIGHT / 2;
  return `<text x="14" y="${y}" text-anchor="middle" transform="rotate(-90 14 ${y})">${says}</text>`;
}
function at(position: number): string {
  return String(Math.round(position * 10) / 10);
}
