/**
 * The detector: every text of an interaction, as sent and made readable, against every signature near whose anchors it
 * comes. The subtle point is bounds: scanned characters, decoded volume, nesting and findings are each limited per
 * inspection and `truncated` says when a limit cut something off, so that no text can buy unlimited work, and none can
 * hide by being long without saying so.
 */
import type { Segment } from '../schemas/content.ts';
import { type CleanTexts, createCleanTexts } from './clean.ts';
import { decodings, readsAsText, reversed, rot13 } from './decode.ts';
import { compile, finding, firstPassing, versionOf } from './matching.ts';
import { fold, plain, withoutLeet } from './normalise.ts';
import { createPrefilter, SAW_ESCAPE, SAW_LEET, SAW_LONG, SAW_SLOW, SAW_SPACED, type Scan } from './prefilter.ts';
import { riskScore } from './score.ts';
import type { Signature } from './signature.ts';
import { signatures as builtIn } from './signatures/index.ts';
import { compact, lettersInRow, pulledApart, rejoined } from './spacing.ts';
import { HIDDEN_RULES } from './structural.ts';
import type { Detector, Finding, Inspection } from './types.ts';

/** Characters scanned per inspection; of what is longer, the head and the tail are, where instructions are placed. */
export const MAX_SCANNED = 1 << 20;
const TAIL = 64 << 10;
const MAX_DECODED = 64 << 10;
const MAX_DEPTH = 3;
const MAX_FINDINGS = 64;
/** How much of the text before a boundary is read together with the text after it. */
const JOIN = 320;
const MAX_JOINED = 64 << 10;

/** Trigger words as ROT13 and reversal leave them: without one, neither is tried. */
const ROT13_TRACES = [
  'vtaber',
  'qvfertneq',
  'cerivbhf',
  'vafgehpgvba',
  'cebzcg',
  'erirny',
  'cnffjbeq',
  'olcnff',
  'sbetrg nyy',
  'erfgevpgvba',
];
const REVERSED_TRACES = [
  'erongi',
  'dragersid',
  'suoiverp',
  'noitcurtsni',
  'tpmorp',
  'laever',
  'drowssap',
  'ssapyb',
  'noitcirtser',
  'metsys ruoy',
];

/** What one inspection has found and used up so far, and the segment at hand. */
interface Inspecting {
  segment: Segment;
  speaker: Segment['role'];
  found: Map<string, Finding>;
  scanned: number;
  decoded: number;
  truncated: boolean;
}

export interface DetectorOptions {
  /** The built-in set when left out. */
  signatures?: readonly Signature[];
  /** Characters of clean request texts to remember, so that a conversation's earlier turns are not scanned again; 0 for none. */
  remember?: number;
}

/** Throws when a pattern is not provably linear. */
export function createDetector({ signatures: all = builtIn, remember = 0 }: DetectorOptions = {}): Detector {
  const clean: CleanTexts | undefined = remember > 0 ? createCleanTexts(remember) : undefined;
  const scanned = all.filter((signature) => signature.on !== 'compact').map(compile);
  const compacted = all.filter((signature) => signature.on === 'compact').map(compile);
  const prefilter = createPrefilter([
    ...scanned.map(({ signature: { anchors, on }, reach, needed }) => ({ anchors, needed, reach, inPlain: on === 'plain' })),
    { anchors: ROT13_TRACES, reach: 0, inPlain: false },
    { anchors: REVERSED_TRACES, reach: 0, inPlain: false },
  ]);

  function inspect(segments: readonly Segment[]): Inspection {
    const first = segments[0];
    if (first === undefined) return { findings: [], riskScore: 0, truncated: false };
    const state: Inspecting = { segment: first, speaker: first.role, found: new Map(), scanned: 0, decoded: 0, truncated: false };
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
   * A text known as clean only moves the counters on. It is learned and skipped only where nothing was decoded before it:
   * with less room for decoding, or with a rule already found, looking might have gone another way.
   */
  function lookUnlessClean(text: string, via: string[], depth: number, state: Inspecting): void {
    const { segment, speaker, scanned: before, found } = state;
    // Answers are new each time, and streamed ones come in pieces that overlap.
    if (clean === undefined || segment.direction !== 'request' || state.decoded > 0) return look(text, via, depth, state);
    const scope = depth === 0 ? speaker : `${speaker} joined`;
    const spent = clean.find(scope, text);
    if (spent !== undefined) {
      state.scanned += spent.scanned;
      state.decoded += spent.decoded;
      return;
    }
    look(text, via, depth, state);
    if (found.size === 0 && !state.truncated) clean.add(scope, text, { scanned: state.scanned - before, decoded: state.decoded });
  }

  /** Scans one text, then whatever the scan gave reason to read it as. */
  function look(text: string, via: string[], depth: number, state: Inspecting): void {
    state.scanned += text.length;
    let scan = prefilter.scan(text);
    if (scan.saw === 0 && scan.touchedCount === 0) return;
    const { saw } = scan;
    let readable = text;
    if (saw & SAW_SLOW) {
      const made = plain(text);
      for (const { text: payload, via: how } of made.hidden) lookAtHidden(payload, how, via, depth, state);
      if (made.spaced !== undefined) matchIn(made.spaced, [...via, ...made.via], state);
      via = [...via, ...made.via];
      readable = made.text;
      if (readable !== text || made.spaced !== undefined || made.hidden.length > 0) scan = prefilter.scan(readable);
    }
    const traces = match(scan, readable, via, state);
    if (depth >= MAX_DEPTH) return;
    // The scanner's memory is lent until its next scan, so what the variants need is taken from it first.
    const folded = saw & SAW_LEET ? scan.folded() : '';
    if (saw & SAW_SPACED) matchPulledApart(readable, via, state);
    if (saw & SAW_LEET) {
      const spelled = withoutLeet(folded);
      if (spelled !== folded) matchIn(spelled, [...via, 'leet'], state);
    }
    if (traces & 1) lookAtLayer(rot13(readable), 'rot13', via, depth, state);
    if (traces & 2) lookAtLayer(reversed(readable), 'reversed', via, depth, state);
    if (saw & (SAW_LONG | SAW_ESCAPE)) {
      for (const layer of decodings(readable, MAX_DECODED - state.decoded)) lookAtLayer(layer.text, layer.via, via, depth, state);
      if (state.decoded >= MAX_DECODED) state.truncated = true;
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

  /** Runs the patterns whose anchors `scan` saw. Returns 1 for traces of ROT13, plus 2 for traces of reversal. */
  function match(scan: Scan, text: string, via: string[], state: Inspecting): number {
    let traces = 0;
    for (let i = 0; i < scan.touchedCount; i++) {
      const index = scan.touched[i] as number;
      const candidate = scanned[index];
      if (candidate === undefined) {
        traces |= index - scanned.length + 1;
        continue;
      }
      const { signature, regex } = candidate;
      if (!applies(signature, state)) continue;
      const where = signature.on === 'plain' ? text : scan.folded();
      const windows = scan.windows(index);
      for (let w = 0; w < windows.length; w += 2) {
        const from = Math.max(0, windows[w] as number);
        const hit = firstPassing(signature, regex, where.slice(from, windows[w + 1]));
        if (hit === undefined) continue;
        keep(state, finding(signature, state.segment, where, from + hit.index, hit[0].length, via));
        break;
      }
    }
    return traces;
  }

  /** Text with its words pulled apart: read without any gaps, and with the wider gaps taken for the word breaks. */
  function matchPulledApart(text: string, via: string[], state: Inspecting): void {
    if (lettersInRow(text) < 3) return;
    const letters = pulledApart(text).map(fold).map(compact).join('\n');
    for (const { signature, regex } of compacted) {
      if (!applies(signature, state) || !signature.anchors.some((anchor) => letters.includes(anchor))) continue;
      const hit = firstPassing(signature, regex, letters);
      if (hit) keep(state, finding(signature, state.segment, letters, hit.index, hit[0].length, [...via, 'spacing']));
    }
    const sentences = rejoined(text);
    if (sentences !== text) matchIn(sentences, [...via, 'spacing'], state);
  }

  return { version: versionOf(all), inspect };
}

/** What a tool returned or a document says is the tool's word, whichever role carried it. */
function speakerOf({ kind, role }: Segment): Segment['role'] {
  return kind === 'tool_result' || kind === 'tool_definition' || kind === 'document' ? 'tool' : role;
}

function applies({ id, score, applies: { direction, roles } }: Signature, { segment, speaker, found }: Inspecting): boolean {
  if (direction !== 'both' && direction !== segment.direction) return false;
  if (roles !== undefined && !roles.includes(speaker)) return false;
  if (found.size === 0) return true;
  const known = found.get(`${id} ${segment.direction}`);
  return known === undefined || known.score < score;
}

/** One finding per rule and direction: the surest. */
function keep(state: Inspecting, made: Finding): void {
  const key = `${made.ruleId} ${made.direction}`;
  const known = state.found.get(key);
  if (known === undefined || known.score < made.score) state.found.set(key, made);
}

function conclude({ found, truncated }: Inspecting): Inspection {
  const findings = [...found.values()].sort((a, b) => b.score - a.score);
  const kept = findings.slice(0, MAX_FINDINGS);
  return { findings: kept, riskScore: riskScore(kept), truncated: truncated || kept.length < findings.length };
}
