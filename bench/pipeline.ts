/**
 * log → enrich → detect → ClickHouse on one machine. A filled log, then a process with both processors and one with the
 * ClickHouse sinks, as `parapet up` runs them: events per second, from when the processes begin to read until every row is
 * there. Then the sink alone, from the assessed topic that this left, into an empty ClickHouse. Every count is checked
 * against the table before a figure is given. The rate is over the whole run: from some row on it would count what was read
 * ahead by then as done in no time.
 *
 * Memory: what the processes hold when a tenth of the rows are in the table and when all are. `rss_growth` compares all
 * resident memory, pages of mapped files (the log) included; `own_growth` leaves those out, as the kernel takes them back
 * at need.
 *
 * The interactions are as a gateway in monitor mode records them; `--uninspected` leaves all the looking to the stream.
 *
 * With `--kafka` the log is Kafka and the tables are a ClickHouse server's, by their URLs in the environment; then also how
 * long a row takes from its append as an interaction to its being seen by a query, at 2,000 a second. Rates are then also
 * given per core of ours: those servers have the same cores.
 *
 * Options: --events 200000  --full (1 000 000)  --kafka  --profile (costs by function)  --keep  --json
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { CLICKHOUSE_READER, clickHousePassword, openCodec, openKeys, openLog } from '../cli/stores.ts';
import { dataPaths, readEnvironment, withoutSettings } from '../core/environment.ts';
import type { EventLog } from '../log/port.ts';
import { TOPICS } from '../log/topics.ts';
import { openDetector } from '../models/index.ts';
import { createInteractions } from './interactions.ts';
import { measureLatency } from './latency.ts';
import { freePorts, type Started, start } from './processes.ts';
import { type Costs, readCosts } from './profile.ts';
import { flag, option, quantile, report, versions } from './report.ts';
import { serversOf } from './servers.ts';

const VIEW = 'clickhouse.interactions';
const events = flag('full') ? 1_000_000 : option('events', 200_000);
const mode = flag('uninspected') ? 'uninspected' : 'inspected';
const folder = mkdtempSync(join(tmpdir(), 'parapet-bench-'));
const [clickhousePort, metricsPort] = (await freePorts(2)) as [number, number];
const servers = flag('kafka') ? await serversOf() : undefined;
const settings = {
  ...servers?.settings,
  PARAPET_DATA: join(folder, 'data'),
  // The events are of a fixed day, which has long passed.
  PARAPET_RETENTION: 'interactions=forever/forever,threats=forever/forever,audit=forever/forever',
  PARAPET_CLICKHOUSE_PORT: String(clickhousePort),
  PARAPET_METRICS_PORT: String(metricsPort),
};
const addresses = process.env;
process.env = withoutSettings(process.env);
const env = readEnvironment({ ...process.env, ...settings });
mkdirSync(env.PARAPET_DATA, { recursive: true });
const { password } = clickHousePassword(env);
const LATENCY_RATE = 2_000;
const LATENCY_SECONDS = 20;

interface Sample {
  rssMiB: number;
  ownMiB: number;
  /** Since the process began to read. */
  elapsedMs: number;
  cpuMs: number;
}

interface Run {
  perSecond: number;
  /** CPU seconds of the process for each second that passed. */
  cores: number;
  /** CPU microseconds for each event. */
  cpuMicros: number;
  tenth: Sample;
  end: Sample;
  costs: Costs;
}

try {
  const filling = performance.now();
  const halves = [Math.ceil(events / 2), Math.floor(events / 2)] as const;
  const fillers = await Promise.all([
    start('pipeline-fill.ts', [String(halves[0]), '0', mode], settings),
    start('pipeline-fill.ts', [String(halves[1]), String(halves[0]), mode], settings),
  ]);
  for (const filler of fillers) if (filler.child.exitCode === null) await new Promise((resolve) => filler.child.once('exit', resolve));
  console.log(`${events} interactions in the log after ${((performance.now() - filling) / 1_000).toFixed(1)} s`);

  const log = await openLog(env);
  const whole = await run(log, 'enrich,detect', 'clickhouse.interactions,clickhouse.threats');
  console.log(
    `end to end: ${Math.round(whole.perSecond)} events/s on ${whole.cores.toFixed(2)} cores, ${Math.round(whole.end.rssMiB)} MiB resident, ${Math.round(whole.end.ownMiB)} MiB its own`,
  );

  if (servers === undefined) rmSync(dataPaths(env).clickhouse, { recursive: true });
  else await query(`DROP DATABASE ${env.CLICKHOUSE_DATABASE} SYNC`);
  for (const { partition, start: offset } of await log.ranges(TOPICS.assessed.name)) {
    await log.seek(VIEW, { topic: TOPICS.assessed.name, partition, offset });
  }
  const sink = await run(log, '', VIEW);
  console.log(
    `the sink alone: ${Math.round(sink.perSecond)} events/s on ${sink.cores.toFixed(2)} cores, ${sink.cpuMicros.toFixed(1)} µs of CPU each, ${Math.round(sink.end.rssMiB)} MiB resident`,
  );
  await log.close();
  const latencies = servers === undefined ? undefined : await latency();

  for (const [name, { costs }] of [
    ['end to end', whole],
    ['the sink alone', sink],
  ] as const) {
    for (const [kind, list] of Object.entries(costs) as [string, Costs['own']][]) {
      if (list.length > 0) console.log(`\n${name}, main thread, ${kind} time by function:`);
      for (const { where, share } of list) console.log(`  ${(share * 100).toFixed(1).padStart(5)} %  ${where}`);
    }
  }
  report(
    'pipeline',
    {
      events,
      events_per_s: whole.perSecond,
      sink_events_per_s: sink.perSecond,
      cores: whole.cores,
      sink_cores: sink.cores,
      cpu_us_per_event: whole.cpuMicros,
      sink_cpu_us_per_event: sink.cpuMicros,
      rss_growth: whole.end.rssMiB / whole.tenth.rssMiB,
      own_growth: whole.end.ownMiB / whole.tenth.ownMiB,
      rss_tenth_mib: whole.tenth.rssMiB,
      rss_end_mib: whole.end.rssMiB,
      own_tenth_mib: whole.tenth.ownMiB,
      own_end_mib: whole.end.ownMiB,
      sink_rss_growth: sink.end.rssMiB / sink.tenth.rssMiB,
      sink_rss_tenth_mib: sink.tenth.rssMiB,
      sink_rss_end_mib: sink.end.rssMiB,
      ...(latencies === undefined
        ? {}
        : {
            events_per_s_per_core: sink.perSecond / sink.cores,
            append_to_query_p50_ms: quantile(latencies, 0.5),
            append_to_query_p99_ms: quantile(latencies, 0.99),
            append_to_query_max_ms: Math.max(...latencies),
          }),
    },
    versions('lmdb', 'avsc', 'chdb', 'kafkajs', '@clickhouse/client'),
    flag('profile') ? { costs: { pipeline: whole.costs, sink: sink.costs } } : {},
  );
} finally {
  if (!flag('keep')) await servers?.remove();
  if (!flag('keep')) rmSync(folder, { recursive: true, force: true });
}

/** Starts the parts, waits until the view's group has finished every event, and counts the rows. */
async function run(log: EventLog, processors: string, sinks: string): Promise<Run> {
  const profiles = mkdtempSync(join(folder, 'profile-'));
  const profiling = flag('profile') ? ['--cpu-prof', `--cpu-prof-dir=${profiles}`] : [];
  // As `parapet up` does it: processors and sinks in a process each.
  const processing =
    processors === ''
      ? undefined
      : await start('pipeline-process.ts', [processors, ''], { ...settings, PARAPET_METRICS_PORT: '0' }, profiling);
  const parts = await start('pipeline-process.ts', ['', sinks], settings, profiling);
  const sample = async () => sum(await sampleOf(parts), processing && (await sampleOf(processing)));
  try {
    const until = Date.now() + 120_000 + events;
    let tenth: Sample | undefined;
    for (let done = 0; done < events; ) {
      await sleep(50);
      done = await finished(log);
      if (tenth === undefined && done >= events / 10) tenth = await sample();
      if (Date.now() > until) throw new Error(`only ${done} of ${events} in ${Math.round(120 + events / 1_000)} s`);
    }
    const end = await sample();
    const rows = await count(parts.url || (env.CLICKHOUSE_URL as string));
    if (rows !== events) throw new Error(`${rows} rows in the table, not ${events}`);
    await Promise.all([parts.stop(), processing?.stop()]);
    return {
      perSecond: (events * 1_000) / end.elapsedMs,
      cores: end.cpuMs / end.elapsedMs,
      cpuMicros: (end.cpuMs * 1_000) / events,
      tenth: tenth ?? end,
      end,
      costs: readCosts(profiles, 40),
    };
  } catch (error) {
    parts.child.kill('SIGKILL');
    processing?.child.kill('SIGKILL');
    throw error;
  }
}

function sum(one: Sample, other: Sample | undefined): Sample {
  if (other === undefined) return one;
  return {
    rssMiB: one.rssMiB + other.rssMiB,
    ownMiB: one.ownMiB + other.ownMiB,
    elapsedMs: Math.max(one.elapsedMs, other.elapsedMs),
    cpuMs: one.cpuMs + other.cpuMs,
  };
}

/** Events that are in the table for good: those that the view's group has finished; where offsets have gaps, its rows. */
async function finished(log: EventLog): Promise<number> {
  if (servers !== undefined) return count(env.CLICKHOUSE_URL as string).catch(() => 0);
  const commits = await log.commits(VIEW);
  return commits.filter(({ topic }) => topic === TOPICS.assessed.name).reduce((sum, { offset }) => sum + offset, 0);
}

/** Milliseconds from append to query, of every interaction, at a steady rate while all of the pipeline runs; in topics of its own. */
async function latency(): Promise<number[]> {
  const own = await serversOf(addresses);
  const mine = { ...settings, ...own.settings, PARAPET_DATA: join(folder, 'latency') };
  const itsEnv = readEnvironment({ ...process.env, ...mine });
  mkdirSync(itsEnv.PARAPET_DATA, { recursive: true });
  const keys = openKeys(itsEnv);
  const log = await openLog(itsEnv);
  const gateway = await openDetector(itsEnv);
  const processing = await start('pipeline-process.ts', ['enrich,detect', ''], { ...mine, PARAPET_METRICS_PORT: '0' });
  const parts = await start('pipeline-process.ts', ['', 'clickhouse.interactions,clickhouse.threats'], mine);
  try {
    const recordOf = createInteractions({
      codec: await openCodec(itsEnv),
      keys,
      detector: gateway.detector,
      fixtures: { startMs: Date.now() - 3_600_000, stepMs: 1 },
    });
    return await measureLatency({
      log,
      recordOf,
      rate: LATENCY_RATE,
      seconds: LATENCY_SECONDS,
      rowsByPartition: async () =>
        new Map(
          await query<[number, number]>(
            `SELECT _partition, toUInt32(count()) FROM ${itsEnv.CLICKHOUSE_DATABASE}.interactions GROUP BY _partition`,
          ),
        ),
    });
  } finally {
    await Promise.all([parts.stop(), processing.stop()]);
    await log.close();
    await keys.close();
    await gateway.close();
    await own.remove();
  }
}

function sampleOf({ child }: Started): Promise<Sample> {
  return new Promise((resolve) => {
    child.once('message', (message) => resolve(message as Sample));
    child.send({});
  });
}

async function count(url: string): Promise<number> {
  return (await query<[number]>('SELECT toFloat64(count()) FROM interactions', url))[0]?.[0] ?? 0;
}

async function query<Row>(text: string, url = env.CLICKHOUSE_URL): Promise<Row[]> {
  const login =
    servers === undefined
      ? { username: CLICKHOUSE_READER, password, database: 'parapet' }
      : { username: env.CLICKHOUSE_USER, password: env.CLICKHOUSE_PASSWORD, database: env.CLICKHOUSE_DATABASE };
  const client = createClient({ url, ...login, log: { level: ClickHouseLogLevel.OFF } });
  try {
    if (!text.startsWith('SELECT')) {
      await client.command({ query: text });
      return [];
    }
    return await (await client.query({ query: text, format: 'JSONCompactEachRow' })).json<Row>();
  } finally {
    await client.close();
  }
}
