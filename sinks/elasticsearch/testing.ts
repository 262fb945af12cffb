/** For tests: a server that speaks as Elasticsearch does, saying what the test wants it to say; certificates; tidying up. */
import { createSign, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Elasticsearch } from './connect.ts';

export interface Asked {
  method: string;
  path: string;
  body: string;
  authorization: string | undefined;
}

export interface Said {
  status?: number;
  body: unknown;
  headers?: Record<string, string>;
}

export interface Speaker {
  port: number;
  url: string;
  asked: Asked[];
  close(): Promise<void>;
}

/** Answers every request as `say` says; undefined for no answer at all. */
export async function speak(say: (asked: Asked) => Said | undefined, tls?: Certificate): Promise<Speaker> {
  const asked: Asked[] = [];
  const listener: RequestListener = async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { pathname } = new URL(request.url ?? '/', 'http://here');
    const one = {
      method: request.method ?? '',
      path: pathname,
      body: Buffer.concat(chunks).toString(),
      authorization: request.headers.authorization,
    };
    asked.push(one);
    const said = say(one);
    if (said === undefined) return;
    const headers = { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch', ...said.headers };
    response.writeHead(said.status ?? 200, headers);
    response.end(typeof said.body === 'string' ? said.body : JSON.stringify(said.body));
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  async function close(): Promise<void> {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
  return { port, url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`, asked, close };
}

export interface Certificate {
  key: string;
  cert: string;
}

/** Self-signed, for one IP address: X.509 v3 with ECDSA over P-256, as little of it as TLS needs. */
export function certificate({ ip, from, to }: { ip: string; from: Date; to: Date }): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsaWithSha256 = der(0x30, Buffer.from('06082a8648ce3d040302', 'hex'));
  const name = der(0x30, der(0x31, der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from('test')))));
  const address = der(0x87, Buffer.from(ip.split('.').map(Number)));
  const alternativeNames = der(0x30, Buffer.from('0603551d11', 'hex'), der(0x04, der(0x30, address)));
  const authority = der(0x30, Buffer.from('0603551d13', 'hex'), der(0x04, der(0x30, Buffer.from('0101ff', 'hex'))));
  const body = der(
    0x30,
    der(0xa0, Buffer.from('020102', 'hex')),
    Buffer.from('020101', 'hex'),
    ecdsaWithSha256,
    name,
    der(0x30, time(from), time(to)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, alternativeNames, authority)),
  );
  const signature = createSign('sha256').update(body).sign(privateKey);
  const whole = der(0x30, body, ecdsaWithSha256, der(0x03, Buffer.from([0]), signature));
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
  };
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

/** UTCTime, `YYMMDDHHMMSSZ`. */
function time(date: Date): Buffer {
  return der(0x17, Buffer.from(`${date.toISOString().slice(2, 19).replace(/\D/g, '')}Z`));
}

/** Deletes everything under the store's prefix on a real server, and closes the store. */
export async function tidy({ client, prefix, close }: Elasticsearch): Promise<void> {
  if (prefix === '') throw new Error('Without a prefix this would delete what is not the test’s.');
  for (const index of Object.keys(await client.indices.get({ index: `${prefix}*`, allow_no_indices: true }))) {
    await client.indices.delete({ index });
  }
  await client.indices.deleteIndexTemplate({ name: `${prefix}*` }, { ignore: [404] });
  await close();
}
