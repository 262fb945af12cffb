/**
 * From analysts' verdicts to texts with a label: each verdict's interaction is found in the log and opened with its subject's key.
 * What was erased cannot be opened, so nobody is learnt from whose data is gone. Texts live in memory only.
 */
import { HARMFUL_REQUEST } from '../detection/index.ts';
import type { KeyStore } from '../keys/port.ts';
import type { EventLog } from '../log/port.ts';
import type { Lesson } from '../models/learn/tune.ts';
import { openContent } from '../processors/content.ts';
import type { Codec } from '../schemas/codec.ts';
import { requestSegments, type Segment } from '../schemas/content.ts';
import type { AnalystVerdict, Interaction } from '../schemas/types.ts';
import { interactionRecords } from './interactions.ts';

export interface Taught extends Lesson {
  interactionId: string;
  /** In which layer the threat was seen; empty for a missed attack. */
  layer: string;
  ruleId: string;
}

export interface Lessons {
  lessons: Taught[];
  /** Verdicts that nothing could be learnt from, by why. */
  skipped: { notInLog: number; erased: number; noText: number; notText: number };
  /** The newest interactions' requests, for judging them with both models. */
  recent: Segment[][];
}

export interface LessonParts {
  log: Pick<EventLog, 'ranges' | 'read'>;
  codec: Codec;
  keys: KeyStore;
}

const LONGEST_TEXT = 20_000;

/** Reads all interactions in the log once. `recent`: how many of the newest to keep, of all partitions together. */
export async function lessonsOf(verdicts: readonly AnalystVerdict[], recent: number, parts: LessonParts): Promise<Lessons> {
  // What a user does is the behaviour's matter, what a model answered the signatures', and whether somebody asks for harm another head's.
  const about = verdicts.filter(
    ({ layer, direction, threatType }) => layer !== 'behaviour' && direction === 'request' && threatType !== HARMFUL_REQUEST,
  );
  const wanted = Map.groupBy(about, ({ interactionId }) => interactionId);
  const skipped: Lessons['skipped'] = { notInLog: 0, erased: 0, noText: 0, notText: verdicts.length - about.length };
  const lessons: Taught[] = [];
  const newest: Interaction[] = [];
  for await (const interaction of interactionsOf(parts)) {
    newest.push(interaction);
    if (newest.length > 2 * recent + 1_000) keepNewest(newest, recent);
    const said = wanted.get(interaction.interactionId);
    if (said === undefined) continue;
    wanted.delete(interaction.interactionId);
    const { request, available } = openContent(parts.keys, interaction);
    if (!available) skipped.erased += said.length;
    else for (const verdict of said) teach(verdict, request === undefined ? [] : requestSegments(request));
  }
  for (const said of wanted.values()) skipped.notInLog += said.length;
  keepNewest(newest, recent);

  function teach({ path, verdict, interactionId, layer, ruleId }: AnalystVerdict, segments: Segment[]): void {
    const text = textAt(segments, path).slice(0, LONGEST_TEXT);
    if (text.trim() === '') skipped.noText += 1;
    else lessons.push({ text, label: verdict === 'false_positive' ? 'benign' : 'attack', interactionId, layer, ruleId });
  }

  const requests = newest.flatMap((interaction) => {
    const { request } = openContent(parts.keys, interaction);
    return request === undefined ? [] : [requestSegments(request)];
  });
  return { lessons, skipped, recent: requests };
}

/** The part that a verdict means, or what the user said last where it means all. */
function textAt(segments: readonly Segment[], path: string): string {
  const meant = segments.find((segment) => segment.path === path) ?? segments.filter(({ role }) => role === 'user').at(-1);
  return meant?.text ?? '';
}

async function* interactionsOf({ log, codec }: LessonParts): AsyncGenerator<Interaction> {
  for await (const values of interactionRecords({ log, codec })) {
    for (const value of values) yield codec.decode('interactions', value);
  }
}

function keepNewest(interactions: Interaction[], count: number): void {
  interactions.sort((a, b) => b.startedAt - a.startedAt);
  interactions.length = Math.min(interactions.length, count);
}
