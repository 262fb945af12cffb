/**
 * The webhook destination, after Standard Webhooks: one signed request an event, whose `webhook-id` is the event's own id, so
 * that a receiver can drop a repetition. Events of one key go one after the other, different keys side by side.
 */
import { ParapetError } from '../../core/errors.ts';
import type { BatchLimits, Refused, Sink, SinkBatch } from '../port.ts';
import { notPublic, publicLookup, refusesLiteral } from './address.ts';
import { invalid, parseUrl, readTls, sinkName, type TlsOptions } from './connection.ts';
import { eventsOf, type Placed, type Severity, type SiemRecords, type SiemTopic } from './event.ts';
import { createHttpClient } from './http.ts';
import { toJson } from './json.ts';
import { toOcsf } from './ocsf.ts';
import { type Clock, createPacing, PACING, type PacingOptions, REAL_CLOCK } from './pacing.ts';
import { createProgress, type Judged } from './progress.ts';
import { jsonLine } from './text.ts';
import { attempt } from './webhook-send.ts';
import { createSigner, webhookId } from './webhook-sign.ts';

export interface WebhookSinkOptions<Id extends SiemTopic> extends TlsOptions {
  topic: Id;
  /** Where there are several webhooks: a name for this one, which becomes part of the sink's. */
  endpoint?: string;
  /** `https://…`. Redirects are not followed. */
  url: string;
  /** `whsec_…`; two of them while secrets change. */
  secrets: readonly string[];
  format?: 'json' | 'ocsf';
  minSeverity?: Severity;
  /** Requests at once. */
  concurrency?: number;
  /** For one request; Standard Webhooks suggests 15 to 30 s. */
  timeoutMs?: number;
  /** Tries of one event before the batch is given back to the runner, which begins again. */
  attempts?: number;
  pacing?: Partial<Omit<PacingOptions, 'clock'>>;
  /** Lets the endpoint be in a private network, or this machine. */
  allowPrivateNetworks?: boolean;
  /** Lets the URL be `http://`: signed, but for anyone on the way to read. */
  allowHttp?: boolean;
  /** Called once when the endpoint answered 410 and nothing more is sent to it: end the subscription, and tell someone. */
  onGone?: (error: ParapetError) => void;
  /** How names are resolved; for tests. */
  resolve?: Parameters<typeof publicLookup>[0];
  clock?: Clock;
  version?: string;
  limits?: Partial<BatchLimits>;
}

const LIMITS: BatchLimits = { maxRecords: 200, maxBytes: 4 * 1024 * 1024, lingerMs: 200 };

/** A sink named `siem.webhook.<topic>`. Throws PARAPET_CONFIG_INVALID. */
export function createWebhookSink<Id extends SiemTopic>(options: WebhookSinkOptions<Id>): Sink<Id> {
  const { topic, format = 'json', minSeverity = 'informational', concurrency = 8, attempts = 3, version = '0.1.0' } = options;
  const { allowPrivateNetworks = false, clock = REAL_CLOCK, timeoutMs = 20_000 } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1) throw invalid('concurrency is a number of requests, at least 1.');
  const url = webhookUrl(options);
  const where = url.origin;
  const signer = createSigner(options.secrets);
  const client = createHttpClient({
    tls: readTls(options),
    connections: concurrency,
    timeoutMs,
    ...(allowPrivateNetworks ? {} : { lookup: publicLookup(options.resolve) }),
  });
  const pacing = createPacing({ ...PACING, ...options.pacing, clock });
  const progress = createProgress();
  let gone: ParapetError | undefined;

  async function write(batch: SinkBatch<SiemRecords[Id]>): Promise<Refused[]> {
    const { events, refused } = eventsOf(topic, batch, minSeverity);
    const judged = progress.of(batch);
    await deliverAll(events, judged);
    for (const { index, offset } of events) {
      const reason = judged.refused.get(offset);
      if (reason !== undefined) refused.push({ index, reason });
    }
    progress.done(batch);
    return refused.sort((a, b) => a.index - b.index);
  }

  async function deliverAll(events: readonly Placed[], judged: Judged): Promise<void> {
    const queues = [...byKey(events.filter(({ offset }) => !judged.taken.has(offset) && !judged.refused.has(offset)))];
    const run: Run = { judged, accepted: false, doubtful: [], failure: undefined };
    const workers = Array.from({ length: Math.min(concurrency, queues.length) }, async () => {
      for (let queue = queues.shift(); queue !== undefined && run.failure === undefined; queue = queues.shift()) {
        for (const placed of queue) {
          if (run.failure !== undefined) return;
          await deliver(placed, run).catch((error: unknown) => {
            run.failure ??= error;
          });
        }
      }
    });
    await Promise.all(workers);
    // An endpoint that takes other events would take this one too, if the fault were the endpoint's.
    if (run.accepted) for (const { offset, reason } of run.doubtful) judged.refused.set(offset, reason);
    const failure = run.failure ?? (run.accepted ? undefined : run.doubtful[0]?.error);
    if (failure !== undefined) throw failure;
  }

  async function deliver({ event, offset }: Placed, run: Run): Promise<void> {
    const body = jsonLine(format === 'json' ? toJson(event) : toOcsf(event, { version }));
    const id = webhookId(event.id);
    for (let tries = 1; ; tries++) {
      if (gone !== undefined) throw gone;
      const startedAt = await pacing.ready(`The webhook endpoint ${where}`);
      const delivery = await attempt(client, { url, where }, { headers: signer.headers(id, startedAt, body), body });
      if (delivery.kind === 'gone') throw disable();
      if (delivery.kind === 'failed') {
        pacing.failed(startedAt, delivery.retryAfter);
        if (tries >= attempts || run.failure !== undefined) throw delivery.error;
        continue;
      }
      if (delivery.kind === 'accepted') {
        pacing.succeeded();
        run.accepted = true;
        run.judged.taken.add(offset);
      } else if (delivery.kind === 'refused') run.judged.refused.set(offset, delivery.reason);
      else run.doubtful.push({ offset, reason: delivery.reason, error: delivery.error });
      return;
    }
  }

  function disable(): ParapetError {
    if (gone !== undefined) return gone;
    gone = new ParapetError('PARAPET_STORE_UNAVAILABLE', {
      message: `The webhook endpoint ${where} answered 410 Gone: it is disabled, and nothing more is sent to it.`,
      hint: 'The log keeps the events. Set another URL, or restart once the endpoint takes events again.',
    });
    options.onGone?.(gone);
    return gone;
  }

  return {
    name: sinkName('webhook', topic, options.endpoint),
    topic,
    limits: { ...LIMITS, ...options.limits },
    // Nothing can be asked of an endpoint but to take an event.
    open: async () => {},
    write: (batch) => write(batch as SinkBatch<SiemRecords[Id]>),
    close: () => client.close(),
  };
}

/** One go through a batch. */
interface Run {
  judged: Judged;
  /** The endpoint took an event in this go. */
  accepted: boolean;
  doubtful: { offset: number; reason: string; error: ParapetError }[];
  /** The first one; nothing is begun after it. */
  failure: unknown;
}

function webhookUrl({ url: text, allowHttp = false, allowPrivateNetworks = false }: WebhookSinkOptions<SiemTopic>): URL {
  const url = parseUrl('The webhook’s url', text);
  if (url.protocol !== 'https:' && !allowHttp) throw invalid('The webhook’s url is not https://; allowHttp permits it.');
  if (!allowPrivateNetworks && refusesLiteral(url)) throw invalid(`${notPublic(url.hostname).message} allowPrivateNetworks permits it.`);
  return url;
}

function byKey(events: readonly Placed[]): Iterable<Placed[]> {
  const queues = new Map<string, Placed[]>();
  for (const placed of events) {
    const queue = queues.get(placed.key);
    if (queue) queue.push(placed);
    else queues.set(placed.key, [placed]);
  }
  return queues.values();
}
