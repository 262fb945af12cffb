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
 * Options: --events 200000  --full (1 000 000)  --profile (costs by function)  --keep  --json
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@clickhouse/client';
import { CLICKHOUSE_READER, clickHousePassword, openLog } from '../cli/stores.ts';
import { dataPaths, readEnvironment } from '../core/environment.ts';
import type { EventLog } from '../log/port.ts';
import { TOPICS } from '../log/topics.ts';
import { freePorts, type Started, start } from './processes.ts';
import { type Costs, readCosts } from './profile.ts';
import { flag, option, report, versions } from './report.ts';

const VIEW = 'clickhouse.interactions';
const events = flag('full') ? 1_000_000 : option('events', 200_000);
const mode = flag('uninspected') ? 'uninspected' : 'inspected';
const folder = mkdtempSync(join(tmpdir(), 'parapet-bench-'));
const [clickhousePort, metricsPort] = (await freePorts(2)) as [number, number];
const settings = {
  PARAPET_DATA: join(folder, 'data'),
  PARAPET_CLICKHOUSE_PORT: String(clickhousePort),
  PARAPET_METRICS_PORT: String(metricsPort),
};
const env = readEnvironment({ ...process.env, ...settings });
mkdirSync(env.PARAPET_DATA, { recursive: true });
const { password } = clickHousePassword(env);

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

  rmSync(dataPaths(env).clickhouse, { recursive: true });
  for (const { partition, start: offset } of await log.ranges(TOPICS.assessed.name)) {
    await log.seek(VIEW, { topic: TOPICS.assessed.name, partition, offset });
  }
  const sink = await run(log, '', VIEW);
  console.log(
    `the sink alone: ${Math.round(sink.perSecond)} events/s on ${sink.cores.toFixed(2)} cores, ${sink.cpuMicros.toFixed(1)} µs of CPU each, ${Math.round(sink.end.rssMiB)} MiB resident`,
  );
  await log.close();

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
    },
    versions('lmdb', 'avsc', 'chdb'),
    flag('profile') ? { costs: { pipeline: whole.costs, sink: sink.costs } } : {},
  );
} finally {
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
    const rows = await count(parts.url);
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

async function finished(log: EventLog): Promise<number> {
  const commits = await log.commits(VIEW);
  return commits.filter(({ topic }) => topic === TOPICS.assessed.name).reduce((sum, { offset }) => sum + offset, 0);
}

function sampleOf({ child }: Started): Promise<Sample> {
  return new Promise((resolve) => {
    child.once('message', (message) => resolve(message as Sample));
    child.send({});
  });
}

async function count(url: string): Promise<number> {
  const client = createClient({ url, username: CLICKHOUSE_READER, password, database: 'parapet' });
  const answer = await client.query({ query: 'SELECT toFloat64(count()) FROM interactions', format: 'JSONCompactEachRow' });
  const [row] = await answer.json<[number]>();
  await client.close();
  return row?.[0] ?? 0;
}
