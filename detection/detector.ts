/**
 * The detector: every text of an interaction, as sent and made readable, against every signature near whose anchors it
 * comes. The subtle point is bounds: scanned characters, decoded volume, nesting and findings are each limited per
 * inspection and `truncated` says when a limit cut something off, so that no text can buy unlimited work, and none can
 * hide by being long without saying so.
 */
import type { Segment } from '../schemas/content.ts';
import {
  mayBeEnciphered,
  REVERSED_TRACES,
  ROT13_TRACES,
  reversed,
  reversedWords,
  rot13,
  SHORT_TEXT,
  type Suspect,
  shifted,
  suspects,
} from './ciphers.ts';
import { type CleanTexts, createCleanTexts } from './clean.ts';
import { decodings, readsAsText } from './decode.ts';
import { isLanguage } from './guesses.ts';
import { changedParts, respelled } from './leet.ts';
import { compile, finding, firstPassing, versionOf } from './matching.ts';
import { fold, plain } from './normalise.ts';
import { createWordStarts } from './openings.ts';
import { createPrefilter, SAW_CODES, SAW_ESCAPE, SAW_LEET, SAW_LONG, SAW_SLOW, SAW_SPACED, type Scan } from './prefilter.ts';
import { counts, riskScore } from './score.ts';
import type { Signature } from './signature.ts';
import { signatures as builtIn } from './signatures/index.ts';
import { compact, lettersApart, pulledApart, rejoined } from './spacing.ts';
import { HIDDEN_RULES } from './structural.ts';
import type { Detector, Finding, Inspection } from './types.ts';

/** Characters scanned per inspection; of what is longer, the head and the tail are, where instructions are placed. */
export const MAX_SCANNED = 1 << 20;
const TAIL = 64 << 10;
const MAX_DECODED = 64 << 10;
/**
 * Characters that patterns are tried on where an inspection reads with other letters or gaps: so many, and so many more for each
 * that it scans. Ordinary texts, logs and code among them, need half of the latter; a text made of anchors needs hundreds.
 */
const MAX_RESPELLED = 128 << 10;
const RESPELLED_FOR_EACH = 8;
const MAX_DEPTH = 3;
const MAX_FINDINGS = 64;
/** With so many rules found that count, and a risk that cannot rise, nothing is read in any other way. */
const ENOUGH_FINDINGS = 32;
/** How much of the text before a boundary is read together with the text after it. */
const JOIN = 320;
const MAX_JOINED = 64 << 10;

/** How much around a trace is read that way; what is longer shows by its letters. */
const TRACED = 600;
const MOVED: readonly string[] = ['rot13', 'caesar', 'atbash'] satisfies Suspect['via'][];
const TURNED: readonly string[] = ['reversed', 'reversed-words'];

/** A part of a text in which a trigger word shows through a disguise. */
interface Traced {
  how: 'rot13' | 'reversed';
  from: number;
  to: number;
}
const NO_TRACES: readonly Traced[] = [];

/** What one inspection has found and used up so far, and the segment at hand. */
interface Inspecting {
  segment: Segment;
  speaker: Segment['role'];
  found: Map<string, Finding>;
  scanned: number;
  decoded: number;
  respelled: number;
  truncated: boolean;
  /** Nobody who reads along wants to see any of this again. */
  clear: boolean;
}

export interface DetectorOptions {
  /** The built-in set when left out. */
  signatures?: readonly Signature[];
  /** Characters of clean request texts to remember, so that a conversation's earlier turns are not scanned again; 0 for none. */
  remember?: number;
  /** Reads along: every text as it was sent, and as it was made readable. False when it should be read again the next time. */
  readAlong?: ReadAlong;
}

export type ReadAlong = (text: string, segment: Segment, via: readonly string[]) => boolean;

/** Throws when a pattern is not provably linear. */
export function createDetector({ signatures: all = builtIn, remember = 0, readAlong }: DetectorOptions = {}): Detector {
  const clean: CleanTexts | undefined = remember > 0 ? createCleanTexts(remember) : undefined;
  const scanned = all.filter((signature) => signature.on !== 'compact').map(compile);
  const compacted = all.filter((signature) => signature.on === 'compact').map(compile);
  const wordStarts = createWordStarts();
  const prefilter = createPrefilter([
    ...scanned.map(({ signature: { anchors, on }, reach, needed, wide }) => ({ anchors, needed, wide, reach, inPlain: on === 'plain' })),
    { anchors: ROT13_TRACES, reach: TRACED, inPlain: true },
    { anchors: REVERSED_TRACES, reach: TRACED, inPlain: true },
  ]);

  function inspect(segments: readonly Segment[]): Inspection {
    const first = segments[0];
    if (first === undefined) return { findings: [], riskScore: 0, truncated: false };
    const state: Inspecting = {
      segment: first,
      speaker: first.role,
      found: new Map(),
      scanned: 0,
      decoded: 0,
      respelled: 0,
      truncated: false,
      clear: true,
    };
    const tails = new Map<string, string>();
    let joined = 0;
    for (const segment of segments) {
      state.segment = segment;
      state.speaker = speakerOf(segment);
      lookWithin(segment.text, state);
      if (segments.length > 1) joined = lookAcross(segment, tails, joined, state);
    }
    return conclude(state);
  }

  /** A whole text, or its head and tail when the inspection has no room for more. */
  function lookWithin(text: string, state: Inspecting): void {
    const left = MAX_SCANNED - state.scanned;
    if (text.length <= left) return lookUnlessClean(text, [], 0, state);
    state.truncated = true;
    if (left <= 0) return;
    const tail = Math.min(TAIL, left >> 1);
    look(text.slice(0, left - tail), [], 0, state);
    look(text.slice(-tail), [], 0, state);
  }

  /** The seam between this text and the last one of the same kind: an attack may be spread over messages or parts. */
  function lookAcross(segment: Segment, tails: Map<string, string>, joined: number, state: Inspecting): number {
    const { text } = segment;
    const key = `${segment.direction} ${segment.role} ${segment.kind}`;
    const before = tails.get(key);
    tails.set(key, text.length >= JOIN ? text.slice(-JOIN) : `${before ?? ''} ${text}`.slice(-JOIN));
    if (before === undefined || text === '') return joined;
    const head = text.slice(0, JOIN);
    const volume = before.length + head.length;
    if (joined + volume > MAX_JOINED) {
      state.truncated = true;
      return joined;
    }
    lookUnlessClean(`${before} ${head}`, ['joined'], MAX_DEPTH, state);
    if (/[a-z]$/i.test(before) && /^[a-z]/.test(head)) lookUnlessClean(before + head, ['joined'], MAX_DEPTH, state);
    return joined + volume;
  }

  /**
   * A text known as clean only moves the counters on. It is learned and skipped only where nothing was read in another way
   * before it: with less room for that, or with a rule already found, looking might have gone another way.
   */
  function lookUnlessClean(text: string, via: string[], depth: number, state: Inspecting): void {
    const { segment, speaker, scanned: before, found } = state;
    // Answers are new each time, and streamed ones come in pieces that overlap.
    if (clean === undefined || segment.direction !== 'request' || state.decoded + state.respelled > 0) return look(text, via, depth, state);
    const scope = depth === 0 ? speaker : `${speaker} joined`;
    const spent = clean.find(scope, text);
    if (spent !== undefined) {
      state.scanned += spent.scanned;
      state.decoded += spent.decoded;
      state.respelled += spent.respelled;
      return;
    }
    state.clear = true;
    look(text, via, depth, state);
    if (found.size === 0 && !state.truncated && state.clear)
      clean.add(scope, text, { scanned: state.scanned - before, decoded: state.decoded, respelled: state.respelled });
  }

  /** Scans one text, then whatever the scan gave reason to read it as. */
  function look(text: string, via: string[], depth: number, state: Inspecting): void {
    state.scanned += text.length;
    let scan = prefilter.scan(text);
    const { saw } = scan;
    if (saw === 0 && scan.touchedCount === 0) {
      alsoRead(text, via, state);
      if (mayHoldSuspects(scan, text, depth)) lookAtSuspects(text, via, depth, state);
      return;
    }
    let readable = text;
    if (saw & SAW_SLOW) {
      const made = plain(text);
      for (const { text: payload, via: how } of made.hidden) lookAtHidden(payload, how, via, depth, state);
      if (made.spaced !== undefined) matchIn(made.spaced, [...via, ...made.via], state);
      via = [...via, ...made.via];
      readable = made.text;
      if (made.latin !== undefined) {
        matchIn(made.latin, [...via, 'homoglyph'], state);
        alsoRead(made.latin, [...via, 'homoglyph'], state);
      }
      if (readable !== text || made.spaced !== undefined || made.latin !== undefined || made.hidden.length > 0)
        scan = prefilter.scan(readable);
    }
    const traces = match(scan, readable, via, state);
    alsoRead(readable, via, state);
    if (depth >= MAX_DEPTH) return;
    if (isSettled(state)) {
      state.truncated = true;
      return;
    }
    // The scanner's memory is lent until its next scan, so what the variants need is taken from it first.
    const enciphered = mayHoldSuspects(scan, readable, depth);
    const folded = saw & SAW_LEET ? scan.folded() : '';
    if (saw & SAW_SPACED) matchPulledApart(readable, via, state);
    if (saw & SAW_LEET) {
      let before = folded;
      for (const spelled of respelled(folded)) {
        const parts = changedParts(before, spelled);
        for (const part of parts) matchRespelled(part, [...via, 'leet'], state);
        if (parts.length > 0) alsoRead(spelled, [...via, 'leet'], state);
        before = spelled;
      }
    }
    for (const { how, from, to } of traces) {
      const part = roomFor(readable.slice(from, to), state);
      lookAtLayer(how === 'rot13' ? rot13(part) : reversed(part), how, via, depth, state);
    }
    if (enciphered) lookAtSuspects(readable, via, depth, state);
    if (saw & (SAW_LONG | SAW_ESCAPE | SAW_CODES)) {
      for (const layer of decodings(readable, MAX_DECODED - state.decoded, { codes: (saw & SAW_CODES) !== 0 }))
        lookAtLayer(layer.text, layer.via, via, depth, state);
      if (state.decoded >= MAX_DECODED) state.truncated = true;
    }
  }

  /** What reads better with other letters, or from its end. */
  function lookAtSuspects(text: string, via: string[], depth: number, state: Inspecting): void {
    const last = via.at(-1);
    for (const { via: how, shift, from, to } of suspects(text, depth === 0)) {
      // Moving letters twice moves them once, and a text turned twice is itself.
      if (last !== undefined && (how === 'reversed' ? TURNED : MOVED).includes(last)) continue;
      const part = roomFor(text.slice(from, to), state);
      if (how !== 'reversed') lookAtLayer(shifted(part, shift), how, via, depth, state);
      else {
        lookAtLayer(reversed(part), how, via, depth, state);
        // Punctuation stays where it is, so that in any text some of it comes to stand as a rule would have it.
        const words = reversedWords(part);
        if (isLanguage(words, ['reversed-words'])) lookAtLayer(words, 'reversed-words', via, depth, state);
      }
    }
  }

  function lookAtLayer(text: string, how: string, via: string[], depth: number, state: Inspecting): void {
    const left = MAX_DECODED - state.decoded;
    if (text.length > left) state.truncated = true;
    if (left <= 0) return;
    state.decoded += Math.min(text.length, left);
    look(text.slice(0, left), [...via, how], depth + 1, state);
  }

  function lookAtHidden(payload: string, how: keyof typeof HIDDEN_RULES, via: string[], depth: number, state: Inspecting): void {
    if (how === 'variation-selectors' ? !readsAsText(payload) : how === 'tags' && payload.length < 4) return;
    const { segment } = state;
    keep(state, {
      ...HIDDEN_RULES[how],
      layer: 'signature',
      direction: segment.direction,
      role: segment.role,
      path: segment.path,
      via: [...via, how],
      excerpt: payload.slice(0, 160),
    });
    if (depth < MAX_DEPTH) lookAtLayer(payload, how, via, depth, state);
  }

  function matchIn(text: string, via: string[], state: Inspecting): void {
    match(prefilter.scan(text), text, via, state);
  }

  function matchRespelled(text: string, via: string[], state: Inspecting): void {
    const left = MAX_RESPELLED + RESPELLED_FOR_EACH * state.scanned - state.respelled;
    if (left > 0) match(prefilter.scan(text), text, via, state, left);
    else state.truncated = true;
  }

  /** Runs the patterns whose anchors `scan` saw, on `left` characters at most if that is given. Returns the parts with traces of ROT13 or reversal. */
  function match(scan: Scan, text: string, via: string[], state: Inspecting, left?: number): readonly Traced[] {
    let traces = NO_TRACES;
    let tried = 0;
    let read = false;
    for (let i = 0; i < scan.touchedCount && (left === undefined || tried <= left); i++) {
      const index = scan.touched[i] as number;
      const candidate = scanned[index];
      if (candidate === undefined) {
        traces = [...traces, ...traced(index === scanned.length ? 'rot13' : 'reversed', scan.windows(index))];
        continue;
      }
      const { signature, regex, opening } = candidate;
      if (!applies(signature, state)) continue;
      if (opening !== undefined && !read) {
        wordStarts.read(scan.units, scan.length);
        read = true;
      }
      const where = signature.on === 'plain' ? text : scan.folded();
      const windows = scan.windows(index);
      for (let w = 0; w < windows.length; w += 2) {
        const from = Math.max(0, windows[w] as number);
        const to = Math.min(where.length, windows[w + 1] as number);
        tried += to - from;
        if (left !== undefined && tried > left) break;
        const hit =
          opening === undefined ? firstPassing(signature, regex, where.slice(from, to)) : wordStarts.first(opening, regex, where, from, to);
        if (hit === undefined) continue;
        keep(state, finding(signature, state.segment, where, from + hit.index, hit[0].length, via));
        break;
      }
    }
    if (left !== undefined) {
      state.respelled += tried;
      if (tried > left) state.truncated = true;
    }
    return traces;
  }

  /** Text with its words pulled apart: read without any gaps, and with the wider gaps taken for the word breaks. */
  function matchPulledApart(text: string, via: string[], state: Inspecting): void {
    const rows = lettersApart(text);
    if (rows.length === 0) return;
    const letters = pulledApart(text, rows).map(fold).map(compact).join('\n');
    for (const { signature, regex } of compacted) {
      if (!applies(signature, state) || !signature.anchors.some((anchor) => letters.includes(anchor))) continue;
      const hit = firstPassing(signature, regex, letters);
      if (hit) keep(state, finding(signature, state.segment, letters, hit.index, hit[0].length, [...via, 'spacing']));
    }
    const sentences = rejoined(text, rows);
    if (sentences !== text) {
      for (const part of changedParts(text, sentences, { leftOut: true })) matchRespelled(part, [...via, 'spacing'], state);
      alsoRead(sentences, [...via, 'spacing'], state);
    }
  }

  function alsoRead(text: string, via: readonly string[], state: Inspecting): void {
    if (readAlong?.(text, state.segment, via) === false) state.clear = false;
  }

  return { version: versionOf(all), inspect };
}

function traced(how: Traced['how'], windows: readonly number[]): Traced[] {
  const out: Traced[] = [];
  for (let w = 0; w < windows.length; w += 2) out.push({ how, from: Math.max(0, windows[w] as number), to: windows[w + 1] as number });
  return out;
}

function mayHoldSuspects({ units, length }: Scan, text: string, depth: number): boolean {
  return depth < MAX_DEPTH && ((depth === 0 && text.length <= SHORT_TEXT) || mayBeEnciphered(units, length));
}

/** What may still be decoded of a text, and one character more so that its being cut shows. */
function roomFor(text: string, { decoded }: Inspecting): string {
  return text.slice(0, Math.max(0, MAX_DECODED - decoded) + 1);
}

/** What a tool returned or a document says is the tool's word, whichever role carried it. */
function speakerOf({ kind, role }: Segment): Segment['role'] {
  return kind === 'tool_result' || kind === 'tool_definition' || kind === 'document' ? 'tool' : role;
}

function applies({ id, score, staged, applies: { direction, roles } }: Signature, { segment, speaker, found }: Inspecting): boolean {
  if (direction !== 'both' && direction !== segment.direction) return false;
  if (roles !== undefined && !roles.includes(speaker)) return false;
  if (found.size === 0) return true;
  const known = found.get(nameOf(id, segment.direction, staged));
  return known === undefined || known.score < score;
}

function isSettled({ found }: Inspecting): boolean {
  if (found.size < ENOUGH_FINDINGS) return false;
  const counting = [...found.values()].filter(counts);
  return counting.length >= ENOUGH_FINDINGS && riskScore(counting) === 100;
}

/** One finding per rule and direction: the surest. */
function keep(state: Inspecting, made: Finding): void {
  const key = nameOf(made.ruleId, made.direction, made.staged);
  const known = state.found.get(key);
  if (known === undefined || known.score < made.score) state.found.set(key, made);
}

/** A rule on trial may bear the id of the one that it is to replace. */
function nameOf(ruleId: string, direction: Segment['direction'], staged: true | undefined): string {
  return staged ? `${ruleId} ${direction} staged` : `${ruleId} ${direction}`;
}

function conclude({ found, truncated }: Inspecting): Inspection {
  const all = [...found.values()].sort((a, b) => b.score - a.score);
  const counting = all.filter(({ staged }) => !staged);
  const kept = counting.slice(0, MAX_FINDINGS);
  // What is on trial takes no room from what counts, nor says again what counts already.
  const staged = all.filter((each) => each.staged && !found.has(nameOf(each.ruleId, each.direction, undefined)));
  return {
    findings: [...kept, ...staged.slice(0, MAX_FINDINGS - kept.length)],
    riskScore: riskScore(kept),
    truncated: truncated || kept.length < counting.length,
  };
}
