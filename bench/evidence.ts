/**
 * A quarterly NIST AI RMF report in all formats over interactions that a ClickHouse server made (`evidence-fill.ts`), then the proof of
 * a few of them. Prints `seconds` and `rss_mb` (the most that the reporting process ever held), and what the slowest steps took.
 * Needs CLICKHOUSE_URL; its database is its own, and is dropped afterwards.
 *
 * Options: --rows 10000000  --proofs 5  --json
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { withoutSettings } from '../core/environment.ts';
import { openClickHouse } from '../sinks/clickhouse/index.ts';
import { fillQuarter, ORG, PERIOD } from './evidence-fill.ts';
import type { EvidenceRun } from './evidence-process.ts';
import { start } from './processes.ts';
import { option, report, versions } from './report.ts';

const FRAMEWORK = 'NIST-AI-RMF';
const FILL_TIMEOUT_MS = 600_000;
const rows = option('rows', 10_000_000);
const proofs = option('proofs', 5);
const { CLICKHOUSE_URL: url, CLICKHOUSE_USER: user, CLICKHOUSE_PASSWORD: password } = process.env;
if (url === undefined) throw new Error('CLICKHOUSE_URL is not set: this bench needs a ClickHouse server.');
const database = `parapet_bench_${process.pid}`;
const folder = mkdtempSync(join(tmpdir(), 'parapet-bench-'));
const settings = {
  PARAPET_DATA: folder,
  CLICKHOUSE_URL: url,
  ...(user === undefined ? {} : { CLICKHOUSE_USER: user }),
  ...(password === undefined ? {} : { CLICKHOUSE_PASSWORD: password }),
  CLICKHOUSE_DATABASE: database,
};
process.env = withoutSettings(process.env);
const store = await openClickHouse({
  url,
  database,
  timeoutMs: FILL_TIMEOUT_MS,
  ...(user === undefined ? {} : { user }),
  ...(password === undefined ? {} : { password }),
});
const stop = () => process.exit(1);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void drop().finally(stop));
try {
  const filling = performance.now();
  const counts = await fillQuarter(store, rows, (line) => console.log(line));
  console.log(`${JSON.stringify(counts)} after ${((performance.now() - filling) / 1_000).toFixed(1)} s`);
  const load = loadavg()[0] as number;
  const numbers = Array.from({ length: proofs }, () => Math.floor(Math.random() * rows));
  const ids = numbers.map((n) => createHash('md5').update(`interaction ${n}`).digest('hex'));
  const { child } = await start('evidence-process.ts', [FRAMEWORK, ORG, PERIOD, ...ids], settings);
  const run = await new Promise<EvidenceRun>((resolve, reject) => {
    child.once('message', (message) => resolve(message as EvidenceRun));
    child.once('exit', (code) => reject(new Error(`the report ended with ${code}`)));
  });
  const slowest = Object.entries(run.steps).sort(([, a], [, b]) => b - a);
  for (const [name, seconds] of slowest.slice(0, 15)) console.log(`  ${seconds.toFixed(2).padStart(7)} s  ${name}`);
  report(
    'report',
    {
      interactions: run.leaves,
      seconds: run.seconds,
      rss_mb: run.rssMb,
      rss_with_proofs_mb: run.rssAllMb,
      valid: Number(run.valid),
      prove_ms_max: Math.max(...run.proofs.map(({ ms }) => ms)),
      proof_bytes_max: Math.max(...run.proofs.map(({ bytes }) => bytes)),
      load_before: load,
    },
    versions('@clickhouse/client'),
    { steps: Object.fromEntries(slowest), proofs: run.proofs },
  );
} finally {
  await drop();
}

async function drop(): Promise<void> {
  await store.client.command({ query: `DROP DATABASE IF EXISTS ${database} SYNC` });
  await store.close();
  rmSync(folder, { recursive: true, force: true });
}
