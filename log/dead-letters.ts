/**
 * Dead letters: records that a consumer could not work with, set aside with their bytes untouched and their story in the
 * headers. A consumer's dead-letter topic is also its mailbox: what is decided about a letter (replay it, drop it) is
 * a record behind it, which the consumer reads like any other. So a decision removes nothing, is as durable as the
 * letter, and a replayed record is worked on exactly once.
 */

import type { EventLog, LogRecord, StoredRecord } from './port.ts';
import { rangesIfThere } from './ranges.ts';
import { deadLetterTopic } from './topics.ts';

export interface Failure {
  /** Which consumer, and which part of its work. */
  group: string;
  step: string;
  code: string;
  reason: string;
  attempts: number;
}

/** Where a letter lies in its consumer's dead-letter topic, e.g. `0/17`. */
export type LetterId = `${number}/${number}`;

export interface DeadLetter {
  id: LetterId;
  failure: Failure;
  /** Where the record stood when it failed. */
  source: { topic: string; partition: number; offset: number };
  /** ISO 8601. */
  failedAt: string;
  state: 'open' | 'replayed' | 'dropped';
  record: StoredRecord;
}

type Decision = 'replay' | 'drop';

const PREFIX = 'parapet-dead-';
const READ = { maxRecords: 1_000, maxBytes: 16 * 1024 * 1024 };

export function deadLetter(source: StoredRecord, failure: Failure, failedAt = Date.now()): LogRecord {
  return {
    topic: deadLetterTopic(failure.group),
    key: source.key,
    timestamp: source.timestamp,
    headers: {
      ...ownHeaders(source),
      'parapet-dead-step': failure.step,
      'parapet-dead-code': failure.code,
      'parapet-dead-reason': failure.reason.slice(0, 1_000),
      'parapet-dead-attempts': String(failure.attempts),
      'parapet-dead-topic': source.topic,
      'parapet-dead-partition': String(source.partition),
      'parapet-dead-offset': String(source.offset),
      'parapet-dead-at': new Date(failedAt).toISOString(),
    },
    value: source.value,
  };
}

/** Every letter of a consumer, oldest first, with what was decided about it. A consumer without letters has none. */
export async function readDeadLetters(log: EventLog, group: string): Promise<DeadLetter[]> {
  const topic = deadLetterTopic(group);
  const letters = new Map<LetterId, DeadLetter>();
  for (const { partition, start, end } of await rangesIfThere(log, topic)) {
    for (let offset = start; offset < end; ) {
      const records = await log.read({ topic, partition, offset }, READ);
      const last = records.at(-1);
      if (last === undefined) break;
      for (const record of records) {
        const decided = record.headers['parapet-dead-of'] as LetterId | undefined;
        const about = decided === undefined ? undefined : letters.get(decided);
        if (about) about.state = record.headers['parapet-dead-decision'] === 'replay' ? 'replayed' : 'dropped';
        else if (decided === undefined) letters.set(`${partition}/${record.offset}`, parse(record, group));
      }
      offset = last.offset + 1;
    }
  }
  return [...letters.values()];
}

/** The decision about a letter, to be appended. A replay carries the letter's bytes to its consumer once more. */
export function decision(letter: DeadLetter, kind: Decision): LogRecord {
  const { record, failure } = letter;
  return {
    topic: deadLetterTopic(failure.group),
    key: record.key,
    timestamp: record.timestamp,
    headers: { ...record.headers, 'parapet-dead-of': letter.id, 'parapet-dead-decision': kind },
    value: kind === 'replay' ? record.value : Buffer.alloc(0),
  };
}

/**
 * What the consumer finds in its mailbox: the record as it stood at its source, when this is an order to replay one.
 * Letters and drops are nothing to work on.
 */
export function replayOrder(record: StoredRecord): StoredRecord | undefined {
  if (record.headers['parapet-dead-decision'] !== 'replay') return undefined;
  return { ...record, ...sourceOf(record), headers: ownHeaders(record) };
}

/** The headers that the record came with, without those of its story here. */
function ownHeaders({ headers }: StoredRecord): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(PREFIX)));
}

function sourceOf({ headers }: StoredRecord): DeadLetter['source'] {
  return {
    topic: headers['parapet-dead-topic'] ?? '',
    partition: Number(headers['parapet-dead-partition']),
    offset: Number(headers['parapet-dead-offset']),
  };
}

function parse(record: StoredRecord, group: string): DeadLetter {
  const of = (name: string) => record.headers[`${PREFIX}${name}`] ?? '';
  return {
    id: `${record.partition}/${record.offset}`,
    failure: { group, step: of('step'), code: of('code'), reason: of('reason'), attempts: Number(of('attempts')) },
    source: sourceOf(record),
    failedAt: of('at'),
    state: 'open',
    record,
  };
}
