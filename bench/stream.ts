/**
 * What the gateway does to streams: 50 at a time of 200 chunks each, in monitor mode with durable events, against a bare
 * proxy (bench/bare.ts) in the same run, rounds alternating.
 *
 * Hold: the vendor paces its chunks (--pace ms) and each says when it left, so its way is known on one clock. A round's
 * worst chunk through the gateway less the worst through the bare proxy is what the gateway added at its worst;
 * `max_hold_ms` is the largest of these differences over the rounds, `hold_p50_ms` and `hold_p99_ms` are the same
 * difference at their quantile (medians of the rounds). First chunks, which wait for the intent to be on disk, are among
 * them and also on their own (`first_*`). The last chunk of a stream is kept until the event is on disk: waiting for the
 * disk is its purpose, so it is reported only on its own (`last_*`).
 * Throughput: the vendor does not pace, and chunks per second are compared.
 *
 * Options: --streams 50  --pace 5  --rounds 5  --waves 3  --burst (all streams begin at once)  --json
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { start } from './processes.ts';
import { flag, median, option, quantile, report, versions } from './report.ts';

const CHUNKS = 200;
const streams = option('streams', 50);
const paceMs = option('pace', 5);
const rounds = option('rounds', 5);
/** Streams that each connection reads one after the other in a round. */
const waves = option('waves', 3);
const data = mkdtempSync(join(tmpdir(), 'parapet-bench-'));

const upstream = await start('upstream.ts');
const bare = await start('bare.ts', [upstream.url]);
const gateway = await start('gateway-process.ts', [], {
  PARAPET_DATA: data,
  PARAPET_PORT: '0',
  PARAPET_INSPECT_MODE: 'monitor',
  PARAPET_VENDORS_FILE: vendorsFile(upstream.url),
});

interface Measured {
  chunksPerSecond: number;
  /** Milliseconds from the vendor's write to the client's read, of every chunk but the last. */
  held: number[];
  first: number[];
  last: number[];
}

try {
  await measure(bare.url, '', 0, 1);
  await measure(gateway.url, gateway.key, 0, 1);
  const differences: Record<'p50' | 'p99' | 'max' | 'first' | 'last', number[]> = { p50: [], p99: [], max: [], first: [], last: [] };
  const all = { bare: [] as number[], gateway: [] as number[] };
  for (let round = 1; round <= rounds; round++) {
    const a = await measure(bare.url, '', paceMs, waves);
    const b = await measure(gateway.url, gateway.key, paceMs, waves);
    for (const [name, share] of [
      ['p50', 0.5],
      ['p99', 0.99],
      ['max', 1],
    ] as const) {
      differences[name].push(quantile(b.held, share) - quantile(a.held, share));
    }
    differences.first.push(quantile(b.first, 0.99) - quantile(a.first, 0.99));
    differences.last.push(quantile(b.last, 0.99) - quantile(a.last, 0.99));
    for (const each of a.held) all.bare.push(each);
    for (const each of b.held) all.gateway.push(each);
    console.log(`paced ${round}: bare ${says(a)}; gateway ${says(b)}`);
  }
  const rates = { bare: [] as number[], gateway: [] as number[] };
  for (let round = 1; round <= rounds; round++) {
    const a = await measure(bare.url, '', 0, waves);
    const b = await measure(gateway.url, gateway.key, 0, waves);
    rates.bare.push(a.chunksPerSecond);
    rates.gateway.push(b.chunksPerSecond);
    console.log(`unpaced ${round}: bare ${Math.round(a.chunksPerSecond)} chunks/s, gateway ${Math.round(b.chunksPerSecond)} chunks/s`);
  }
  report(
    'stream',
    {
      max_hold_ms: Math.max(...differences.max),
      hold_p50_ms: median(differences.p50),
      hold_p99_ms: median(differences.p99),
      first_hold_p99_ms: median(differences.first),
      last_hold_p99_ms: median(differences.last),
      gateway_p50_ms: quantile(all.gateway, 0.5),
      gateway_p99_ms: quantile(all.gateway, 0.99),
      gateway_max_ms: quantile(all.gateway, 1),
      bare_p50_ms: quantile(all.bare, 0.5),
      bare_p99_ms: quantile(all.bare, 0.99),
      bare_max_ms: quantile(all.bare, 1),
      ratio_bare: median(rates.gateway.map((rate, i) => rate / (rates.bare[i] as number))),
      gateway_chunks_per_s: median(rates.gateway),
      bare_chunks_per_s: median(rates.bare),
    },
    versions('fastify', 'undici', 'avsc', 'lmdb'),
  );
} finally {
  await Promise.all([gateway.stop(), bare.stop(), upstream.stop()]);
  rmSync(data, { recursive: true, force: true });
}

async function measure(url: string, key: string, pace: number, times: number): Promise<Measured> {
  const target = new URL(url);
  const body = JSON.stringify({
    model: 'bench-model',
    stream: true,
    messages: [{ role: 'user', content: `Describe the harbour in two hundred words. [pace ${pace}]` }],
  });
  const head = [
    'POST /v1/chat/completions HTTP/1.1',
    `host: ${target.host}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    ...(key === '' ? [] : [`authorization: Bearer ${key}`]),
  ];
  const request = `${head.join('\r\n')}\r\n\r\n${body}`;
  const measured: Measured = { chunksPerSecond: 0, held: [], first: [], last: [] };
  const started = performance.now();
  await Promise.all(
    Array.from({ length: streams }, async (_, index) => {
      const socket = connect({ host: target.hostname, port: Number(target.port), noDelay: true });
      // Applications do not begin, and so do not end, in the same moment: their starts are spread over one stream's length.
      const spreadMs = flag('burst') ? pace : CHUNKS * pace;
      if (pace > 0) await new Promise((resolve) => setTimeout(resolve, (index * spreadMs) / streams));
      try {
        for (let i = 0; i < times; i++) await readStream(socket, request, measured);
      } finally {
        socket.destroy();
      }
    }),
  );
  const expected = streams * times * CHUNKS;
  if (measured.held.length !== expected || measured.last.length !== streams * times) {
    throw new Error(
      `${measured.held.length} of ${expected} chunks and ${measured.last.length} of ${streams * times} ends came through ${url}`,
    );
  }
  measured.chunksPerSecond = expected / ((performance.now() - started) / 1_000);
  return measured;
}

/** One stream to its end on a connection that stays open. */
function readStream(socket: Socket, request: string, { held, first, last }: Measured): Promise<void> {
  return new Promise((resolve, reject) => {
    let rest = '';
    let chunks = 0;
    const onData = (bytes: Buffer) => {
      const now = Number(process.hrtime.bigint()) / 1e6;
      const text = rest + bytes.toString('latin1');
      let at = 0;
      for (;;) {
        const found = text.indexOf('"content":"', at);
        const end = found < 0 ? -1 : text.indexOf(' "', found + 11);
        if (end < 0) break;
        const [kind, leftAt] = text.slice(found + 11, end).split(' ');
        const ms = now - Number(leftAt);
        if (kind === 'last') last.push(ms);
        else held.push(ms);
        if (chunks === 0) first.push(ms);
        chunks += 1;
        at = end;
      }
      // The end of a chunked body; a frame that is cut here is completed by the next bytes.
      if (text.endsWith('0\r\n\r\n')) finish();
      else rest = text.slice(Math.max(at, text.lastIndexOf('data:')));
    };
    const onEnd = () => finish(new Error('the connection ended inside a stream'));
    function finish(error?: Error): void {
      socket.off('data', onData).off('close', onEnd).off('error', finish);
      if (error) reject(error);
      else resolve();
    }
    socket.on('data', onData).on('close', onEnd).on('error', finish);
    socket.write(request);
  });
}

function says({ held, first }: Measured): string {
  return `p50 ${quantile(held, 0.5).toFixed(2)} p99 ${quantile(held, 0.99).toFixed(2)} max ${quantile(held, 1).toFixed(1)} ms (first chunks ${quantile(first, 1).toFixed(1)})`;
}

function vendorsFile(baseUrl: string): string {
  const path = join(data, 'vendors.json');
  writeFileSync(path, JSON.stringify({ vendors: [{ name: 'bench', kind: 'openai', baseUrl, models: ['bench-*'] }] }));
  return path;
}
