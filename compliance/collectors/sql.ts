/**
 * Collectors that are one query. Its text, its parameters and whether its bound was reached stand with the evidence, so that
 * anybody can ask the same again. Every query names organisation and window, and orders its rows: same data, same bytes.
 */
import { reason, words } from '../localized.ts';
import type { Cell, Collected, CollectedRow, EvidenceColumn, Localized, Reason } from '../types.ts';
import { type ColumnName, columns } from './columns.ts';
import type { CollectContext, EvidenceCollector } from './context.ts';

/** Rows that evidence has at most, where a collector does not say otherwise. */
export const MOST_ROWS = 20_000;

/** How long evidence holds, in days: of a past that does not change any more, and of a state that may. */
export const PAST_DAYS = 92;
export const STATE_DAYS = 31;

export interface QueryCollector {
  id: string;
  version?: number;
  title: Localized;
  columns: readonly ColumnName[];
  validDays?: number;
  /** Ends with its ORDER BY; the bound is added. */
  sql: string;
  most?: number;
  /** Beside organisation and window. */
  parameters?: (context: CollectContext) => Readonly<Record<string, Cell>>;
  /** Where no row means that nothing was recorded, and not that nothing happened. */
  empty?: Reason;
}

export function fromQuery(spec: QueryCollector): EvidenceCollector {
  const { id, version = 1, title, validDays = PAST_DAYS, empty } = spec;
  const shape = columns(...spec.columns);
  return {
    id,
    version,
    title,
    source: 'clickhouse',
    columns: shape,
    validDays,
    async collect(context) {
      const { query, parameters, rows } = await ask(context, spec, shape);
      return rows.length === 0 && empty !== undefined ? { query, parameters, gap: empty } : { query, parameters, rows };
    },
  };
}

export interface Asked {
  query: string;
  parameters: Readonly<Record<string, Cell>>;
  rows: CollectedRow[];
}

/** Throws PARAPET_STORE_UNAVAILABLE. */
export async function ask(
  context: CollectContext,
  { sql, most = MOST_ROWS, parameters: more }: Pick<QueryCollector, 'sql' | 'most' | 'parameters'>,
  shape: readonly EvidenceColumn[],
): Promise<Asked> {
  const given = more?.(context) ?? {};
  const query = `${sql}\nLIMIT ${most}`;
  const rows = (await context.query(query, given)).map((row) => rowOf(shape, row));
  return { query, parameters: { ...standing(context), ...given, row_limit: most, row_limit_reached: rows.length === most }, rows };
}

/** What every query is given. */
export function standing({ org, window }: CollectContext): Record<string, Cell> {
  return { org, from: window.from, to: window.to };
}

export function gap(context: CollectContext, query: string, why: Reason): Collected {
  return { query, parameters: standing(context), gap: why };
}

/** In the columns' order and kinds, whatever the engine calls a number. */
export function rowOf(shape: readonly EvidenceColumn[], row: Readonly<Record<string, Cell>>): CollectedRow {
  return Object.fromEntries(shape.map(({ name, kind }) => [name, cellOf(kind, row[name] ?? null)]));
}

function cellOf(kind: EvidenceColumn['kind'], value: Cell): Cell {
  if (value === null) return null;
  if (kind === 'integer' || kind === 'number') return Number.isFinite(Number(value)) ? Number(value) : null;
  if (kind === 'boolean') return value === true || value === 1 || value === 'true';
  return value === '' && kind === 'time' ? null : String(value);
}

/** Rows of the organisation in the window, by the table's own time. */
export function within(time: string): string {
  return `org = {org:String} AND ${time} >= {from:DateTime64(6, 'UTC')} AND ${time} < {to:DateTime64(6, 'UTC')}`;
}

/** As ISO 8601 to the millisecond. */
export function iso(time: string): string {
  return `concat(replaceOne(toString(toDateTime64(${time}, 3, 'UTC')), ' ', 'T'), 'Z')`;
}

/** The start of the day as ISO 8601. */
export function isoDay(time: string): string {
  return `concat(toString(toDate(${time}, 'UTC')), 'T00:00:00.000Z')`;
}

export const NO_TRAFFIC = reason(
  words(
    'No interaction of this organisation was recorded in the window.',
    'Im Zeitraum wurde keine Interaktion dieser Organisation aufgezeichnet.',
    'Aucune interaction de cette organisation n’a été enregistrée pendant la période.',
    'No se registró ninguna interacción de esta organización en el periodo.',
  ),
);
