/**
 * What a recogniser is: a shape, the arithmetic it must satisfy and, where the shape alone says too little, a word of
 * context shortly before it. Plain data with its examples, so that a reviewer sees at once what it is meant to find.
 * The subtle point is `needs`: what no match can do without, so that one look over a text skips most recognisers.
 */
import type { Needs } from './survey.ts';

export interface Recogniser {
  /** Stable, e.g. `br-cpf`. */
  id: string;
  /** Standard entity type, e.g. `BR_CPF`. */
  type: string;
  /** ISO country for an identifier that one country issues. */
  country?: string;
  /** Global, bounded. A group named `value` marks the part meant; without one the whole match is. It ends the match. */
  pattern: RegExp;
  needs: Needs;
  valid?: (value: string) => boolean;
  /** Words of which one must stand within 64 characters before the match. */
  context?: RegExp;
  /** 0–1: how sure this rule alone is; decides between matches of equal length. */
  confidence: number;
  /** Texts in which it finds something, and texts in which it must not. */
  positive: readonly string[];
  negative: readonly string[];
}

/** A recogniser as it is written down. Context words are lower case, in any language, and make the words it needs. */
export interface Rule extends Omit<Recogniser, 'pattern' | 'needs' | 'context' | 'confidence'> {
  pattern: string;
  flags?: string;
  needs?: Needs;
  context?: readonly string[];
  confidence?: number;
}

export function recogniserOf({ pattern, flags = '', needs = {}, context, confidence, ...rest }: Rule): Recogniser {
  return {
    ...rest,
    pattern: new RegExp(pattern, `g${flags}`),
    needs: context === undefined ? needs : { words: context, ...needs },
    ...(context === undefined ? {} : { context: anyOf(context) }),
    confidence: confidence ?? (context === undefined ? 0.8 : 0.9),
  };
}

/** One of the words, standing alone where its letters are of the kind that `\b` knows; a longer word may follow. */
function anyOf(words: readonly string[]): RegExp {
  const sources = words.map((word) => {
    const source = word.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
    return /^[a-z0-9]/.test(word) ? `(?<![a-z0-9])${source}${word.length <= 4 && /[a-z0-9]$/.test(word) ? '(?![a-z0-9])' : ''}` : source;
  });
  return new RegExp(sources.join('|'), 'i');
}
