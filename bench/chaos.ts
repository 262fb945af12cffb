/**
 * The crash drill: all of Parapet under load from the official SDKs and plain HTTP, while its processes are killed and
 * frozen at random moments; then the books, checked by the ids that the clients saw. Whoever saw an answer to its last
 * byte must find it once in the log, once in ClickHouse and once in the lake; whoever saw as much as a head must find the
 * interaction once in the log, because no byte leaves before the intent is on disk.
 *
 * `--seed` fixes which faults come in which order and at which distance; what they meet is up to the machine.
 * Options: --faults 200  --seed S  --workers 2  --clients 8  --keep (leaves the folder)  --json (with the whole history)
 * Exit code 1 when it does not hold.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@clickhouse/client';
import { reconcileAll } from '../cli/books.ts';
import { renderReconciliation } from '../cli/reconcile.ts';
import { openCodec, openLake, openLog } from '../cli/stores.ts';
import { type Call, createClients, type Prompt, type Seen } from '../demo/clients.ts';
import { TOPICS } from '../log/topics.ts';
import { readLake } from '../sinks/s3/index.ts';
import { startParapet } from './parapet.ts';
import { flag, option, report, versions } from './report.ts';

type Fault = 'kill' | 'freeze' | 'kill all';

interface HistoryEntry {
  /** Milliseconds since the load began. */
  atMs: number;
  fault: Fault;
  /** Part that was hit; not set when all were. */
  part?: string;
  pid?: number;
  frozenMs?: number;
  /** Answers that clients had seen whole by then. */
  whole: number;
}

/** Answers seen whole between two faults, when the next one is to find traffic. */
const ANSWERS_BETWEEN = 20;

/** A call that fails for this long does not fail because of a crash. */
const GIVE_UP_MS = 60_000;

const faults = option('faults', 200);
const seed = option('seed', Math.floor(Math.random() * 2 ** 31));
const clients = option('clients', 8);
const workers = option('workers', 2);
const folder = mkdtempSync(join(tmpdir(), 'parapet-chaos-'));
const random = mulberry32(seed);
const between = (low: number, high: number) => low + random() * (high - low);

const prompts = readFileSync(new URL('../demo/prompts.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Prompt);
const parapet = await startParapet({ folder, workers });
const { url, key } = parapet;
const ask = createClients({ url, key, models: { openai: 'sandbox-large', anthropic: 'claude-haiku-4-5' } });

const whole = new Set<string>();
const headOnly = new Set<string>();
const history: HistoryEntry[] = [];
let attempts = 0;
let ended = false;
const abandon = new AbortController();

console.log(`chaos: ${faults} faults, seed ${seed}, ${workers} gateway workers, ${clients} clients, in ${folder}`);
await parapet.ready();
const started = performance.now();
const load = Promise.all(Array.from({ length: clients }, (_, index) => client(index)));
/** Rejects with the load, so that a client that cannot go on ends the drill. */
const stuck = load.then(() => undefined);
stuck.catch(() => undefined);
try {
  for (let n = 1; n <= faults; n++) {
    await Promise.race([moment(), stuck]);
    await fault();
    if (n % 20 === 0) console.log(`  ${n} of ${faults} faults after ${seconds()} s: ${whole.size} answers seen whole, ${attempts} calls`);
  }
  ended = true;
  await Promise.race([load, sleep(30_000, undefined, { ref: false })]);
  abandon.abort();
  await load;
  console.log(`The load has ended after ${seconds()} s: ${whole.size} answers seen whole, ${headOnly.size} broken after their head.`);
  await parapet.ready(120_000);
  const figures = await check();
  report('chaos', figures, versions('lmdb', 'chdb', 'undici', 'openai', '@anthropic-ai/sdk'), { seed, history });
} finally {
  ended = true;
  abandon.abort();
  await parapet.stop();
  if (!flag('keep')) rmSync(folder, { recursive: true, force: true });
}
// The SDKs' pools keep sockets open for a while.
process.exit();

/** One application: asks the same until it is answered whole, then the next. */
async function client(index: number): Promise<void> {
  // Its own dice: how far each client gets depends on the machine and must not change the order of the faults.
  const dice = mulberry32(seed + 1 + index);
  for (let turn = index; !ended; turn += clients) {
    const prompt = prompts[turn % prompts.length] as Prompt;
    // Slow streams are under way when something dies, fast answers make the numbers.
    const pace = dice() < 0.4 ? ` [[sandbox: chunk_delay_ms=${Math.floor(dice() * 40)}]]` : '';
    const call: Call = {
      prompt: { ...prompt, text: `${prompt.text}${pace}` },
      sdk: dice() < 0.5 ? 'openai' : 'anthropic',
      streaming: dice() < 0.5,
      tools: dice() < 0.1,
    };
    const plain = index % 4 === 3;
    for (const since = Date.now(); !ended; ) {
      attempts += 1;
      const seen = plain ? await fetchPlainly(call) : await ask(call, turn);
      if (seen.interactionId !== undefined) (seen.whole ? whole : headOnly).add(seen.interactionId);
      if (seen.whole) break;
      if (Date.now() - since > GIVE_UP_MS) throw new Error(`The prompt ${prompt.id} was not answered for a minute: ${seen.error}`);
      await sleep(50 + dice() * 200);
    }
  }
}

/** The same over plain HTTP, in the third format; an error answer that came whole is an answer too. */
async function fetchPlainly({ prompt, streaming }: Call): Promise<Seen> {
  const seen: Seen = { interactionId: undefined, whole: false };
  try {
    const answer = await fetch(`${url}/v1/ai/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({
        model: 'sandbox-small',
        stream: streaming,
        max_tokens: 64,
        agent_id: 'plain-http',
        messages: [{ role: 'user', content: prompt.text }],
      }),
      signal: AbortSignal.any([abandon.signal, AbortSignal.timeout(60_000)]),
    });
    seen.interactionId = answer.headers.get('x-parapet-interaction-id') || undefined;
    const text = await answer.text();
    seen.whole = answer.headers.get('content-type')?.startsWith('text/event-stream') ? text.trimEnd().endsWith('[DONE]') : text !== '';
  } catch (error) {
    seen.error = error instanceof Error ? error.message : String(error);
  }
  return seen;
}

/** When the next fault comes: mostly in the middle of traffic, now and then before anything has recovered from the last one. */
async function moment(): Promise<void> {
  const amidTraffic = random() < 0.8;
  const waitMs = between(50, 600);
  const enough = whole.size + ANSWERS_BETWEEN;
  for (let waited = 0; amidTraffic && whole.size < enough && waited < 10_000; waited += 50) await sleep(50);
  await sleep(waitMs);
}

async function fault(): Promise<void> {
  const dice = random();
  const which = random();
  const frozenMs = Math.round(between(200, 1_000));
  const entry: HistoryEntry = { atMs: Math.round(performance.now() - started), fault: 'kill all', whole: whole.size };
  history.push(entry);
  if (dice < 0.15) {
    // Also starts the supervisor anew, and with it the pauses before it starts a part that fell again.
    await parapet.killAll();
    return;
  }
  const [part, pid] = await victim(which);
  Object.assign(entry, { part, pid });
  if (dice < 0.3) {
    Object.assign(entry, { fault: 'freeze', frozenMs });
    if (signal(pid, 'SIGSTOP')) await sleep(frozenMs);
    signal(pid, 'SIGCONT');
    return;
  }
  entry.fault = 'kill';
  signal(pid, 'SIGKILL');
}

/** Mostly gateways, then the processors and the sinks of either store, also the vendor; of those that run now. */
async function victim(which: number): Promise<[string, number]> {
  const wanted = which < 0.4 ? 'gateway' : which < 0.6 ? 'clickhouse' : which < 0.78 ? 'processors' : which < 0.9 ? 'lake' : 'sandbox';
  for (;;) {
    const parts = Object.entries(await parapet.pids());
    const fitting = parts.filter(([name]) => name.startsWith(wanted));
    const all = fitting.length > 0 ? fitting : parts;
    const hit = all[Math.floor((which * 1_000) % Math.max(1, all.length))];
    if (hit) return hit;
    await sleep(50);
  }
}

/** False when the process is gone already. */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    return false;
  }
}

async function check(): Promise<Record<string, number>> {
  const result = await reconcileAll(parapet.env, { waitMs: 180_000, settle: true });
  console.log(renderReconciliation(result));
  const books = { log: await idsInLog(), clickhouse: await idsInClickHouse(), lake: await idsInLake() };
  let missing = 0;
  let twice = 0;
  for (const [book, ids] of Object.entries(books)) {
    const lacking = [...whole].filter((id) => !ids.has(id));
    const repeated = [...ids].filter(([, times]) => times > 1);
    if (lacking.length > 0) console.log(`${book}: ${lacking.length} answers that were seen whole are missing, e.g. ${lacking[0]}`);
    if (repeated.length > 0) console.log(`${book}: ${repeated.length} interactions are there more than once, e.g. ${repeated[0]?.[0]}`);
    missing = Math.max(missing, lacking.length);
    twice = Math.max(twice, repeated.length);
  }
  const unrecorded = [...headOnly].filter((id) => !books.log.has(id));
  if (unrecorded.length > 0) console.log(`log: ${unrecorded.length} interactions whose head was seen are missing, e.g. ${unrecorded[0]}`);
  if (result.open > 0) console.log(`${result.open} intents have no end`);

  const lost = Math.max(result.lost, missing, unrecorded.length, result.open);
  const duplicated = Math.max(result.duplicated, twice);
  const holds = result.balanced && lost === 0 && duplicated === 0 && whole.size > 0;
  process.exitCode = holds ? 0 : 1;
  console.log(holds ? 'It holds.' : 'It does NOT hold.');
  return {
    accepted: result.accepted,
    events: result.events,
    rows: result.clickhouse,
    lake: result.lake,
    lost,
    duplicated,
    faults: history.length,
    seen_whole: whole.size,
    seen_head_only: headOnly.size,
    orphaned: result.rows.filter((row) => row.status === 'orphaned').reduce((sum, row) => sum + row.events, 0),
    seconds: Number(seconds()),
  };
}

async function idsInLog(): Promise<Map<string, number>> {
  const log = await openLog(parapet.env);
  const codec = await openCodec(parapet.env);
  const ids = new Map<string, number>();
  const topic = TOPICS.interactions.name;
  for (const { partition, start, end } of await log.ranges(topic)) {
    for (let offset = start; offset < end; ) {
      const records = await log.read({ topic, partition, offset }, { maxRecords: 5_000, maxBytes: 32 * 2 ** 20 });
      for (const record of records) add(ids, codec.decode('interactions', record.value).interactionId);
      offset = (records.at(-1)?.offset ?? end) + 1;
    }
  }
  await log.close();
  return ids;
}

async function idsInClickHouse(): Promise<Map<string, number>> {
  const { url: front, user, password, database } = parapet.clickhouse;
  const store = createClient({ url: front, username: user, password, database });
  const answer = await store.query({
    query: 'SELECT interaction_id, toUInt32(count()) FROM interactions GROUP BY interaction_id',
    format: 'JSONCompactEachRow',
  });
  const ids = new Map(await answer.json<[string, number]>());
  await store.close();
  return ids;
}

/** Ids by record; a record that stands in two files shows in the reconciliation, which counts rows. */
async function idsInLake(): Promise<Map<string, number>> {
  const codec = await openCodec(parapet.env);
  const ids = new Map<string, number>();
  for await (const { value } of readLake(openLake(parapet.env), 'interactions'))
    add(ids, codec.decode('interactions', value).interactionId);
  return ids;
}

function add(counts: Map<string, number>, id: string): void {
  counts.set(id, (counts.get(id) ?? 0) + 1);
}

function seconds(): string {
  return ((performance.now() - started) / 1_000).toFixed(1);
}

/** Small seeded dice. */
function mulberry32(from: number): () => number {
  let a = from | 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
