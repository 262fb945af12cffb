/**
 * What Parapet costs when nobody asks it anything: all of `parapet up` in a folder of its own, a few calls so that every
 * part has worked once, a pause, and then the CPU time that its processes take, by the kernel's count, supervisor included.
 * Linux only, as it reads /proc.
 *
 * With `--servers` it stands on the servers that the environment names; theirs is not counted.
 * Options: --seconds 60  --settle 20  --servers  --json
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startParapet } from './parapet.ts';
import { flag, option, report, versions } from './report.ts';
import { serversOf } from './servers.ts';

/** Ticks a second in which Linux counts a process's time. */
const TICKS = 100;
const CALLS = 20;
const seconds = option('seconds', 60);
const folder = mkdtempSync(join(tmpdir(), 'parapet-idle-'));
const servers = flag('servers') ? await serversOf() : undefined;
const parapet = await startParapet({ folder, settings: { ...servers?.settings, PARAPET_LAKE_LINGER_MS: '60000' } });

try {
  await parapet.ready();
  for (let n = 0; n < CALLS; n++) await call(n);
  await sleep(option('settle', 20) * 1_000);
  const before = await spent();
  await sleep(seconds * 1_000);
  const after = await spent();
  const byPart = [...after].map(([part, ms]): [string, number] => [part, (ms - (before.get(part) ?? 0)) / (seconds * 10)]);
  const all = byPart.reduce((sum, [, percent]) => sum + percent, 0);
  report(
    'idle',
    {
      percent_of_a_core: all,
      processes: byPart.length,
      ...Object.fromEntries(byPart.map(([part, percent]) => [`${part}_percent`, percent])),
    },
    versions('lmdb', 'chdb', 'kafkajs', 'undici'),
  );
} finally {
  await parapet.stop();
  await servers?.remove();
  rmSync(folder, { recursive: true, force: true });
}
process.exit();

async function call(n: number): Promise<void> {
  const answer = await fetch(`${parapet.url}/v1/ai/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${parapet.key}` },
    body: JSON.stringify({ model: 'sandbox-small', messages: [{ role: 'user', content: `Hello, number ${n}` }] }),
  });
  if (!answer.ok) throw new Error(`the call was answered ${answer.status}: ${await answer.text()}`);
  await answer.text();
}

/** Milliseconds of CPU by part since each began. */
async function spent(): Promise<Map<string, number>> {
  const pids = { supervisor: parapet.pid(), ...(await parapet.pids()) };
  return new Map(Object.entries(pids).map(([part, pid]) => [part, cpuMs(pid)]));
}

function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // Behind the name, which may hold anything: user and system time are the 12th and 13th field.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS;
}
