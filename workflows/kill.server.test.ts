import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openKeys } from '../cli/stores.ts';
import { listFiles } from '../compliance/package/files.ts';
import { verifyPackage } from '../compliance/package/verify.ts';
import { dataPaths, type Environment, withoutSettings } from '../core/environment.ts';
import { openssl } from '../keys/openssl.ts';
import type { KeyStore } from '../keys/port.ts';
import { openTemporal, type Temporal } from './client.ts';
import { auditOf, FRAMEWORK, type House, noServer, openHouse, REQUEST } from './testing.ts';
import { bundleWorkflows } from './worker.ts';

const CHILD = fileURLToPath(new URL('testing-child.ts', import.meta.url));
const ID = `report/${FRAMEWORK}/acme/2026-09`;
const PACE = { heartbeatMs: 2_000, retryMs: 100, predecessorMs: 100 };

let straight: House;
let killed: House;
let keys: KeyStore;
let temporal: Temporal;
let bundle: string;

beforeAll(async () => {
  straight = await openHouse(`test-${randomUUID()}`);
  killed = straight.copy(`test-${randomUUID()}`);
  keys = openKeys(straight.env);
  temporal = await openTemporal(straight.env, keys);
  bundle = join(straight.folder, 'bundle.js');
  writeFileSync(bundle, await bundleWorkflows());
});
afterAll(async () => {
  await temporal?.close();
  await keys?.close();
  straight?.remove();
  killed?.remove();
});

/** Workers one after the other until the report is published; gives how many were killed. */
async function run(house: House, name: string, kill: boolean): Promise<number> {
  const marks = join(house.folder, 'marks');
  mkdirSync(marks);
  // Left by an earlier run of this file; the report's own id would be one for both.
  const handle = await temporal.client.workflow.start('assembleReport', {
    workflowId: `${name}/${randomUUID()}`,
    taskQueue: house.env.PARAPET_TASK_QUEUE,
    args: [{ request: REQUEST, pace: PACE }],
  });
  let kills = 0;
  let child: ChildProcess | undefined;
  let over = false;
  const next = () => {
    child = spawn(process.execPath, [CHILD, bundle, ...(kill ? [marks] : [])], {
      env: { ...withoutSettings(process.env), ...house.settings },
      stdio: 'inherit',
    });
    child.once('exit', (_, signal) => {
      if (signal === 'SIGKILL') kills += 1;
      if (!over) next();
    });
  };
  next();
  try {
    await handle.result();
  } finally {
    over = true;
    const gone = new Promise((resolve) => child?.once('exit', resolve));
    child?.kill('SIGTERM');
    await gone;
  }
  return kills;
}

const workOf = (env: Environment) => join(dataPaths(env).evidence, 'work', ID);

/** The bytes of a package, times left out, and what is made of times and of the machine's own keys. */
async function contents(env: Environment): Promise<Record<string, string>> {
  const folder = join(workOf(env), 'package');
  const paths = (await listFiles(folder)).filter((path) => /^(evidence|merkle|reports)\/|^assessment\.json$/.test(path));
  return Object.fromEntries(paths.map((path) => [path, withoutTimes(readFileSync(join(folder, path), 'utf8'))]));
}

const withoutTimes = (text: string) => text.replaceAll(/2026-1[12]-\d\dT[\d:.]+Z|202[7-9]-\d\d-\d\dT[\d:.]+Z/g, 'TIME');

const published = async (env: Environment) => (await auditOf(env)).filter(({ action }) => action === 'evidence.published').length;

describe.skipIf(noServer)('a worker that is killed before and behind every activity', () => {
  it('makes the same package as one that lives, and publishes it once', async () => {
    expect(await run(straight, 'straight', false)).toBe(0);
    const kills = await run(killed, 'killed', true);
    const activities = Object.keys(await contents(killed.env)).length;
    console.log(`killed ${kills} times`);
    expect(kills).toBe(readdirSync(join(killed.folder, 'marks')).length);
    expect(kills).toBeGreaterThan(20);
    expect(activities).toBeGreaterThan(5);
    expect(await contents(killed.env)).toEqual(await contents(straight.env));
    const archive = join(dataPaths(killed.env).evidence, 'archive');
    expect(await verifyPackage(join(archive, ID), { openssl: openssl('openssl') })).toMatchObject({ valid: true, errors: [] });
    expect(readdirSync(join(archive, 'report', FRAMEWORK, 'acme'))).toEqual(['2026-09']);
    expect(await published(killed.env)).toBe(1);
  }, 400_000);
});
