/**
 * What a document looks like: the analyst's columns of `sinks/columns.ts`, with the names that the brief and Kibana's users
 * expect for the few that matter most. A further view is one entry of `VIEWS`.
 */
import { RETENTION_DEFAULTS, type Retention } from '../../core/retention.ts';
import type { TopicId } from '../../log/topics.ts';
import { meantBy, momentOf } from '../../log/verdicts.ts';
import type { AnalystVerdict } from '../../schemas/types.ts';
import { AUDIT_COLUMNS, type Cell, type Column, INCIDENT_COLUMNS, THREAT_COLUMNS, VERDICT_COLUMNS } from '../columns.ts';

/** Counted from the end of an index's month, as Elasticsearch writes a `min_age`: `731d` is two years. */
export interface Ages {
  /** From then on on cold nodes, where the cluster has them; never without. */
  cold?: string;
  /** Never without. */
  delete?: string;
}

/** An age of 0 days never comes. */
export function agesOf({ hotDays, coldDays }: Retention): Ages {
  return { ...(hotDays === 0 ? {} : { cold: `${hotDays}d` }), ...(coldDays === 0 ? {} : { delete: `${coldDays}d` }) };
}

export interface View {
  topic: TopicId;
  columns: readonly Column<never>[];
  /** Column → field, where they differ. */
  rename: Readonly<Record<string, string>>;
  /** Fields that are searched by their words. */
  text: readonly string[];
  ages: Ages;
  /** Fields that another sink puts into these documents. */
  besides?: Readonly<Record<string, FieldMapping>>;
  /** Which of two records of one id is the newer one; the log's order says it where this is left out. */
  version?: (record: never) => number;
}

/** Every view has these two fields: what makes a document the same one, and when it happened. */
export const ID_FIELD = 'event_id';
export const TIME_FIELD = 'timestamp';

/** The newest on each threat or interaction, under that one's id and time, where the sink of threats finds it (`verdicts.ts`). */
const NEWEST_VERDICTS: readonly Column<AnalystVerdict>[] = [
  { name: ID_FIELD, kind: 'string', nullable: false, path: '', from: (verdict) => verdict.threatId ?? meantBy(verdict) },
  { name: TIME_FIELD, kind: 'time', nullable: false, path: '', from: momentOf },
  ...VERDICT_COLUMNS,
];

/** The name is the index's, so it has no hyphen: `<view>-YYYY.MM`. */
export const VIEWS = {
  threats: {
    topic: 'threats',
    columns: THREAT_COLUMNS,
    rename: { threat_id: ID_FIELD, occurred_at: TIME_FIELD, masked_excerpt: 'prompt', layer: 'detection_method' },
    text: ['prompt'],
    ages: agesOf(RETENTION_DEFAULTS.threats),
    besides: { judged_by: { type: 'keyword', ignore_above: 8_191 }, judged_at: { type: 'date_nanos' } },
  },
  audit: {
    topic: 'audit',
    columns: AUDIT_COLUMNS,
    rename: { audit_id: ID_FIELD, occurred_at: TIME_FIELD },
    text: [],
    ages: agesOf(RETENTION_DEFAULTS.audit),
  },
  verdicts: {
    topic: 'verdicts',
    columns: NEWEST_VERDICTS,
    rename: { occurred_at: 'said_at' },
    text: ['note'],
    ages: agesOf(RETENTION_DEFAULTS.audit),
    version: ({ occurredAt }: AnalystVerdict) => occurredAt,
  },
  // In the month in which it began (`incidents.ts`). Its records are in one partition, as its agent is: the log's order holds.
  incidents: {
    topic: 'incidents',
    columns: INCIDENT_COLUMNS,
    rename: { incident_id: ID_FIELD, first_seen_at: TIME_FIELD },
    text: ['title'],
    ages: agesOf(RETENTION_DEFAULTS.threats),
  },
} as const satisfies Record<string, View>;

export type ElasticsearchView = keyof typeof VIEWS;

/** The topic that each view is made from. */
export type ViewTopics = { [View in ElasticsearchView]: (typeof VIEWS)[View]['topic'] };

export function viewOf(view: ElasticsearchView): View {
  return VIEWS[view];
}

export interface FieldMapping {
  type: 'keyword' | 'text' | 'integer' | 'long' | 'double' | 'boolean' | 'date_nanos' | 'flattened';
  ignore_above?: number;
}

/** Longest term that Lucene takes is 32,766 bytes; a longer value stays in the document and is only not searchable. */
const TERM_CHARACTERS = 8_191;

/** The mapping of each field of a view, in the order of its columns. */
export function fieldsOf(view: ElasticsearchView): Record<string, FieldMapping> {
  const { columns, text, besides } = viewOf(view);
  const own = Object.fromEntries(
    columns.map(({ name, kind }) => {
      const field = fieldName(view, name);
      return [field, text.includes(field) ? { type: 'text' as const } : mappingOf(kind)];
    }),
  );
  return { ...own, ...besides };
}

export interface Document {
  id: string;
  /** `YYYY.MM` of the event's own time, UTC. */
  month: string;
  /** Where the log's order does not say it. */
  version: number | undefined;
  /** One line of JSON without its line feed. */
  source: string;
}

/** The record as a document, or why it cannot be one. */
export function toDocument<T>(view: ElasticsearchView, record: T): Document | { reason: string } {
  const out: Record<string, Cell> = {};
  let micros = Number.NaN;
  for (const { name, kind, from } of viewOf(view).columns) {
    const cell = from(record as never);
    const field = fieldName(view, name);
    // A field without a value is left out: Elasticsearch makes no difference, and the document is smaller.
    if (cell === null || cell === undefined) continue;
    if (kind === 'time') {
      const text = timeText(cell as number);
      if (text === undefined) return { reason: `${field}: not a time between 1970 and 2262.` };
      if (field === TIME_FIELD) micros = cell as number;
      out[field] = text;
    } else out[field] = cell;
  }
  const id = out[ID_FIELD];
  // Elasticsearch takes no longer ids; ours are made by Parapet and never come near.
  if (typeof id !== 'string' || id === '' || Buffer.byteLength(id) > 512) return { reason: `${ID_FIELD}: not an id of 1 to 512 bytes.` };
  if (Number.isNaN(micros)) return { reason: `${TIME_FIELD}: missing.` };
  return { id, month: monthOf(micros), version: viewOf(view).version?.(record as never), source: JSON.stringify(out) };
}

/** `YYYY.MM`, UTC, of microseconds since 1970. */
export function monthOf(micros: number): string {
  return new Date(Math.floor(micros / 1_000)).toISOString().slice(0, 7).replace('-', '.');
}

/** The first millisecond after a month `YYYY.MM`. */
export function endOfMonth(month: string): number {
  const [year, number] = month.split('.').map(Number) as [number, number];
  return Date.UTC(year, number, 1);
}

/** The last microsecond that `date_nanos` can say lies in April 2262; the months before that are enough. */
const MAX_MICROS = Date.UTC(2262, 3, 1) * 1_000;

/** ISO 8601 with microseconds; undefined outside of what `date_nanos` can say. */
export function timeText(micros: number): string | undefined {
  if (!Number.isFinite(micros) || micros < 0 || micros >= MAX_MICROS) return undefined;
  const whole = Math.floor(micros);
  const second = new Date(Math.floor(whole / 1_000_000) * 1_000).toISOString().slice(0, 19);
  return `${second}.${String(whole % 1_000_000).padStart(6, '0')}Z`;
}

function fieldName(view: ElasticsearchView, column: string): string {
  return viewOf(view).rename[column] ?? column;
}

function mappingOf(kind: Column<never>['kind']): FieldMapping {
  switch (kind) {
    case 'string':
    case 'label':
    case 'strings':
    case 'labels':
      return { type: 'keyword', ignore_above: TERM_CHARACTERS };
    case 'int':
      return { type: 'integer' };
    case 'long':
      return { type: 'long' };
    case 'double':
    case 'doubles':
    case 'money':
      return { type: 'double' };
    case 'bool':
      return { type: 'boolean' };
    case 'time':
      return { type: 'date_nanos' };
    case 'texts':
    case 'counts':
      // One field however many keys there are: keys come from events, and a mapping must not grow with them.
      return { type: 'flattened', ignore_above: 1_024 };
  }
}
