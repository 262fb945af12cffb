/**
 * Dead letters for people: which there are, what is in one, and what is to become of them. A decision is a record in the
 * consumer's own mailbox (`log/dead-letters.ts`), with an audit event beside it.
 */
import { ParapetError } from '../core/errors.ts';
import { auditRecord } from '../log/audit.ts';
import { type DeadLetter, decision, readDeadLetters } from '../log/dead-letters.ts';
import type { EventLog } from '../log/port.ts';
import { TOPIC_IDS, TOPICS } from '../log/topics.ts';
import type { Codec } from '../schemas/codec.ts';

export interface LetterFilter {
  /** Ids of letters of one consumer, e.g. `0/17`; all when empty. */
  ids?: readonly string[];
  /** An error code, e.g. `PARAPET_RECORD_INVALID`. */
  code?: string;
  /** When the record failed, milliseconds since 1970: from `since` on, before `until`. */
  since?: number;
  until?: number;
  state?: DeadLetter['state'] | 'all';
}

/** Letters of these consumers that pass the filter (open ones unless it says otherwise), in the order in which they failed. */
export async function listLetters(log: EventLog, groups: readonly string[], filter: LetterFilter = {}): Promise<DeadLetter[]> {
  const { ids = [], code, since = 0, until = Number.POSITIVE_INFINITY, state = 'open' } = filter;
  const found: DeadLetter[] = [];
  for (const group of groups) {
    for (const letter of await readDeadLetters(log, group)) {
      const at = Date.parse(letter.failedAt);
      if (ids.length > 0 && !ids.includes(letter.id)) continue;
      if (code !== undefined && letter.failure.code !== code) continue;
      if (at < since || at >= until) continue;
      if (state === 'all' || letter.state === state) found.push(letter);
    }
  }
  return found.sort((a, b) => a.failedAt.localeCompare(b.failedAt));
}

/** One letter in full; its record decoded where its bytes can be, without what is sealed. */
export async function showLetter(log: EventLog, codec: Codec, group: string, id: string): Promise<object> {
  const [letter] = await listLetters(log, [group], { ids: [id], state: 'all' });
  if (letter === undefined) throw unknown(group, id);
  const { failure, source, failedAt, state, record } = letter;
  return {
    id,
    state,
    failedAt,
    ...failure,
    source,
    key: record.key,
    timestamp: new Date(record.timestamp).toISOString(),
    bytes: record.value.length,
    ...(await contentOf(codec, letter)),
  };
}

async function contentOf(
  codec: Codec,
  { source, record }: DeadLetter,
): Promise<{ value: unknown } | { head: string; undecodable: string }> {
  const topic = TOPIC_IDS.find((id) => TOPICS[id].name === source.topic);
  try {
    if (topic === undefined) throw new Error(`${source.topic} is not a topic of this version`);
    await codec.prepare(topic, [record.value]);
    return { value: codec.decodeUnsealed(topic, record.value) };
  } catch (error) {
    // The first bytes tell whether this is Confluent wire format at all; more of them might be somebody's prompt.
    return { head: record.value.subarray(0, 16).toString('hex'), undecodable: error instanceof Error ? error.message : String(error) };
  }
}

export interface Decided {
  letters: DeadLetter[];
  /** Letters whose key went on without them, with how many later records of that key the consumer has passed. */
  overtaken: { letter: DeadLetter; by: number }[];
}

export interface DecideParts {
  log: EventLog;
  codec: Codec;
  org: string;
}

/**
 * Gives letters back to their consumer, in the order of their source. A letter whose key went on meanwhile would now come
 * after records that were later than it: PARAPET_DEAD_LETTER_OVERTAKEN, unless `outOfOrder` says that this is known.
 */
export async function replayLetters(
  parts: DecideParts,
  group: string,
  filter: LetterFilter,
  { outOfOrder = false, dryRun = false } = {},
): Promise<Decided> {
  const letters = await chosen(parts.log, group, filter);
  letters.sort((a, b) => a.source.partition - b.source.partition || a.source.offset - b.source.offset);
  const overtaken: Decided['overtaken'] = [];
  for (const letter of letters) {
    const by = await laterOfKey(parts.log, letter);
    if (by > 0) overtaken.push({ letter, by });
  }
  if (dryRun) return { letters, overtaken };
  if (overtaken.length > 0 && !outOfOrder) {
    const [first] = overtaken as [Decided['overtaken'][0]];
    throw new ParapetError('PARAPET_DEAD_LETTER_OVERTAKEN', {
      message: `${overtaken.length} of ${letters.length} letters of ${group} were overtaken; the first, ${first.letter.id}, by ${first.by} later records of its key.`,
    });
  }
  await decide(parts, group, letters, 'replay', {});
  return { letters, overtaken };
}

/** Decides that letters stay where they are. Their bytes remain in the log; nothing works on them again. */
export async function dropLetters(parts: DecideParts, group: string, filter: LetterFilter, reason: string): Promise<Decided> {
  const letters = await chosen(parts.log, group, filter);
  await decide(parts, group, letters, 'drop', { reason });
  return { letters, overtaken: [] };
}

async function chosen(log: EventLog, group: string, filter: LetterFilter): Promise<DeadLetter[]> {
  const letters = await listLetters(log, [group], { ...filter, state: 'open' });
  const missing = (filter.ids ?? []).find((id) => !letters.some((letter) => letter.id === id));
  if (missing !== undefined) throw unknown(group, missing);
  return letters;
}

/**
 * A letter's decision and its audit event are one append with a producer of their own, and a producer's number is stored
 * once: however many people decide about a letter at the same moment, one of them has.
 */
async function decide(
  { log, codec, org }: DecideParts,
  group: string,
  letters: DeadLetter[],
  kind: 'replay' | 'drop',
  details: Record<string, string>,
): Promise<void> {
  const action = kind === 'replay' ? 'dead_letter.replayed' : 'dead_letter.dropped';
  for (const letter of letters) {
    const target = `${group}/${letter.id}`;
    const facts = {
      code: letter.failure.code,
      source: `${letter.source.topic}/${letter.source.partition}/${letter.source.offset}`,
      ...details,
    };
    const audit = auditRecord(codec, { org, actor: 'cli', action, target, details: facts });
    await log.append([decision(letter, kind), audit], { id: `dead-letter/${target}`, firstSequence: 1 });
  }
}

const READ = { maxRecords: 5_000, maxBytes: 32 * 1024 * 1024 };

/** Records of the letter's key behind it that its consumer has already passed. */
async function laterOfKey(log: EventLog, { source, record, failure }: DeadLetter): Promise<number> {
  const { topic, partition } = source;
  const commits = await log.commits(failure.group);
  const passed = commits.find((commit) => commit.topic === topic && commit.partition === partition)?.offset ?? 0;
  let later = 0;
  for (let offset = source.offset + 1; offset < passed; ) {
    const records = await log.read({ topic, partition, offset }, READ);
    const last = records.at(-1);
    if (last === undefined) break;
    for (const each of records) if (each.key === record.key && each.offset < passed) later += 1;
    offset = last.offset + 1;
  }
  return later;
}

function unknown(group: string, id: string): ParapetError {
  return new ParapetError('PARAPET_DEAD_LETTER_UNKNOWN', { message: `${group} has no open dead letter ${id}.` });
}
