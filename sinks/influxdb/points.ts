/**
 * One interaction as one point of the measurement `ai_interactions`, as a line of InfluxDB's line protocol.
 * The subtle point is the time. InfluxDB knows a point by measurement, tags and nanoseconds, and overwrites silently; events
 * have microseconds. The last three digits are the gateway's number of the interaction modulo 1,000, and the gateway is a
 * tag: two interactions of one gateway in one microsecond have neighbouring numbers, so they never meet.
 */
import { createHash } from 'node:crypto';
import { escape as escaped } from '@influxdata/influxdb-client';
import type { UnsealedAssessedInteraction } from '../../schemas/unsealed.ts';
import { ASSESSED_COLUMNS, type Column } from '../columns.ts';

export const MEASUREMENT = 'ai_interactions';
/** The tag value of everything beyond the guard's limit; see `guard.ts`. */
export const OTHER = '__other__';

type Source = Column<UnsealedAssessedInteraction>;

/** Tags whose values come from callers or vendors. */
export const GUARDED_TAGS = ['user_id', 'agent_id', 'model'] as const;
export type GuardedTag = (typeof GUARDED_TAGS)[number];

/** Tag → column. In the order of names, which spares InfluxDB sorting them. */
export const TAGS = {
  agent_id: 'agent_id',
  gateway_id: 'gateway_id',
  model: 'model_used',
  org: 'org',
  region: 'region',
  status: 'status',
  user_id: 'user_id',
  vendor: 'vendor',
} as const;
type Tag = keyof typeof TAGS;

/** Field → column. Its type follows from the column's kind and never changes: a bucket has one type per field. */
export const FIELDS = {
  prompt_tokens: 'input_tokens',
  completion_tokens: 'output_tokens',
  cached_tokens: 'cached_input_tokens',
  reasoning_tokens: 'reasoning_tokens',
  cost_usd: 'cost_usd',
  latency_ms: 'latency_ms',
  ttft_ms: 'time_to_first_token_ms',
  inspect_ms: 'inspect_ms',
  risk_score: 'risk_score',
  threats_detected: 'threats_detected',
  top_threat_type: 'top_threat_type',
  error_code: 'error_code',
  gateway_sequence: 'gateway_sequence',
  interaction_id: 'interaction_id',
} as const;

const TAG_SOURCES = Object.entries(TAGS).map(([tag, name]) => [tag as Tag, columnNamed(name)] as const);
const FIELD_SOURCES = Object.entries(FIELDS).map(([field, name]) => [field, columnNamed(name)] as const);
const MODEL_ASKED = columnNamed('model_asked');

/** A point whose guarded tags still await the guard's word. */
export interface Point {
  /** What each tag says, fit for line protocol but not yet escaped; absent tags are missing. */
  tags: Partial<Record<Tag, string>>;
  /** Line protocol. */
  fields: string;
  /** Nanoseconds since 1970. */
  time: string;
  /** What a tag would say if it could: of those of `tags` that are not the record's own text. */
  raw: Partial<Record<Tag, string>>;
}

/** The point of a record, or why there can be none. */
export function toPoint(value: UnsealedAssessedInteraction): Point | { reason: string } {
  const { startedAt, gatewaySequence } = value.interaction;
  if (!Number.isSafeInteger(startedAt) || !Number.isSafeInteger(gatewaySequence)) {
    return { reason: 'started_at or gateway_sequence is not a whole number' };
  }
  const fields = ['events=1i'];
  for (const [field, column] of FIELD_SOURCES) {
    const cell = column.from(value);
    if (cell === null || cell === undefined || cell === '') continue;
    const text = fieldText(column, cell as string | number | boolean);
    if (text === undefined) return { reason: `${column.name} is not a number that InfluxDB can hold` };
    fields.push(`${field}=${text}`);
  }
  const tags: Point['tags'] = {};
  const raw: Point['raw'] = {};
  for (const [tag, column] of TAG_SOURCES) {
    const cell = column.from(value);
    if (typeof cell !== 'string' || cell === '') continue;
    const text = tagText(cell);
    tags[tag] = text;
    if (text !== cell) raw[tag] = cell;
  }
  // What was asked for is the caller's text, so it is no tag; it matters where no vendor was reached.
  if (tags.model === undefined) fields.push(`model_asked=${quoted(MODEL_ASKED.from(value) as string)}`);
  return { tags, fields: fields.join(','), time: nanoseconds(startedAt, gatewaySequence), raw };
}

/** The point's line. `admitted` says what a guarded tag is to say; where that is not the record's text, a field keeps it. */
export function toLine({ tags, fields, time, raw }: Point, admitted: (tag: GuardedTag, text: string) => string): string {
  let key = MEASUREMENT;
  let more = '';
  for (const [tag] of TAG_SOURCES) {
    const text = tags[tag];
    if (text === undefined) continue;
    const says = isGuarded(tag) ? admitted(tag, text) : text;
    key += `,${tag}=${escaped.tag(says)}`;
    const lost = raw[tag] ?? (says === text ? undefined : text);
    if (lost !== undefined) more += `,${tag}_raw=${quoted(lost)}`;
  }
  return `${key} ${fields}${more} ${time}`;
}

/** The line of a point as a bucket gave it back, to be written again with other tags: `toLine` made one like it. */
export function toLineAgain(tags: Readonly<Record<string, string>>, fields: Readonly<Record<string, unknown>>, time: string): string {
  const key = Object.keys(TAGS).flatMap((tag) => (tags[tag] === undefined ? [] : [`,${tag}=${escaped.tag(tags[tag])}`]));
  const values = Object.entries(fields).map(([field, value]) => {
    if (typeof value === 'string') return `${field}=${quoted(value)}`;
    return `${field}=${value}${WHOLE_FIELDS.has(field) ? 'i' : ''}`;
  });
  return `${MEASUREMENT}${key.join('')} ${values.join(',')} ${time}`;
}

const WHOLE_FIELDS = new Set([
  'events',
  ...FIELD_SOURCES.filter(([, { kind }]) => kind === 'int' || kind === 'long').map(([field]) => field),
]);

/** Longer ones are cut; InfluxDB takes 64 KiB for all tags of a point together. */
const LONGEST_TAG = 200;
/** What a tag of line protocol cannot hold: control characters, and a backslash, which would escape what follows it. */
const UNFIT = /[\\\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;
const ALL_UNFIT = new RegExp(UNFIT, 'gu');

/**
 * The text itself where a tag can hold it. Else what it can hold of it, and `~` with 48 bits of the text's SHA-256, so that two
 * texts stay two.
 */
export function tagText(text: string): string {
  if (text.length <= LONGEST_TAG && !UNFIT.test(text) && text !== OTHER) return text;
  const start = text.slice(0, LONGEST_TAG).toWellFormed().replace(ALL_UNFIT, ' ');
  return `${start}~${createHash('sha256').update(text.toWellFormed()).digest('hex').slice(0, 12)}`;
}

function nanoseconds(micros: number, sequence: number): string {
  const digits = ((sequence % 1_000) + 1_000) % 1_000;
  return String(BigInt(micros) * 1_000n + BigInt(digits));
}

function fieldText({ kind }: Source, cell: string | number | boolean): string | undefined {
  if (typeof cell === 'string') return quoted(cell);
  if (typeof cell === 'boolean') return cell ? 'T' : 'F';
  if (kind === 'int' || kind === 'long') return Number.isSafeInteger(cell) ? `${cell}i` : undefined;
  return Number.isFinite(cell) ? String(cell) : undefined;
}

function quoted(text: string): string {
  return escaped.quoted(text.toWellFormed());
}

function isGuarded(tag: Tag): tag is GuardedTag {
  return (GUARDED_TAGS as readonly string[]).includes(tag);
}

function columnNamed(name: string): Source {
  const found = ASSESSED_COLUMNS.find((column) => column.name === name);
  if (found === undefined) throw new Error(`There is no column ${name}.`);
  return found;
}
