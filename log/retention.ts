/**
 * When records leave the log: when they are older than their class is kept hot, and everybody who reads the topic has
 * finished them. That no event is lost goes before that none is kept too long: a consumer that stands still holds its topics,
 * and the report names it. Everybody is each group that has ever committed there, those that this deployment wants to have
 * read the topic even if they have not begun, and people who have not decided about a dead letter yet.
 */

import { DAY_MS, keptSince, type RetentionClass, type RetentionTable, renderDays } from '../core/retention.ts';
import { readDeadLetters } from './dead-letters.ts';
import { ageOf } from './expiry.ts';
import type { EventLog, PartitionRange, StoredRecord } from './port.ts';
import { rangesIfThere } from './ranges.ts';
import { deadLetterTopic, STATE_DAYS, STATE_TOPICS, TOPICS } from './topics.ts';

export interface LogPlan {
  table: RetentionTable;
  /** Who must have finished a topic before its records may go, by the topic's name: also who has not begun. */
  consumers: Readonly<Record<string, readonly string[]>>;
  /** Every consumer that may have dead letters. */
  groups: readonly string[];
  /** Groups that will never come back, by an operator's word. */
  without?: readonly string[];
}

export interface ExpiredTopic {
  topic: string;
  /** Offsets that are gone. */
  removed: number;
}

export interface KeptTopic {
  topic: string;
  class: RetentionClass;
  wanted: string;
  records: number;
  oldestMs: number | undefined;
  newestMs: number | undefined;
  /** Holds records that are older than allowed, by more than the time between two runs. */
  overdue: boolean;
  /** Who stands in the way of the oldest ones. */
  heldBy: { group: string; partition: number; offset: number } | undefined;
}

/** Runs come every few hours. */
const SLACK_MS = DAY_MS;

const CLASS_OF: Partial<Record<keyof typeof TOPICS, RetentionClass>> = {
  interactions: 'interactions',
  enriched: 'interactions',
  assessed: 'interactions',
  threats: 'threats',
  incidents: 'threats',
  audit: 'audit',
  verdicts: 'audit',
  // Of a compacted topic the last value of each key is what holds now, however old it is.
};

/** Removes what may go. Throws PARAPET_LOG_UNAVAILABLE. */
export async function expireLog(log: EventLog, plan: LogPlan, now = Date.now()): Promise<ExpiredTopic[]> {
  const expired: ExpiredTopic[] = [];
  for (const { topic, days, group } of topicsOf(plan)) {
    const ranges = await rangesIfThere(log, topic);
    if (days === 0 || !(await isAnyDue(log, topic, ranges, keptSince(days, now)))) continue;
    const { limits } = await bounds(log, topic, ranges, plan, group);
    const removed = await log.expire(topic, keptSince(days, now), limits);
    if (removed > 0) expired.push({ topic, removed });
  }
  // States have one reader, who holds all that it has read: what is old there is only what nobody came back to.
  for (const topic of STATE_TOPICS) {
    const removed = (await rangesIfThere(log, topic)).length === 0 ? 0 : await log.expire(topic, now - STATE_DAYS * DAY_MS);
    if (removed > 0) expired.push({ topic, removed });
  }
  return expired;
}

/** What the log holds, and who keeps what is overdue there. */
export async function inspectLog(log: EventLog, plan: LogPlan, now = Date.now()): Promise<KeptTopic[]> {
  const kept: KeptTopic[] = [];
  for (const { topic, days, class: name, group } of topicsOf(plan)) {
    const ranges = await rangesIfThere(log, topic);
    const records = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
    // A topic of dead letters is made with its first letter.
    if (records === 0 && group !== undefined) continue;
    const ends = await Promise.all(ranges.map((range) => firstAndLast(log, topic, range)));
    const times = ends.flat().map(({ timestamp }) => timestamp);
    const oldestMs = times.length === 0 ? undefined : Math.min(...times);
    const overdue = oldestMs !== undefined && days !== 0 && oldestMs < keptSince(days, now) - SLACK_MS;
    kept.push({
      topic,
      class: name,
      wanted: renderDays(days),
      records,
      oldestMs,
      newestMs: times.length === 0 ? undefined : Math.max(...times),
      overdue,
      heldBy: overdue ? (await bounds(log, topic, ranges, plan, group)).holder : undefined,
    });
  }
  return kept;
}

interface TopicPlan {
  topic: string;
  class: RetentionClass;
  days: number;
  /** Whose dead letters these are. */
  group?: string;
}

function topicsOf({ table, groups }: LogPlan): TopicPlan[] {
  const own = Object.entries(CLASS_OF).map(([id, name]): TopicPlan => {
    return { topic: TOPICS[id as keyof typeof TOPICS].name, class: name, days: table[name].hotDays };
  });
  // What was set aside and what was decided about it belongs to the audit trail.
  const dead = groups.map((group): TopicPlan => ({ topic: deadLetterTopic(group), class: 'audit', days: table.audit.hotDays, group }));
  return [...own, ...dead];
}

interface Bounds {
  limits: Map<number, number>;
  /** Who bounds the partition whose start is held longest. */
  holder: KeptTopic['heldBy'];
}

async function bounds(log: EventLog, topic: string, ranges: readonly PartitionRange[], plan: LogPlan, dead?: string): Promise<Bounds> {
  const { consumers, without = [] } = plan;
  const standings = (await log.standings(topic)).filter(({ group }) => !without.includes(group));
  const wanted = (consumers[topic] ?? []).filter((group) => !without.includes(group));
  const undecided = dead === undefined ? new Map<number, number>() : await firstOpen(log, dead);
  const limits = new Map<number, number>();
  let holder: KeptTopic['heldBy'];
  for (const { partition, start, end } of ranges) {
    const of = standings.filter((each) => each.partition === partition);
    const never = wanted.filter((group) => !of.some((each) => each.group === group));
    const all = [
      ...of.map(({ group, offset }) => ({ group, offset })),
      // A group without a commit begins at the oldest record, so everything there is still before it.
      ...never.map((group) => ({ group, offset: start })),
      ...(undecided.has(partition)
        ? [{ group: `whoever decides about the dead letters of ${dead}`, offset: undecided.get(partition) ?? start }]
        : []),
    ];
    const slowest = all.sort((a, b) => a.offset - b.offset)[0];
    limits.set(partition, Math.min(end, slowest?.offset ?? end));
    if (slowest !== undefined && slowest.offset < end && (holder === undefined || slowest.offset - start < holder.offset)) {
      holder = { group: slowest.group, partition, offset: slowest.offset };
    }
  }
  return { limits, holder };
}

/** By partition: the oldest letter that nobody has decided about. */
async function firstOpen(log: EventLog, group: string): Promise<Map<number, number>> {
  const first = new Map<number, number>();
  for (const { record, state } of await readDeadLetters(log, group)) {
    if (state === 'open') first.set(record.partition, Math.min(first.get(record.partition) ?? record.offset, record.offset));
  }
  return first;
}

/** Whether any partition begins with a record that may leave. To ask every group where it stands is dear, and mostly none does. */
async function isAnyDue(log: EventLog, topic: string, ranges: readonly PartitionRange[], before: number): Promise<boolean> {
  for (const { partition, start, end } of ranges) {
    if (start >= end) continue;
    const [first] = await log.read({ topic, partition, offset: start }, LOOK);
    if (first === undefined || ageOf(first.timestamp, before) !== 'kept') return true;
  }
  return false;
}

const LOOK = { maxRecords: 1, maxBytes: 1 };
/** In some engines the last offsets are markers of transactions, which no reader sees. */
const TAIL = 8;

async function firstAndLast(log: EventLog, topic: string, { partition, start, end }: PartitionRange): Promise<StoredRecord[]> {
  if (start >= end) return [];
  const first = await log.read({ topic, partition, offset: start }, LOOK);
  const tail = await log.read(
    { topic, partition, offset: Math.max(start, end - TAIL) },
    { ...LOOK, maxRecords: TAIL, maxBytes: 64 * 1024 * 1024 },
  );
  return [...first, ...tail.slice(-1)];
}
