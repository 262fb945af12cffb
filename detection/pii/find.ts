/**
 * Everything sensitive in a text, in order and without overlaps. Candidates are gathered from every start, so whether
 * one exists depends on the text close to it only; then each group of overlapping ones is settled for itself: the
 * longest stays, then the most trusted. That keeps the answer the same whether a text comes whole or in pieces.
 */
import { isIdentifying, labelOf } from './entities.ts';
import { createNameFinder, SURE } from './names/index.ts';
import { readable } from './readable.ts';
import type { Recogniser } from './recogniser.ts';
import { recognisers } from './recognisers/index.ts';
import { ADDRESS, createSurvey } from './survey.ts';

export interface Found {
  /** Offsets in code units of the original text; `end` is exclusive. */
  start: number;
  end: number;
  /** Standard name, e.g. `EMAIL_ADDRESS`. */
  type: string;
  /** Short name for masks and counts, e.g. `EMAIL`. */
  label: string;
  confidence: number;
}

export type Finder = (text: string) => Found[];

/** How far before a match its context word may stand, in code units. */
export const CONTEXT = 64;
/** How far before its @ an address may begin. */
const MAX_NAME = 64;
/** A group of overlapping candidates is settled at the latest when it is this long, so that a stream need not wait. */
export const MAX_GROUP = 1024;

/**
 * Finds entities of the types `wants` says yes to, by default those that single somebody out, names only where it is as sure of
 * them as `atLeast` (0–1).
 */
export function createFinder(wants: (type: string) => boolean = isIdentifying, atLeast = SURE): Finder {
  const wanted = recognisers.filter(({ type }) => wants(type));
  const survey = createSurvey(wanted.map(({ needs }) => needs));
  const findNames = createNameFinder(wants);
  const findPlain: Finder = (text) => {
    const candidates: Found[] = [];
    const seen = survey(text);
    for (let i = 0; i < wanted.length; i++) {
      const recogniser = wanted[i] as Recogniser;
      const { facts = 0, digits = 0 } = recogniser.needs;
      if ((seen.facts & facts) !== facts || seen.digits < digits || !seen.hasWords(i)) continue;
      gather(recogniser, text, facts & ADDRESS ? Math.max(0, seen.firstAt - MAX_NAME) : 0, candidates);
    }
    findNames(text, candidates, atLeast);
    return candidates.length < 2 ? candidates : settle(candidates);
  };
  return (text) => {
    const view = readable(text);
    const found = findPlain(view.text);
    return view.text === text ? found : found.map((match) => ({ ...match, ...view.original(match.start, match.end) }));
  };
}

/** What the recogniser finds from offset `from` on; before it no match can begin. */
function gather({ type, pattern, valid, context, confidence }: Recogniser, text: string, from: number, into: Found[]): void {
  pattern.lastIndex = from;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    pattern.lastIndex = match.index + 1;
    const value = match.groups?.['value'] ?? match[0];
    const start = match.index + match[0].length - value.length;
    if (context !== undefined && !context.test(text.slice(Math.max(0, start - CONTEXT), start))) continue;
    if (valid !== undefined && !valid(value)) continue;
    into.push({ start, end: start + value.length, type, label: labelOf(type), confidence });
  }
}

/** Group after group of overlapping candidates, from left to right. */
export function settle(candidates: Found[]): Found[] {
  candidates.sort((a, b) => a.start - b.start);
  const kept: Found[] = [];
  let done = 0;
  for (let i = 0; i < candidates.length; ) {
    const first = candidates[i] as Found;
    const group: Found[] = [];
    let end = first.end;
    for (; i < candidates.length; i++) {
      const next = candidates[i] as Found;
      if (next.start >= end || next.start >= first.start + MAX_GROUP) break;
      if (next.start >= done) group.push(next);
      end = Math.max(end, next.end);
    }
    for (const winner of group.length > 1 ? winners(group) : group) {
      kept.push(winner);
      done = Math.max(done, winner.end);
    }
  }
  return kept;
}

/** Those of a group that stay, in order: the longest first, then the most trusted, then by name so that ties are settled too. */
function winners(group: Found[]): Found[] {
  const ranked = [...group].sort(
    (a, b) => b.end - b.start - (a.end - a.start) || b.confidence - a.confidence || a.start - b.start || (a.type < b.type ? -1 : 1),
  );
  const kept: Found[] = [];
  for (const match of ranked) if (!kept.some((other) => match.start < other.end && other.start < match.end)) kept.push(match);
  return kept.sort((a, b) => a.start - b.start);
}
