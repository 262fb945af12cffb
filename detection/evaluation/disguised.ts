/**
 * How much of what is caught in plain words is still caught in disguise. Only attacks that raise an alert as they are
 * count: of the others nothing could be kept.
 */
import { ENCODINGS } from './encodings.ts';
import type { Judge } from './layers.ts';
import type { ThreatRow } from './rows.ts';

export interface Kept {
  encoding: string;
  /** Attacks caught plain that the encoding changes. */
  attacks: number;
  caught: number;
  /** Share of one; null where the encoding changes none. */
  recall: number | null;
}

export interface Disguised {
  all: Kept;
  byEncoding: Kept[];
}

/** `onRow` hears how many of the attacks are done. */
export async function judgeDisguised(
  caughtPlain: readonly ThreatRow[],
  judge: Judge,
  alert: number,
  onRow: (done: number) => void = () => {},
): Promise<Disguised> {
  const byEncoding = ENCODINGS.map(({ name }): Kept => ({ encoding: name, attacks: 0, caught: 0, recall: null }));
  for (const [index, { text }] of caughtPlain.entries()) {
    for (const [i, { encode }] of ENCODINGS.entries()) {
      const encoded = encode(text);
      const kept = byEncoding[i];
      // Morse has no sign for most scripts, ROT13 and leet only know Latin letters.
      if (kept === undefined || encoded === text || encoded.trim() === '') continue;
      kept.attacks++;
      if ((await judge(encoded)).score >= alert) kept.caught++;
    }
    onRow(index + 1);
  }
  const all: Kept = { encoding: 'all', attacks: 0, caught: 0, recall: null };
  for (const { attacks, caught } of byEncoding) {
    all.attacks += attacks;
    all.caught += caught;
  }
  return { all: withRecall(all), byEncoding: byEncoding.map(withRecall) };
}

function withRecall(kept: Kept): Kept {
  return { ...kept, recall: kept.attacks === 0 ? null : kept.caught / kept.attacks };
}
