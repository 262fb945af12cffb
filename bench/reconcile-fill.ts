/**
 * Fills log and lake for the bench of the books with interactions whose content nobody kept, and ends. The last number has no event, and
 * every millionth event is there twice, so that there is something to find.
 *
 * Argument: how many.
 */
import { openCodec, openLake, openLog } from '../cli/stores.ts';
import { readEnvironment } from '../core/environment.ts';
import type { LogRecord } from '../log/port.ts';
import { TOPICS } from '../log/topics.ts';
import { createFixtures } from '../sinks/fixtures.ts';
import { createLakeSink } from '../sinks/s3/index.ts';

const BATCH = 5_000;
const FILE = 50_000;
/** A quarter's worth. */
const SPAN_MS = 90 * 86_400_000;
const REPEATED_EVERY = 1_000_000;

process.send?.({ url: '' });
const count = Number(process.argv[2]);
const env = readEnvironment();
const [log, codec, store] = [await openLog(env), await openCodec(env), openLake(env)];
const sink = createLakeSink({ store, topic: 'interactions' });
await sink.open();
const fixtures = createFixtures({ stepMs: SPAN_MS / count });
const topic = TOPICS.interactions.name;

const interactionOf = (n: number) => {
  const made = fixtures.interaction(n);
  return { ...made, gatewayId: 'gw-1', gatewaySequence: n + 1, requestContent: null, responseContent: null, errorContent: null };
};
for (let first = 0; first < count - 1; first += FILE) {
  const end = Math.min(first + FILE, count - 1);
  for (let n = first; n < end; ) {
    const batch: LogRecord[] = [];
    for (const until = Math.min(n + BATCH, end); n < until; n++) {
      const value = interactionOf(n);
      const record: LogRecord = {
        topic,
        key: `${value.org}/${value.agentId}`,
        timestamp: Math.floor(value.startedAt / 1_000),
        headers: {},
        value: codec.encode('interactions', value),
      };
      batch.push(record);
      if ((n + 1) % REPEATED_EVERY === 0) batch.push(record);
    }
    await log.append(batch);
  }
}
// The lake as its sink makes it: a file for so many records of a partition.
for (const { partition, start, end } of await log.ranges(topic)) {
  for (let offset = start; offset < end; ) {
    const records = await log.read({ topic, partition, offset }, { maxRecords: FILE, maxBytes: 64 * 1024 * 1024 });
    const [first, last] = [records[0], records.at(-1)];
    if (first === undefined || last === undefined) throw new Error(`partition ${partition} ends at ${offset}, before ${end}`);
    await codec.prepare(
      'interactions',
      records.map(({ value }) => value),
    );
    const read = records.map((record) => ({ ...record, raw: record.value, value: codec.decodeUnsealed('interactions', record.value) }));
    await sink.write({ topic, partition, firstOffset: first.offset, lastOffset: last.offset, records: read, recovered: false });
    offset = last.offset + 1;
  }
}
await store.close();
await log.close();
process.disconnect();
