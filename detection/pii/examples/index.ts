/**
 * Sentences of our own, held out: no rule was written from them. An entity stands in braces with its type,
 * `{EMAIL_ADDRESS:ann@example.org}`, so that offsets are computed and cannot be wrong. All people, firms and numbers are
 * made up; numbers with a checksum are the public examples of their issuers.
 */
import type { PiiRow } from '../evaluate.ts';
import { english } from './english.ts';
import { europe } from './europe.ts';
import { world } from './world.ts';

export { lookalikes } from './lookalikes.ts';

/** The marked sentences, by language. */
export const marked: Record<string, readonly string[]> = { en: english, ...europe, ...world };

/** The sentence without its marks, and where they stood. */
export function rowOf(sentence: string): PiiRow {
  const spans: PiiRow['spans'] = [];
  let text = '';
  let at = 0;
  for (const match of sentence.matchAll(/\{([A-Z_]+):([^{}]*)\}/g)) {
    const [all, type = '', value = ''] = match;
    text += sentence.slice(at, match.index);
    spans.push({ type, start: text.length, end: text.length + value.length });
    text += value;
    at = match.index + all.length;
  }
  return { text: text + sentence.slice(at), spans };
}
