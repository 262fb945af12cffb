/** The front as its clients see it: the official one over HTTP, curl, and one that leaves early. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { type ClickHouseClient, ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFixtures } from '../../fixtures.ts';
import { ANALYST_QUERIES, type ClickHouse, createClickHouseSink, openClickHouse } from '../index.ts';
import { type ClickHouseFront, createClickHouseFront } from './index.ts';

const USER = 'analyst';
const PASSWORD = 'p4ss:word';
const fixtures = createFixtures();
let folder = '';
let store: ClickHouse;
let front: ClickHouseFront;
let client: ClickHouseClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parapet-front-'));
  store = await openClickHouse({ path: folder });
  for (const view of ['interactions', 'threats', 'audit', 'verdicts', 'incidents'] as const) {
    const sink = createClickHouseSink({ store, view });
    await sink.open();
    const topic = view === 'interactions' ? 'assessed' : view;
    const batch = fixtures.batch(topic, { first: 0, last: 999 });
    // What the fixtures tell was long ago, and an incident of long ago is over.
    if (view === 'incidents') Object.assign(batch.records[0]?.value ?? {}, { status: 'open', lastSeenAt: Date.now() * 1_000 });
    await sink.write(batch as never);
  }
  front = await createClickHouseFront({ path: folder, host: '127.0.0.1', port: 0, user: USER, password: PASSWORD });
  client = createClient({ url: front.url, username: USER, password: PASSWORD, log: { level: ClickHouseLogLevel.OFF } });
}, 60_000);

afterAll(async () => {
  await client.close();
  await front.close();
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const authorized = { 'X-ClickHouse-User': USER, 'X-ClickHouse-Key': PASSWORD };

describe('the official client over HTTP', () => {
  it('gets JSON', async () => {
    const answer = await client.query({ query: 'SELECT count() AS n, currentDatabase() AS db FROM interactions' });
    expect(await answer.json()).toMatchObject({ data: [{ n: 1000, db: 'parapet' }], rows: 1 });
    expect(answer.query_id).toMatch(/^[0-9a-f-]{36}$/);
    expect((await client.ping()).success).toBe(true);
  });

  it.each(ANALYST_QUERIES)('gets what analysts ask: $title', async ({ sql }) => {
    const answer = await client.query({ query: sql, format: 'JSONEachRow' });
    expect((await answer.json<unknown>()).length).toBeGreaterThan(0);
  });

  it('streams rows', async () => {
    const answer = await client.query({ query: 'SELECT number FROM numbers(500000)', format: 'JSONEachRow' });
    let rows = 0;
    for await (const part of answer.stream<{ number: number }>()) rows += part.length;
    expect(rows).toBe(500_000);
  });

  it('sends values as parameters', async () => {
    const given = {
      text: "it's\ta \\ \n“tab”",
      number: 7,
      list: ["a'b", 'c\\d'],
      deep: [[1, 2], []],
      when: new Date(Date.UTC(2026, 0, 1)),
      none: null,
    };
    const answer = await client.query({
      query:
        'SELECT {text:String} AS text, {number:UInt8} AS number, {list:Array(String)} AS list, {deep:Array(Array(Int8))} AS deep, {none:Nullable(String)} AS none, toUnixTimestamp({when:DateTime}) AS when',
      query_params: given,
      format: 'JSONEachRow',
    });
    expect(await answer.json()).toEqual([{ ...given, when: given.when.getTime() / 1000 }]);
  });

  it('gets compressed answers, and settings it may send', async () => {
    const other = createClient({
      url: front.url,
      username: USER,
      password: PASSWORD,
      compression: { response: true },
      database: 'default',
    });
    const answer = await other.query({
      query: 'SELECT toUInt64(number) AS n FROM numbers(1000)',
      format: 'JSONEachRow',
      clickhouse_settings: { output_format_json_quote_64bit_integers: 1 },
    });
    const rows = await answer.json<{ n: string }>();
    expect([rows.length, rows[999]?.n]).toEqual([1000, '999']);
    await other.close();
  });

  it('sees what is written while it is connected', async () => {
    const sink = createClickHouseSink({ store, view: 'interactions' });
    await sink.write(fixtures.batch('assessed', { first: 1_000, last: 1_099 }));
    const answer = await client.query({ query: 'SELECT count() AS n FROM interactions WHERE _offset >= 1000', format: 'JSONEachRow' });
    expect(await answer.json()).toEqual([{ n: 100 }]);
  });

  it.each([
    ['SELECT nope FROM interactions', '47'],
    ['SELECT * FROM nope', '60'],
    ['SELEC 1', '62'],
    ['SELECT throwIf(1)', '395'],
    ["SELECT * FROM file('/etc/passwd', 'LineAsString')", '164'],
    ["INSERT INTO interactions (org) VALUES ('x')", '164'],
    ['DROP TABLE interactions', '164'],
  ])('gets a ClickHouseError for %s', async (query, code) => {
    const error = await client.query({ query, format: 'JSONEachRow' }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ClickHouseError);
    expect(error).toMatchObject({ code });
  });

  it('is told why a query is refused', async () => {
    await expect(client.query({ query: "SELECT file('/etc/passwd')" })).rejects.toThrow(
      /PARAPET_QUERY_REFUSED: the function file is not allowed/,
    );
  });

  it('is refused with a wrong password', async () => {
    const other = createClient({ url: front.url, username: USER, password: 'wrong', log: { level: ClickHouseLogLevel.OFF } });
    await expect(other.query({ query: 'SELECT 1' })).rejects.toMatchObject({ code: '516', type: 'AUTHENTICATION_FAILED' });
    await other.close();
  });

  it('answers several at once', async () => {
    const ask = async (n: number) =>
      (await client.query({ query: `SELECT ${n} AS n, count() AS c FROM interactions`, format: 'JSONEachRow' })).json<{ n: number }>();
    const rows = (await Promise.all(Array.from({ length: 20 }, (_, n) => ask(n)))).map((answer) => answer[0]?.n);
    expect(rows).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });
});

describe('curl', () => {
  const curl = async (...args: string[]) => (await promisify(execFile)('curl', ['-sS', ...args])).stdout;

  it('asks in the URL, in the body, and in both', async () => {
    const login = ['-u', `${USER}:${PASSWORD}`];
    expect(await curl(...login, `${front.url}/?query=SELECT%201`)).toBe('1\n');
    expect(await curl(...login, '--data-binary', 'SELECT 2 FORMAT CSV', front.url)).toBe('2\n');
    expect(
      await curl(...login, '--data-binary', '{x:UInt8} + 1', `${front.url}/?query=SELECT&param_x=3&default_format=JSONCompactEachRow`),
    ).toBe('[4]\n');
    expect(await curl(`${front.url}/?user=${USER}&password=${encodeURIComponent(PASSWORD)}&query=SELECT%205`)).toBe('5\n');
    expect(await curl(`${front.url}/ping`)).toBe('Ok.\n');
  });
});

describe('the protocol', () => {
  it('has ClickHouse’s headers', async () => {
    const answer = await fetch(`${front.url}/?query_id=mine&query=${encodeURIComponent('SELECT 1 AS a FORMAT JSON')}`, {
      headers: authorized,
    });
    expect(answer.headers.get('x-clickhouse-query-id')).toBe('mine');
    expect(answer.headers.get('x-clickhouse-format')).toBe('JSON');
    expect(answer.headers.get('x-clickhouse-timezone')).toBe('UTC');
    expect(answer.headers.get('x-clickhouse-server-display-name')).toBe('parapet');
    expect(answer.headers.get('content-type')).toBe('application/json; charset=UTF-8');
    expect(JSON.parse(answer.headers.get('x-clickhouse-summary') ?? '')).toMatchObject({ result_rows: '1' });
  });

  it('says errors in ClickHouse’s words and status', async () => {
    const wrong = await fetch(`${front.url}/?query=SELECT%201`);
    expect([wrong.status, wrong.headers.get('x-clickhouse-exception-code')]).toEqual([401, '516']);
    expect(await wrong.text()).toMatch(/^Code: 516\. DB::Exception: .*\(AUTHENTICATION_FAILED\)\n$/);
    const missing = await fetch(`${front.url}/?query=SELECT%20*%20FROM%20nope`, { headers: authorized });
    expect([missing.status, missing.headers.get('x-clickhouse-exception-code')]).toEqual([404, '60']);
    const setting = await fetch(`${front.url}/?query=SELECT%201&format_schema=x`, { headers: authorized });
    expect([setting.status, setting.headers.get('x-clickhouse-exception-code')]).toEqual([500, '164']);
    const database = await fetch(`${front.url}/?query=SELECT%201&database=other`, { headers: authorized });
    expect(database.headers.get('x-clickhouse-exception-code')).toBe('81');
  });

  it('takes no setting that lifts its limits', async () => {
    const answer = await fetch(
      `${front.url}/?max_execution_time=0&query=${encodeURIComponent("SELECT value FROM system.settings WHERE name = 'max_execution_time'")}`,
      { headers: authorized },
    );
    expect(await answer.text()).toBe('60\n');
  });

  it('compresses when it is asked to', async () => {
    const bytes = await new Promise<Buffer>((resolve, reject) => {
      const options = { headers: { ...authorized, 'Accept-Encoding': 'gzip' } };
      request(`${front.url}/?enable_http_compression=1&query=SELECT%20repeat('x',1000)`, options, async (response) => {
        expect(response.headers['content-encoding']).toBe('gzip');
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk as Buffer);
        resolve(Buffer.concat(chunks));
      })
        .on('error', reject)
        .end();
    });
    expect(gunzipSync(bytes).toString()).toBe(`${'x'.repeat(1000)}\n`);
  });

  it('cuts an answer that fails on its way, after saying why', async () => {
    const answer = await fetch(`${front.url}/?query=${encodeURIComponent('SELECT throwIf(number = 900000) FROM numbers(1000000)')}`, {
      headers: authorized,
    });
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow();
  });

  it('goes on after a client that leaves in the middle', async () => {
    for (let round = 0; round < 5; round++) {
      const gone = new AbortController();
      const answer = await fetch(
        `${front.url}/?query=${encodeURIComponent('SELECT number, randomPrintableASCII(100) FROM numbers(3000000)')}`,
        {
          headers: authorized,
          signal: gone.signal,
        },
      );
      await answer.body?.getReader().read();
      gone.abort();
    }
    const answer = await client.query({ query: 'SELECT 1 AS one', format: 'JSONEachRow' });
    expect(await answer.json()).toEqual([{ one: 1 }]);
  });
});
