/**
 * The server dies in the middle of writing (SIGKILL by its pid file) and comes back; so does the sink's batch. Needs
 * ELASTICSEARCH_URL to be the one of `shared/servers`, whose pid file and script are used.
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
import { createElasticsearchSink, openElasticsearch, tallyElasticsearch } from './index.ts';
import { tidy } from './testing.ts';

const url = process.env['ELASTICSEARCH_URL'];
const servers = process.env['PARAPET_SERVERS'] ?? join(homedir(), '.cache/parapet-servers');
const pidFile = join(servers, 'run/elasticsearch.pid');
const up = join(import.meta.dirname, '../../../shared/servers/up');
const canKill = url !== undefined && existsSync(pidFile) && existsSync(up);
if (!canKill) console.warn('SKIPPED: Elasticsearch was not killed, because it is not a server of shared/servers.');

/** A busy machine may need longer than the script waits: asked again, it goes on waiting. */
async function start(): Promise<void> {
  const once = () => promisify(execFile)(up, ['elasticsearch'], { timeout: 150_000 });
  await once().catch(once).catch(once);
}

describe.skipIf(!canKill)('the Elasticsearch sink over a crash of the server', () => {
  const prefix = `crash${process.pid}-`;
  const options = { url: url as string, prefix };

  afterAll(async () => tidy(await openElasticsearch(options)));

  it('has every event once after SIGKILL in the middle', async () => {
    const store = await openElasticsearch(options);
    const sink = createElasticsearchSink({ store, view: 'threats' });
    await sink.open();
    const fixtures = createFixtures({ stepMs: 20_000 });
    const batches = Array.from({ length: 12 }, (_, n) => fixtures.batch('threats', { first: n * 2_500, last: n * 2_500 + 2_499 }));
    let failed = 0;
    let written = 0;
    /** As the runner does: the same batch, marked as recovered, until the store has it. */
    async function deliver(batch: SinkBatch<UnsealedRecords['threats']>): Promise<void> {
      for (let tries = 0; ; tries++) {
        try {
          expect(await sink.write({ ...batch, recovered: tries > 0 })).toEqual([]);
          written += 1;
          return;
        } catch (error) {
          expect(error).toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
          failed += 1;
          if (tries > 1_000) throw error;
          await sleep(500);
        }
      }
    }
    const writing = (async () => {
      for (const batch of batches) await deliver(batch);
    })();
    while (written < 4) await sleep(5);
    await sleep(60);
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
    await sleep(1_000);
    await start();
    await writing;

    const tally = await tallyElasticsearch(store, 'threats');
    expect(failed).toBeGreaterThan(0);
    expect(tally.reduce((sum, { rows }) => sum + rows, 0)).toBe(30_000);
    expect(tally.reduce((sum, { distinct }) => sum + distinct, 0)).toBe(30_000);
    await store.close();
  }, 500_000);
});
