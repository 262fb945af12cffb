/**
 * `npm run demo`: all of Parapet in a temporary folder, a few hundred real prompts through the official SDKs, one gateway
 * killed in the middle; then the books, checked by the ids that the clients saw and not only by Parapet's own counts.
 */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@clickhouse/client';
import { reconcileAll } from '../cli/books.ts';
import { reconciliationLine, renderReconciliation } from '../cli/reconcile.ts';
import { clickHousePassword } from '../cli/stores.ts';
import { supervise } from '../cli/supervisor.ts';
import { dataPaths, readEnvironment, withoutSettings } from '../core/environment.ts';
import { freePort } from '../core/free-port.ts';
import { createLogger } from '../core/logger.ts';
import { createApiKeysFile } from '../gateway/api-keys.ts';
import { ANALYST_QUERIES } from '../sinks/clickhouse/index.ts';
import { type Call, createClients, type Prompt, type Seen } from './clients.ts';
import { demonstrateEvidence } from './evidence.ts';

const CONCURRENCY = 8;
const SHOWN_QUERIES = ['spend', 'risky-agents', 'latency'];

const started = performance.now();
const [gatewayPort, clickhousePort, metricsPort, sandboxPort] = (await Promise.all([freePort(), freePort(), freePort(), freePort()])) as [
  number,
  number,
  number,
  number,
];
const real = process.env['OPENAI_API_KEY'] !== undefined && process.env['ANTHROPIC_API_KEY'] !== undefined;
// A real vendor is welcome, the caller's own stores are not touched.
process.env = withoutSettings(process.env, /^(OPENAI|ANTHROPIC)_/);
Object.assign(process.env, {
  PARAPET_DATA: mkdtempSync(join(tmpdir(), 'parapet-demo-')),
  PARAPET_PORT: String(gatewayPort),
  PARAPET_CLICKHOUSE_PORT: String(clickhousePort),
  PARAPET_METRICS_PORT: String(metricsPort),
  PARAPET_SANDBOX: String(!real),
  PARAPET_LOG_LEVEL: 'silent',
  PARAPET_LAKE_LINGER_MS: '2000',
});
const env = readEnvironment();
const { password } = clickHousePassword(env);
const key = createApiKeysFile(dataPaths(env).apiKeys, env.PARAPET_ORG)?.key as string;
const prompts = readFileSync(new URL('prompts.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Prompt);

say(`Parapet starts: gateway, stream (processors, sinks, ClickHouse)${real ? '' : ', and a sandbox vendor, since no vendor key is set'}.`);
const parapet = supervise(env, createLogger('demo', 'silent'), { workers: 1, sandboxPort });
process.once('SIGINT', () => void parapet.stop().then(() => process.exit(130)));
const url = `http://127.0.0.1:${gatewayPort}`;
const models = real ? { openai: 'gpt-4o-mini', anthropic: 'claude-haiku-4-5' } : { openai: 'sandbox-large', anthropic: 'claude-haiku-4-5' };
const ask = createClients({ url, key, models });
const client = createClient({ url: `http://127.0.0.1:${clickhousePort}`, username: 'parapet', password, database: 'parapet' });

let holds = false;
try {
  holds = await demonstrate();
} catch (error) {
  console.error(error);
} finally {
  await client.close();
  await parapet.stop();
}
process.exit(holds ? 0 : 1);

/** The whole demonstration; true when the books balance and every answer that a client saw has its row. */
async function demonstrate(): Promise<boolean> {
  await ready(`${url}/readyz`);
  await ready(`http://127.0.0.1:${clickhousePort}/ping`);
  say(
    `Ready after ${seconds()}. ${prompts.length} prompts, ${new Set(prompts.map((prompt) => prompt.lang)).size} languages, half of them streamed, some with tools.`,
  );

  const { whole, broken } = await sendAll();

  say(
    `All answers are in after ${seconds()}: ${whole.length} whole; ${broken} tries broke off or found no gateway, and the application asked again.`,
  );
  say('The books: accepted by the gateway, events in the log, rows in ClickHouse, rows in the lake.\n');
  const result = await reconcileAll(env, { waitMs: 60_000, settle: true });
  console.log(`${renderReconciliation(result)}\n`);

  const stored = await rows<{ interaction_id: string; status: string }>('SELECT interaction_id, status FROM interactions');
  const times = new Map<string, number>();
  for (const row of stored) times.set(row.interaction_id, (times.get(row.interaction_id) ?? 0) + 1);
  const missing = whole.filter((id) => !times.has(id)).length;
  const twice = whole.filter((id) => (times.get(id) ?? 0) > 1).length;
  say(`By the ids that the clients saw: ${whole.length} whole answers, ${missing} without a row, ${twice} with more than one.`);

  await showThreats();
  for (const name of SHOWN_QUERIES) {
    const query = ANALYST_QUERIES.find((each) => each.name === name);
    if (query) await show(`${query.title}: ${query.question}`, query.sql);
  }

  const evidence = await demonstrateEvidence(env, whole[Math.floor(whole.length / 2)] as string, say);
  const figures = {
    accepted: result.accepted,
    events: result.events,
    rows: result.clickhouse,
    lost: Math.max(result.lost, missing),
    duplicated: Math.max(result.duplicated, twice),
    faults: 1,
    proven: evidence?.interactions ?? null,
    seconds: Number(((performance.now() - started) / 1_000).toFixed(1)),
  };
  const balanced = result.balanced && figures.lost === 0 && figures.duplicated === 0 && evidence?.holds !== false;
  console.log(`
What it left, for you to look at:
  ${env.PARAPET_DATA}
    spool/  the gateway's own disk    log/   the event log    registry/  the schemas
    lake/   Parquet files             keys/  the data keys    clickhouse/
Go on:
  PARAPET_SANDBOX=true npx parapet up       then point an SDK at http://127.0.0.1:8080/v1
  npx parapet doctor                        what is set, what is missing
  npx parapet reconcile                     the books, at any time
  npx parapet report SOC2 --period ${new Date().toISOString().slice(0, 7)} --so-far     evidence for another framework
`);
  if (process.argv.includes('--json'))
    console.log(
      JSON.stringify({
        bench: 'demo',
        figures,
        machine: { platform: `${process.platform}/${process.arch}` },
        versions: { node: process.version },
      }),
    );
  else console.log(reconciliationLine({ ...result, lost: figures.lost, duplicated: figures.duplicated }));
  return balanced;
}

/** Sends every prompt until it was answered whole; kills the gateway when half of them are. */
async function sendAll(): Promise<{ whole: string[]; broken: number }> {
  const calls = prompts.map(
    (prompt, i): Call => ({ prompt, sdk: i % 2 === 0 ? 'openai' : 'anthropic', streaming: i % 4 < 2, tools: i % 9 === 0 }),
  );
  const ids: string[] = [];
  let next = 0;
  let failures = 0;
  let killed = false;

  async function worker(): Promise<void> {
    while (next < calls.length) {
      const index = next++;
      const call = calls[index] as Call;
      for (let attempt = 0; ; attempt++) {
        const seen: Seen = await ask(call, index);
        if (seen.whole && seen.interactionId) {
          ids.push(seen.interactionId);
          break;
        }
        failures += 1;
        if (attempt > 100) throw new Error(`The prompt ${call.prompt.id} was never answered: ${seen.error}`);
        await sleep(250);
      }
      if (ids.length % 60 === 0) say(`  ${ids.length} of ${calls.length} answered`);
      if (!killed && ids.length >= calls.length / 2) {
        killed = true;
        const [name, pid] = Object.entries(parapet.pids()).find(([part]) => part.startsWith('gateway')) as [string, number];
        say(`  kill -9 ${pid} (${name}), with ${CONCURRENCY} calls under way`);
        process.kill(pid, 'SIGKILL');
      }
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return { whole: ids, broken: failures };
}

async function showThreats(): Promise<void> {
  const found = await rows<{ threats: string; attacks: string }>('SELECT count() AS threats, uniq(interaction_id) AS attacks FROM threats');
  await show(
    `Threats: ${found[0]?.threats} findings in ${found[0]?.attacks} interactions (monitor mode: flagged, not blocked)`,
    'SELECT threat_type, severity, count() AS findings, uniq(interaction_id) AS interactions, any(rule_id) AS for_example FROM threats GROUP BY threat_type, severity ORDER BY findings DESC LIMIT 12',
  );
}

async function show(title: string, sql: string): Promise<void> {
  const { stream } = await client.exec({
    query: `${sql} FORMAT PrettyCompactNoEscapesMonoBlock`,
    clickhouse_settings: { output_format_pretty_row_numbers: 0 },
  });
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece as Buffer);
  console.log(`\n${title}\n${Buffer.concat(pieces).toString('utf8').trimEnd()}`);
}

async function rows<T>(query: string): Promise<T[]> {
  return (await client.query({ query, format: 'JSONEachRow' })).json<T>();
}

async function ready(address: string): Promise<void> {
  const until = Date.now() + 60_000;
  for (;;) {
    const answer = await fetch(address).catch(() => undefined);
    if (answer?.ok) return;
    if (Date.now() > until) throw new Error(`${address} is not ready after a minute`);
    await sleep(50);
  }
}

function say(text: string): void {
  console.log(text);
}

function seconds(): string {
  return `${((performance.now() - started) / 1_000).toFixed(1)} s`;
}
