/**
 * Replaces personal data and secrets by their kind: `ann@x.org` → `[EMAIL]`. Matches are found first, all at once, and
 * the text is rebuilt around them, so a mask is never cut or masked again.
 */
import type { Masker } from '../types.ts';
import { createFinder, type Finder, type Found } from './find.ts';

/** A masker that also says where it found what. Linear in the text: every pattern is bounded, every window fixed. */
export function createMasker(find: Finder = createFinder()): Masker & { find: Finder } {
  return {
    find,
    mask(text) {
      const found = find(text);
      if (found.length === 0) return { text, counts: {} };
      const counts: Record<string, number> = {};
      for (const { label } of found) counts[label] = (counts[label] ?? 0) + 1;
      return { text: replaceAll(text, found, ({ label }) => `[${label}]`), counts };
    },
  };
}

/** The text with each match replaced; `found` is in order and without overlaps. */
export function replaceAll(text: string, found: readonly Found[], replacement: (match: Found) => string): string {
  let out = '';
  let at = 0;
  for (const match of found) {
    out += text.slice(at, match.start) + replacement(match);
    at = match.end;
  }
  return out + text.slice(at);
}
