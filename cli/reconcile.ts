/**
 * The count that must balance: accepted by the gateways = events in the log = rows in the view = rows in the lake, by hour
 * and status. Four independent books: the spools' ledgers, the log itself, ClickHouse, the Parquet files. Besides, every
 * gateway numbers what it admits without a gap, so a missing number names a loss that all four would agree to hide. Further
 * stores have a book each (`books-views.ts`). Hours that a store may have forgotten by its retention are not compared.
 */
import { NumberSet } from '../core/sets.ts';
import type { EventLog } from '../log/port.ts';
import type { SpoolView } from '../log/spool/inspect.ts';
import { TOPICS } from '../log/topics.ts';
import type { Codec } from '../schemas/codec.ts';
import type { Horizon } from '../sinks/port.ts';
import { createCounter, type Tally } from '../sinks/tally.ts';
import type { ViewBook } from './books-views.ts';
import { interactionRecords } from './interactions.ts';

export interface ReconcileRow {
  hour: string;
  status: string;
  accepted: number;
  events: number;
  rows: number;
  lake: number;
}

export interface Reconciliation {
  balanced: boolean;
  rows: ReconcileRow[];
  accepted: number;
  events: number;
  clickhouse: number;
  lake: number;
  /** The further stores that are configured. */
  views: ViewBook[];
  /** Hours before this one are past the retention of interactions and were left out; undefined when there were none. */
  comparedSince: string | undefined;
  /** Accepted and not in the log, or in the log and not in a view: the largest of these. */
  lost: number;
  /** Ids that are more than once in the log, the view or the lake. */
  duplicated: number;
  /** Numbers that a gateway gave and no event carries. */
  gaps: { gatewayId: string; missing: number }[];
  /** Admitted and not ended yet. */
  open: number;
  /** Dead letters by consumer group. */
  deadLetters: Record<string, number>;
}

export interface Books {
  spools: SpoolView[];
  log: { tallies: Tally[]; gaps: { gatewayId: string; missing: number }[] };
  clickhouse: Tally[];
  lake: Tally[];
  deadLetters: Record<string, number>;
  views?: ViewBook[];
  /** Start of the first hour to compare, ISO 8601. */
  since?: string;
}

export function reconcile({ spools, log, clickhouse, lake, deadLetters, views = [], since = '' }: Books): Reconciliation {
  const rows = new Map<string, ReconcileRow>();
  const rowOf = (hour: string, status: string) => {
    const name = `${hour} ${status}`;
    const row = rows.get(name) ?? { hour, status, accepted: 0, events: 0, rows: 0, lake: 0 };
    rows.set(name, row);
    return row;
  };
  for (const spool of spools) {
    for (const [hour, byStatus] of Object.entries(spool.ledger)) {
      for (const [status, count] of Object.entries(byStatus))
        rowOf(new Date(Number(hour) * 3_600_000).toISOString(), status).accepted += count;
    }
  }
  for (const tally of log.tallies) rowOf(tally.hour, tally.status).events += tally.rows;
  for (const tally of clickhouse) rowOf(tally.hour, tally.status).rows += tally.rows;
  for (const tally of lake) rowOf(tally.hour, tally.status).lake += tally.rows;

  const compared = [...rows.values()].filter(({ hour }) => hour >= since);
  const sorted = compared.sort((a, b) => a.hour.localeCompare(b.hour) || a.status.localeCompare(b.status));
  const sum = (of: (row: ReconcileRow) => number) => sorted.reduce((total, row) => total + of(row), 0);
  const within = (tallies: Tally[]) => tallies.filter(({ hour }) => hour >= since);
  const repeated = (tallies: Tally[]) => within(tallies).reduce((total, tally) => total + tally.rows - tally.distinct, 0);
  const distinct = (tallies: Tally[]) => within(tallies).reduce((total, tally) => total + tally.distinct, 0);
  const accepted = sum((row) => row.accepted);
  const smallest = Math.min(distinct(log.tallies), distinct(clickhouse), distinct(lake));
  const missing = log.gaps.reduce((total, gap) => total + gap.missing, 0);
  const result = {
    rows: sorted,
    accepted,
    events: sum((row) => row.events),
    clickhouse: sum((row) => row.rows),
    lake: sum((row) => row.lake),
    views,
    comparedSince: sorted.length < rows.size ? since : undefined,
    lost: Math.max(0, accepted - smallest, missing, ...views.map((view) => view.lost)),
    duplicated: Math.max(repeated(log.tallies), repeated(clickhouse), repeated(lake), ...views.map((view) => view.duplicated)),
    gaps: log.gaps.filter((gap) => gap.missing > 0),
    open: spools.reduce((total, spool) => total + spool.open, 0),
    deadLetters,
  };
  const even = sorted.every((row) => row.accepted === row.events && row.events === row.rows && row.rows === row.lake);
  return { balanced: even && result.lost === 0 && result.duplicated === 0, ...result };
}

/**
 * The events of the log within the horizons, by hour and status, and how many numbers of each gateway no event carries. Of a
 * log that has forgotten its oldest records, only numbers from those of the hour `since` on are asked for.
 */
export async function tallyLog(log: EventLog, codec: Codec, horizons: readonly Horizon[], since = ''): Promise<Books['log']> {
  const counter = createCounter(horizons);
  const sequences = new Map<string, NumberSet>();
  const sinceMicros = since === '' ? 0 : Date.parse(since) * 1_000;
  /** By gateway: the first number that is surely still there. */
  const firsts = new Map<string, number>();
  const forgotten = (await log.ranges(TOPICS.interactions.name)).some(({ start }) => start > 0);
  for await (const values of interactionRecords({ log, codec })) {
    for (const value of values) {
      const interaction = codec.decodeUnsealed('interactions', value);
      const { gatewayId, gatewaySequence, startedAt } = interaction;
      if (startedAt >= sinceMicros) firsts.set(gatewayId, Math.min(firsts.get(gatewayId) ?? gatewaySequence, gatewaySequence));
      if (!counter.count({ ...interaction, startedAt: startedAt / 1_000 })) continue;
      const seen = sequences.get(gatewayId) ?? new NumberSet();
      sequences.set(gatewayId, seen);
      seen.add(gatewaySequence);
    }
  }
  const gaps = horizons.map(({ gatewayId, through, open }) => {
    const first = forgotten ? (firsts.get(gatewayId) ?? through + 1) : 1;
    const seen = sequences.get(gatewayId)?.countFrom(first) ?? 0;
    return { gatewayId, missing: Math.max(0, through - first + 1 - open.filter((number) => number >= first).length - seen) };
  });
  return { tallies: counter.tallies(), gaps };
}

/** The table for people, and the line that scripts look for. */
export function renderReconciliation(result: Reconciliation): string {
  const head = ['hour', 'status', 'accepted', 'events', 'rows', 'lake'];
  const body = result.rows.map((row) => [row.hour.slice(0, 13), row.status, row.accepted, row.events, row.rows, row.lake].map(String));
  body.push(['total', '', result.accepted, result.events, result.clickhouse, result.lake].map(String));
  const widths = head.map((name, i) => Math.max(name.length, ...body.map((row) => (row[i] as string).length)));
  const line = (cells: string[]) =>
    cells.map((cell, i) => (i < 2 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number))).join('  ');
  const out = [line(head), widths.map((width) => '─'.repeat(width)).join('  '), ...body.map(line)];
  for (const { view, wanted, rows, lost, duplicated } of result.views) {
    out.push(`${view}: ${wanted} in the log, ${rows} there, lost ${lost}, duplicated ${duplicated}`);
  }
  if (result.comparedSince !== undefined) {
    out.push(`hours before ${result.comparedSince.slice(0, 13)} are past the retention of interactions, not compared`);
  }
  for (const { gatewayId, missing } of result.gaps) out.push(`gateway ${gatewayId}: ${missing} numbers have no event`);
  for (const [group, count] of Object.entries(result.deadLetters)) out.push(`dead letters of ${group}: ${count}`);
  if (result.open > 0) out.push(`${result.open} interactions are still under way`);
  return out.join('\n');
}

export function reconciliationLine({ accepted, events, clickhouse, lost, duplicated }: Reconciliation): string {
  return `reconciliation: accepted=${accepted} events=${events} rows=${clickhouse} lost=${lost} duplicated=${duplicated}`;
}
