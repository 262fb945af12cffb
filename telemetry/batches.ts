/**
 * Spans of a batch of a processor or a sink. Two kinds, because a batch belongs to no trace and to many: one CONSUMER
 * span for the batch itself, a root with links to the requests in it, says how the consumer does; and a short one in
 * each request's own trace, with the batch's times and a link to the batch, says when that request got where. Both
 * are bounded, so a batch of 50,000 makes no more than 101 spans; a batch without a sampled record makes none.
 */
import { nowMicros, randomHex } from '../core/ids.ts';
import { type Headers, parseTraceparent, parseTracestate } from './context.ts';
import { type Attributes, KIND, type Span, type SpanLink } from './otlp.ts';

const MAX_LINKS = 128;
const MAX_RECORD_SPANS = 100;
/** What every sampled `traceparent` that the gateway writes ends with; others need not be parsed. */
const SAMPLED_END = '-01';

export interface BatchPlace {
  /** What is done: a processor processes, a sink writes. */
  operation: 'process' | 'write';
  /** Consumer group, which is the processor's or the sink's name. */
  group: string;
  topic: string;
  partition: number;
}

/** The sampled records of a batch; of a large one only as many as are told of. */
export interface SampledRecords {
  /** `traceparent` → `tracestate`. */
  readonly contexts: Map<string, string | undefined>;
  /** Records of the batch, sampled or not. */
  records: number;
  /** Sampled ones that there was no room for. */
  more: number;
}

export interface BatchTrace {
  /** The batch is done and committed. */
  end(details?: { refused?: number; recovered?: boolean }): void;
}

export interface BatchTraces {
  /** Adds the sampled ones of the records to `to`. Headers are read, nothing else is kept. */
  collect(records: readonly { headers: Headers }[], to?: SampledRecords): SampledRecords;
  /** Notes the time. Undefined when no record is sampled. */
  begin(place: BatchPlace, sampled: SampledRecords): BatchTrace | undefined;
}

/** `system`: the log's kind, as messaging.system has it. */
export function createBatchTraces(add: (span: Span) => void, system: 'parapet' | 'kafka'): BatchTraces {
  return {
    collect(records, to = { contexts: new Map(), records: 0, more: 0 }) {
      to.records += records.length;
      for (const { headers } of records) {
        const context = headers['traceparent'];
        if (typeof context !== 'string' || !context.endsWith(SAMPLED_END) || to.contexts.has(context)) continue;
        if (to.contexts.size >= MAX_LINKS) to.more += 1;
        else if (parseTraceparent(context) !== undefined) to.contexts.set(context, parseTracestate(headers['tracestate']));
      }
      return to;
    },
    begin(place, sampled) {
      if (sampled.contexts.size === 0) return undefined;
      const startedAt = nowMicros();
      return { end: (details = {}) => emit(add, attributesOf(system, place, sampled, details), place, sampled, startedAt) };
    },
  };
}

function emit(add: (span: Span) => void, attributes: Attributes, place: BatchPlace, sampled: SampledRecords, startedAt: number): void {
  const { operation, group, topic } = place;
  const common = { kind: KIND.consumer, name: `${operation} ${topic} ${group}`, startedAt, endedAt: nowMicros(), error: undefined };
  const batch: SpanLink = { traceId: randomHex(4), spanId: randomHex(2) };
  const links: SpanLink[] = [];
  for (const [header, traceState] of sampled.contexts) {
    const parent = parseTraceparent(header);
    if (parent === undefined) continue;
    const { traceId, spanId } = parent;
    links.push({ traceId, spanId });
    if (links.length > MAX_RECORD_SPANS) continue;
    const { 'messaging.batch.message_count': _, ...own } = attributes;
    add({
      ...common,
      traceId,
      spanId: randomHex(2),
      parentSpanId: spanId,
      remoteParent: true,
      traceState,
      attributes: own,
      links: [batch],
      droppedLinks: 0,
    });
  }
  add({
    ...common,
    ...batch,
    parentSpanId: null,
    remoteParent: false,
    traceState: undefined,
    attributes,
    links,
    droppedLinks: sampled.more,
  });
}

function attributesOf(
  system: string,
  { operation, group, topic, partition }: BatchPlace,
  { records }: SampledRecords,
  { refused, recovered }: { refused?: number; recovered?: boolean },
): Attributes {
  return {
    'messaging.system': system,
    'messaging.operation.type': 'process',
    'messaging.operation.name': operation,
    'messaging.destination.name': topic,
    'messaging.destination.partition.id': String(partition),
    'messaging.consumer.group.name': group,
    'messaging.batch.message_count': records,
    'parapet.batch.refused': refused,
    'parapet.batch.recovered': recovered,
  };
}
