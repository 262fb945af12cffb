/** Goes through the interactions of the log, for commands that look at all of them. */
import type { EventLog } from '../log/port.ts';
import { TOPICS } from '../log/topics.ts';
import type { Codec } from '../schemas/codec.ts';

const READ = { maxRecords: 5_000, maxBytes: 32 * 1024 * 1024 };

/**
 * Their records, many at once, partition by partition in the order of the log, and ready to be decoded. With `newest` only so many of the
 * newest offsets of each partition.
 */
export async function* interactionRecords(
  { log, codec }: { log: Pick<EventLog, 'ranges' | 'read'>; codec: Pick<Codec, 'prepare'> },
  newest = Number.POSITIVE_INFINITY,
): AsyncGenerator<Buffer[]> {
  const topic = TOPICS.interactions.name;
  for (const { partition, start, end } of await log.ranges(topic)) {
    for (let offset = Math.max(start, end - newest); offset < end; ) {
      const records = await log.read({ topic, partition, offset }, READ);
      const last = records.at(-1);
      if (last === undefined) break;
      const values = records.map(({ value }) => value);
      await codec.prepare('interactions', values);
      yield values;
      offset = last.offset + 1;
    }
  }
}
