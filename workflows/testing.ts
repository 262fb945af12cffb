/** A Parapet of the test's own, filled and ready for workers: in a temporary folder, with a framework that has a few requirements. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import proto from '@temporalio/proto';
import { pino } from 'pino';
import { openCodec, openLog } from '../cli/stores.ts';
import { startWorkflows } from '../cli/worker.ts';
import type { ReportRequest } from '../compliance/assembly/index.ts';
import { assessedOf } from '../compliance/collectors/testing.ts';
import { dataPaths, type Environment, readEnvironment } from '../core/environment.ts';
import { TOPICS } from '../log/topics.ts';
import type { AssessedInteraction, AuditEvent } from '../schemas/types.ts';
import { createClickHouseSink, openClickHouse } from '../sinks/clickhouse/index.ts';
import { createFixtures } from '../sinks/fixtures.ts';
import type { SinkRecord } from '../sinks/port.ts';
import type { Temporal } from './client.ts';

/** Recorded histories are sealed with it. */
export const MASTER_KEY = Buffer.alloc(32, 7).toString('base64');

export const FRAMEWORK = 'HOUSE';
const START = Date.parse('2026-09-01T00:00:00.000Z') * 1_000;
const INTERACTIONS = 60;

export interface House {
  folder: string;
  settings: Record<string, string>;
  env: Environment;
  /** Who may approve from now on. */
  approvers(
    approvers: readonly { name: string; roles: string[]; revokedAt?: string }[],
    approvals?: { needed?: number; withinDays?: number },
  ): void;
  /** The same, as it is now, in another folder and with another queue. */
  copy(queue: string): House;
  remove(): void;
}

export const REQUEST: ReportRequest = {
  framework: FRAMEWORK,
  org: 'acme',
  period: '2026-09',
  author: 'ann',
  languages: ['en'],
  formats: ['csv'],
};

/** Suites against a Temporal server are left out without one. */
export const noServer = process.env['TEMPORAL_ADDRESS'] === undefined;

export const silent = pino({ level: 'silent' });

/** With interactions of September 2026, every ten minutes. */
export async function openHouse(queue: string, over: Record<string, string> = {}): Promise<House> {
  const house = houseIn(mkdtempSync(join(tmpdir(), 'parapet-workflows-')), queue, over);
  await addInteractions(house.env, 0, INTERACTIONS);
  return house;
}

/** Numbers `first` and on, to the log and the view. */
export async function addInteractions(env: Environment, first: number, count: number, org = 'acme'): Promise<void> {
  const [log, codec] = [await openLog(env), await openCodec(env)];
  const store = await openClickHouse({ path: dataPaths(env).clickhouse });
  for (const view of ['interactions', 'threats', 'audit', 'verdicts', 'incidents'] as const) {
    await createClickHouseSink({ store, view }).open();
  }
  const topic = TOPICS.assessed.name;
  const fixtures = createFixtures();
  const records = Array.from({ length: count }, (_, nth): SinkRecord<AssessedInteraction> => {
    const n = first + nth;
    const startedAt = START + n * 600_000_000;
    const value = assessedOf(fixtures, n, { org, startedAt, endedAt: startedAt + 1_000_000 });
    return { offset: n, timestamp: 0, key: `${org}/bot`, headers: {}, value, raw: codec.encode('assessed', value) };
  });
  await log.append(records.map(({ key, timestamp, headers, raw }) => ({ topic, key, timestamp, headers, value: raw })));
  const batch = { topic, partition: 0, firstOffset: first, lastOffset: first + count - 1, records, recovered: false };
  await createClickHouseSink({ store, view: 'interactions' }).write(batch);
  await store.close();
  await log.close();
}

/** Every audit event of the log. */
export async function auditOf(env: Environment): Promise<AuditEvent[]> {
  const topic = TOPICS.audit.name;
  const [log, codec] = [await openLog(env), await openCodec(env)];
  const events: AuditEvent[] = [];
  for (const { partition, start } of await log.ranges(topic)) {
    const records = await log.read({ topic, partition, offset: start }, { maxRecords: 10_000, maxBytes: 100_000_000 });
    await codec.prepare(
      'audit',
      records.map(({ value }) => value),
    );
    events.push(...records.map(({ value }) => codec.decode('audit', value)));
  }
  await log.close();
  return events;
}

function houseIn(folder: string, queue: string, over: Record<string, string>): House {
  const compliance = join(folder, 'compliance.json');
  const frameworks = join(folder, 'frameworks');
  const settings: Record<string, string> = {
    PARAPET_DATA: join(folder, 'data'),
    PARAPET_ORG: 'acme',
    PARAPET_PARTITIONS: '1',
    PARAPET_CLICKHOUSE_PORT: '0',
    PARAPET_COMPLIANCE_FILE: compliance,
    PARAPET_FRAMEWORKS_FOLDER: frameworks,
    PARAPET_TASK_QUEUE: queue,
    ...(process.env['TEMPORAL_ADDRESS'] === undefined ? {} : { TEMPORAL_ADDRESS: process.env['TEMPORAL_ADDRESS'] }),
    ...(process.env['TEMPORAL_NAMESPACE'] === undefined ? {} : { TEMPORAL_NAMESPACE: process.env['TEMPORAL_NAMESPACE'] }),
    ...over,
  };
  mkdirSync(frameworks, { recursive: true });
  // Histories are replayed with this key, also those of a worker that exchanged it.
  const keys = dataPaths(readEnvironment(settings)).keys;
  mkdirSync(keys, { recursive: true });
  if (!existsSync(join(keys, 'master.key'))) writeFileSync(join(keys, 'master.key'), MASTER_KEY, { mode: 0o600 });
  writeFileSync(join(frameworks, 'house.json'), JSON.stringify(HOUSE_RULES));
  const house: House = {
    folder,
    settings,
    env: readEnvironment(settings),
    approvers: (approvers, approvals = {}) => writeFileSync(compliance, JSON.stringify({ approvers, approvals })),
    copy(other) {
      const target = mkdtempSync(join(tmpdir(), 'parapet-workflows-'));
      cpSync(folder, target, { recursive: true });
      return houseIn(target, other, over);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
  house.approvers([]);
  return house;
}

const HISTORIES = fileURLToPath(new URL('../tests/histories', import.meta.url));

/** With RECORD_HISTORIES=1 what a run did is kept, for `replay.test.ts`: with every change of what workflows do, and at every release. */
export async function keepHistory({ client }: Temporal, workflowId: string, name: string, runId?: string): Promise<void> {
  if (process.env['RECORD_HISTORIES'] !== '1') return;
  const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  mkdirSync(HISTORIES, { recursive: true });
  const { History } = proto.temporal.api.history.v1;
  const plain = History.toObject(History.fromObject(history), { longs: String, enums: String, bytes: String });
  writeFileSync(join(HISTORIES, `${name}.json`), `${JSON.stringify(plain, null, 2)}\n`);
}

/** A worker in this process. */
export const startHouseWorker = (house: House, bundle: string) => startWorkflows(house.env, silent, { bundle });

const HOUSE_RULES = {
  id: FRAMEWORK,
  version: '1',
  revision: 1,
  title: 'Rules of the house',
  publisher: 'Acme',
  source: 'https://example.com/rules',
  sections: [{ id: 'S', title: 'Rules' }],
  requirements: [
    { id: 'S.1', section: 'S', title: 'Everything is recorded', text: 'Every interaction is recorded.', checks: ['logging.complete'] },
    { id: 'S.2', section: 'S', title: 'Samples are drawn', text: 'Interactions are drawn as samples.', checks: ['evidence.sampled'] },
  ],
};
