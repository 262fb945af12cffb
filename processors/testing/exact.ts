/**
 * That nothing is lost and nothing counted twice, on a real log with real deaths: processes that run one processor are killed at
 * random and in the middle of a commit while others take over, and what is left must be what one pass makes without any of it.
 * Each processor says itself what that is.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, it } from 'vitest';
import type { EventLog, LogRecord, StoredRecord } from '../../log/port.ts';
import { TOPICS, type TopicId } from '../../log/topics.ts';
import { type Codec, createCodec } from '../../schemas/codec.ts';
import { openFileRegistry } from '../../schemas/registry/file.ts';
import { type Dying, endure } from './deaths.ts';
import { openExactLog } from './log.ts';

export interface ExactEngine {
  kind: 'embedded' | 'kafka';
  /** Where the log of this run is; see `log.ts`. */
  where(folder: string): string;
  dispose(): Promise<void>;
  events: number;
  deaths: number;
}

export interface ExactWork {
  /** The processor's name. */
  name: string;
  input: TopicId;
  /** The module that runs it, to be killed. */
  child: URL;
  recordsOf(codec: Codec, from: number, to: number, events: number): LogRecord[];
  /** Compares what is in the log with one pass over these records; says what it saw. */
  compare(left: { folder: string; log: EventLog; codec: Codec; records: readonly StoredRecord[] }): Promise<string>;
}

export function describeExactness({ kind, where, dispose, events, deaths }: ExactEngine, work: ExactWork): void {
  describe(`${work.name} on ${kind}`, () => {
    const cleanups: (() => Promise<unknown>)[] = [];
    afterEach(async () => {
      for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    });

    it.each<Dying>(['at random', 'at commit'])(
      'comes to the same after many deaths %s and rebalances as after none',
      async (dying) => {
        const folder = await mkdtemp(join(tmpdir(), `parapet-${work.name}-`));
        cleanups.push(() => rm(folder, { recursive: true }), dispose);
        const place = where(folder);
        const log = await openExactLog(kind, place);
        cleanups.push(() => log.close());
        const codec = await createCodec(await openFileRegistry(join(folder, 'registry')));
        const { records, deathsSeenAt } = await endure({
          log,
          group: work.name,
          topic: TOPICS[work.input].name,
          child: work.child,
          args: [folder, kind, place],
          events,
          deaths,
          dying,
          recordsOf: (from, to) => work.recordsOf(codec, from, to, events),
          cleanups,
        });
        const saw = await work.compare({ folder, log, codec, records });
        console.log(`${records.length} of ${work.input}, ${dying}, killed after ${deathsSeenAt.join(', ')}: ${saw}`);
      },
      240_000,
    );
  });
}
