/** Shipping: what happens to spans when the collector is well, slow, wrong or gone. Counts, never times. */
import { afterEach, describe, expect, it } from 'vitest';
import { createLogger } from '../core/logger.ts';
import { createMetrics } from '../core/metrics.ts';
import { createExporter, type ExporterLimits } from './exporter.ts';
import { KIND, type Span } from './otlp.ts';
import type { TelemetryOptions } from './settings.ts';
import { type Behaviour, type Collector, startCollector } from './testing/collector.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const QUICK: Partial<ExporterLimits> = { lingerMs: 1, backoffMs: 1, maxPauseMs: 50, stopMs: 10_000 };

function exporterTo(url: string, limits: Partial<ExporterLimits> = {}, more: Partial<TelemetryOptions> = {}) {
  const metrics = createMetrics({ defaults: false });
  const exporter = createExporter({
    options: { url, headers: {}, timeoutMs: 10_000, compression: 'gzip', ...more },
    resource: { 'service.name': 'test' },
    metrics,
    logger: createLogger('test', 'silent'),
    limits: { ...QUICK, ...limits },
  });
  cleanups.push(() => exporter.stop());
  /** `exported`, and how many were dropped by each reason that dropped any. */
  async function counts(): Promise<Record<string, number>> {
    const out: Record<string, number> = {};
    for (const { name, values } of await metrics.registry.getMetricsAsJSON()) {
      for (const { labels, value } of values) {
        if (name === 'parapet_traces_exported_total') out['exported'] = value;
        else if (value > 0) out[String(labels['reason'])] = value;
      }
    }
    return out;
  }
  return { ...exporter, counts };
}

async function collector(behave?: Behaviour): Promise<Collector> {
  const made = await startCollector(behave);
  cleanups.push(() => made.close());
  return made;
}

const span = (n: number): Span => ({
  traceId: (n + 1).toString(16).padStart(32, '0'),
  spanId: (n + 1).toString(16).padStart(16, '0'),
  parentSpanId: null,
  remoteParent: false,
  traceState: undefined,
  name: `span ${n}`,
  kind: KIND.internal,
  startedAt: 1_700_000_000_000_000 + n,
  endedAt: 1_700_000_000_000_000 + n,
  attributes: { n },
  links: [],
  droppedLinks: 0,
  error: undefined,
});
const spans = (count: number) => Array.from({ length: count }, (_, n) => span(n));
const numbers = ({ spans: seen }: { spans: { attributes: Record<string, unknown> }[] }) => seen.map(({ attributes }) => attributes['n']);
const answer =
  (status: number, headers: Record<string, string> = {}, body = '{}'): Behaviour =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
    return 'handled';
  };

async function until(fact: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!(await fact())) {
    if (Date.now() > deadline) throw new Error('the awaited fact did not come true');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('a collector that is well', () => {
  it.each(['gzip', 'none'] as const)('gets every span once, in order, in bounded posts (%s)', async (compression) => {
    const { url, ...seen } = await collector();
    const { add, stop, counts } = exporterTo(url, { batch: 64 }, { compression, headers: { authorization: 'Bearer t' } });
    for (const each of spans(300)) add(each);
    await until(async () => (await counts())['exported'] === 300);
    expect(numbers(seen)).toEqual(Array.from({ length: 300 }, (_, n) => n));
    expect(seen.posts.map((post) => post.spans.length)).toEqual([64, 64, 64, 64, 44]);
    expect(seen.posts[0]?.headers).toMatchObject({ authorization: 'Bearer t' });
    expect(seen.posts[0]?.headers['content-encoding']).toBe(compression === 'gzip' ? 'gzip' : undefined);
    expect(seen.spans[0]?.resource).toEqual({ 'service.name': 'test' });
    expect(seen.complaints).toEqual([]);
    await stop();
    expect(await counts()).toEqual({ exported: 300 });
  });

  it('gets at the stop what was still waiting, and nothing after it', async () => {
    const { url, ...seen } = await collector();
    const { add, stop, counts } = exporterTo(url, { lingerMs: 3_600_000 });
    for (const each of spans(10)) add(each);
    await stop();
    add(span(10));
    expect(numbers(seen)).toHaveLength(10);
    expect(await counts()).toEqual({ exported: 10, stopped: 1 });
  });

  it('may answer a success with something that is not JSON', async () => {
    const { url } = await collector(answer(200, {}, 'thanks'));
    const { add, stop, counts } = exporterTo(url);
    add(span(0));
    await stop();
    expect(await counts()).toEqual({ exported: 1 });
  });
});

describe('a collector that does not take spans', () => {
  it.each([429, 502, 503, 504])('with %i gets them again until it does', async (status) => {
    const { url, ...seen } = await collector((request, response) => (request.number < 3 ? answer(status)(request, response) : undefined));
    const { add, counts } = exporterTo(url);
    for (const each of spans(5)) add(each);
    await until(async () => (await counts())['exported'] === 5);
    expect(seen.posts.length).toBe(3);
    expect(numbers(seen)).toEqual([0, 1, 2, 3, 4]);
  });

  it('is given up after so many tries, and the spans are counted', async () => {
    const { url, ...seen } = await collector(answer(503));
    const { add, counts } = exporterTo(url, { attempts: 3 });
    for (const each of spans(5)) add(each);
    await until(async () => (await counts())['undeliverable'] === 5);
    expect(seen.posts.length).toBe(3);
  });

  it.each([400, 401, 404, 413, 500, 307])('with %i is not asked again', async (status) => {
    const { url, ...seen } = await collector(answer(status));
    const { add, counts } = exporterTo(url);
    for (const each of spans(5)) add(each);
    await until(async () => (await counts())['refused'] === 5);
    expect(seen.posts.length).toBe(1);
  });

  it('in part is believed: rejected spans are counted and not sent again', async () => {
    const { url, ...seen } = await collector(
      answer(200, {}, JSON.stringify({ partialSuccess: { rejectedSpans: '2', errorMessage: 'no' } })),
    );
    const { add, stop, counts } = exporterTo(url);
    for (const each of spans(5)) add(each);
    await stop();
    expect(await counts()).toEqual({ exported: 3, rejected: 2 });
    expect(seen.posts.length).toBe(1);
  });

  it('cannot make a count negative', async () => {
    const { url } = await collector(answer(200, {}, '{"partialSuccess":{"rejectedSpans":99}}'));
    const { add, stop, counts } = exporterTo(url);
    add(span(0));
    await stop();
    expect(await counts()).toEqual({ exported: 0, rejected: 1 });
  });

  it.each([
    ['seconds', () => '3600'],
    ['a date', () => new Date(Date.now() + 3_600_000).toUTCString()],
  ])('and says when to come back, in %s, is left alone until then', async (_, retryAfter) => {
    const { url, ...seen } = await collector((request, response) =>
      request.number === 1 ? answer(429, { 'retry-after': retryAfter() })(request, response) : undefined,
    );
    const { add, stop, counts } = exporterTo(url, { maxPauseMs: 3_600_000, attempts: 1_000 });
    add(span(0));
    await until(() => seen.posts.length === 1);
    // With its own backoff of a millisecond the exporter would be there many times over.
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(seen.posts.length).toBe(1);
    await stop();
    expect(await counts()).toEqual({ exported: 1 });
  });

  it('because the connection broke gets them again', async () => {
    const { url, ...seen } = await collector(({ number }, response) => {
      if (number > 1) return undefined;
      response.destroy();
      return 'handled';
    });
    const { add, counts } = exporterTo(url);
    add(span(0));
    await until(async () => (await counts())['exported'] === 1);
    expect(seen.posts.length).toBe(2);
  });
});

describe('a collector that hangs', () => {
  it('fills the queue to its bound; what is over is dropped and counted', async () => {
    const { url, ...seen } = await collector(() => 'handled');
    const { add, counts, stop } = exporterTo(url, { queue: 100, batch: 10, stopMs: 50 });
    for (const each of spans(10)) add(each);
    await until(() => seen.posts.length === 1);
    for (const each of spans(250)) add(each);
    expect(await counts()).toEqual({ exported: 0, queue: 150 });
    await stop();
    expect(await counts()).toEqual({ exported: 0, queue: 150, stopped: 110 });
    expect(seen.posts.length).toBe(1);
  });

  it('is given up for the batch after the time for a post', async () => {
    const { url, ...seen } = await collector(({ number }) => (number === 1 ? 'handled' : undefined));
    const { add, counts } = exporterTo(url, {}, { timeoutMs: 50 });
    add(span(0));
    await until(async () => (await counts())['exported'] === 1);
    expect(seen.posts.length).toBe(2);
  });

  it('in the middle of its answer is one that may not have the spans', async () => {
    const { url, ...seen } = await collector(({ number }, response) => {
      if (number > 1) return undefined;
      response.writeHead(200, { 'content-length': '100' }).write('{');
      return 'handled';
    });
    const { add, counts } = exporterTo(url, {}, { timeoutMs: 50 });
    add(span(0));
    await until(async () => (await counts())['exported'] === 1);
    expect(seen.posts.length).toBe(2);
  });
});

describe('a collector that is gone', () => {
  it('costs the spans, counted, and nothing else', async () => {
    const gone = await startCollector();
    await gone.close();
    const { add, counts } = exporterTo(gone.url, { attempts: 2 });
    for (const each of spans(20)) add(each);
    await until(async () => (await counts())['undeliverable'] === 20);
  });

  it('and comes back gets what waited', async () => {
    const gone = await startCollector();
    const port = Number(new URL(gone.url).port);
    await gone.close();
    const { add, counts } = exporterTo(gone.url, { attempts: 1_000 });
    for (const each of spans(20)) add(each);
    const back = await startCollector(undefined, port);
    cleanups.push(() => back.close());
    await until(async () => (await counts())['exported'] === 20);
    expect(numbers(back)).toHaveLength(20);
  });
});
