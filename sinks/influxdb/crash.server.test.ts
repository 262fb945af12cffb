/**
 * The server dies in the middle of writing (SIGKILL by its pid file) and comes back; so does the sink's batch. Needs INFLUX_URL
 * to be the one of `shared/servers`, whose pid file and script are used.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import type { UnsealedRecords } from '../../schemas/unsealed.ts';
import { createFixtures } from '../fixtures.ts';
import type { SinkBatch } from '../port.ts';
import { connectInflux, createInfluxSink, OTHER, tallyInflux } from './index.ts';
import { hoursAgo, SERVER, sum, wipe } from './testing.ts';

const servers = process.env['PARAPET_SERVERS'] ?? join(homedir(), '.cache/parapet-servers');
const pidFile = join(servers, 'run/influxdb.pid');
const up = join(import.meta.dirname, '../../../shared/servers/up');
const canKill = SERVER.url !== '' && existsSync(pidFile) && existsSync(up);
if (!canKill) console.warn('SKIPPED: InfluxDB was not killed, because it is not a server of shared/servers.');

const TOTAL = 12_000;

describe.skipIf(!canKill)('the InfluxDB sink over a crash of the server', () => {
  const store = connectInflux({ ...SERVER, bucket: `crash${process.pid}`, hourlyRetentionSeconds: false });
  afterAll(() => wipe(store));

  it('has every interaction once after SIGKILL in the middle, with the guard at work', async () => {
    const tagLimits = { user_id: 100, agent_id: 10 };
    let sink = createInfluxSink({ store, tagLimits });
    await sink.open();
    const fixtures = createFixtures({ startMs: hoursAgo(20), stepMs: 4_000 });
    const batches = Array.from({ length: TOTAL / 1_000 }, (_, n) =>
      fixtures.batch('assessed', { first: n * 1_000, last: n * 1_000 + 999 }),
    );
    let failed = 0;
    let written = 0;
    /** As the runner does: the same batch, marked as recovered, until the store has it. */
    async function deliver(batch: SinkBatch<UnsealedRecords['assessed']>): Promise<void> {
      for (let tries = 0; ; tries++) {
        try {
          expect(await sink.write({ ...batch, recovered: tries > 0 })).toEqual([]);
          written += 1;
          return;
        } catch (error) {
          expect(error).toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
          failed += 1;
          if (tries > 200) throw error;
          await sleep(500);
        }
      }
    }
    const writing = (async () => {
      for (const batch of batches) await deliver(batch);
    })();
    while (written < 4) await sleep(5);
    await sleep(30);
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
    await sleep(1_000);
    await promisify(execFile)(up, ['influxdb'], { timeout: 110_000 });
    await writing;
    // All of it once more, cut differently, as after a crash of the sink that forgot everything.
    sink = createInfluxSink({ store, tagLimits });
    await sink.open();
    for (let first = 0; first < TOTAL; first += 1_700) {
      await deliver(fixtures.batch('assessed', { first, last: Math.min(first + 1_700, TOTAL) - 1, recovered: true }));
    }

    expect(failed).toBeGreaterThan(0);
    expect(sum(await tallyInflux(store))).toEqual({ rows: TOTAL, distinct: TOTAL });
    const flux = `import "influxdata/influxdb/schema"\nschema.tagValues(bucket: "${store.bucket}", tag: "user_id", start: 0)`;
    const users = (await store.query<{ _value: string }>('list', flux)).map(({ _value }) => _value);
    expect(users.filter((user) => user !== OTHER)).toHaveLength(100);
  }, 240_000);
});
