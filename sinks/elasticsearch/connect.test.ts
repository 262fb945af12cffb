/** Every bad connection says what is wrong and what to do, and no secret with it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { ParapetError } from '../../core/errors.ts';
import { connect, type ElasticsearchOptions, openElasticsearch } from './connect.ts';
import { type Asked, type Certificate, certificate, type Said, type Speaker, speak } from './testing.ts';

const INFO = { version: { number: '8.19.0', build_flavor: 'default' }, tagline: 'You Know, for Search' };
const SECRETS = { user: 'writer', password: 'hunter2-password' };
const DAY_MS = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * DAY_MS);

const folder = mkdtempSync(join(tmpdir(), 'elasticsearch-'));
const speakers: Speaker[] = [];
async function speaking(say: (asked: Asked) => Said | undefined, tls?: Certificate): Promise<Speaker> {
  const speaker = await speak(say, tls);
  speakers.push(speaker);
  return speaker;
}
afterEach(async () => {
  for (const speaker of speakers.splice(0)) await speaker.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What opening it ends in; fails the test when it does not end in a coded error or the error holds a secret. */
async function failure(options: ElasticsearchOptions): Promise<ParapetError> {
  try {
    const store = await openElasticsearch({ timeoutMs: 5_000, ...options });
    await store.close();
  } catch (error) {
    if (!(error instanceof ParapetError)) throw error;
    for (const secret of [options.password, options.apiKey].filter((text) => text !== undefined)) {
      expect(error.message).not.toContain(secret);
      expect(error.hint).not.toContain(secret);
    }
    return error;
  }
  throw new Error('It opened.');
}

function caFile(name: string, { cert }: Certificate): string {
  const path = join(folder, name);
  writeFileSync(path, cert);
  return path;
}

describe('a good connection', () => {
  it('opens with a user, with an API key, and by a certificate of one’s own authority', async () => {
    const own = certificate({ ip: '127.0.0.1', from: inDays(-1), to: inDays(1) });
    const speaker = await speaking(() => ({ body: INFO }), own);
    const file = caFile('own.pem', own);
    await (await openElasticsearch({ url: speaker.url, caFile: file, ...SECRETS })).close();
    await (await openElasticsearch({ url: speaker.url, caFile: file, apiKey: 'aWQ6a2V5' })).close();
    const basic = Buffer.from(`${SECRETS.user}:${SECRETS.password}`).toString('base64');
    expect(speaker.asked.map(({ authorization }) => authorization)).toEqual([`Basic ${basic}`, 'ApiKey aWQ6a2V5']);
  });

  it('keeps the path before the API', async () => {
    const speaker = await speaking(() => ({ body: INFO }));
    await (await openElasticsearch({ url: `${speaker.url}/search/eu` })).close();
    expect(speaker.asked[0]?.path).toBe('/search/eu/');
  });
});

describe('a bad connection', () => {
  it.each([
    [401, 'security_exception', /ELASTICSEARCH_API_KEY/],
    [403, 'security_exception', /manage_index_templates/],
    [403, 'cluster_block_exception', /flood stage/],
  ])('%i %s says what to check', async (status, type, hint) => {
    const speaker = await speaking(() => ({ status, body: { error: { type, reason: 'no' }, status } }));
    const error = await failure({ url: speaker.url, ...SECRETS });
    expect(error.code).toBe('PARAPET_STORE_UNAVAILABLE');
    expect(error.message).toBe(`Elasticsearch could not open: ${status} ${type} no`);
    expect(error.hint).toMatch(hint);
  });

  it('does not tell the secret that a server repeats in its reason', async () => {
    const apiKey = Buffer.from('id:verysecretkey').toString('base64');
    const speaker = await speaking(({ authorization }) => ({
      status: 401,
      body: { error: { type: 'security_exception', reason: `cannot authenticate ${authorization}` } },
    }));
    await failure({ url: speaker.url, apiKey });
    const basic = await failure({ url: speaker.url, ...SECRETS });
    expect(basic.message).not.toContain(Buffer.from(`${SECRETS.user}:${SECRETS.password}`).toString('base64'));
  });

  it('a host that has no address', async () => {
    const error = await failure({ url: 'http://no-such-host.invalid:9200', ...SECRETS });
    expect(error).toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE', hint: expect.stringMatching(/cannot be resolved/) });
  });

  it('a port where nothing listens', async () => {
    const speaker = await speak(() => ({ body: INFO }));
    await speaker.close();
    const error = await failure({ url: speaker.url, ...SECRETS });
    expect(error).toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE', hint: expect.stringMatching(/Nothing listens there/) });
  });

  it('https where http is spoken, and http where https is', async () => {
    const plain = await speaking(() => ({ body: INFO }));
    const wrong = await failure({ url: plain.url.replace('http:', 'https:'), ...SECRETS });
    expect(wrong).toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE', hint: expect.stringMatching(/does not speak TLS/) });
    const own = await speaking(() => ({ body: INFO }), certificate({ ip: '127.0.0.1', from: inDays(-1), to: inDays(1) }));
    const clear = await failure({ url: own.url.replace('https:', 'http:'), ...SECRETS });
    expect(clear).toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE', hint: expect.stringMatching(/it speaks TLS/) });
    expect(own.asked).toEqual([]);
  });

  it.each([
    ['nobody known signed', { ip: '127.0.0.1', from: inDays(-1), to: inDays(1) }, false, /ELASTICSEARCH_CA_FILE/],
    ['has expired', { ip: '127.0.0.1', from: inDays(-3), to: inDays(-2) }, true, /Renew/],
    ['is not valid yet', { ip: '127.0.0.1', from: inDays(2), to: inDays(3) }, true, /clocks/],
    ['names another host', { ip: '10.9.8.7', from: inDays(-1), to: inDays(1) }, true, /certificate names/],
  ])('a certificate that %s', async (name, shape, trusted, hint) => {
    const own = certificate(shape);
    const speaker = await speaking(() => ({ body: INFO }), own);
    const error = await failure({ url: speaker.url, ...(trusted ? { caFile: caFile(`${name}.pem`, own) } : {}), ...SECRETS });
    expect(error).toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE', hint: expect.stringMatching(hint) });
    expect(speaker.asked).toEqual([]);
  });

  it('a server that is not Elasticsearch, whatever it answers', async () => {
    const other = await speaking(() => ({ body: INFO, headers: { 'x-elastic-product': 'OpenSearch' } }));
    expect(await failure({ url: other.url, ...SECRETS })).toMatchObject({
      code: 'PARAPET_STORE_UNAVAILABLE',
      message: expect.stringMatching(/what answers is not Elasticsearch/),
      hint: expect.stringMatching(/ELASTICSEARCH_URL/),
    });
    const page = await speaking(() => ({ status: 404, body: '<h1>Not here</h1>', headers: { 'content-type': 'text/html' } }));
    expect(await failure({ url: page.url, ...SECRETS })).toMatchObject({
      code: 'PARAPET_STORE_UNAVAILABLE',
      hint: expect.stringMatching(/not the words of Elasticsearch/),
    });
    const sockets: Socket[] = [];
    const talker = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.write('SSH-2.0-OpenSSH_9.6\r\n');
    });
    await new Promise<void>((resolve) => talker.listen(0, '127.0.0.1', resolve));
    const { port } = talker.address() as { port: number };
    expect(await failure({ url: `http://127.0.0.1:${port}`, ...SECRETS })).toMatchObject({
      code: 'PARAPET_STORE_UNAVAILABLE',
      hint: expect.stringMatching(/does not speak HTTP/),
    });
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => talker.close(resolve));
  });

  it('a server that never answers', async () => {
    const silent = await speaking(() => undefined);
    const error = await failure({ url: silent.url, timeoutMs: 200, ...SECRETS });
    expect(error).toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE', message: 'Elasticsearch could not open: no answer in time' });
    expect(error.hint).toMatch(/load of the cluster/);
  });
});

describe('options that cannot be meant', () => {
  it.each<[string, Partial<ElasticsearchOptions>]>([
    ['a prefix that no index may have', { prefix: 'Acme ' }],
    ['a prefix that begins with a hyphen', { prefix: '-acme' }],
    ['a key and a user', { apiKey: 'aWQ6a2V5', user: 'writer' }],
    ['a password without a user', { password: 'hunter2-password' }],
    ['a certificate file that is not there', { caFile: join(folder, 'none.pem') }],
    ['something that is not a URL', { url: 'elasticsearch' }],
    ['a URL of another protocol', { url: 'ftp://127.0.0.1:9200' }],
    ['a URL with a password', { url: 'https://writer:hunter2-password@127.0.0.1:9200' }],
  ])('%s', (_, change) => {
    const tried = () => connect({ url: 'http://127.0.0.1:9200', ...change });
    expect(tried).toThrow(expect.objectContaining({ code: 'PARAPET_CONFIG_INVALID' }));
    expect(tried).not.toThrow(/hunter2/);
  });
});
