/** The Splunk destination against a receiver that speaks as HEC does: codes, acknowledgements, the blame of whole bodies. */
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { ParapetError } from '../../core/errors.ts';
import { createFixtures } from '../fixtures.ts';
import { createHecSink, type HecSinkOptions } from './hec.ts';
import { violations } from './testing/ocsf-schema.ts';
import { type Answer, type Certificates, makeCertificates, type Received, type Receiver, receiver } from './testing/servers.ts';

const TOKEN = '12345678-aaaa-bbbb-cccc-1234567890ab';
const fixtures = createFixtures();
const batchOf = (first: number, last: number) => fixtures.batch('threats', { first, last });

let open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.map((one) => one.close()));
  open = [];
});

interface HecEvent {
  time: number;
  index?: string;
  sourcetype: string;
  fields: { parapet_event_id: string; parapet_position: string };
  event: Record<string, unknown>;
}

const eventsIn = ({ body }: Received) => body.split('\n').map((line) => JSON.parse(line) as HecEvent);
const reply = (status: number, code: number, more: object = {}): Answer => ({ status, body: JSON.stringify({ text: 'x', code, ...more }) });

/** Refuses bodies with an event that `bad` names, as Splunk does: the whole body, whichever event it was. */
async function splunk(options: { bad?: (event: HecEvent) => [status: number, code: number] | undefined; first?: Answer[] } = {}) {
  const stored: HecEvent[] = [];
  let requests = 0;
  const server = await receiver((request) => {
    if (request.path.startsWith('/services/collector/health')) return reply(200, 17);
    const early = options.first?.[requests++];
    if (early !== undefined) return early;
    if (request.headers['authorization'] !== `Splunk ${TOKEN}`) return reply(403, 4);
    const events = eventsIn(request);
    for (const [at, event] of events.entries()) {
      const refusal = options.bad?.(event);
      if (refusal) return reply(...refusal, { 'invalid-event-number': at });
    }
    stored.push(...events);
    return reply(200, 0);
  });
  open.push(server);
  return { server, stored };
}

function sinkTo(server: Receiver, options: Partial<HecSinkOptions<'threats'>> = {}) {
  const pacing = { firstPauseMs: 1, longestPauseMs: 5 };
  const sink = createHecSink<'threats'>({ topic: 'threats', url: server.url, token: TOKEN, pacing, ...options });
  open.push(sink);
  return sink;
}

describe('Splunk’s event collector', () => {
  it('gets every event once, gzipped, with time, index and ids', async () => {
    const { server, stored } = await splunk();
    const batch = batchOf(0, 499);
    const sink = sinkTo(server, { index: 'ai', maxBodyBytes: 50_000 });
    await sink.open();
    expect(await sink.write(batch)).toEqual([]);
    expect(stored.map(({ fields }) => fields.parapet_event_id)).toEqual(batch.records.map(({ value }) => value.threatId));
    expect(stored[7]).toMatchObject({ index: 'ai', sourcetype: 'parapet:threats', fields: { parapet_position: '0/7' } });
    expect(stored.map(({ time }) => Math.round(time * 1e6))).toEqual(batch.records.map(({ value }) => value.occurredAt));
    const posts = server.received.filter(({ path }) => path === '/services/collector/event');
    expect(posts.length).toBeGreaterThan(5);
    for (const { headers, body } of posts) {
      expect(headers['content-encoding']).toBe('gzip');
      expect(Buffer.byteLength(body)).toBeLessThanOrEqual(50_000);
      expect(body).not.toMatch(/"time":[\d.]*e/i);
    }
  });

  it('gets valid OCSF when asked to, and nothing below the wanted severity', async () => {
    const { server, stored } = await splunk();
    await sinkTo(server, { format: 'ocsf', minSeverity: 'critical' }).write(batchOf(0, 99));
    expect(stored.length).toBeGreaterThan(0);
    for (const { event, sourcetype } of stored) {
      expect(violations(event)).toEqual([]);
      expect([event['severity'], sourcetype]).toEqual(['Critical', 'parapet:ocsf']);
    }
    server.received.length = 0;
    const none = batchOf(0, 99);
    none.records = none.records.filter(({ value }) => value.severity === 'low');
    expect(await sinkTo(server, { minSeverity: 'critical' }).write(none)).toEqual([]);
    expect(server.received).toHaveLength(0);
  });

  it.each([12, 13, 15])('sets aside just the event that code %i is about', async (code) => {
    const bad = new Set([3, 40].map((n) => fixtures.threat(n).threatId));
    const { server, stored } = await splunk({ bad: ({ fields }) => (bad.has(fields.parapet_event_id) ? [400, code] : undefined) });
    const refused = await sinkTo(server).write(batchOf(0, 49));
    expect(refused.map(({ index }) => index)).toEqual([3, 40]);
    expect(refused[0]?.reason).toMatch(`code ${code}`);
    expect(stored.map(({ fields }) => fields.parapet_event_id)).toHaveLength(48);
    expect(new Set(stored.map(({ fields }) => fields.parapet_event_id)).size).toBe(48);
  });

  it('blames no event for code 6 (invalid format) when none is taken, and one when others are', async () => {
    const all = await splunk({ bad: () => [400, 6] });
    await expect(sinkTo(all.server).write(batchOf(0, 3))).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
    const id = fixtures.threat(2).threatId;
    const one = await splunk({ bad: ({ fields }) => (fields.parapet_event_id === id ? [400, 6] : undefined) });
    expect((await sinkTo(one.server).write(batchOf(0, 3))).map(({ index }) => index)).toEqual([2]);
  });

  it.each<[number, number, RegExp]>([
    [403, 4, /token/],
    [403, 1, /token/],
    [401, 2, /token/],
    [400, 7, /index/],
    [400, 10, /acknowledge/],
    [400, 14, /acknowledge/],
  ])('takes status %i, code %i for the store’s state, with a hint', async (status, code, hint) => {
    const { server } = await splunk({ first: [reply(status, code)] });
    await expect(sinkTo(server).write(batchOf(0, 3))).rejects.toMatchObject({
      code: 'PARAPET_STORE_UNAVAILABLE',
      hint: expect.stringMatching(hint),
    });
  });

  it.each<[string, Answer]>([
    ['503, code 9: busy', reply(503, 9)],
    ['429, code 26: queue full', reply(429, 26)],
    ['500, code 8', reply(500, 8)],
    ['a proxy’s page', { status: 502, body: '<html>' }],
    ['something that is not Splunk', { status: 200, body: 'hello' }],
    ['a cut connection', 'cut'],
    ['a redirect', { status: 302, headers: { location: 'http://localhost:1/' } }],
  ])('goes on after %s, sending only what was not taken', async (_, trouble) => {
    const { server, stored } = await splunk({ first: [undefined as never, trouble] });
    const sink = sinkTo(server, { maxBodyBytes: 20_000 });
    const batch = batchOf(0, 49);
    await expect(sink.write(batch)).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
    expect(stored.length).toBeGreaterThan(0);
    expect(await sink.write({ ...batch, recovered: true })).toEqual([]);
    expect(stored.map(({ fields }) => fields.parapet_event_id)).toEqual(batch.records.map(({ value }) => value.threatId));
  });

  it('says what is wrong without the token and without content', async () => {
    const server = await receiver(() => ({ status: 403, body: JSON.stringify({ text: `Invalid token ${TOKEN}`, code: 4 }) }));
    open.push(server);
    const error = (await sinkTo(server)
      .write(batchOf(0, 0))
      .catch((thrown: unknown) => thrown)) as ParapetError;
    expect(error.code).toBe('PARAPET_STORE_UNAVAILABLE');
    expect(`${error.message} ${error.hint} ${JSON.stringify(error)}`).not.toContain(TOKEN);
    expect(() => createHecSink({ topic: 'threats', url: server.url, token: 'T0P\nSECRET' })).toThrow(
      expect.objectContaining({ code: 'PARAPET_CONFIG_INVALID', message: expect.not.stringContaining('SECRET') }),
    );
  });

  it('does not open when nothing listens', async () => {
    const server = await receiver(() => 'cut');
    await server.close();
    await expect(sinkTo(server).open()).rejects.toMatchObject({
      code: 'PARAPET_STORE_UNAVAILABLE',
      hint: expect.stringMatching(/Nothing listens/),
    });
  });
});

describe('acknowledgement', () => {
  /** Gives ids, and calls a body indexed when it is asked for the second time; then forgets it, as Splunk does. */
  async function acking({ never = new Set<number>() } = {}) {
    const stored = new Map<number, HecEvent[]>();
    const asked = new Map<number, number>();
    let ids = 0;
    const channels = new Set<string>();
    const server = await receiver((request) => {
      channels.add(request.headers['x-splunk-request-channel'] ?? 'none');
      if (request.path.startsWith('/services/collector/event')) {
        stored.set(ids, eventsIn(request));
        return reply(200, 0, { ackId: ids++ });
      }
      channels.add(new URL(request.path, 'http://x').searchParams.get('channel') ?? 'none');
      const { acks } = JSON.parse(request.body) as { acks: number[] };
      const answer = acks.map((id) => {
        asked.set(id, (asked.get(id) ?? 0) + 1);
        return [id, asked.get(id) === 2 && !never.has(id)];
      });
      return { status: 200, body: JSON.stringify({ acks: Object.fromEntries(answer) }) };
    });
    open.push(server);
    return { server, stored, channels };
  }

  it('is waited for, over one channel', async () => {
    const { server, stored, channels } = await acking();
    expect(await sinkTo(server, { acknowledge: true, ackPollMs: 1, maxBodyBytes: 20_000 }).write(batchOf(0, 99))).toEqual([]);
    expect(stored.size).toBeGreaterThan(2);
    expect([...channels]).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/)]);
  });

  it('that does not come makes only those events be sent again', async () => {
    const { server, stored } = await acking({ never: new Set([1]) });
    const sink = sinkTo(server, { acknowledge: true, ackPollMs: 1, ackTimeoutMs: 50, maxBodyBytes: 20_000 });
    const batch = batchOf(0, 99);
    await expect(sink.write(batch)).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
    const sent = stored.size;
    expect(await sink.write({ ...batch, recovered: true })).toEqual([]);
    expect(stored.get(sent)).toEqual(stored.get(1));
    expect(stored.size).toBe(sent + 1);
  });

  it('that the token does not give is the configuration’s fault', async () => {
    const { server } = await splunk();
    await expect(sinkTo(server, { acknowledge: true }).write(batchOf(0, 0))).rejects.toMatchObject({
      hint: expect.stringMatching(/acknowledge/),
    });
  });
});

const certificates: Certificates | undefined = makeCertificates();
if (certificates === undefined) console.warn('SKIPPED: TLS of HEC was not tested, because there is no openssl command.');
describe.skipIf(certificates === undefined)('Splunk over TLS', () => {
  afterAll(() => certificates?.remove());

  it('is trusted by its authority and its name alone', async () => {
    const { good, wrongName, caFile } = certificates as Certificates;
    const server = await receiver(() => reply(200, 0), good);
    const impostor = await receiver(() => reply(200, 0), wrongName);
    open.push(server, impostor);
    await sinkTo(server, { caFile }).open();
    await expect(sinkTo(impostor, { caFile }).open()).rejects.toMatchObject({ hint: expect.stringMatching(/another name/) });
    await expect(sinkTo(server).open()).rejects.toMatchObject({ hint: expect.stringMatching(/not trusted/) });
    expect(impostor.received).toHaveLength(0);
  });
});
