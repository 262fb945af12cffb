/**
 * The destination Splunk, by its HTTP Event Collector. Without acknowledgement a batch counts as written when Splunk has
 * taken it into its queue; with it, when Splunk says that it is indexed. At least once: a repetition has the same
 * `parapet_event_id`. The subtle point: Splunk blames a whole body for one event, and numbers the culprit differently from
 * code to code, so the culprit is found by halving.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { ParapetError } from '../../core/errors.ts';
import type { BatchLimits, Refused, Sink, SinkBatch } from '../port.ts';
import { invalid, parseUrl, readTls, sinkName, type TlsOptions } from './connection.ts';
import { eventsOf, type Placed, type Severity, type SiemEvent, type SiemRecords, type SiemTopic } from './event.ts';
import { acknowledged, type HecTarget, post, reach } from './hec-send.ts';
import { createHttpClient } from './http.ts';
import { toJson } from './json.ts';
import { toOcsf } from './ocsf.ts';
import { type Clock, createPacing, PACING, type PacingOptions, REAL_CLOCK } from './pacing.ts';
import { createProgress, type Judged } from './progress.ts';
import { jsonLine } from './text.ts';

export interface HecSinkOptions<Id extends SiemTopic> extends TlsOptions {
  topic: Id;
  /** Where there are several: a name for this one, which becomes part of the sink's. */
  endpoint?: string;
  /** `https://host:8088`; `http://` is taken too, for a forwarder on the same machine. */
  url: string;
  token: string;
  format?: 'json' | 'ocsf';
  /** Without it, the token's own index. */
  index?: string;
  sourcetype?: string;
  source?: string;
  host?: string;
  minSeverity?: Severity;
  /** Waits until Splunk has indexed a batch; the token must have indexer acknowledgement on. */
  acknowledge?: boolean;
  /** How long to wait for that, in milliseconds. */
  ackTimeoutMs?: number;
  ackPollMs?: number;
  /** Of one body before it is compressed. */
  maxBodyBytes?: number;
  timeoutMs?: number;
  pacing?: Partial<Omit<PacingOptions, 'clock'>>;
  clock?: Clock;
  version?: string;
  limits?: Partial<BatchLimits>;
}

const LIMITS: BatchLimits = { maxRecords: 2_000, maxBytes: 4 * 1024 * 1024, lingerMs: 500 };

interface Item extends Placed {
  text: string;
}

/** A sink named `siem.hec.<topic>`. Throws PARAPET_CONFIG_INVALID. */
export function createHecSink<Id extends SiemTopic>(options: HecSinkOptions<Id>): Sink<Id> {
  const { topic, minSeverity = 'informational', maxBodyBytes = 1_000_000, clock = REAL_CLOCK } = options;
  const { acknowledge = false, ackTimeoutMs = 60_000, ackPollMs = 500, timeoutMs = 30_000 } = options;
  if (!/^[\x21-\x7e]+$/.test(options.token)) throw invalid('The HEC token is empty, or has characters that no token has.');
  const url = parseUrl('The HEC url', options.url);
  const client = createHttpClient({ tls: readTls(options), connections: 4, timeoutMs });
  const target: HecTarget = { client, url, token: options.token, channel: acknowledge ? randomUUID() : undefined };
  const pacing = createPacing({ ...PACING, ...options.pacing, clock });
  const progress = createProgress();
  const textOf = formatter(options);

  async function write(batch: SinkBatch<SiemRecords[Id]>): Promise<Refused[]> {
    const { events, refused } = eventsOf(topic, batch, minSeverity);
    const judged = progress.of(batch);
    const rest = events.filter(({ offset }) => !judged.taken.has(offset) && !judged.refused.has(offset));
    const run: Run = { judged, pending: new Map(), accepted: false, doubtful: [] };
    const items = rest.map((placed): Item => ({ ...placed, text: textOf(placed, batch.partition) }));
    try {
      for (const body of bodies(items, maxBodyBytes)) await deliver(body, run);
    } finally {
      if (run.accepted) for (const { offset, reason } of run.doubtful) judged.refused.set(offset, reason);
    }
    await settle(run);
    const [doubt] = run.doubtful;
    if (!run.accepted && doubt !== undefined) throw doubt.error;
    for (const { index, offset } of events) {
      const reason = judged.refused.get(offset);
      if (reason !== undefined) refused.push({ index, reason });
    }
    progress.done(batch);
    return refused.sort((a, b) => a.index - b.index);
  }

  async function deliver(items: readonly Item[], run: Run): Promise<void> {
    const startedAt = await pacing.ready(`Splunk at ${url.origin}`);
    const posted = await post(target, items.map(({ text }) => text).join('\n'));
    if (posted.kind === 'failed') {
      pacing.failed(startedAt, posted.retryAfter);
      throw posted.error;
    }
    if (posted.kind === 'accepted') {
      pacing.succeeded();
      run.accepted = true;
      if (target.channel !== undefined && posted.ackId !== undefined) run.pending.set(posted.ackId, items);
      else for (const { offset } of items) run.judged.taken.add(offset);
    } else if (items.length > 1) {
      const middle = Math.ceil(items.length / 2);
      await deliver(items.slice(0, middle), run);
      await deliver(items.slice(middle), run);
    } else {
      const [{ offset }] = items as [Item];
      if (posted.doubtful) run.doubtful.push({ offset, reason: posted.reason, error: posted.error });
      else run.judged.refused.set(offset, posted.reason);
    }
  }

  /** Asks until everything is indexed. What is indexed in time is not sent again, whatever becomes of the rest. */
  async function settle({ pending, judged }: Run): Promise<void> {
    const until = clock.now() + ackTimeoutMs;
    while (pending.size > 0) {
      for (const id of await acknowledged(target, [...pending.keys()])) {
        for (const { offset } of pending.get(id) ?? []) judged.taken.add(offset);
        pending.delete(id);
      }
      if (pending.size === 0) return;
      if (clock.now() >= until) {
        throw new ParapetError('PARAPET_STORE_UNAVAILABLE', {
          message: `Splunk at ${url.origin} took the events, and did not acknowledge them in ${ackTimeoutMs} ms.`,
          hint: 'Check the indexers’ load; behind a load balancer, acknowledgement needs sticky sessions.',
        });
      }
      await clock.sleep(ackPollMs);
    }
  }

  return {
    name: sinkName('hec', topic, options.endpoint),
    topic,
    limits: { ...LIMITS, ...options.limits },
    open: () => reach(target),
    write: (batch) => write(batch as SinkBatch<SiemRecords[Id]>),
    close: () => client.close(),
  };
}

/** One go through a batch. */
interface Run {
  judged: Judged;
  /** Taken, and not indexed yet, by acknowledgement id. */
  pending: Map<number, readonly Item[]>;
  accepted: boolean;
  doubtful: { offset: number; reason: string; error: ParapetError }[];
}

function formatter(options: HecSinkOptions<SiemTopic>): (placed: Placed, partition: number) => string {
  const { topic, format = 'json', index, source = 'parapet', host = hostname(), version = '0.1.0' } = options;
  const sourcetype = options.sourcetype ?? (format === 'ocsf' ? 'parapet:ocsf' : `parapet:${topic}`);
  const bodyOf = (event: SiemEvent) => (format === 'json' ? toJson(event) : toOcsf(event, { version }));
  return ({ event, offset }, partition) =>
    jsonLine({
      // Seconds, to the microsecond; JavaScript writes numbers of this size without an exponent, which Splunk refuses.
      time: event.atMicros / 1_000_000,
      host,
      source,
      sourcetype,
      ...(index === undefined ? {} : { index }),
      fields: { parapet_event_id: event.id, parapet_position: `${partition}/${offset}` },
      event: bodyOf(event),
    });
}

/** An event over the bound goes alone: whether it is too large is for Splunk to say. */
function* bodies(items: readonly Item[], maxBytes: number): Generator<Item[]> {
  let body: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = Buffer.byteLength(item.text) + 1;
    if (body.length > 0 && bytes + size > maxBytes) {
      yield body;
      body = [];
      bytes = 0;
    }
    body.push(item);
    bytes += size;
  }
  if (body.length > 0) yield body;
}
