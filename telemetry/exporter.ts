/**
 * Ships ended spans to a collector in the background. Whoever adds a span never waits: the queue has a bound, and what
 * has no room, what the collector refuses and what could not be delivered is dropped and counted. One post at a time,
 * so a slow collector slows the shipping and nothing else.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../core/logger.ts';
import type { Metrics } from '../core/metrics.ts';
import { type Attributes, encodeRequest, encodeSpan, type Span } from './otlp.ts';
import { createPost, type Post } from './post.ts';
import type { TelemetryOptions } from './settings.ts';

export interface ExporterLimits {
  /** Spans that wait to be sent; the batch under way is not among them. */
  queue: number;
  /** Spans in a post. */
  batch: number;
  /** How long the first span of a batch may wait for more. */
  lingerMs: number;
  /** Posts of a batch before it is dropped. */
  attempts: number;
  /** First pause between them, doubled each time, with a random half. */
  backoffMs: number;
  /** The longest pause, also of those that a collector asks for. */
  maxPauseMs: number;
  /** How long `stop` may take. */
  stopMs: number;
}

export const LIMITS: ExporterLimits = {
  queue: 8_192,
  batch: 512,
  lingerMs: 5_000,
  attempts: 6,
  backoffMs: 1_000,
  maxPauseMs: 60_000,
  stopMs: 5_000,
};

export interface Exporter {
  /** Takes an ended span, or drops it. Costs an array's push; never throws. */
  add(span: Span): void;
  /** Sends what is left, within `stopMs`; what is then not delivered is dropped. */
  stop(): Promise<void>;
}

export interface ExporterParts {
  options: Pick<TelemetryOptions, 'url' | 'headers' | 'timeoutMs' | 'compression'>;
  resource: Attributes;
  metrics: Metrics;
  logger: Logger;
  limits?: Partial<ExporterLimits>;
}

/** Spans that are made into JSON before others get a turn of the thread. */
const ENCODE_AT_ONCE = 32;

type DropReason = 'queue' | 'refused' | 'rejected' | 'undeliverable' | 'stopped';

export function createExporter({ options, resource, metrics, logger, limits: given }: ExporterParts): Exporter {
  const limits = { ...LIMITS, ...given };
  const exported = metrics.counter('parapet_traces_exported_total', 'Spans that the collector accepted.');
  const dropped = metrics.counter('parapet_traces_dropped_total', 'Spans that no collector got, by why.', ['reason']);
  const reasons: DropReason[] = ['queue', 'refused', 'rejected', 'undeliverable', 'stopped'];
  for (const reason of reasons) dropped.inc({ reason }, 0);
  exported.inc(0);

  const post: Post = createPost(options);
  const queue: Span[] = [];
  /** Ends pauses: from then on every batch has one try. */
  const stopping = new AbortController();
  /** Ends posts: the time to stop is over. */
  const over = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let soon = false;
  let shipping: Promise<void> | undefined;
  let failing = false;

  function drop(reason: DropReason, count: number): void {
    if (count > 0) dropped.inc({ reason }, count);
  }

  function ship(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    shipping ??= shipAll().finally(() => {
      shipping = undefined;
      if (queue.length > 0 && !stopping.signal.aborted) arm();
    });
    return shipping;
  }

  /** Not within the caller's turn: making JSON of a batch takes longer than a request should notice. */
  function arm(): void {
    if (shipping !== undefined || soon || stopping.signal.aborted) return;
    if (queue.length >= limits.batch) {
      soon = true;
      setImmediate(() => {
        soon = false;
        void ship();
      });
    } else timer ??= setTimeout(() => void ship(), limits.lingerMs).unref();
  }

  async function shipAll(): Promise<void> {
    while (queue.length > 0 && !over.signal.aborted) {
      const spans = queue.splice(0, limits.batch);
      try {
        await deliver(await encoded(spans), spans.length);
      } catch (error) {
        drop('undeliverable', spans.length);
        logger.error({ err: error instanceof Error ? error.message : String(error) }, 'spans could not be sent');
      }
    }
  }

  async function encoded(spans: readonly Span[]): Promise<string> {
    const texts: string[] = [];
    for (const span of spans) {
      texts.push(encodeSpan(span));
      if (texts.length % ENCODE_AT_ONCE === 0) await nextTurn();
    }
    return encodeRequest(resource, texts);
  }

  async function deliver(request: string, count: number): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const answer = await post.send(request, over.signal);
      if (answer.kind === 'accepted') {
        const rejected = Math.min(count, answer.rejected);
        exported.inc(count - rejected);
        drop('rejected', rejected);
        if (rejected > 0) logger.warn({ rejected, of: count }, 'the trace collector rejected spans');
        else if (failing) logger.info('the trace collector takes spans again');
        failing = false;
        return;
      }
      if (over.signal.aborted) return drop('stopped', count);
      say(answer.reason);
      if (answer.kind === 'refused') return drop('refused', count);
      if (attempt >= limits.attempts || stopping.signal.aborted) return drop('undeliverable', count);
      const backoff = limits.backoffMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
      const pause = Math.min(limits.maxPauseMs, answer.afterMs ?? backoff);
      await sleep(pause, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
    }
  }

  /** Once for each stretch of failures: the metrics have the rest. */
  function say(reason: string): void {
    if (!failing) logger.warn({ reason }, 'the trace collector does not take spans; requests are not affected');
    failing = true;
  }

  return {
    add(span) {
      if (queue.length >= limits.queue || stopping.signal.aborted) return drop(stopping.signal.aborted ? 'stopped' : 'queue', 1);
      queue.push(span);
      if (timer === undefined || queue.length >= limits.batch) arm();
    },
    async stop() {
      if (stopping.signal.aborted) return;
      const deadline = setTimeout(() => over.abort(), limits.stopMs);
      stopping.abort();
      await shipping;
      await ship();
      clearTimeout(deadline);
      drop('stopped', queue.splice(0).length);
      await post.close();
    },
  };
}
