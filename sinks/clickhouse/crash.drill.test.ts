/** Kills the writing process ten times, wherever it happens to be, and counts. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openClickHouse } from './index.ts';

/** The pinned runtime, whichever one runs the tests. */
const NODE = join(import.meta.dirname, '../../node_modules/.bin/node');
const KILLS = 10;
const SIZE = 1_000;
const BATCHES = 60;

describe('a sink that is killed again and again', () => {
  let path = '';
  beforeAll(async () => {
    path = await mkdtemp(join(tmpdir(), 'parapet-crash-'));
  });
  afterAll(() => rm(path, { recursive: true, force: true }));

  /** Runs the child from `from`; kills it a while after it has been acknowledged `acks` batches. Returns where to go on. */
  async function run(from: number, kill: { acks: number; delayMs: number } | undefined): Promise<{ next: number; done: boolean }> {
    const child = spawn(NODE, [join(import.meta.dirname, 'crash.child.ts'), path, String(from), String(BATCHES), String(SIZE)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let next = from;
    let done = false;
    const exited = once(child, 'exit');
    for await (const line of createInterface({ input: child.stdout })) {
      if (line === 'done') done = true;
      else next = Number(line) + 1;
      if (kill !== undefined && next === from + kill.acks) void sleep(kill.delayMs).then(() => child.kill('SIGKILL'));
    }
    const [code] = (await exited) as [number | null];
    if (kill === undefined && code !== 0) throw new Error(`The child ended with ${code}.`);
    return { next, done };
  }

  it('has every row once, and sums that agree with the rows', async () => {
    let next = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const result = await run(next, { acks: 1 + (kill % 3), delayMs: (kill * 13) % 90 });
      expect(result.done).toBe(false);
      next = result.next;
    }
    expect((await run(next, undefined)).done).toBe(true);

    const store = await openClickHouse({ path });
    const answer = await store.client.query({
      query: `SELECT toString(count()) AS rows, toString(uniqExact(_offset)) AS offsets, toString(uniqExact(interaction_id)) AS ids, toString(max(_offset)) AS last,
        (SELECT toString(sum(interactions)) FROM parapet.interactions_hourly) AS hourly, toString(uniqExact(toYYYYMM(started_at))) AS months FROM parapet.interactions`,
      format: 'JSONEachRow',
    });
    const [found] = await answer.json<Record<string, string>>();
    const total = String(BATCHES * SIZE);
    expect(found).toMatchObject({ rows: total, offsets: total, ids: total, hourly: total, last: String(BATCHES * SIZE - 1) });
    expect(Number(found?.['months'])).toBeGreaterThan(50);
    await store.close();
  }, 300_000);
});
