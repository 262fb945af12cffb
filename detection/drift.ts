/**
 * Drift: how far what comes now lies from what came before, as the population stability index. Models and thresholds were chosen
 * for certain traffic; when that changes, their figures no longer say much. Custom has it that below 0.1 nothing happened, and
 * above 0.25 somebody should look (Siddiqi, Credit Risk Scorecards, 2006).
 */

/** How often each bin was seen. */
export type Counts = ReadonlyMap<string, number>;

export const NOTABLE_DRIFT = 0.25;
/** Fewer rows on a side say nothing. */
export const FEWEST_FOR_DRIFT = 200;

/** The population stability index of two counts, nought or more; null when either has too few rows. */
export function stabilityIndex(before: Counts, now: Counts): number | null {
  const [rowsBefore, rowsNow] = [totalOf(before), totalOf(now)];
  if (rowsBefore < FEWEST_FOR_DRIFT || rowsNow < FEWEST_FOR_DRIFT) return null;
  let index = 0;
  for (const bin of new Set([...before.keys(), ...now.keys()])) {
    // A bin that one side never saw would make it infinite; half a row is what may have been missed.
    const p = Math.max(before.get(bin) ?? 0, 0.5) / rowsBefore;
    const q = Math.max(now.get(bin) ?? 0, 0.5) / rowsNow;
    index += (q - p) * Math.log(q / p);
  }
  return index;
}

function totalOf(counts: Counts): number {
  let total = 0;
  for (const count of counts.values()) total += count;
  return total;
}

/** The risk as its bin: none, below an alert, and up to what is blocked by default. */
export function riskBin(risk: number): string {
  if (risk === 0) return 'none';
  return risk < 20 ? '1-19' : risk < 45 ? '20-44' : risk < 70 ? '45-69' : '70-100';
}

/** A size as its power of two. */
export function sizeBin(size: number): string {
  return size <= 0 ? '0' : `<${2 ** Math.ceil(Math.log2(size + 1))}`;
}
