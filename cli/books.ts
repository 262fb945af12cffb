/** Opens the books of a reconciliation wherever they are: a running Parapet's, or the data folder of a stopped one. */
import { setTimeout as sleep } from 'node:timers/promises';
import { dataPaths, type Environment } from '../core/environment.ts';
import type { ParapetError } from '../core/errors.ts';
import type { EventLog } from '../log/port.ts';
import { inspectSpools, type SpoolView } from '../log/spool/inspect.ts';
import { deadLetterTopic } from '../log/topics.ts';
import type { Codec } from '../schemas/codec.ts';
import { type ClickHouse, openClickHouse, tallyClickHouse } from '../sinks/clickhouse/index.ts';
import { tallyLake } from '../sinks/s3/index.ts';
import { comparedSince, type FurtherBooks, isUnavailable, type MainBooks, openFurtherBooks, type ViewBook } from './books-views.ts';
import { type Reconciliation, reconcile, tallyLog } from './reconcile.ts';
import { openAnalytics, openCodec, openLake, openLog, runningFront } from './stores.ts';
import { PROCESSOR_NAMES, SINK_NAMES } from './views.ts';

export interface ReconcileOptions {
  /** How long to wait for the pipeline to catch up, in milliseconds. */
  waitMs: number;
  /** No more traffic comes: also wait until every interaction under way has its end. */
  settle?: boolean;
  onWait?: (result: Reconciliation) => void;
}

/** What a process has open already: an embedded engine is not opened twice in one. */
export interface OpenBooks {
  log: EventLog;
  codec: Codec;
  clickhouse: ClickHouse;
}

/** Reads all books, again and again until they balance or the wait is over. */
export async function reconcileAll(env: Environment, options: ReconcileOptions, shared?: OpenBooks): Promise<Reconciliation> {
  if (shared !== undefined) return readBooks(env, options, shared);
  const log = await openLog(env);
  const clickhouse = await openReader(env);
  try {
    return await readBooks(env, options, { log, codec: await openCodec(env), clickhouse });
  } finally {
    await clickhouse.close();
    await log.close();
  }
}

/** A running Parapet's front, else the store itself. */
export async function openReader(env: Environment): Promise<ClickHouse> {
  const front = await runningFront(env);
  return front === undefined ? openAnalytics(env) : openClickHouse({ ...front, database: 'parapet', readOnly: true });
}

async function readBooks(
  env: Environment,
  { waitMs, settle = false, onWait }: ReconcileOptions,
  { log, codec, clickhouse }: OpenBooks,
): Promise<Reconciliation> {
  const lake = openLake(env);
  const further = await openFurtherBooks(env, log, codec);
  const since = comparedSince(env.PARAPET_RETENTION.interactions.hotDays);
  try {
    const until = Date.now() + waitMs;
    const readSpools = () => inspectSpools(dataPaths(env).spool);
    // Under constant traffic the gateways' books are read once: what they accept from now on is for the next time.
    let spools = await readSpools();
    for (;;) {
      const horizons = spools.map(({ gatewayId, gatewaySequence, openSequences }) => ({
        gatewayId,
        through: gatewaySequence,
        open: openSequences,
      }));
      const inLog = await tallyLog(log, codec, horizons, since);
      const main = {
        horizons,
        log: inLog.tallies,
        accepted: endedIn(spools),
        acceptedNow: async () => endedIn(await readSpools()),
        settle,
      };
      const { views, failure } = await readFurther(further, main);
      const result = reconcile({
        spools,
        log: inLog,
        clickhouse: await tallyClickHouse(clickhouse, 'interactions', horizons),
        lake: await tallyLake(lake, horizons),
        deadLetters: await deadLetterCounts(log),
        views,
        since,
      });
      const good = result.balanced && failure === undefined && !(settle && result.open > 0);
      if (!good && Date.now() >= until && failure !== undefined) throw failure;
      if (good || Date.now() >= until) return result;
      onWait?.(result);
      await sleep(500);
      if (settle) spools = await readSpools();
    }
  } finally {
    await further.close();
  }
}

/** A store that does not answer may only be starting: it is an error when the wait is over. */
async function readFurther(further: FurtherBooks, main: MainBooks): Promise<{ views: ViewBook[]; failure?: ParapetError }> {
  try {
    return { views: await further.read(main) };
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    return { views: [], failure: error };
  }
}

function endedIn(spools: readonly SpoolView[]): number {
  return spools
    .flatMap(({ ledger }) => Object.values(ledger).flatMap((byStatus) => Object.values(byStatus)))
    .reduce((sum, n) => sum + n, 0);
}

async function deadLetterCounts(log: EventLog): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const group of [...PROCESSOR_NAMES, ...SINK_NAMES]) {
    const ranges = await log.ranges(deadLetterTopic(group)).catch(() => []);
    const count = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
    if (count > 0) counts[group] = count;
  }
  return counts;
}
