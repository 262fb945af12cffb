/**
 * The crash drill: all of Parapet under load from the official SDKs and plain HTTP, while its processes are killed and
 * frozen at random moments; then the books, checked by the ids that the clients saw. Whoever saw an answer to its last
 * byte must find it once in the log, once in ClickHouse and once in the lake; whoever saw as much as a head must find the
 * interaction once in the log, because no byte leaves before the intent is on disk.
 *
 * With `--servers` Parapet stands on real servers (Kafka, schema registry, ClickHouse, S3, Elasticsearch,
 * InfluxDB, PostgreSQL, by their URLs in the environment), and these are killed and frozen too, the connections to them cut and
 * slowed, the disk of the data folder filled (where this process may mount one), and further members join the consumer groups
 * and leave them; every further view must then hold what the log holds, once.
 *
 * `--seed` fixes which faults come in which order and at which distance; what they meet is up to the machine.
 * Options: --faults 200  --seed S  --workers 2  --clients 8  --servers [kafka,… that may be hit]
 * --keep (leaves what it made)  --json (with the whole history).  Exit code 1 when it does not hold.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { reconcileAll } from '../cli/books.ts';
import { renderReconciliation } from '../cli/reconcile.ts';
import { mulberry32 } from '../core/dice.ts';
import { type Call, createClients, type Prompt, type Seen } from '../demo/clients.ts';
import {
  compare,
  countsInPostgres,
  type Ids,
  idsInClickHouse,
  idsInElasticsearch,
  idsInInflux,
  idsInLake,
  idsInLog,
} from './drill/books.ts';
import { mountSmallDisk } from './drill/disk.ts';
import { createFaults, type Fault } from './drill/faults.ts';
import { createMembers } from './drill/members.ts';
import { type Link, startProxy } from './drill/proxy.ts';
import { killableServers } from './drill/servers.ts';
import { startParapet } from './parapet.ts';
import { flag, option, report, versions, words } from './report.ts';
import { type Servers, serversOf } from './servers.ts';

interface HistoryEntry extends Fault {
  /** Milliseconds since the load began. */
  atMs: number;
  /** Answers that clients had seen whole by then. */
  whole: number;
}

/** Answers seen whole between two faults, when the next one is to find traffic. */
const ANSWERS_BETWEEN = 20;

/** A call that fails for this long does not fail because of a crash; a server takes longer to come back than a process. */
const GIVE_UP_MS = flag('servers') ? 240_000 : 60_000;
const CATCH_UP_MS = 180_000;
/** Of the disk under the data folder, when it is one that can be filled. */
const DISK_MIB = 256;
const SPOOL_MIB = 64;
/** Those behind whose address Parapet can be given a proxy: Kafka tells its own to every client. */
const LINKS = {
  CLICKHOUSE_URL: 'clickhouse',
  S3_ENDPOINT: 's3',
  ELASTICSEARCH_URL: 'elasticsearch',
  INFLUX_URL: 'influxdb',
  SCHEMA_REGISTRY_URL: 'registry',
};

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
const links = new Map<string, Link>();
const servers: Servers | undefined = flag('servers') ? await serversOf() : undefined;
const settings: Record<string, string> = { ...servers?.settings };
for (const [setting, name] of Object.entries(LINKS)) {
  const target = settings[setting];
  if (target === undefined) continue;
  const link = await startProxy(target);
  links.set(name, link);
  settings[setting] = link.url;
}
const killable = servers === undefined ? [] : killableServers(words('servers') ?? ['kafka', 'postgres', ...Object.values(LINKS)]);
// The embedded stores fill a small disk by themselves.
const disk = servers === undefined ? undefined : mountSmallDisk(folder, DISK_MIB);
if (servers !== undefined && disk === undefined) console.log('No right to mount a disk here: it will not be filled.');
if (disk !== undefined) settings['PARAPET_SPOOL_BYTES'] = String(SPOOL_MIB * 2 ** 20);
const parapet = await startParapet({ folder, workers, settings });
const { url, key } = parapet;
const ask = createClients({ url, key, models: { openai: 'sandbox-large', anthropic: 'claude-haiku-4-5' } });

const whole = new Set<string>();
const headOnly = new Set<string>();
const history: HistoryEntry[] = [];
let attempts = 0;
let ended = false;
const abandon = new AbortController();

console.log(
  `chaos: ${faults} faults, seed ${seed}, ${workers} gateway workers, ${clients} clients, in ${folder}${servers ? `, servers ${killable.map(({ name }) => name).join(', ')}` : ''}`,
);
await parapet.ready();
const members = servers === undefined ? undefined : createMembers(parapet.environment);
const faultsOf = createFaults({ parapet, servers: killable, links, members, disk }, random);
const started = performance.now();
const load = Promise.all(Array.from({ length: clients }, (_, index) => client(index)));
/** Rejects with the load, so that a client that cannot go on ends the drill. */
const stuck = load.then(() => undefined);
stuck.catch(() => undefined);
try {
  for (let n = 1; n <= faults; n++) {
    await Promise.race([moment(), stuck]);
    const entry: HistoryEntry = { atMs: Math.round(performance.now() - started), fault: '', whole: whole.size };
    history.push(entry);
    await Promise.race([faultsOf.begin(entry), stuck]);
    if (n % 20 === 0) console.log(`  ${n} of ${faults} faults after ${seconds()} s: ${whole.size} answers seen whole, ${attempts} calls`);
  }
  await Promise.race([faultsOf.over(), stuck]);
  ended = true;
  await Promise.race([load, sleep(30_000, undefined, { ref: false })]);
  abandon.abort();
  await load;
  console.log(`The load has ended after ${seconds()} s: ${whole.size} answers seen whole, ${headOnly.size} broken after their head.`);
  await parapet.ready(120_000);
  const figures = await check();
  report('chaos', figures, versions('lmdb', 'chdb', 'undici', 'openai', '@anthropic-ai/sdk', 'kafkajs'), { seed, history });
} finally {
  ended = true;
  abandon.abort();
  members?.close();
  await parapet.stop();
  await Promise.all([...links.values()].map((link) => link.close()));
  if (!flag('keep')) {
    // What cannot be removed must not hide what was found.
    await servers?.remove().catch((error) => console.error('not all of the run could be removed:', error));
    disk?.unmount();
    rmSync(folder, { recursive: true, force: true });
  }
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

async function check(): Promise<Record<string, number>> {
  const result = await reconcileAll(parapet.env, { waitMs: CATCH_UP_MS, settle: true });
  console.log(renderReconciliation(result));
  const events = await idsInLog(parapet, 'interactions', ({ interactionId }: { interactionId: string }) => interactionId);
  const books: [name: string, ids: Ids][] = [
    ['log', events],
    ['clickhouse', await idsInClickHouse(parapet, 'interactions', 'interaction_id')],
    ['lake', await idsInLake(parapet)],
  ];
  let missing = 0;
  let twice = 0;
  const say = (book: string, found: ReturnType<typeof compare>) => {
    if (found.missing.length > 0) console.log(`${book}: ${found.missing.length} are missing, e.g. ${found.missing[0]}`);
    if (found.wrong.length > 0) console.log(`${book}: ${found.wrong.length} are there more than once or wrongly, e.g. ${found.wrong[0]}`);
    missing = Math.max(missing, found.missing.length);
    twice = Math.max(twice, found.wrong.length);
  };
  for (const [book, ids] of books) say(book, compare(whole, ids, events));
  for (const [view, found] of await derivedViews(events)) say(view, found);
  const unrecorded = [...headOnly].filter((id) => !events.has(id));
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

/** Every view of threats and audit against the log, once they have caught up. */
async function derivedViews(events: Ids): Promise<[view: string, found: ReturnType<typeof compare>][]> {
  const threats = await idsInLog(parapet, 'threats', ({ threatId }: { threatId: string }) => threatId);
  const audit = await idsInLog(parapet, 'audit', ({ auditId }: { auditId: string }) => auditId);
  const until = Date.now() + CATCH_UP_MS;
  for (;;) {
    const found: [string, ReturnType<typeof compare>][] = [
      ['log: threats', compare([], threats)],
      ['log: audit', compare([], audit)],
      ['clickhouse: threats', compare(threats.keys(), await idsInClickHouse(parapet, 'threats', 'threat_id'), threats)],
      ['clickhouse: audit', compare(audit.keys(), await idsInClickHouse(parapet, 'audit', 'audit_id'), audit)],
    ];
    if (servers !== undefined) {
      found.push(['elasticsearch: threats', compare(threats.keys(), await idsInElasticsearch(parapet, 'threats'), threats)]);
      const counted = await countsInPostgres(parapet);
      found.push(['postgres: interactions', difference(events.size, counted.interactions)]);
      found.push(['postgres: threats', difference(threats.size, counted.threats)]);
      found.push(['influxdb', compare(events.keys(), await idsInInflux(parapet), events)]);
      found.push(['elasticsearch: audit', compare(audit.keys(), await idsInElasticsearch(parapet, 'audit'), audit)]);
    }
    if (found.every(([, { missing }]) => missing.length === 0) || Date.now() > until) return found;
    await sleep(1_000);
  }
}

/** Of a view that only counts: what is too little is missing, what is too much was counted twice. */
function difference(wanted: number, counted: number): ReturnType<typeof compare> {
  const times = (n: number) => Array.from({ length: Math.max(0, n) }, () => `one of ${wanted}, ${counted} counted`);
  return { missing: times(wanted - counted), wrong: times(counted - wanted) };
}

function seconds(): string {
  return ((performance.now() - started) / 1_000).toFixed(1);
}
