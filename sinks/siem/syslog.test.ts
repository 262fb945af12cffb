/** The syslog destination against servers that read, hang, reset or show the wrong certificate. */
import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { createFixtures } from '../fixtures.ts';
import { createSyslogSink, type SyslogSinkOptions } from './syslog.ts';
import { createRecent } from './syslog-recent.ts';
import { parseStream, parseSyslog } from './testing/cef-parser.ts';
import { type Certificates, closeServer, listen, makeCertificates } from './testing/servers.ts';

const fixtures = createFixtures();
const batchOf = (first: number, last: number) => fixtures.batch('threats', { first, last });
const idsIn = (bytes: Buffer) => parseStream(bytes).map((line) => parseSyslog(line).parameters.get('id'));
const idsOf = (batch: ReturnType<typeof batchOf>) => batch.records.map(({ value }) => value.threatId);

let open: { server: Server; sockets: Set<Socket> }[] = [];
afterEach(async () => {
  for (const { server, sockets } of open) {
    for (const socket of sockets) socket.destroy();
    await closeServer(server);
  }
  open = [];
});

async function serving(handle: (socket: Socket) => void, tls?: object): Promise<number> {
  const sockets = new Set<Socket>();
  const accept = (socket: Socket) => {
    // A test's server may be cut off; that is what the test is about.
    socket.on('error', () => socket.destroy());
    handle(socket);
  };
  const server =
    tls === undefined ? createServer({ allowHalfOpen: true }, accept) : createTlsServer({ allowHalfOpen: true, ...tls }, accept);
  // Refused handshakes never become a connection of TLS, and must be closed all the same.
  server.on('connection', (socket) => sockets.add(socket));
  server.on('tlsClientError', () => undefined);
  open.push({ server, sockets });
  return listen(server);
}

/** Reads to the end, then closes, as syslog servers do; each connection's bytes are one element. */
function reading(into: Buffer[]): (socket: Socket) => void {
  return (socket) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', () => {
      into.push(Buffer.concat(chunks));
      socket.end();
    });
  };
}

const sinkTo = (port: number, options: Partial<SyslogSinkOptions<'threats'>> = {}) =>
  createSyslogSink<'threats'>({ topic: 'threats', host: '127.0.0.1', port, protocol: 'tcp', hostname: 'gw', ...options });

describe('syslog over TCP', () => {
  it('sends a batch over one connection, each message with its length', async () => {
    const got: Buffer[] = [];
    const sink = sinkTo(await serving(reading(got)));
    const batch = batchOf(0, 499);
    expect(await sink.write(batch)).toEqual([]);
    expect(got).toHaveLength(1);
    expect(idsIn(got[0] as Buffer)).toEqual(idsOf(batch));
  });

  it('sends the same bytes when the batch comes again, so that a repetition can be told', async () => {
    const got: Buffer[] = [];
    const sink = sinkTo(await serving(reading(got)));
    await sink.write(batchOf(0, 20));
    await sink.write({ ...batchOf(0, 20), recovered: true });
    expect(got[1]?.equals(got[0] as Buffer)).toBe(true);
  });

  it('sends nothing below the wanted severity, and does not even connect for nothing', async () => {
    const got: Buffer[] = [];
    const sink = sinkTo(await serving(reading(got)), { minSeverity: 'critical' });
    const batch = batchOf(0, 99);
    expect(await sink.write(batch)).toEqual([]);
    expect(idsIn(got[0] as Buffer)).toEqual(
      batch.records.filter(({ value }) => value.severity === 'critical').map(({ value }) => value.threatId),
    );
    batch.records = batch.records.filter(({ value }) => value.severity !== 'critical');
    expect(await sink.write(batch)).toEqual([]);
    expect(got).toHaveLength(1);
  });

  it('sets aside what has no time or fits no message, and sends the rest', async () => {
    const got: Buffer[] = [];
    const sink = sinkTo(await serving(reading(got)), { format: 'ocsf', maxMessageBytes: 4_096 });
    const batch = batchOf(0, 3);
    const [first, second] = batch.records;
    if (first === undefined || second === undefined) throw new Error('no records');
    first.value = { ...first.value, maskedExcerpt: 'x'.repeat(5_000) };
    second.value = { ...second.value, occurredAt: Number.MAX_SAFE_INTEGER * 1_000 };
    const refused = await sink.write(batch);
    expect(refused).toEqual([
      { index: 0, reason: 'As a syslog message it has more than 4096 bytes.' },
      { index: 1, reason: 'occurredAt is not a time between 1970 and 9999.' },
    ]);
    expect(idsIn(got[0] as Buffer)).toEqual(idsOf(batch).slice(2));
  });

  it.each<[string, (socket: Socket) => void]>([
    ['resets the connection', (socket) => socket.once('data', () => socket.resetAndDestroy())],
    ['reads a little and dies with the rest unread', (socket) => socket.once('data', () => socket.pause().destroy())],
    ['closes at once', (socket) => socket.destroy()],
    ['never reads', (socket) => socket.pause()],
    ['reads, and never closes', (socket) => socket.resume()],
  ])('does not take a batch for sent when the server %s', async (_, handle) => {
    const sink = sinkTo(await serving(handle), { timeoutMs: 150 });
    for (const batch of [batchOf(0, 0), batchOf(0, 2_999)]) {
      await expect(sink.write(batch)).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
    }
  });

  it('sends again, after a failure, what the server took shortly before', async () => {
    const got: Buffer[] = [];
    let refusing = false;
    const port = await serving((socket) => (refusing ? socket.destroy() : reading(got)(socket)));
    const sink = sinkTo(port);
    await sink.write(batchOf(0, 9));
    refusing = true;
    await expect(sink.write(batchOf(10, 19))).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
    refusing = false;
    await sink.write({ ...batchOf(10, 19), recovered: true });
    await sink.write(batchOf(20, 29));
    expect(got.map(idsIn)).toEqual([idsOf(batchOf(0, 9)), idsOf(batchOf(0, 19)), idsOf(batchOf(20, 29))]);
  });

  it('keeps for that only what was taken within the window, and not too much', () => {
    let now = 0;
    const recent = createRecent(1_000, 25, () => now);
    for (const text of ['old', 'a', 'b']) {
      recent.took(Buffer.from(text));
      now += 600;
    }
    now += 1_000_000;
    expect(recent.doubted()).toEqual([]);
    recent.failed();
    expect(recent.doubted().map(String)).toEqual(['a', 'b']);
    recent.took(Buffer.from('x'.repeat(24)));
    recent.failed();
    expect(recent.doubted().map(String)).toEqual(['b', 'x'.repeat(24)]);
  });

  it('believes a server that never closes when told to', async () => {
    const got: Buffer[] = [];
    const port = await serving((socket) => socket.on('data', (chunk) => got.push(chunk)));
    await sinkTo(port, { waitForClose: false }).write(batchOf(0, 9));
    await expect.poll(() => Buffer.concat(got).includes(fixtures.threat(9).threatId)).toBe(true);
  });

  it.each<[string, Partial<SyslogSinkOptions<'threats'>>, RegExp]>([
    ['no name', { host: 'no-such-host.invalid' }, /cannot be resolved/],
    ['nothing listening', { port: 1 }, /Nothing listens/],
  ])('does not open with %s', async (_, options, hint) => {
    await expect(sinkTo(1, options).open()).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE', hint: expect.stringMatching(hint) });
  });

  it.each<[string, Partial<SyslogSinkOptions<'threats'>>]>([
    ['a facility of 24', { facility: 24 }],
    ['a severity of 8', { severity: 8 }],
    ['no host', { host: '' }],
    ['port 0', { port: 0 }],
    ['tiny messages', { maxMessageBytes: 100 }],
    ['TLS files without TLS', { caFile: '/x.pem' }],
    ['a CA file that is not there', { protocol: 'tls', caFile: '/nowhere.pem' }],
  ])('refuses %s', (_, options) => {
    expect(() => sinkTo(1, options)).toThrow(expect.objectContaining({ code: 'PARAPET_CONFIG_INVALID' }));
  });
});

const certificates: Certificates | undefined = makeCertificates();
if (certificates === undefined) console.warn('SKIPPED: syslog over TLS was not tested, because there is no openssl command.');
describe.skipIf(certificates === undefined)('syslog over TLS', () => {
  const { good, wrongName, expired, caFile, clientFiles } = (certificates ?? {}) as Certificates;
  afterAll(() => certificates?.remove());

  it('sends a batch to a server whose authority and name are right', async () => {
    const got: Buffer[] = [];
    const sink = sinkTo(await serving(reading(got), good), { protocol: 'tls', host: 'localhost', caFile });
    await sink.open();
    const batch = batchOf(0, 99);
    await sink.write(batch);
    expect(idsIn(got.at(-1) as Buffer)).toEqual(idsOf(batch));
  });

  it.each([
    ['another name', () => wrongName, true, /another name/],
    ['a certificate out of its time', () => expired, true, /out of its time/],
    ['an authority that is not trusted', () => good, false, /not trusted/],
  ])('does not open to a server with %s', async (_, which, trusted, hint) => {
    const got: Buffer[] = [];
    const port = await serving(reading(got), which());
    const sink = sinkTo(port, { protocol: 'tls', ...(trusted ? { caFile } : {}) });
    await expect(sink.open()).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE', hint: expect.stringMatching(hint) });
    await expect(sink.write(batchOf(0, 0))).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
    expect(Buffer.concat(got)).toHaveLength(0);
  });

  it('says that the port does not speak TLS', async () => {
    const port = await serving((socket) => socket.end('hello\n'));
    await expect(sinkTo(port, { protocol: 'tls' }).open()).rejects.toMatchObject({ hint: expect.stringMatching(/does not speak TLS/) });
  });

  it('shows its certificate where one is wanted', async () => {
    const got: Buffer[] = [];
    const port = await serving(reading(got), { ...good, ca: readFileSync(caFile), requestCert: true, rejectUnauthorized: true });
    await sinkTo(port, { protocol: 'tls', caFile, ...clientFiles }).write(batchOf(0, 2));
    expect(idsIn(got[0] as Buffer)).toEqual(idsOf(batchOf(0, 2)));
    const without = sinkTo(port, { protocol: 'tls', caFile });
    await expect(without.open()).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
    await expect(without.write(batchOf(0, 2))).rejects.toMatchObject({
      hint: expect.stringMatching(/client certificate|cut the connection/),
    });
  });
});
