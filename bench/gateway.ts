/**
 * What the gateway costs: non-streaming chat through it, with inspection and durable events on, against a bare
 * Fastify+undici proxy, on the same cores as the mock vendor and the load. Rounds alternate, so that a noisy minute hits
 * both.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LoadOptions, load } from './load.ts';
import { start } from './processes.ts';
import { median, option, report, versions } from './report.ts';

const rounds = option('rounds', 5);
const seconds = option('seconds', 4);
const connections = option('connections', 64);
const data = mkdtempSync(join(tmpdir(), 'parapet-bench-'));
const prompt = 'Summarise the following minutes for the board in three sentences, name the owners, and keep the dates as they are. '.repeat(
  4,
);
const body = JSON.stringify({
  model: 'bench-model',
  messages: [
    { role: 'system', content: 'You are a helpful assistant.' },
    { role: 'user', content: `Ticket ########. ${prompt}` },
  ],
});

const upstream = await start('upstream.ts');
const bare = await start('bare.ts', [upstream.url]);
const gateway = await start('gateway-process.ts', [], {
  PARAPET_DATA: data,
  PARAPET_PORT: '0',
  PARAPET_VENDORS_FILE: vendorsFile(upstream.url),
  PARAPET_SPOOL_BYTES: String(8 * 2 ** 30),
});

const toBare: LoadOptions = { url: `${bare.url}/v1/chat/completions`, body, connections, seconds };
const toGateway: LoadOptions = {
  ...toBare,
  url: `${gateway.url}/v1/chat/completions`,
  headers: { authorization: `Bearer ${gateway.key}` },
};

try {
  // Both are warm before anything is measured.
  await load({ ...toBare, seconds: 3 });
  await load({ ...toGateway, seconds: 6 });
  const bareRates: number[] = [];
  const gatewayRates: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    const a = await load(toBare);
    const b = await load(toGateway);
    if (a.errors + b.errors > 0) throw new Error(`errors under load: bare ${a.errors}, gateway ${b.errors}`);
    bareRates.push(a.perSecond);
    gatewayRates.push(b.perSecond);
    console.log(
      `round ${round}: bare ${Math.round(a.perSecond)}/s (p50 ${a.p50Ms.toFixed(2)} ms), gateway ${Math.round(b.perSecond)}/s (p50 ${b.p50Ms.toFixed(2)} ms, p99 ${b.p99Ms.toFixed(2)} ms)`,
    );
  }
  const rate = median(gatewayRates) / 2;
  const added = { p50: [] as number[], p99: [] as number[] };
  for (let round = 1; round <= rounds; round++) {
    const a = await load({ ...toBare, rate });
    const b = await load({ ...toGateway, rate });
    added.p50.push(b.p50Ms - a.p50Ms);
    added.p99.push(b.p99Ms - a.p99Ms);
    console.log(
      `half load ${Math.round(rate)}/s: bare p50 ${a.p50Ms.toFixed(2)} p99 ${a.p99Ms.toFixed(2)} ms, gateway p50 ${b.p50Ms.toFixed(2)} p99 ${b.p99Ms.toFixed(2)} ms`,
    );
  }
  report(
    'gateway',
    {
      ratio_bare: median(gatewayRates) / median(bareRates),
      added_p50_ms: median(added.p50),
      added_p99_ms: median(added.p99),
      bare_per_s: median(bareRates),
      gateway_per_s: median(gatewayRates),
    },
    versions('fastify', 'undici', 'avsc', 'lmdb'),
  );
} finally {
  await Promise.all([gateway.stop(), bare.stop(), upstream.stop()]);
  rmSync(data, { recursive: true, force: true });
}

function vendorsFile(baseUrl: string): string {
  const path = join(data, 'vendors.json');
  writeFileSync(path, JSON.stringify({ vendors: [{ name: 'bench', kind: 'openai', baseUrl, models: ['bench-*'] }] }));
  return path;
}
