/**
 * Rebuilds clickhouse.interactions from the log, twice, and holds the two rebuilt views against each other and against what
 * the sink wrote: by the hashes of all rows over all columns. The rate is that of the command as its user sees it, from its
 * first record to the end of the exchange; `write_events_per_s` is the part in which records are read and written.
 *
 * With `--kafka` the log is Kafka and the table is a ClickHouse server's, by their URLs in the environment.
 *
 * Options: --events 200000  --full (1 000 000)  --kafka  --profile (costs by function)  --json
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openAnalytics, openCodec, openLog } from '../cli/stores.ts';
import { readEnvironment, withoutSettings } from '../core/environment.ts';
import type { EventLog, LogRecord } from '../log/port.ts';
import { TOPICS } from '../log/topics.ts';
import { createFixtures } from '../sinks/fixtures.ts';
import { freePorts, type Started, start } from './processes.ts';
import { type Costs, readCosts } from './profile.ts';
import type { Replayed } from './replay-process.ts';
import { flag, median, option, report, versions } from './report.ts';
import { serversOf } from './servers.ts';

const VIEW = 'clickhouse.interactions';
const RUNS = 2;
const FILL_BATCH = 2_000;
const events = flag('full') ? 1_000_000 : option('events', 200_000);
const folder = mkdtempSync(join(tmpdir(), 'parapet-bench-'));
const [clickhousePort] = (await freePorts(1)) as [number];
const servers = flag('kafka') ? await serversOf() : undefined;
const settings = {
  ...servers?.settings,
  PARAPET_DATA: join(folder, 'data'),
  PARAPET_CLICKHOUSE_PORT: String(clickhousePort),
  // The command is to do the work itself, not to look for a process that has the view.
  PARAPET_METRICS_PORT: '0',
  // Some of the events are older than what a server keeps by default.
  PARAPET_RETENTION: 'interactions=forever/forever',
};
process.env = withoutSettings(process.env);
const env = readEnvironment({ ...process.env, ...settings });
mkdirSync(env.PARAPET_DATA, { recursive: true });

interface Run {
  replayed: Replayed;
  hash: string;
  costs: Costs;
}

try {
  const log = await openLog(env);
  await fill(log);
  const sink = await start('pipeline-process.ts', ['', VIEW], settings);
  await untilWritten(log, sink);
  await sink.stop();
  await log.close();
  const wanted = await hashOf();
  const runs: Run[] = [];
  for (let n = 0; n < RUNS; n++) runs.push(await replayOnce());

  for (const [n, { replayed, costs }] of runs.entries()) {
    const { result, cpuMs } = replayed;
    console.log(
      `replay ${n + 1}: ${Math.round(result.eventsPerSecond)} events/s, ${((cpuMs * 1_000) / events).toFixed(1)} µs of CPU each, ${result.differences} rows otherwise`,
    );
    for (const [kind, list] of Object.entries(costs) as [string, Costs['own']][]) {
      if (list.length > 0) console.log(`\nreplay ${n + 1}, main thread, ${kind} time by function:`);
      for (const { where, share } of list) console.log(`  ${(share * 100).toFixed(1).padStart(5)} %  ${where}`);
    }
  }
  const differences = runs.reduce((sum, { replayed, hash }) => sum + replayed.result.differences + (hash === wanted ? 0 : 1), 0);
  report(
    'replay',
    {
      events,
      events_per_s: median(runs.map(({ replayed }) => replayed.result.eventsPerSecond)),
      write_events_per_s: median(runs.map(({ replayed }) => events / replayed.result.writeSeconds)),
      cpu_us_per_event: median(runs.map(({ replayed }) => (replayed.cpuMs * 1_000) / events)),
      differences,
    },
    versions('lmdb', 'avsc', 'chdb', 'kafkajs', '@clickhouse/client'),
    flag('profile') ? { costs: runs.map(({ costs }) => costs) } : {},
  );
  process.exitCode = differences === 0 ? 0 : 1;
} finally {
  await servers?.remove();
  rmSync(folder, { recursive: true, force: true });
}

/** Assessed interactions, as the processors leave them. */
async function fill(log: EventLog): Promise<void> {
  const codec = await openCodec(env);
  const fixtures = createFixtures();
  for (let n = 0; n < events; ) {
    const records: LogRecord[] = [];
    for (const end = Math.min(n + FILL_BATCH, events); n < end; n++) {
      const assessed = fixtures.assessed(n);
      const { org, agentId, startedAt } = assessed.interaction;
      records.push({
        topic: TOPICS.assessed.name,
        key: `${org}/${agentId}`,
        timestamp: Math.floor(startedAt / 1_000),
        headers: {},
        value: codec.encode('assessed', assessed),
      });
    }
    await log.append(records);
  }
  console.log(`${events} assessed interactions in the log`);
}

/** Waits until the table has every event; the embedded one, which the sink holds, until the group has finished what the log holds. */
async function untilWritten(log: EventLog, sink: Started): Promise<void> {
  for (const until = Date.now() + 120_000 + events; ; await sleep(200)) {
    if ((servers === undefined ? await finished(log) : await countOf()) >= events) return;
    if (Date.now() > until || sink.child.exitCode !== null) throw new Error('the sink does not write all of it');
  }
}

/** Where offsets have no gaps. */
async function finished(log: EventLog): Promise<number> {
  const commits = await log.commits(VIEW);
  return commits.filter(({ topic }) => topic === TOPICS.assessed.name).reduce((sum, { offset }) => sum + offset, 0);
}

async function countOf(): Promise<number> {
  return Number(await ask('toString(count())').catch(() => 0));
}

async function replayOnce(): Promise<Run> {
  const profiles = mkdtempSync(join(folder, 'profile-'));
  const profiling = flag('profile') ? ['--cpu-prof', `--cpu-prof-dir=${profiles}`] : [];
  const { child } = await start('replay-process.ts', [VIEW], settings, profiling);
  const replayed = await new Promise<Replayed>((resolve, reject) => {
    child.once('message', (message) => resolve(message as Replayed));
    child.once('exit', (code) => reject(new Error(`the replay ended with ${code}`)));
  });
  if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve));
  if (replayed.result.rows !== events) throw new Error(`${replayed.result.rows} rows in the rebuilt view, not ${events}`);
  return { replayed, hash: await hashOf(), costs: readCosts(profiles, 40) };
}

/** Of all rows over all columns, in no order: rows that are there twice or otherwise change it. */
async function hashOf(): Promise<string> {
  return ask(`concat(toString(count()), ' ', toString(sum(cityHash64(toString(tuple(*))))))`);
}

async function ask(expression: string): Promise<string> {
  const store = await openAnalytics(env);
  try {
    const query = `SELECT ${expression} AS answer FROM ${store.database}.interactions`;
    const answer = await store.client.query({ query, format: 'JSONEachRow' });
    return (await answer.json<{ answer: string }>())[0]?.answer ?? '';
  } finally {
    await store.close();
  }
}
