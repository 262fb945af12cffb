import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createSecureServer, type Http2SecureServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openKeys } from '../cli/stores.ts';
import { readEnvironment } from '../core/environment.ts';
import { openssl } from '../keys/openssl.ts';
import type { KeyStore } from '../keys/port.ts';
import { openTemporal } from './client.ts';
import type { DueKey } from './contract.ts';
import { type House, noServer, openHouse, startHouseWorker } from './testing.ts';
import { bundleWorkflows } from './worker.ts';

const API_KEY = `key-${randomUUID()}`;
let house: House;
let keys: KeyStore;
let gate: Gate;

describe.skipIf(noServer)('a server behind TLS', () => {
  beforeAll(async () => {
    house = await openHouse(`test-${randomUUID()}`);
    await issue(house.folder);
    gate = await openGate(house.folder, house.env.TEMPORAL_ADDRESS as string);
    keys = openKeys(house.env);
  });
  afterAll(async () => {
    await keys?.close();
    gate?.close();
    house?.remove();
  });

  const at = (name: string) => join(house.folder, name);
  const settings = (more: Record<string, string> = {}) => ({
    ...house.settings,
    TEMPORAL_ADDRESS: `127.0.0.1:${gate.port}`,
    TEMPORAL_TLS: 'true',
    TEMPORAL_TLS_CA_FILE: at('ca.pem'),
    TEMPORAL_TLS_SERVER_NAME: 'temporal.example',
    ...more,
  });
  const ours = () => ({ TEMPORAL_TLS_CERT_FILE: at('client.pem'), TEMPORAL_TLS_KEY_FILE: at('client.key') });

  it('is served by client and worker, with their certificate and the API key', async () => {
    const env = readEnvironment(settings({ ...ours(), TEMPORAL_API_KEY: API_KEY }));
    const temporal = await openTemporal(env, keys);
    const worker = await startHouseWorker({ ...house, env }, await bundleWorkflows());
    try {
      const options = { workflowId: `keys/${randomUUID()}`, taskQueue: temporal.taskQueue, args: [{ org: 'acme' }] };
      expect(await temporal.client.workflow.execute('rotateKeys', options)).toEqual([] satisfies DueKey[]);
    } finally {
      await worker.stop();
      await temporal.close();
    }
    expect(gate.authorizations).toEqual(new Set([`Bearer ${API_KEY}`]));
  });

  it('is not reached without a certificate, nor under another name', async () => {
    const unavailable = expect.objectContaining({ code: 'PARAPET_STORE_UNAVAILABLE' });
    for (const wrong of [{}, { ...ours(), TEMPORAL_TLS_SERVER_NAME: 'other.example' }]) {
      await expect(openTemporal(readEnvironment(settings(wrong)), keys)).rejects.toEqual(unavailable);
    }
  });
});

interface Gate {
  port: number;
  /** What callers said of themselves. */
  authorizations: Set<string | undefined>;
  close(): void;
}

/** TLS in front of a server that has none: asks for a certificate, and hands every call on, with its trailers. */
async function openGate(folder: string, target: string): Promise<Gate> {
  const read = (name: string) => readFileSync(join(folder, name));
  const behind = connect(`http://${target}`);
  const authorizations = new Set<string | undefined>();
  const gate: Http2SecureServer = createSecureServer({
    key: read('server.key'),
    cert: read('server.pem'),
    ca: read('ca.pem'),
    requestCert: true,
    rejectUnauthorized: true,
  });
  gate.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    authorizations.add(headers.authorization);
    const call = behind.request({ ...headers, ':scheme': 'http' }, { endStream: false });
    let trailers: IncomingHttpHeaders = {};
    call.on('trailers', (sent) => {
      trailers = sent;
    });
    call.on('response', (answer, flags) => {
      // An answer that is nothing but its head has no trailers.
      const endStream = (flags & 1) === 1;
      stream.respond(answer, { waitForTrailers: !endStream, endStream });
      stream.on('wantTrailers', () => stream.sendTrailers(trailers));
      call.pipe(stream);
    });
    stream.pipe(call);
    for (const [one, other] of [
      [stream, call],
      [call, stream],
    ] as const) {
      one.on('error', () => other.close());
      one.on('aborted', () => other.close());
    }
  });
  const sessions = new Set<{ destroy(): void }>();
  gate.on('session', (session) => sessions.add(session));
  gate.listen(0, '127.0.0.1');
  await once(gate, 'listening');
  return {
    port: (gate.address() as AddressInfo).port,
    authorizations,
    close() {
      for (const session of sessions) session.destroy();
      behind.destroy();
      gate.close();
    },
  };
}

/** An authority, and certificates of it for the server and for us. */
async function issue(folder: string): Promise<void> {
  const run = openssl('openssl');
  const at = (name: string) => join(folder, name);
  const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout'];
  await run('req', '-x509', ...made, at('ca.key'), '-out', at('ca.pem'), '-subj', '/CN=test authority', '-days', '2');
  for (const [name, purpose] of [
    ['server', 'serverAuth'],
    ['client', 'clientAuth'],
  ] as const) {
    writeFileSync(at(`${name}.ext`), `subjectAltName=DNS:temporal.example\nextendedKeyUsage=${purpose}\n`);
    await run('req', ...made, at(`${name}.key`), '-new', '-subj', `/CN=${name}`, '-out', at(`${name}.csr`));
    const by = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-extfile', at(`${name}.ext`)];
    await run('x509', '-req', '-in', at(`${name}.csr`), ...by, '-days', '1', '-out', at(`${name}.pem`));
  }
}
