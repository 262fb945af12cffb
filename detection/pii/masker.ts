/**
 * Replaces personal data and secrets by their kind: `ann@x.org` → `[EMAIL]`. The subtle point is overlap: matches are
 * gathered first, the more trusted kind wins, and the text is rebuilt once, so a mask is never cut or masked again.
 */
import type { Masker } from '../types.ts';
import { type Recogniser, recognisers } from './recognisers.ts';

export interface Found {
  /** Offsets in code units; `end` is exclusive. */
  start: number;
  end: number;
  label: string;
}

/** How far before a match its context word may stand, in code units. */
const CONTEXT = 48;

/** A masker that also says where it found what. Linear in the text: every pattern is bounded, every window fixed. */
export function createMasker(): Masker & { find(text: string): Found[] } {
  return {
    find,
    mask(text) {
      const found = find(text);
      if (found.length === 0) return { text, counts: {} };
      const counts: Record<string, number> = {};
      let out = '';
      let at = 0;
      for (const { start, end, label } of found) {
        out += `${text.slice(at, start)}[${label}]`;
        at = end;
        counts[label] = (counts[label] ?? 0) + 1;
      }
      return { text: out + text.slice(at), counts };
    },
  };
}

/** Everything found, in the order of the text and without overlaps. */
function find(text: string): Found[] {
  const kept: Found[] = [];
  for (const recogniser of recognisers) {
    if (recogniser.needs !== undefined && !recogniser.needs.test(text)) continue;
    const fresh = matches(recogniser, text);
    if (fresh.length > 0) merge(kept, fresh);
  }
  return kept;
}

function matches({ label, pattern, valid, context }: Recogniser, text: string): Found[] {
  const out: Found[] = [];
  for (const match of text.matchAll(pattern)) {
    const value = match.groups?.['value'] ?? match[0];
    const start = match.index + match[0].length - value.length;
    if (valid !== undefined && !valid(value)) continue;
    if (context !== undefined && !context.test(text.slice(Math.max(0, start - CONTEXT), start))) continue;
    out.push({ start, end: start + value.length, label });
  }
  return out;
}

/** Adds those of `fresh` that overlap nothing kept; both lists are in order, and so is the result. */
function merge(kept: Found[], fresh: readonly Found[]): void {
  const before = kept.splice(0);
  let next = 0;
  for (const match of fresh) {
    let earlier = before[next];
    while (earlier !== undefined && earlier.end <= match.start) {
      kept.push(earlier);
      earlier = before[++next];
    }
    const previous = kept[kept.length - 1];
    const end = previous?.end ?? 0;
    if (match.start >= end && (earlier === undefined || match.end <= earlier.start)) kept.push(match);
  }
  kept.push(...before.slice(next));
}
