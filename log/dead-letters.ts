/** A record that a consumer could not work with, as it is set aside: its bytes untouched, the story in the headers. */
import type { LogRecord, StoredRecord } from './port.ts';
import { deadLetterTopic } from './topics.ts';

export interface Failure {
  /** Which consumer, and which part of its work. */
  group: string;
  step: string;
  code: string;
  reason: string;
  attempts: number;
}

export function deadLetter(source: StoredRecord, failure: Failure, failedAt = Date.now()): LogRecord {
  return {
    topic: deadLetterTopic(failure.group),
    key: source.key,
    timestamp: source.timestamp,
    headers: {
      ...source.headers,
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
