/**
 * One signature against one stretch of text: compiled once, tried near its anchors, and made into a finding.
 */
import { createHash } from 'node:crypto';
import type { Segment } from '../schemas/content.ts';
import { passes } from './checks.ts';
import { followsFrom, isWide, type Needed, neededWords } from './literals.ts';
import { FOLD, KIND } from './normalise.ts';
import { type Opening, openingOf } from './openings.ts';
import { patternCost } from './redos.ts';
import type { Signature } from './signature.ts';
import type { Finding } from './types.ts';

/** Raised whenever texts are read in another way: decoded, deciphered, rejoined, respelled. */
const READING = 6;

export interface Compiled {
  signature: Signature;
  regex: RegExp;
  /** The longest match, in code units. */
  reach: number;
  /** Words that every match holds besides an anchor. */
  needed: Needed[];
  /** Every match holds a character of another script than Latin. */
  wide: boolean;
  /** How matches begin, when that is known; `regex` is sticky then. */
  opening: Opening | undefined;
}

/** When rules change while a process runs, most stay: those are not compiled again. */
const compiled = new WeakMap<Signature, Compiled>();

/** Throws when the pattern is not provably linear. */
export function compile(signature: Signature): Compiled {
  const known = compiled.get(signature);
  if (known !== undefined) return known;
  const made = compileAnew(signature);
  compiled.set(signature, made);
  return made;
}

function compileAnew(signature: Signature): Compiled {
  const flags = [...new Set(`g${signature.flags ?? ''}`)].join('');
  const { problems, width } = patternCost(signature.pattern, flags);
  if (problems.length > 0) throw new Error(`Signature ${signature.id} may not run on the hot path: ${problems.join('; ')}.`);
  const needed = neededWords(signature.pattern, { flags, plain: signature.on === 'plain' })
    .filter((words) => !followsFrom(words, signature.anchors))
    .slice(0, 2);
  // A check may refuse the first match and want the next, wherever it begins.
  const opening =
    (signature.on ?? 'folded') === 'folded' && signature.check === undefined ? openingOf(signature.pattern, flags) : undefined;
  return {
    signature,
    regex: new RegExp(withMergePoints(signature.pattern), opening ? flags.replace('g', 'y') : flags),
    reach: width,
    needed,
    wide: signature.on !== 'plain' && isWide(signature.pattern, flags),
    opening,
  };
}

/**
 * The same pattern with an empty look-ahead behind each group that something follows. V8 writes what follows a choice once more
 * for each alternative, up to ten times at each choice, and where all patterns' code together passes 16 MiB it optimises
 * none any more. At a look-ahead the alternatives meet again: a third of the code, and the same matches.
 */
export function withMergePoints(pattern: string): string {
  return pattern.replace(SIGN, (sign, closes: string | undefined, at: number) => {
    const next = pattern[at + sign.length];
    return closes === undefined || next === undefined || next === '|' || next === ')' ? sign : `${sign}(?=)`;
  });
}

/** An escape, a class, or what closes a group with how often the group may stand. */
const SIGN = /\\.|\[(?:\\.|[^\]\\])*\]|(\)(?:[?*+]\??|\{\d+,?\d*\}\??)?)/gs;

/** The first match that passes the signature's check; tries at most 32 per stretch. */
export function firstPassing(signature: Signature, regex: RegExp, stretch: string): RegExpExecArray | undefined {
  regex.lastIndex = 0;
  for (let tries = 0; tries < 32; tries++) {
    const hit = regex.exec(stretch);
    if (hit === null) return undefined;
    if (passes(signature.check, hit[0])) return hit;
    if (hit[0] === '') return undefined;
  }
  return undefined;
}

export function finding(signature: Signature, segment: Segment, where: string, index: number, length: number, via: string[]): Finding {
  const margin = Math.max(0, Math.min(40, (160 - length) >> 1));
  const from = Math.max(0, index - margin);
  return {
    ruleId: signature.id,
    ruleVersion: signature.version,
    layer: 'signature',
    threatType: signature.threatType,
    severity: signature.severity,
    score: signature.score,
    techniques: [...signature.techniques],
    direction: segment.direction,
    role: segment.role,
    path: segment.path,
    via,
    excerpt: where.slice(from, Math.min(from + 160, index + length + margin)).toWellFormed(),
    ...(signature.staged ? { staged: true as const } : {}),
  };
}

/** Changes exactly when what the signatures would find changes. */
export function versionOf(all: readonly Signature[]): string {
  const parts = all.map(({ id, version, pattern, flags, on, score, anchors, check, applies: where, staged }) =>
    JSON.stringify([id, version, pattern, flags, on, score, anchors, check, where, ...(staged ? ['staged'] : [])]),
  );
  // How texts are read belongs to the rules: the same pattern over another folding is another answer.
  return createHash('sha256').update(parts.join('\n')).update(FOLD).update(KIND).update(`${READING}`).digest('hex').slice(0, 12);
}
