/**
 * Replaces personal data and secrets by their kind: `ann@x.org` → `[EMAIL]`. The subtle point is overlap: matches are
 * gathered first, the more trusted kind wins, and the text is rebuilt once, so a mask is never cut or masked again.
 */
import type { Masker } from '../types.ts';
import { type Recogniser, recognisers } from './recognisers.ts';
import { ADDRESS, createSurvey } from './survey.ts';

export interface Found {
  /** Offsets in code units; `end` is exclusive. */
  start: number;
  end: number;
  label: string;
}

/** How far before a match its context word may stand, in code units. */
const CONTEXT = 48;
/** How far before its @ an address may begin. */
const MAX_NAME = 64;

const survey = createSurvey(recognisers.map(({ needs }) => needs));

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
  const seen = survey(text);
  for (let i = 0; i < recognisers.length; i++) {
    const recogniser = recognisers[i] as Recogniser;
    const { facts = 0, digits = 0 } = recogniser.needs;
    if ((seen.facts & facts) !== facts || seen.digits < digits || !seen.hasWords(i)) continue;
    const fresh = matches(recogniser, text, facts & ADDRESS ? Math.max(0, seen.firstAt - MAX_NAME) : 0);
    if (fresh.length > 0) merge(kept, fresh);
  }
  return kept;
}

/** What the recogniser finds from offset `from` on; before it no match can begin. */
function matches({ label, pattern, valid, context }: Recogniser, text: string, from: number): Found[] {
  const out: Found[] = [];
  pattern.lastIndex = from;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
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
