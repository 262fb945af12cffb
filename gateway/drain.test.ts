/** The end of a gateway by SIGTERM: what is under way finishes, what is new is refused, every event is shipped. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { embeddedTopics, openEmbeddedLog } from '../log/embedded/index.ts';
import { inspectSpools } from '../log/spool/inspect.ts';
import { TOPICS } from '../log/topics.ts';
import { createCodec } from '../schemas/codec.ts';
import { openFileRegistry } from '../schemas/registry/file.ts';
import type { Interaction } from '../schemas/types.ts';
import { ask, errorOf, eventually, ROUTES } from './testing/harness.ts';
import { createSandbox, type Sandbox } from './vendors/sandbox/server.ts';

let folder = '';
let sandbox: Sandbox;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'parapet-drain-'));
  sandbox = await createSandbox();
});
afterEach(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true, force: true });
});

async function start(env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [new URL('./testing/gateway-child.ts', import.meta.url).pathname], {
    env: { PATH: process.env['PATH'], PARAPET_DATA: folder, PARAPET_PORT: '0', PARAPET_SANDBOX_URL: sandbox.url, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const line = await new Promise<string>((resolve) => child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString())));
  const { url, key } = JSON.parse(line) as { url: string; key: string };
  const post = (body: object) =>
    fetch(url + ROUTES['openai.chat'], {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  return { child, exited, post };
}

async function events(): Promise<Interaction[]> {
  const log = await openEmbeddedLog({ path: join(folder, 'log'), topics: embeddedTopics(4) });
  const codec = await createCodec(await openFileRegistry(join(folder, 'registry')));
  const out: Interaction[] = [];
  for (const { partition, start: offset } of await log.ranges(TOPICS.interactions.name)) {
    const records = await log.read({ topic: TOPICS.interactions.name, partition, offset }, { maxRecords: 1_000, maxBytes: 1e8 });
    for (const record of records) out.push(codec.decode('interactions', record.value));
  }
  await log.close();
  return out.sort((a, b) => a.gatewaySequence - b.gatewaySequence);
}

describe('a gateway that gets SIGTERM', () => {
  it('finishes what is under way, refuses what is new, ships every event and exits with 0', async () => {
    const { child, exited, post } = await start();
    const stream = post(ask('[[sandbox: chunk_delay_ms=80,chunks=12,text_chars=200]] Go', { stream: true })).then((response) =>
      response.text(),
    );
    const whole = post(ask('[[sandbox: delay_ms=700]] Hi')).then((response) => response.json());
    await eventually(() => sandbox.asked() === 2);
    child.kill('SIGTERM');
    let refused: Response | undefined;
    await eventually(async () => {
      const response = await post(ask('Late'));
      if (response.status !== 503) return false;
      refused = response;
      return true;
    });
    expect(errorOf((await refused?.text()) ?? '').code).toBe('PARAPET_DRAINING');
    expect(refused?.headers.get('retry-after')).toBe('1');
    expect((await stream).endsWith('data: [DONE]\n\n')).toBe(true);
    expect(await whole).toMatchObject({ object: 'chat.completion' });
    expect(await exited).toBe(0);
    const made = await events();
    expect(made.every((each) => each.status === 'answered')).toBe(true);
    expect(made.length).toBeGreaterThanOrEqual(2);
    expect((await inspectSpools(join(folder, 'spool')))[0]).toMatchObject({ gatewaySequence: made.length, open: 0, unshipped: 0 });
  });

  it('ends what its vendor does not end, after its time, and records it', async () => {
    const { child, exited, post } = await start({ PARAPET_SHUTDOWN_MS: '200' });
    const hanging = post(ask('[[sandbox: hang=1]] Hi'));
    const streaming = post(ask('[[sandbox: chunk_delay_ms=60,chunks=900,text_chars=9000]] Go', { stream: true })).then((response) =>
      response.text(),
    );
    await eventually(() => sandbox.asked() === 2);
    child.kill('SIGTERM');
    expect(errorOf(await (await hanging).text()).code).toBe('PARAPET_DRAINING');
    expect(await streaming).toContain('PARAPET_DRAINING');
    expect(await exited).toBe(0);
    expect(await events()).toMatchObject([
      { status: 'failed', errorCode: 'PARAPET_DRAINING' },
      { status: 'failed', errorCode: 'PARAPET_DRAINING' },
    ]);
  });

  it('that is killed instead leaves an orphan, which its next start ships', async () => {
    const first = await start();
    const lost = first.post(ask('[[sandbox: hang=1]] Hi')).catch(() => undefined);
    await eventually(() => sandbox.asked() === 1);
    // The intent is durable within a moment of the vendor being asked.
    await eventually(async () => (await inspectSpools(join(folder, 'spool')))[0]?.open === 1);
    first.child.kill('SIGKILL');
    await lost;
    await first.exited;
    const second = await start();
    second.child.kill('SIGTERM');
    expect(await second.exited).toBe(0);
    expect(await events()).toMatchObject([{ status: 'orphaned', gatewaySequence: 1, httpStatus: 0 }]);
  });
});
