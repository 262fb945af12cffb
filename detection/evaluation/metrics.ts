/**
 * The arithmetic of an evaluation. The subtle point is what is not said: a rate over no rows, and anything that compares
 * attacks with benign texts where only one of them is there, is null and not nought.
 */

/** Scores at or above them block, or raise an alert. */
export interface Thresholds {
  block: number;
  alert: number;
}

export interface Scored {
  label: 'attack' | 'benign';
  /** 0–100. */
  score: number;
}

/** Rates are shares of one: `tpr` of attacks, `fpr` of benign texts. */
export interface Figures {
  rows: number;
  attacks: number;
  benign: number;
  tprBlock: number | null;
  fprBlock: number | null;
  tprAlert: number | null;
  fprAlert: number | null;
  /** The chance that an attack scores above a benign text, ties counting half. */
  auc: number | null;
  /** Of blocking. */
  f1: number | null;
}

/** Share of each class that scores at least `from`. */
export interface RocPoint {
  from: number;
  tpr: number;
  fpr: number;
}

/** Texts that score at least `from` and, but for the last bin, less than the next one's. */
export interface Bin {
  from: number;
  attacks: number;
  benign: number;
}

export function figuresOf(scored: readonly Scored[], { block, alert }: Thresholds): Figures {
  const { attacks, benign } = byClass(scored);
  const f1 = attacks.length === 0 || benign.length === 0 ? null : f1At(attacks, benign, block);
  return {
    rows: scored.length,
    attacks: attacks.length,
    benign: benign.length,
    tprBlock: shareFrom(attacks, block),
    fprBlock: shareFrom(benign, block),
    tprAlert: shareFrom(attacks, alert),
    fprAlert: shareFrom(benign, alert),
    auc: auc(attacks, benign),
    f1,
  };
}

/** By rank: texts with the same score share the mean of their ranks. */
export function auc(attacks: readonly number[], benign: readonly number[]): number | null {
  if (attacks.length === 0 || benign.length === 0) return null;
  const all = [...attacks.map((score) => ({ score, attack: 1 })), ...benign.map((score) => ({ score, attack: 0 }))];
  all.sort((a, b) => a.score - b.score);
  let rankSum = 0;
  for (let first = 0; first < all.length; ) {
    let end = first;
    let tied = 0;
    while (end < all.length && all[end]?.score === all[first]?.score) tied += all[end++]?.attack ?? 0;
    rankSum += (tied * (first + 1 + end)) / 2;
    first = end;
  }
  return (rankSum - (attacks.length * (attacks.length + 1)) / 2) / (attacks.length * benign.length);
}

/** From nothing flagged to everything flagged, a point for every score that occurs; empty where a class is missing. */
export function rocOf(scored: readonly Scored[]): RocPoint[] {
  const { attacks, benign } = byClass(scored);
  if (attacks.length === 0 || benign.length === 0) return [];
  const scores = [...new Set(scored.map(({ score }) => score))].sort((a, b) => b - a);
  const points = scores.map((from) => ({ from, tpr: shareFrom(attacks, from) ?? 0, fpr: shareFrom(benign, from) ?? 0 }));
  return [{ from: Number.POSITIVE_INFINITY, tpr: 0, fpr: 0 }, ...points];
}

/** What a threshold would give: the last point that it still lets flag. */
export function pointAt(points: readonly RocPoint[], threshold: number): { fpr: number; tpr: number } {
  return points.findLast(({ from }) => from >= threshold) ?? { fpr: 0, tpr: 0 };
}

/** Twenty bins of five points each; 100 falls into the last. */
export function histogramOf(scored: readonly Scored[]): Bin[] {
  const bins = Array.from({ length: 20 }, (_, i): Bin => ({ from: i * 5, attacks: 0, benign: 0 }));
  for (const { label, score } of scored) {
    const bin = bins[Math.min(bins.length - 1, Math.floor(score / 5))];
    if (bin) bin[label === 'attack' ? 'attacks' : 'benign']++;
  }
  return bins;
}

/** The value that `share` of the values are at or below; 0 of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function f1At(attacks: readonly number[], benign: readonly number[], threshold: number): number {
  const caught = attacks.filter((score) => score >= threshold).length;
  const wrong = benign.filter((score) => score >= threshold).length;
  return (2 * caught) / (attacks.length + caught + wrong);
}

function shareFrom(scores: readonly number[], threshold: number): number | null {
  return scores.length === 0 ? null : scores.filter((score) => score >= threshold).length / scores.length;
}

function byClass(scored: readonly Scored[]): { attacks: number[]; benign: number[] } {
  const of = (wanted: Scored['label']) => scored.filter(({ label }) => label === wanted).map(({ score }) => score);
  return { attacks: of('attack'), benign: of('benign') };
}
