/** The webhook destination against receivers that behave as real ones do; signatures are checked by Standard Webhooks’ own package. */
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ParapetError } from '../../core/errors.ts';
import type { Threat } from '../../schemas/types.ts';
import { createFixtures } from '../fixtures.ts';
import type { Clock } from './pacing.ts';
import { violations } from './testing/ocsf-schema.ts';
import { type Answer, type Certificates, makeCertificates, type Received, type Receiver, receiver } from './testing/servers.ts';
import { createWebhookSink, type WebhookSinkOptions } from './webhook.ts';
import { webhookId } from './webhook-sign.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const OLD_SECRET = `whsec_${Buffer.alloc(24, 9).toString('base64')}`;
const fixtures = createFixtures();
const batchOf = (first: number, last: number) => fixtures.batch('threats', { first, last });
const OK: Answer = { status: 204 };

let open: (Receiver | ReturnType<typeof createWebhookSink>)[] = [];
afterEach(async () => {
  await Promise.all(open.map((one) => one.close()));
  open = [];
});

async function receiving(answer: Parameters<typeof receiver>[0], tls?: Parameters<typeof receiver>[1]) {
  const server = await receiver(answer, tls);
  open.push(server);
  return server;
}

/** A clock that jumps over its sleeps and keeps what they were. */
function jumping(): Clock & { slept: number[] } {
  let now = Date.now();
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    sleep: async (ms) => {
      slept.push(ms);
      now += ms;
    },
    random: () => 0.5,
  };
}

function sinkTo(url: string, options: Partial<WebhookSinkOptions<'threats'>> = {}) {
  const defaults = { topic: 'threats', url, secrets: [SECRET], allowHttp: true, allowPrivateNetworks: true, clock: jumping() } as const;
  const sink = createWebhookSink<'threats'>({ ...defaults, ...options });
  open.push(sink as never);
  return sink;
}

const idOf = (request: Received) => request.headers['webhook-id'] as string;
const idsOf = (server: Receiver) => server.received.map(idOf);

describe('a webhook', () => {
  it('sends each event once, signed, with its own id', async () => {
    const server = await receiving(() => OK);
    const batch = batchOf(0, 29);
    expect(await sinkTo(server.url).write(batch)).toEqual([]);
    expect(idsOf(server).sort()).toEqual(batch.records.map(({ value }) => value.threatId).sort());
    for (const request of server.received) {
      const body = new Webhook(SECRET).verify(request.body, request.headers) as { event_id: string; details: { threat_type: string } };
      const record = batch.records.find(({ value }) => value.threatId === idOf(request))?.value as Threat;
      expect(body).toMatchObject({
        event_type: 'threat.detected',
        event_id: record.threatId,
        severity: record.severity,
        details: { threat_type: record.threatType, user: record.userId, agent_id: record.agentId, action_taken: record.actionTaken },
      });
    }
    const [first] = server.received as [Received];
    expect(() => new Webhook(SECRET).verify(first.body.replace('threat', 'treat'), first.headers)).toThrow();
    expect(() => new Webhook(OLD_SECRET).verify(first.body, first.headers)).toThrow();
  });

  it('signs with both secrets while they change', async () => {
    const server = await receiving(() => OK);
    await sinkTo(server.url, { secrets: [SECRET, OLD_SECRET] }).write(batchOf(0, 0));
    const [{ body, headers }] = server.received as [Received];
    for (const secret of [SECRET, OLD_SECRET]) expect(new Webhook(secret).verify(body, headers)).toBeDefined();
  });

  it('carries valid OCSF when asked to, and audit events', async () => {
    const server = await receiving(() => OK);
    await sinkTo(server.url, { format: 'ocsf' }).write(batchOf(0, 9));
    for (const { body } of server.received) expect(violations(JSON.parse(body))).toEqual([]);
    const audit = createWebhookSink({ topic: 'audit', url: server.url, secrets: [SECRET], allowHttp: true, allowPrivateNetworks: true });
    open.push(audit as never);
    await audit.write(fixtures.batch('audit', { first: 0, last: 0 }));
    expect(JSON.parse(server.received.at(-1)?.body ?? '')).toMatchObject({ event_type: 'audit.recorded', details: { outcome: 'success' } });
  });

  it('sends nothing below the wanted severity, and sets nothing aside for it', async () => {
    const server = await receiving(() => OK);
    const batch = batchOf(0, 49);
    expect(await sinkTo(server.url, { minSeverity: 'high' }).write(batch)).toEqual([]);
    const wanted = batch.records.filter(({ value }) => ['high', 'critical'].includes(value.severity));
    expect(idsOf(server).sort()).toEqual(wanted.map(({ value }) => value.threatId).sort());
  });

  it('keeps the order of a key, with several keys under way', async () => {
    let underWay = 0;
    let most = 0;
    const server = await receiving(async () => {
      most = Math.max(most, ++underWay);
      await new Promise(setImmediate);
      underWay -= 1;
      return OK;
    });
    const batch = batchOf(0, 99);
    await sinkTo(server.url, { concurrency: 4 }).write(batch);
    expect(most).toBeLessThanOrEqual(4);
    const place = new Map(batch.records.map(({ value }, index) => [value.threatId, index]));
    for (let key = 0; key < 20; key++) {
      const places = idsOf(server)
        .map((id) => place.get(id) as number)
        .filter((index) => index % 20 === key);
      expect(places).toEqual([key, key + 20, key + 40, key + 60, key + 80]);
    }
  });

  it('gives an id with a dot in it another form, the same each time', () => {
    expect(webhookId('a1.1700000000')).toMatch(/^[0-9a-f]{64}$/);
    expect(webhookId('a1.1700000000')).toBe(webhookId('a1.1700000000'));
    expect(webhookId('019ca6b1-deee-7033')).toBe('019ca6b1-deee-7033');
  });
});

describe('an endpoint in trouble', () => {
  it.each<[string, Answer, number]>([
    ['429 with Retry-After', { status: 429, headers: { 'retry-after': '3' } }, 3_000],
    ['503', { status: 503 }, 375],
    ['a cut connection', 'cut', 375],
  ])('is asked again after %s', async (_, trouble, expected) => {
    const server = await receiving((_request, before) => (before === 0 ? trouble : OK));
    const clock = jumping();
    await sinkTo(server.url, { clock }).write(batchOf(0, 0));
    expect(server.received).toHaveLength(2);
    expect(idsOf(server)[0]).toBe(idsOf(server)[1]);
    expect(clock.slept).toEqual([expected]);
  });

  it('is not asked at all until a long Retry-After is over', async () => {
    const server = await receiving((_request, before) => (before === 0 ? { status: 503, headers: { 'retry-after': '120' } } : OK));
    const clock = jumping();
    const sink = sinkTo(server.url, { clock });
    const batch = batchOf(0, 0);
    for (let n = 0; n < 3; n++)
      await expect(sink.write(batch)).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE', retryAfterSeconds: 120 });
    expect(server.received).toHaveLength(1);
    await clock.sleep(120_000);
    expect(await sink.write(batch)).toEqual([]);
  });

  it('gets longer and longer pauses, and only the events it has not taken', async () => {
    let down = true;
    const server = await receiving((request) => (down && idOf(request) === batch.records[5]?.value.threatId ? { status: 500 } : OK));
    const clock = jumping();
    const sink = sinkTo(server.url, { clock, concurrency: 1, pacing: { patienceMs: 60_000 } });
    const batch = batchOf(0, 9);
    await expect(sink.write(batch)).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE', message: expect.stringContaining('500') });
    expect(clock.slept).toEqual([375, 750]);
    down = false;
    expect(await sink.write({ ...batch, recovered: true })).toEqual([]);
    const counts = Map.groupBy(idsOf(server), (id) => id);
    expect(counts.size).toBe(10);
    expect([...counts.values()].map((ids) => ids.length).sort()).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 4]);
  });

  it('that says 410 is disabled: told once, asked no more, and nothing is lost', async () => {
    const server = await receiving(() => ({ status: 410 }));
    const told: ParapetError[] = [];
    const sink = sinkTo(server.url, { concurrency: 1, onGone: (error) => told.push(error) });
    for (let n = 0; n < 3; n++)
      await expect(sink.write(batchOf(0, 9))).rejects.toMatchObject({
        code: 'PARAPET_STORE_UNAVAILABLE',
        message: expect.stringMatching(/410/),
      });
    expect(server.received).toHaveLength(1);
    expect(told).toHaveLength(1);
  });

  it('is not followed to another place', async () => {
    const elsewhere = await receiving(() => OK);
    const server = await receiving(() => ({ status: 307, headers: { location: elsewhere.url } }));
    await expect(sinkTo(server.url).write(batchOf(0, 0))).rejects.toMatchObject({
      hint: expect.stringMatching(/Redirects are not followed/),
    });
    expect(elsewhere.received).toHaveLength(0);
  });

  it('that never answers is given up', async () => {
    const server = await receiving(() => 'hang');
    await expect(sinkTo(server.url, { timeoutMs: 100, attempts: 1 }).write(batchOf(0, 0))).rejects.toMatchObject({
      code: 'PARAPET_STORE_UNAVAILABLE',
      hint: expect.stringMatching(/No answer in time/),
    });
  });

  it.each([413, 422])('that answers %i to an event will never take it: the event is set aside, without its content', async (status) => {
    const server = await receiving((request) => ({ status: idOf(request) === batch.records[1]?.value.threatId ? status : 200 }));
    const batch = batchOf(0, 3);
    const refused = await sinkTo(server.url).write(batch);
    expect(refused).toEqual([{ index: 1, reason: `The webhook endpoint answered ${status} to this event.` }]);
  });

  it('that answers 400 to one event is believed while it takes others', async () => {
    const server = await receiving((request) => ({ status: idOf(request) === batch.records[1]?.value.threatId ? 400 : 200 }));
    const batch = batchOf(0, 3);
    expect((await sinkTo(server.url).write(batch)).map(({ index }) => index)).toEqual([1]);
  });

  it('that answers 400 to everything has a wrong secret, and no event is set aside', async () => {
    const server = await receiving(() => ({ status: 400 }));
    await expect(sinkTo(server.url).write(batchOf(0, 3))).rejects.toMatchObject({
      code: 'PARAPET_STORE_UNAVAILABLE',
      hint: expect.stringMatching(/secret/),
    });
  });

  it.each([401, 403, 404])('that answers %i is a matter of its state', async (status) => {
    const server = await receiving(() => ({ status }));
    await expect(sinkTo(server.url).write(batchOf(0, 0))).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
  });

  it('is told without path, secret or content', async () => {
    const server = await receiving(() => ({ status: 500, body: 'echo' }));
    const thrown = await sinkTo(`${server.url}/hooks/T0PSECRET?key=T0PSECRET`)
      .write(batchOf(0, 0))
      .catch((error: ParapetError) => error);
    const text = `${String(thrown)} ${JSON.stringify(thrown)} ${(thrown as ParapetError).hint}`;
    expect(text).toContain('500');
    for (const secret of ['T0PSECRET', SECRET, SECRET.slice(6), fixtures.threat(0).maskedExcerpt]) expect(text).not.toContain(secret);
  });
});

describe('an endpoint in a private network', () => {
  it.each([
    ...[
      'https://127.0.0.1/',
      'https://2130706433/',
      'https://0x7f.1/',
      'https://017700000001/',
      'https://[::1]/',
      'https://[::ffff:10.0.0.1]/',
    ],
    ...['https://169.254.169.254/latest/meta-data/', 'https://[fd00:ec2::254]/'],
  ])('%s is refused before anything starts', (url) => {
    expect(() => createWebhookSink({ topic: 'threats', url, secrets: [SECRET] })).toThrow(
      expect.objectContaining({ code: 'PARAPET_CONFIG_INVALID' }),
    );
  });

  it('is not reached by a name', async () => {
    const server = await receiving(() => OK);
    const sink = sinkTo(server.url, { allowPrivateNetworks: false, attempts: 1 });
    await expect(sink.write(batchOf(0, 0))).rejects.toMatchObject({
      code: 'PARAPET_STORE_UNAVAILABLE',
      hint: expect.stringMatching(/allowPrivateNetworks/),
    });
    expect(server.received).toHaveLength(0);
  });

  it('is not reached by a name that resolves to something else each time', async () => {
    const server = await receiving(() => OK);
    const answers = [
      [{ address: '127.0.0.1', family: 4 }],
      [
        { address: '93.184.215.14', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ],
    ];
    let asked = 0;
    const resolve = ((_name: string, _options: object, done: (error: null, addresses: object[]) => void) =>
      done(null, answers[asked++ % 2] as object[])) as never;
    const sink = sinkTo(`http://rebind.example:${server.port}`, { allowPrivateNetworks: false, resolve, attempts: 4 });
    await expect(sink.write(batchOf(0, 0))).rejects.toMatchObject({ hint: expect.stringMatching(/allowPrivateNetworks/) });
    expect(asked).toBeGreaterThanOrEqual(2);
    expect(server.received).toHaveLength(0);
  });
});

describe('options that are wrong', () => {
  it.each<[string, Partial<WebhookSinkOptions<'threats'>>]>([
    ['no secret', { secrets: [] }],
    ['three secrets', { secrets: [SECRET, SECRET, SECRET] }],
    ['a short secret', { secrets: [`whsec_${Buffer.alloc(23).toString('base64')}`] }],
    ['a secret without its prefix', { secrets: [SECRET.slice(6)] }],
    ['a secret that is not base64', { secrets: ['whsec_!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!'] }],
    ['a URL that is none', { url: 'not a url' }],
    ['another protocol', { url: 'file:///etc/passwd' }],
    ['a URL with a password', { url: 'https://user:T0PSECRET@example.com/' }],
    ['http without leave', { url: 'http://example.com/', allowHttp: false }],
    ['a name that is none', { endpoint: 'A B' }],
    ['a file that is not there', { caFile: '/nowhere.pem' }],
    ['half a client certificate', { certFile: '/nowhere.pem' }],
  ])('%s: PARAPET_CONFIG_INVALID, showing no secret', (_, options) => {
    const make = () => createWebhookSink({ topic: 'threats', url: 'https://example.com/', secrets: [SECRET], ...options });
    expect(make).toThrow(
      expect.objectContaining({ code: 'PARAPET_CONFIG_INVALID', message: expect.not.stringMatching(/T0PSECRET|whsec_[A-Za-z0-9+/!]/) }),
    );
  });
});

const certificates: Certificates | undefined = makeCertificates();
if (certificates === undefined) console.warn('SKIPPED: TLS of webhooks was not tested, because there is no openssl command.');
describe.skipIf(certificates === undefined)('a webhook over TLS', () => {
  const { good, wrongName, expired, caFile, remove } = certificates as Certificates;
  beforeAll(() => expect(caFile).toBeDefined());
  afterAll(() => remove());

  it('reaches a server of an authority that is trusted', async () => {
    const server = await receiving(() => OK, good);
    expect(await sinkTo(server.url, { caFile }).write(batchOf(0, 2))).toEqual([]);
    expect(server.received).toHaveLength(3);
  });

  it.each([
    ['another name', () => wrongName, true, /another name/],
    ['a certificate out of its time', () => expired, true, /out of its time/],
    ['an authority that is not trusted', () => good, false, /not trusted/],
  ])('refuses a server with %s', async (_, which, trusted, hint) => {
    const server = await receiving(() => OK, which());
    const sink = sinkTo(server.url, { attempts: 1, ...(trusted ? { caFile } : {}) });
    await expect(sink.write(batchOf(0, 0))).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE', hint: expect.stringMatching(hint) });
    expect(server.received).toHaveLength(0);
  });
});
