/**
 * What cannot be reached, cannot be trusted, or says no: of every store and receiver, over sockets of this machine. Each is the
 * store's state, with a hint that says what to do; docs/failures.md has the table.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { openKafkaLog } from '../log/kafka/index.ts';
import { openClickHouse } from '../sinks/clickhouse/index.ts';
import { openElasticsearch } from '../sinks/elasticsearch/index.ts';
import { certificate } from '../sinks/elasticsearch/testing.ts';
import { createFixtures } from '../sinks/fixtures.ts';
import { openInflux } from '../sinks/influxdb/index.ts';
import { openPostgres } from '../sinks/postgres/index.ts';
import { createS3Store } from '../sinks/s3/index.ts';
import { createHecSink, createSyslogSink, createWebhookSink } from '../sinks/siem/index.ts';

const DAY_MS = 86_400_000;
const expired = certificate({ ip: '127.0.0.1', from: new Date(Date.now() - 20 * DAY_MS), to: new Date(Date.now() - 10 * DAY_MS) });
const folder = mkdtempSync(join(tmpdir(), 'parapet-bad-'));
const caFile = join(folder, 'ca.pem');
writeFileSync(caFile, expired.cert);
const batch = createFixtures().batch('threats', { first: 0, last: 0 });
const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

interface Address {
  host: string;
  port: number;
}

/** How each client opens; all trust `caFile` where they can be told to. */
const CLIENTS: Record<string, (at: Address) => Promise<unknown>> = {
  Kafka: ({ host, port }) =>
    openKafkaLog({
      connection: { brokers: [`${host}:${port}`], clientId: 'parapet-test', ssl: { ca: expired.cert } },
      topics: { never: 1 },
      replicationFactor: 1,
      maxRecordBytes: 1e6,
      withinMs: 8_000,
    }),
  ClickHouse: ({ host, port }) => openClickHouse({ url: `https://${host}:${port}`, timeoutMs: 5_000 }),
  S3: ({ host, port }) =>
    createS3Store({ bucket: 'b', endpoint: `https://${host}:${port}`, accessKeyId: 'a', secretAccessKey: 's' }).open(),
  Elasticsearch: ({ host, port }) => openElasticsearch({ url: `https://${host}:${port}`, caFile, timeoutMs: 5_000 }),
  InfluxDB: ({ host, port }) => openInflux({ url: `https://${host}:${port}`, token: 't', org: 'o', caFile, timeoutMs: 5_000 }),
  PostgreSQL: ({ host, port }) => openPostgres({ url: `postgres://app:x@${host}:${port}/app?sslmode=verify-full`, caFile }),
  syslog: ({ host, port }) => createSyslogSink({ topic: 'threats', host, port, protocol: 'tls', caFile }).open(),
  webhook: ({ host, port }) =>
    createWebhookSink({
      topic: 'threats',
      url: `https://${host}:${port}/`,
      secrets: [SECRET],
      caFile,
      attempts: 1,
      allowPrivateNetworks: true,
    }).write(batch),
  HEC: ({ host, port }) => createHecSink({ topic: 'threats', url: `https://${host}:${port}`, token: 'token', caFile }).open(),
};
const NAMES = Object.keys(CLIENTS);
const open = (name: string, at: Address) => (CLIENTS[name] as (at: Address) => Promise<unknown>)(at);
const coded = (name: string, hint: RegExp) => ({
  code: name === 'Kafka' ? 'PARAPET_LOG_UNAVAILABLE' : 'PARAPET_STORE_UNAVAILABLE',
  hint: expect.stringMatching(hint),
});

const servers: Server[] = [];
async function listening(server: Server): Promise<Address> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** TLS on every connection; before it, as PostgreSQL has it, the question whether there is any. */
function secure(): Server {
  return createServer((socket) => {
    socket.on('error', () => {});
    socket.once('readable', () => {
      const first = socket.read() as Buffer | null;
      const asks = first?.length === 8 && first.readInt32BE(4) === 80877103;
      if (asks) socket.write('S');
      else if (first) socket.unshift(first);
      new TLSSocket(socket, { isServer: true, ...expired }).on('error', () => {});
    });
  });
}

describe.each(NAMES)('%s', (name) => {
  it('with a certificate that has expired is not written to, although its authority is trusted', async () => {
    const at = await listening(secure());
    await expect(open(name, at)).rejects.toMatchObject(coded(name, /[Rr]enew/));
  });

  it('whose name cannot be resolved says which setting to check', async () => {
    await expect(open(name, { host: 'no-such-host.invalid', port: 9 })).rejects.toMatchObject(coded(name, /resolve|KAFKA_BROKERS/));
  });

  it('where nothing listens says so', async () => {
    const at = await listening(createServer());
    await new Promise((resolve) => servers.splice(0)[0]?.close(resolve));
    await expect(open(name, at)).rejects.toMatchObject(coded(name, /Nothing listens|KAFKA_BROKERS/));
  });
});

describe('a bucket that the keys may not use', () => {
  it('says which rights are needed, when it is opened and when it is written to', async () => {
    const denied = '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>';
    const { port } = await listening(
      createHttp((request, response) => {
        request.resume();
        response.writeHead(403, { 'content-type': 'application/xml' }).end(request.method === 'HEAD' ? '' : denied);
      }),
    );
    const store = createS3Store({ bucket: 'b', endpoint: `http://127.0.0.1:${port}`, accessKeyId: 'a', secretAccessKey: 's' });
    const refused = { code: 'PARAPET_STORE_UNAVAILABLE', hint: expect.stringContaining('s3:PutObject') };
    await expect(store.open()).rejects.toMatchObject(refused);
    await expect(store.putOnce('key', Buffer.from('body'))).rejects.toMatchObject(refused);
    await expect(store.list('')).rejects.toMatchObject(refused);
    await store.close();
  });
});
