/**
 * The books of the log and of the lake, over interactions without content in an embedded log and a folder: events per second, and the most
 * that the process ever held. One number has no event and some events are there twice; both must be found.
 *
 * Options: --rows 10000000  --json
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { withoutSettings } from '../core/environment.ts';
import { start } from './processes.ts';
import type { ReconcileRun } from './reconcile-process.ts';
import { option, report, versions } from './report.ts';

const rows = option('rows', 10_000_000);
const folder = mkdtempSync(join(tmpdir(), 'parapet-bench-'));
process.env = withoutSettings(process.env);
try {
  const settings = { PARAPET_DATA: folder };
  const { child: filling } = await start('reconcile-fill.ts', [String(rows)], settings);
  await ended(filling);
  const load = loadavg()[0] as number;
  const { child } = await start('reconcile-process.ts', [String(rows)], settings);
  const said = new Promise<ReconcileRun>((resolve) => child.once('message', (message) => resolve(message as ReconcileRun)));
  await ended(child);
  const run = await said;
  report(
    'reconcile',
    {
      events: run.log.rows,
      log_seconds: run.logSeconds,
      log_events_per_s: run.log.rows / run.logSeconds,
      lake_seconds: run.lakeSeconds,
      rss_mb: run.rssMb,
      anonymous_mb: run.anonymousMb,
      missing: run.missing,
      duplicated_in_log: run.log.rows - run.log.distinct,
      duplicated_in_lake: run.lake.rows - run.lake.distinct,
      load_before: load,
    },
    versions('lmdb', 'avsc', 'hyparquet'),
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function ended(child: Awaited<ReturnType<typeof start>>['child']): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`it ended with ${code}`))));
  });
}
