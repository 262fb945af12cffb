import { toParapetError } from '../core/errors.ts';
import type { EventLog, PartitionRange } from './port.ts';

/** What the log holds of a topic; nothing of one that is not there. A topic of dead letters is made with its first letter. */
export async function rangesIfThere(log: Pick<EventLog, 'ranges'>, topic: string): Promise<PartitionRange[]> {
  try {
    return await log.ranges(topic);
  } catch (error) {
    if (toParapetError(error).code === 'PARAPET_LOG_TOPIC_UNKNOWN') return [];
    throw error;
  }
}
