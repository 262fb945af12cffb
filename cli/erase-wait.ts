/**
 * Waits until no sink holds records that it read before it knew of an erasure: those it could still write with the name. What
 * a sink has committed it has written, and masking finds it; a sink that does not run reads anew when it starts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ParapetError } from '../core/errors.ts';
import type { Commit, EventLog } from '../log/port.ts';
import { TOPICS } from '../log/topics.ts';
import { SINK_NAMES, topicOf } from './views.ts';

const PATIENCE_MS = 60_000;
const LOOK_MS = 250;

/** `sinks` by their names, which are their groups'. Throws PARAPET_ERASURE_INCOMPLETE when one that runs does not get there. */
export async function waitForSinks(log: EventLog, sinks: readonly string[], patienceMs = PATIENCE_MS): Promise<void> {
  const ends = new Map<string, number>();
  for (const { name } of Object.values(TOPICS)) {
    for (const { partition, end } of await log.ranges(name)) ends.set(`${name}/${partition}`, end);
  }
  const until = Date.now() + patienceMs;
  for (const sink of sinks) {
    while ((await isBehind(log, sink, ends)) || (await isBeginning(log, sink, ends))) {
      if (Date.now() > until) {
        throw new ParapetError('PARAPET_ERASURE_INCOMPLETE', {
          message: `The sink ${sink} runs and has not finished what it read before the erasure.`,
          hint: 'See why it stands still (parapet doctor), then run the same command again: it goes on where it stopped.',
        });
      }
      await sleep(LOOK_MS);
    }
  }
}

async function isBehind(log: EventLog, sink: string, ends: ReadonlyMap<string, number>): Promise<boolean> {
  const commits = (await log.commits(sink)).filter(({ topic, partition }) => ends.has(`${topic}/${partition}`));
  for (const commit of commits) {
    const end = ends.get(`${commit.topic}/${commit.partition}`) as number;
    if (commit.offset >= end) continue;
    // The last offsets may be no records.
    const [next] = await log.read(commit, { maxRecords: 1, maxBytes: 1 });
    if (next !== undefined && next.offset < end) return isRead(log, commit, sink);
  }
  return false;
}

/** Whether it holds partitions of which it has committed nothing yet: it may have read from their start. */
async function isBeginning(log: EventLog, sink: string, ends: ReadonlyMap<string, number>): Promise<boolean> {
  const known = SINK_NAMES.find((name) => name === sink);
  if (known === undefined) return false;
  const topic = TOPICS[topicOf(known)].name;
  const begun = (await log.commits(sink)).filter((commit) => commit.topic === topic).map(({ partition }) => partition);
  for (const { partition, start } of await log.ranges(topic)) {
    if (begun.includes(partition) || start >= (ends.get(`${topic}/${partition}`) ?? 0)) continue;
    // It begins there anyway.
    if (await isRead(log, { topic, partition, offset: start, metadata: '' }, sink)) return true;
  }
  return false;
}

/** A log refuses to move a group that has members, so to ask for where it stands says whether it has. */
async function isRead(log: EventLog, commit: Commit, sink: string): Promise<boolean> {
  try {
    await log.seek(sink, commit, commit.metadata);
    return false;
  } catch (error) {
    if (error instanceof ParapetError && error.code === 'PARAPET_LOG_FENCED') return true;
    throw error;
  }
}
