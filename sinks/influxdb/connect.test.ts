/** What the sink makes of servers and networks that fail, against small servers of Node's own; and of wrong options. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { connectInflux, createInfluxSink, type InfluxOptions, openInflux } from './index.ts';
import { send } from './send.ts';
import { type Asked, type Said, speaking } from './testing.ts';

const TOKEN = 'very-secret-token';
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function server(say: (asked: Asked) => Said, tls?: { key: string; cert: string }) {
  const made = await speaking(say, tls);
  closers.push(made.close);
  return made;
}
const options = (url: string, more: Partial<InfluxOptions> = {}): InfluxOptions => ({
  url,
  token: TOKEN,
  org: 'o',
  timeoutMs: 2_000,
  ...more,
});
const says = (status: number, message: string, headers?: Record<string, string>): Said => ({
  status,
  headers,
  body: JSON.stringify({ code: 'x', message }),
});
const lines = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ index, line: `ai_interactions,user_id=alice${index} events=1i ${index}` }));
const failure = (url: string, more?: Partial<InfluxOptions>) =>
  send(connectInflux(options(url, more)), 'b', lines(3)).then(
    () => expect.unreachable('it was stored'),
    (error: Error & { code: string; hint: string; retryAfterSeconds?: number }) => error,
  );

describe('points on their way', () => {
  it('are sent in one request, zipped, to the bucket in nanoseconds', async () => {
    const { url, asked } = await server(() => ({ status: 204 }));
    const entries = lines(100);
    expect(await send(connectInflux(options(url)), 'b c', entries)).toEqual({ refused: new Map(), expired: 0 });
    expect(asked).toEqual([
      {
        method: 'POST',
        path: '/api/v2/write?org=o&bucket=b%20c&precision=ns',
        zipped: true,
        body: entries.map(({ line }) => line).join('\n'),
      },
    ]);
  });

  it.each([
    ['a token that is unknown', says(401, 'unauthorized access'), /INFLUX_TOKEN: the server does not know it/],
    ['a token without a right', says(401, 'write:orgs/1/buckets is unauthorized'), /INFLUX_TOKEN lacks a right/],
    ['a token for another bucket', says(403, 'insufficient permissions for write'), /INFLUX_TOKEN is known, but not allowed/],
    ['a missing bucket', says(404, 'bucket "b" not found'), /INFLUX_BUCKET/],
    ['a missing organisation', says(404, 'organization name "o" not found'), /INFLUX_ORG/],
    ['a wrong path', { status: 404, headers: { 'content-type': 'text/html' }, body: '<html>' } satisfies Said, /INFLUX_URL/],
    ['a redirect', { status: 302, headers: { location: '/login' } } satisfies Said, /INFLUX_URL/],
    ['a page instead of an answer', { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' } satisfies Said, /INFLUX_URL/],
    ['an overloaded server', says(503, 'busy'), /overloaded/],
    ['a server too slow for itself', says(500, 'unexpected error writing points to database: timeout'), /its own limit of time/],
    ['a server that says nothing', 'hang', /INFLUX_TIMEOUT_MS/],
  ] as const)('wait for a better time at %s', async (_, said, hint) => {
    const { url } = await server(() => said as Said);
    const error = await failure(url, { timeoutMs: 300 });
    expect(error).toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE', hint: expect.stringMatching(hint) });
    expect(error.message).not.toMatch(/very-secret|alice/);
  });

  it.each(['cut', 'drip'] as const)('wait for a better time at an answer that is %s', async (said) => {
    const { url } = await server(() => said);
    expect(await failure(url, { timeoutMs: 300 })).toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
  });

  it('learn when a limited server wants them again', async () => {
    const { url } = await server(() => says(429, 'slow down', { 'retry-after': '7' }));
    expect(await failure(url)).toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE', retryAfterSeconds: 7 });
    const dated = await server(() => says(503, 'busy', { 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() }));
    expect((await failure(dated.url)).retryAfterSeconds).toBeGreaterThan(3_000);
  });

  it('are cut smaller where a proxy takes no large body, and wait where it takes not even one', async () => {
    const stored: string[] = [];
    const { url, asked } = await server(({ body }) => {
      if (body.length > 500) return { status: 413, body: 'too large' };
      stored.push(...body.split('\n'));
      return { status: 204 };
    });
    const entries = lines(100);
    expect((await send(connectInflux(options(url)), 'b', entries)).refused.size).toBe(0);
    expect(stored).toEqual(entries.map(({ line }) => line));
    expect(asked.length).toBeLessThan(40);
    const strict = await server(() => ({ status: 413 }));
    expect(await failure(strict.url)).toMatchObject({
      code: 'PARAPET_STORE_UNAVAILABLE',
      hint: expect.stringContaining('client_max_body_size'),
    });
  });

  it('are cut smaller where the server runs out of its own time, but not endlessly', async () => {
    const { url } = await server(({ body }) =>
      body.split('\n').length > 600 ? says(500, 'unexpected error writing points to database: timeout') : { status: 204 },
    );
    expect((await send(connectInflux(options(url)), 'b', lines(3_000))).refused.size).toBe(0);
    const stuck = await server(() => says(500, 'unexpected error writing points to database: timeout'));
    await expect(send(connectInflux(options(stuck.url)), 'b', lines(2_000))).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
    expect(stuck.asked.length).toBe(4);
  });

  it('are refused one by one where they cannot be parsed, without a word of what they say', async () => {
    const { url } = await server(({ body }) => {
      const bad = body.split('\n').find((line) => /alice(7|31) /.test(line));
      return bad === undefined ? { status: 204 } : says(400, `unable to parse '${bad}': max key length exceeded: 70004 > 65535`);
    });
    const { refused } = await send(connectInflux(options(url)), 'b', lines(50));
    const reason = 'InfluxDB 400: max key length exceeded: 70004 > 65535';
    expect(refused).toEqual(new Map([7, 31].map((index) => [index, reason])));
    const talkative = await server(({ body }) => says(400, `unable to parse '${body}': found 'alice' where ${body}`));
    expect([...(await send(connectInflux(options(talkative.url)), 'b', lines(1))).refused.values()]).toEqual([
      'InfluxDB 400: the point cannot be parsed',
    ]);
  });

  it('are not set aside for a partial write of a kind that is not known', async () => {
    const { url } = await server(() => says(422, 'failure writing points to database: partial write: max-series exceeded alice dropped=1'));
    const error = await failure(url);
    expect(error.code).toBe('PARAPET_STORE_UNAVAILABLE');
    expect(error.message).not.toContain('alice');
  });
});

describe('a connection that cannot be made', () => {
  it('says that nothing listens, or that the host has no address', async () => {
    const { url, close } = await speaking(() => ({ status: 204 }));
    await close();
    expect(await failure(url)).toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE', hint: expect.stringContaining('Nothing listens') });
    expect(await failure('http://no-such-host.invalid:8086')).toMatchObject({ hint: expect.stringContaining('cannot be resolved') });
  });

  it('says what is wrong with TLS, and trusts the authority that it is given', async () => {
    const plain = await server(() => ({ status: 204 }));
    expect(await failure(plain.url.replace('http:', 'https:'))).toMatchObject({ hint: expect.stringContaining('does not speak TLS') });
    const folder = mkdtempSync(join(tmpdir(), 'influx-tls-'));
    try {
      const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
      const subject = ['-subj', '/CN=here', '-addext', 'subjectAltName=IP:127.0.0.1'];
      const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', keyFile, '-out', certFile, ...subject];
      execFileSync('openssl', args, { stdio: 'ignore' });
      const secure = await server(() => ({ status: 204 }), { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8') });
      expect(await failure(secure.url)).toMatchObject({ hint: expect.stringContaining('INFLUX_CA_FILE') });
      expect((await send(connectInflux(options(secure.url, { caFile: certFile })), 'b', lines(2))).refused.size).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is told apart from a server that is not InfluxDB', async () => {
    const { url } = await server(() => ({ status: 200, body: '{"name":"something else"}' }));
    await expect(openInflux(options(url))).rejects.toMatchObject({
      code: 'PARAPET_STORE_UNAVAILABLE',
      hint: expect.stringContaining('INFLUX_URL'),
    });
    const real = await server(() => ({ status: 200, body: '{"name":"influxdb","status":"pass"}' }));
    expect((await openInflux(options(real.url))).bucket).toBe('parapet');
  });
});

describe('the sink', () => {
  it('says which right the token lacks to make the bucket', async () => {
    const { url } = await server(({ method, path }) => {
      if (path.startsWith('/api/v2/buckets') && method === 'GET') return { status: 200, body: '{"buckets":[]}' };
      if (path.startsWith('/api/v2/orgs')) return { status: 200, body: '{"orgs":[{"id":"1","name":"o"}]}' };
      return says(401, 'write:orgs/1/buckets is unauthorized');
    });
    const sink = createInfluxSink({ store: connectInflux(options(url)) });
    await expect(sink.open()).rejects.toMatchObject({
      code: 'PARAPET_STORE_UNAVAILABLE',
      message: expect.stringContaining('make the bucket parapet'),
      hint: expect.stringContaining('read and write on buckets, labels and tasks'),
    });
  });

  it('does not guess when the token may not see the guard’s labels', async () => {
    const bucket = { id: 'b1', orgID: '1', name: 'parapet', retentionRules: [] };
    const { url } = await server(({ method, path }) => {
      if (path.startsWith('/api/v2/buckets')) return { status: 200, body: JSON.stringify({ buckets: [bucket] }) };
      if (method === 'GET') return { status: 200, body: '{"labels":[]}' };
      return says(422, 'label with name parapet tags b1 00000 already exists');
    });
    const sink = createInfluxSink({ store: connectInflux(options(url, { hourlyRetentionSeconds: false })) });
    await expect(sink.open()).rejects.toMatchObject({
      code: 'PARAPET_STORE_UNAVAILABLE',
      message: expect.stringContaining('needs read on labels'),
    });
  });

  it.each([
    ['a URL that is none', { url: 'localhost:8086' }, 'INFLUX_URL'],
    ['an empty token', { token: '' }, 'INFLUX_TOKEN'],
    ['a token of two lines', { token: 'a\nb' }, 'INFLUX_TOKEN'],
    ['an empty organisation', { org: '' }, 'INFLUX_ORG'],
    ['a bucket of InfluxDB’s own', { bucket: '_tasks' }, 'INFLUX_BUCKET'],
    ['a retention of minutes', { retentionSeconds: 600 }, 'at least one hour'],
    ['a certificate file that is not there', { caFile: '/no/such/file.pem' }, 'INFLUX_CA_FILE'],
  ])('refuses %s', (_, wrong, about) => {
    expect(() => connectInflux({ ...options('http://127.0.0.1:1'), ...wrong })).toThrow(
      expect.objectContaining({ code: 'PARAPET_CONFIG_INVALID', message: expect.stringContaining(about) }),
    );
  });
});
