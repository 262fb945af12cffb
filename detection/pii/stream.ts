/**
 * Hides sensitive data in a text that comes in pieces, exactly as if it had come whole. The text is cut where it is
 * quiet: a stretch in which no match that began before it can still go on, because it holds no digit, no invisible
 * character, no word with a capital and no word of credentials. Where the cuts are depends on the text alone, never on
 * how it was chunked.
 */
import { createFinder, type Finder, type Found } from './find.ts';
import { replaceAll } from './masker.ts';
import type { StreamStep } from './vault.ts';

/** A stretch this long ends every match that may hold spaces; the longest (an IBAN in small letters) needs 44. */
const QUIET = 48;
/** What must be there behind a quiet stretch, so that a word of credentials that begins in it is seen whole. */
const BEYOND = 10;
/** What stays visible to the left, for words of context. */
const CONTEXT = 192;
/** Without a quiet stretch the text is cut after this many characters, so that nobody waits for ever. */
const MAX_SEGMENT = 4096;

const LOUD = /[\p{Nd}\p{Cf}@]|(?<![\p{L}\p{M}])\p{Lu}/gu;
const CREDENTIAL = /aws|secret|private|key|phrase|mnemonic|pass|pwd|token|bearer/i;
/** Between two words; what stands before has ended, and what follows begins with a small letter or one without case. */
const BETWEEN_WORDS = /\s(?=[\p{Ll}\p{Lo}])/gu;

interface Options {
  find?: Finder;
  replacement?: (match: Found, value: string) => string;
}

export function createStreamMasker({ find = createFinder(), replacement = ({ label }) => `[${label}]` }: Options = {}): StreamStep {
  let text = '';
  /** Up to here everything went out; before `tried` there is no place to cut. */
  let done = 0;
  let tried = 0;

  /** Lets the text go up to `cut`, judged by what can be seen up to `seen`; or not, when a match crosses the cut. */
  const release = (cut: number, seen: number, kind: 'quiet' | 'forced'): string | undefined => {
    const found = find(text.slice(0, seen)).filter(({ start }) => start >= done && start < cut);
    const to = Math.max(cut, found.at(-1)?.end ?? 0);
    if (to > cut && kind === 'quiet') return undefined;
    const segment = text.slice(done, to);
    const moved = found.map((match) => ({ ...match, start: match.start - done, end: match.end - done }));
    const out = replaceAll(segment, moved, (match) => replacement(match, segment.slice(match.start, match.end)));
    const dropped = Math.max(0, to - CONTEXT);
    text = text.slice(dropped);
    done = to - dropped;
    tried = done + 1;
    return out;
  };

  return {
    push(chunk) {
      text += chunk;
      let out = '';
      for (;;) {
        const limit = done + MAX_SEGMENT;
        const cut = quietFrom(text, tried, limit);
        if (cut !== undefined) {
          tried = cut + 1;
          out += release(cut, cut + QUIET, 'quiet') ?? '';
        } else if (text.length >= limit + QUIET + BEYOND) {
          out += release(limit, limit + QUIET, 'forced') ?? '';
        } else return out;
      }
    },
    end() {
      const out = release(text.length, text.length, 'forced') ?? '';
      text = '';
      done = 0;
      tried = 0;
      return out;
    },
  };
}

/** The first place from `from` on, before `limit`, where a quiet stretch begins between two words. */
function quietFrom(text: string, from: number, limit: number): number | undefined {
  BETWEEN_WORDS.lastIndex = from;
  for (let match = BETWEEN_WORDS.exec(text); match !== null; match = BETWEEN_WORDS.exec(text)) {
    const cut = match.index;
    if (cut >= limit || cut + QUIET + BEYOND > text.length) return undefined;
    LOUD.lastIndex = cut;
    const loud = LOUD.exec(text)?.index ?? text.length;
    if (loud < cut + QUIET) BETWEEN_WORDS.lastIndex = loud;
    else if (!CREDENTIAL.test(text.slice(cut, cut + QUIET + BEYOND))) return cut;
  }
  return undefined;
}
