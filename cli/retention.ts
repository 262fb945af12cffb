/**
 * The table of `PARAPET_RETENTION`, applied to every store and read back from it. Each store is asked by itself, so that one
 * that is down says so on its own line and holds nobody else up. Applying twice changes nothing.
 */
import { existsSync } from 'node:fs';
import { dataPaths, type Environment } from '../core/environment.ts';
import { type ErrorCode, toParapetError } from '../core/errors.ts';
import type { Logger } from '../core/logger.ts';
import { auditRecord } from '../log/audit.ts';
import type { EventLog } from '../log/port.ts';
import { expireLog, inspectLog, type LogPlan } from '../log/retention.ts';
import { TOPICS } from '../log/topics.ts';
import type { Codec } from '../schemas/codec.ts';
import type { ClickHouse } from '../sinks/clickhouse/index.ts';
import type { Applied, Holding } from '../sinks/retention.ts';
import { connectMetadata, connectSearch, connectTelemetry, openAnalytics, openLake, runningFront } from './stores.ts';
import { configuredSinks, configuredStores, PROCESSOR_NAMES, SINK_NAMES, topicOf } from './views.ts';

export const KEEPERS = ['log', 'clickhouse', 's3', 'elasticsearch', 'influxdb', 'postgres'] as const;
/** Whatever keeps events: the log, and each store but those that only pass them on. */
export type KeeperName = (typeof KEEPERS)[number];

export interface Failure {
  code: ErrorCode;
  message: string;
  hint: string;
}

export interface StoreApplied {
  store: KeeperName;
  applied: Applied[];
  /** Why nothing was done here, although nothing is wrong. */
  note?: string;
  error?: Failure;
}

export interface StoreReport {
  store: KeeperName;
  holdings: Holding[];
  note?: string;
  error?: Failure;
}

export interface RetentionParts {
  env: Environment;
  log: EventLog;
  codec: Codec;
  /** Held by this process already. */
  clickhouse?: ClickHouse | undefined;
  /** These only; all that are configured without. */
  stores?: readonly KeeperName[] | undefined;
  /** Groups that will never come back, so that the log need not wait for them. */
  without?: readonly string[] | undefined;
  /** Who did it, for the audit log. */
  actor: string;
}

interface Keeper {
  apply(): Promise<Applied[]>;
  report(): Promise<Holding[]>;
  /** Set where this process may only read. */
  readOnly?: string;
  close(): Promise<void>;
}

/** Applies the table everywhere; leaves an audit event when something is gone by it. Throws when the log does not answer. */
export async function applyRetention(parts: RetentionParts): Promise<StoreApplied[]> {
  const all: StoreApplied[] = [];
  for (const store of keepersOf(parts)) {
    all.push(
      await withKeeper<StoreApplied>(parts, store, { store, applied: [] }, async (keeper) =>
        keeper.readOnly === undefined ? { store, applied: await keeper.apply() } : { store, applied: [], note: keeper.readOnly },
      ),
    );
  }
  await leaveTrace(parts, all);
  return all;
}

/** What each store really keeps, and whether it is what the table says. */
export async function reportRetention(parts: RetentionParts): Promise<StoreReport[]> {
  const all: StoreReport[] = [];
  for (const store of keepersOf(parts)) {
    all.push(
      await withKeeper<StoreReport>(parts, store, { store, holdings: [] }, async (keeper) => ({ store, holdings: await keeper.report() })),
    );
  }
  return all;
}

/** True when every store answered and keeps what the table says. */
export function isKept(reports: readonly StoreReport[]): boolean {
  return reports.every(({ error, holdings }) => error === undefined && holdings.every(({ verdict }) => verdict === 'ok'));
}

const EVERY_MS = 6 * 3_600_000;

/** Applies the table now and every six hours, for a process that runs on. What fails is said and tried again the next time. */
export function keepRetention(parts: RetentionParts, logger: Logger): { close(): Promise<void> } {
  let running = Promise.resolve();
  const run = () => {
    running = running.then(async () => {
      try {
        for (const { store, applied, error } of await applyRetention(parts)) {
          if (error !== undefined) logger.warn({ store, code: error.code, err: error.message }, 'the retention table was not applied');
          for (const { what, did, removed } of applied) logger.info({ store, what, did, removed }, 'retention');
        }
      } catch (error) {
        const { code, message } = toParapetError(error);
        logger.warn({ code, err: message }, 'the retention table was not applied');
      }
    });
  };
  run();
  const timer = setInterval(run, EVERY_MS).unref();
  return {
    async close() {
      clearInterval(timer);
      await running;
    },
  };
}

/** A store without anything to open yet has nothing to keep. */
async function withKeeper<T extends { error?: Failure; note?: string }>(
  parts: RetentionParts,
  name: KeeperName,
  empty: T,
  act: (keeper: Keeper) => Promise<T>,
): Promise<T> {
  let keeper: Keeper | undefined;
  try {
    keeper = await OPEN[name](parts);
    return keeper === undefined ? { ...empty, note: 'nothing is there yet' } : await act(keeper);
  } catch (error) {
    const { code, message, hint } = toParapetError(error);
    return { ...empty, error: { code, message, hint } };
  } finally {
    await keeper?.close();
  }
}

function keepersOf({ env, stores }: RetentionParts): KeeperName[] {
  const configured: readonly string[] = ['log', ...configuredStores(env)];
  return KEEPERS.filter((name) => configured.includes(name) && (stores === undefined || stores.includes(name)));
}

const close = async () => {};

const OPEN: Record<KeeperName, (parts: RetentionParts) => Promise<Keeper | undefined>> = {
  async log({ env, log, without }) {
    const plan: LogPlan = {
      table: env.PARAPET_RETENTION,
      consumers: consumersOf(env),
      groups: [...PROCESSOR_NAMES, ...SINK_NAMES],
      ...(without === undefined ? {} : { without }),
    };
    return {
      apply: async () =>
        (await expireLog(log, plan)).map(({ topic, removed }) => ({ what: topic, did: 'removed what everybody has finished', removed })),
      report: async () =>
        (await inspectLog(log, plan)).map(({ topic, class: name, wanted, records, oldestMs, newestMs, overdue, heldBy }): Holding => {
          const holder =
            heldBy &&
            `${heldBy.group} has finished partition ${heldBy.partition} only up to ${heldBy.offset}: run it, or say --without ${heldBy.group}.`;
          const says = overdue ? (holder ?? 'Run parapet retention apply.') : undefined;
          return {
            what: topic,
            class: name,
            wanted,
            configured: wanted,
            oldestMs,
            newestMs,
            rows: records,
            verdict: overdue ? 'overdue' : 'ok',
            says,
          };
        }),
      close,
    };
  },
  async clickhouse({ env, clickhouse: shared }) {
    const { applyClickHouseRetention, openClickHouse, reportClickHouseRetention } = await import('../sinks/clickhouse/index.ts');
    const front = shared === undefined ? await runningFront(env) : undefined;
    if (shared === undefined && front === undefined && env.CLICKHOUSE_URL === undefined && !existsSync(dataPaths(env).clickhouse))
      return undefined;
    const store = shared ?? (front ? await openClickHouse({ ...front, database: 'parapet', readOnly: true }) : await openAnalytics(env));
    return {
      apply: () => applyClickHouseRetention(store, env.PARAPET_RETENTION),
      report: () => reportClickHouseRetention(store, env.PARAPET_RETENTION),
      ...(front ? { readOnly: 'the process that holds the embedded ClickHouse applies the table, at its start and every six hours' } : {}),
      close: async () => (store === shared ? undefined : store.close()),
    };
  },
  async s3({ env }) {
    const { applyLakeRetention, reportLakeRetention } = await import('../sinks/s3/index.ts');
    if (env.S3_BUCKET === undefined && !existsSync(dataPaths(env).lake)) return undefined;
    const store = openLake(env);
    const retention = { table: env.PARAPET_RETENTION, coldStorageClass: env.S3_COLD_STORAGE_CLASS };
    return {
      apply: () => applyLakeRetention(store, retention),
      report: () => reportLakeRetention(store, retention),
      close: () => store.close(),
    };
  },
  async elasticsearch({ env }) {
    const { applyElasticsearchRetention, reportElasticsearchRetention } = await import('../sinks/elasticsearch/index.ts');
    const store = await connectSearch(env);
    return {
      apply: () => applyElasticsearchRetention(store, env.PARAPET_RETENTION),
      report: () => reportElasticsearchRetention(store, env.PARAPET_RETENTION),
      close: () => store.close(),
    };
  },
  async influxdb({ env }) {
    const { applyInfluxRetention, reportInfluxRetention } = await import('../sinks/influxdb/index.ts');
    const store = await connectTelemetry(env);
    return {
      apply: () => applyInfluxRetention(store, env.PARAPET_RETENTION),
      report: () => reportInfluxRetention(store, env.PARAPET_RETENTION),
      close: () => store.close(),
    };
  },
  async postgres({ env }) {
    const { applyPostgresRetention, reportPostgresRetention } = await import('../sinks/postgres/index.ts');
    const store = await connectMetadata(env);
    return {
      apply: () => applyPostgresRetention(store, env.PARAPET_RETENTION),
      report: () => reportPostgresRetention(store, env.PARAPET_RETENTION),
      close: () => store.close(),
    };
  },
};

/** Who reads each topic in this deployment, by the topic's name. */
function consumersOf(env: Environment): Record<string, string[]> {
  const consumers: Record<string, string[]> = {
    [TOPICS.interactions.name]: ['enrich'],
    [TOPICS.enriched.name]: ['detect', 'behave'],
    [TOPICS.threats.name]: ['respond'],
  };
  for (const sink of configuredSinks(env)) {
    const name = TOPICS[topicOf(sink)].name;
    consumers[name] = [...(consumers[name] ?? []), sink];
  }
  return consumers;
}

async function leaveTrace({ env, log, codec, actor, without }: RetentionParts, all: readonly StoreApplied[]): Promise<void> {
  const removed = all.map(({ store, applied }) => [store, applied.reduce((sum, each) => sum + each.removed, 0)] as const);
  const counts = removed.filter(([, count]) => count > 0).map(([store, count]) => [store, String(count)]);
  if (counts.length === 0) return;
  const details = {
    ...Object.fromEntries(counts),
    ...(without === undefined || without.length === 0 ? {} : { without: without.join(' ') }),
  };
  await log.append([auditRecord(codec, { org: env.PARAPET_ORG, actor, action: 'retention.applied', target: 'retention', details })]);
}
