import { toParapetError } from '../core/errors.ts';
import type { EventLog, PartitionRange } from './port.ts';

/** Partitions that hold records which the group has yet to finish; all that have any when it has never begun. */
export async function unfinishedBy(log: Pick<EventLog, 'ranges' | 'read' | 'commits'>, group: string, topic: string): Promise<number[]> {
  const ranges = await rangesIfThere(log, topic);
  const commits = (await log.commits(group)).filter((each) => each.topic === topic);
  const unfinished: number[] = [];
  for (const { partition, start, end } of ranges) {
    const offset = Math.max(start, commits.find((each) => each.partition === partition)?.offset ?? start);
    // Up to the end there may be no record but markers of transactions.
    if (offset < end && (await log.read({ topic, partition, offset }, { maxRecords: 1, maxBytes: 1 })).length > 0)
      unfinished.push(partition);
  }
  return unfinished;
}

/** What the log holds of a topic; nothing of one that is not there. A topic of dead letters is made with its first letter. */
export async function rangesIfThere(log: Pick<EventLog, 'ranges'>, topic: string): Promise<PartitionRange[]> {
  try {
    return await log.ranges(topic);
  } catch (error) {
    if (toParapetError(error).code === 'PARAPET_LOG_TOPIC_UNKNOWN') return [];
    throw error;
  }
}
