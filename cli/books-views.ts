/**
 * The books of the further stores, where they are configured: what Elasticsearch and PostgreSQL hold against the topics that
 * they are made from, and InfluxDB against the interactions of the log. The subtle point is traffic that goes on: the view
 * must hold what its topic held when the reconciliation began, and no more than the topic holds now.
 */
import type { Environment } from '../core/environment.ts';
import { ParapetError } from '../core/errors.ts';
import { IdSet } from '../core/sets.ts';
import type { EventLog } from '../log/port.ts';
import { TOPICS } from '../log/topics.ts';
import { meantBy, momentOf } from '../log/verdicts.ts';
import type { Codec } from '../schemas/codec.ts';
import type { Elasticsearch, ElasticsearchView } from '../sinks/elasticsearch/index.ts';
import type { Influx } from '../sinks/influxdb/index.ts';
import type { Horizon } from '../sinks/port.ts';
import type { Postgres } from '../sinks/postgres/index.ts';
import type { Tally } from '../sinks/tally.ts';
import { connectMetadata, connectSearch, connectTelemetry } from './stores.ts';
import { configuredStores } from './views.ts';

/** What one view holds of what it must. */
export interface ViewBook {
  /** `<store>.<view>`. */
  view: string;
  /** Events that it must hold, each once. */
  wanted: number;
  /** Rows, points, documents, or what was counted. */
  rows: number;
  lost: number;
  duplicated: number;
}

/** What the main books say, for the views that are made from interactions. */
export interface MainBooks {
  horizons: readonly Horizon[];
  /** Interactions of the log within the horizons. */
  log: readonly Tally[];
  /** Ended, by the gateways' books: read with the horizons, and now. */
  accepted: number;
  acceptedNow(): Promise<number>;
  /** No more traffic comes: views must hold what their topics hold now. */
  settle: boolean;
}

export interface FurtherBooks {
  /** Throws PARAPET_STORE_UNAVAILABLE, which names the store. */
  read(main: MainBooks): Promise<ViewBook[]>;
  close(): Promise<void>;
}

/** Hours from which on what is kept so many days is compared: a day is left for stores that forget early. 0 is for ever. */
export function comparedSince(hotDays: number, now = Date.now()): string {
  if (hotDays === 0) return new Date(0).toISOString();
  const days = Math.max(hotDays - 1, hotDays / 2);
  return new Date(Math.ceil((now - days * 86_400_000) / HOUR_MS) * HOUR_MS).toISOString();
}

const HOUR_MS = 3_600_000;

export async function openFurtherBooks(env: Environment, log: EventLog, codec: Codec): Promise<FurtherBooks> {
  const stores = configuredStores(env);
  const { interactions, threats, audit, metrics } = env.PARAPET_RETENTION;
  const search = stores.includes('elasticsearch') ? await connectSearch(env) : undefined;
  const telemetry = stores.includes('influxdb') ? await connectTelemetry(env) : undefined;
  const metadata = stores.includes('postgres') ? await connectMetadata(env) : undefined;
  const inLog = {
    threats: followTopic(log, codec, 'threats'),
    audit: followTopic(log, codec, 'audit'),
    verdicts: followTopic(log, codec, 'verdicts'),
    incidents: followTopic(log, codec, 'incidents'),
  };
  const words = followTopic(log, codec, 'verdicts', { each: true });

  async function readSearch(store: Elasticsearch, view: ElasticsearchView, hotDays: number, settle: boolean): Promise<ViewBook> {
    const { tallyElasticsearch } = await import('../sinks/elasticsearch/index.ts');
    const since = comparedSince(hotDays);
    const atLeast = await inLog[view].begun(settle);
    const held = new Map((await tallyElasticsearch(store, view)).map((tally) => [tally.hour, tally]));
    const atMost = await inLog[view].hours();
    const book = { view: `elasticsearch.${view}`, wanted: 0, rows: 0, lost: 0, duplicated: 0 };
    for (const hour of new Set([...atMost.keys(), ...held.keys()])) {
      if (hour < since) continue;
      const { rows = 0, distinct = 0 } = held.get(hour) ?? {};
      // An incident may move meanwhile, out of this hour.
      const counts = [atLeast.get(hour)?.distinct ?? 0, atMost.get(hour)?.distinct ?? 0];
      const [least, most] = [Math.min(...counts), Math.max(...counts)];
      book.wanted += least;
      book.rows += rows;
      book.lost += Math.max(0, least - distinct);
      book.duplicated += rows - distinct + Math.max(0, distinct - most);
    }
    return book;
  }

  async function readTelemetry(store: Influx, main: MainBooks): Promise<ViewBook> {
    const { tallyInflux } = await import('../sinks/influxdb/index.ts');
    const since = [comparedSince(interactions.hotDays), comparedSince(metrics.hotDays)].sort()[1] as string;
    const held = await tallyInflux(store, { horizons: main.horizons, from: new Date(since) });
    const name = ({ hour, status }: Pick<Tally, 'hour' | 'status'>) => `${hour} ${status}`;
    const points = new Map(held.map((tally) => [name(tally), tally]));
    const wanted = new Map(main.log.filter(({ hour }) => hour >= since).map((tally) => [name(tally), tally]));
    const book = { view: 'influxdb.interactions', wanted: 0, rows: 0, lost: 0, duplicated: 0 };
    for (const of of new Set([...points.keys(), ...wanted.keys()])) {
      const { rows = 0, distinct = 0 } = points.get(of) ?? {};
      const events = wanted.get(of)?.distinct ?? 0;
      book.wanted += events;
      book.rows += rows;
      book.lost += Math.max(0, events - distinct);
      book.duplicated += rows - distinct + Math.max(0, distinct - events);
    }
    return book;
  }

  /** Its counters are of all time: of what the log has forgotten, nobody else knows how much it was. */
  async function readMetadata(store: Postgres, main: MainBooks): Promise<ViewBook[]> {
    const { tallyPostgres } = await import('../sinks/postgres/index.ts');
    const events = main.log.reduce((sum, { distinct }) => sum + distinct, 0);
    const before = { interactions: Math.max(main.accepted, events), threats: sumOf(await inLog.threats.begun(main.settle)) };
    const tallies = await tallyPostgres(store);
    const after = { interactions: Math.max(await main.acceptedNow(), events), threats: sumOf(await inLog.threats.hours()) };
    const forgotten = await inLog.threats.hasForgotten();
    return (['interactions', 'threats'] as const).map((view) => {
      const rows = tallies.reduce((sum, tally) => sum + tally[view], 0);
      const most = view === 'threats' && forgotten ? Number.POSITIVE_INFINITY : after[view];
      const [lost, duplicated] = [Math.max(0, before[view] - rows), Math.max(0, rows - most)];
      return { view: `postgres.${view}`, wanted: before[view], rows, lost, duplicated };
    });
  }

  /** What was said within the time that verdicts are kept. */
  async function readWords(store: Postgres, settle: boolean): Promise<ViewBook> {
    const { tallyVerdicts } = await import('../sinks/postgres/index.ts');
    const since = comparedSince(audit.coldDays);
    const atLeast = await words.begun(settle);
    const held = new Map((await tallyVerdicts(store)).map(({ hour, rows }) => [hour, rows]));
    const atMost = await words.hours();
    const forgotten = await words.hasForgotten();
    const book = { view: 'postgres.verdicts', wanted: 0, rows: 0, lost: 0, duplicated: 0 };
    for (const hour of new Set([...atMost.keys(), ...held.keys()])) {
      if (hour < since) continue;
      const [least, most, rows] = [atLeast.get(hour)?.distinct ?? 0, atMost.get(hour)?.distinct ?? 0, held.get(hour) ?? 0];
      book.wanted += least;
      book.rows += rows;
      book.lost += Math.max(0, least - rows);
      // Of what the log has forgotten, nobody else knows how much it was.
      book.duplicated += forgotten ? 0 : Math.max(0, rows - most);
    }
    return book;
  }

  return {
    async read(main) {
      const books: ViewBook[] = [];
      if (search)
        books.push(
          await readSearch(search, 'threats', threats.hotDays, main.settle),
          await readSearch(search, 'audit', audit.hotDays, main.settle),
          await readSearch(search, 'verdicts', audit.hotDays, main.settle),
          await readSearch(search, 'incidents', threats.hotDays, main.settle),
        );
      if (telemetry) books.push(await readTelemetry(telemetry, main));
      if (metadata) books.push(...(await readMetadata(metadata, main)), await readWords(metadata, main.settle));
      return books;
    },
    async close() {
      await search?.close();
      await metadata?.close();
    },
  };
}

interface HourCount {
  rows: number;
  distinct: number;
}

/** Counts a topic by hour, and goes on where it was when asked again. `each`: of verdicts every word, not what they are on. */
export function followTopic(log: EventLog, codec: Codec, topic: ElasticsearchView, { each = false } = {}) {
  const { name } = TOPICS[topic];
  const next = new Map<number, number>();
  const hours = new Map<string, HourCount>();
  const ids = new IdSet();
  /** Hours of incidents, which a late threat may move: the newest record of an id says where it is. */
  const moving = new Map<string, string>();
  let first: Map<string, HourCount> | undefined;
  return {
    /** As it was when it was first asked for, or, when `anew`, as it is. */
    async begun(anew: boolean): Promise<Map<string, HourCount>> {
      if (first === undefined || anew) first = await read();
      return first;
    },
    hours: read,
    async hasForgotten(): Promise<boolean> {
      return (await log.ranges(name)).some(({ start }) => start > 0);
    },
  };

  async function read(): Promise<Map<string, HourCount>> {
    for (const { partition, start, end } of await log.ranges(name)) {
      for (let offset = next.get(partition) ?? start; offset < end; ) {
        const records = await log.read({ topic: name, partition, offset }, { maxRecords: 5_000, maxBytes: 32 * 1024 * 1024 });
        if (records.length === 0) break;
        await codec.prepare(
          topic,
          records.map(({ value }) => value),
        );
        for (const record of records) {
          count(record.value);
          offset = record.offset + 1;
        }
        next.set(partition, offset);
      }
    }
    return new Map([...hours].map(([hour, counted]) => [hour, { ...counted }]));
  }

  function count(value: Buffer): void {
    const [at, id] = idOf(value);
    const hour = new Date(Math.floor(at / 3_600_000_000) * HOUR_MS).toISOString();
    const group = hours.get(hour) ?? { rows: 0, distinct: 0 };
    hours.set(hour, group);
    group.rows += 1;
    if (topic !== 'incidents') {
      if (ids.add(id)) group.distinct += 1;
      return;
    }
    const before = hours.get(moving.get(id) ?? '');
    if (before !== undefined) before.distinct -= 1;
    moving.set(id, hour);
    group.distinct += 1;
  }

  function idOf(value: Buffer): [at: number, id: string] {
    if (topic === 'threats') {
      const { occurredAt, threatId } = codec.decode('threats', value);
      return [occurredAt, threatId];
    }
    if (topic === 'verdicts') {
      // Of what was said twice Elasticsearch has the newest, under the id and the time of what it is on.
      const verdict = codec.decode('verdicts', value);
      return [momentOf(verdict), each ? verdict.verdictId : meantBy(verdict)];
    }
    if (topic === 'incidents') {
      const { firstSeenAt, incidentId } = codec.decode('incidents', value);
      return [firstSeenAt, incidentId];
    }
    const { occurredAt, auditId } = codec.decode('audit', value);
    return [occurredAt, auditId];
  }
}

function sumOf(hours: ReadonlyMap<string, HourCount>): number {
  return [...hours.values()].reduce((sum, { rows }) => sum + rows, 0);
}

/** Whether this says that a store does not answer now, or has nothing yet. */
export function isUnavailable(error: unknown): error is ParapetError {
  return error instanceof ParapetError && error.code === 'PARAPET_STORE_UNAVAILABLE';
}
