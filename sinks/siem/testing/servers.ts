/** Small servers of Node's own that behave, and misbehave, as real receivers do; and certificates for them, made on the spot. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

export interface Received {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
}

export type Answer = { status: number; headers?: Record<string, string>; body?: string } | 'hang' | 'cut';

export interface Receiver {
  url: string;
  port: number;
  received: Received[];
  close(): Promise<void>;
}

/** Answers each request with what `answer` says, given the request and how many came before it. */
export async function receiver(
  answer: (request: Received, before: number) => Answer | Promise<Answer>,
  tls?: { key: Buffer; cert: Buffer },
): Promise<Receiver> {
  const received: Received[] = [];
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const bytes = Buffer.concat(chunks);
      const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
      const one = { method: request.method ?? '', path: request.url ?? '', headers: request.headers as Record<string, string>, body };
      received.push(one);
      const said = await answer(one, received.length - 1);
      if (said === 'hang') return;
      if (said === 'cut') request.socket.destroy();
      else response.writeHead(said.status, said.headers).end(said.body);
    });
  };
  const server = tls === undefined ? createHttp(handle) : createHttps(tls, handle);
  const port = await listen(server);
  return { url: `${tls === undefined ? 'http' : 'https'}://localhost:${port}`, port, received, close: () => closeServer(server) };
}

export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

export async function closeServer(server: Server): Promise<void> {
  if ('closeAllConnections' in server) (server as ReturnType<typeof createHttp>).closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

export interface Certificates {
  caFile: string;
  /** For localhost and 127.0.0.1, for another name, out of date; and a client's. */
  good: { key: Buffer; cert: Buffer };
  wrongName: { key: Buffer; cert: Buffer };
  expired: { key: Buffer; cert: Buffer };
  clientFiles: { certFile: string; keyFile: string };
  remove(): void;
}

/** Made by the openssl command; undefined where there is none. */
export function makeCertificates(): Certificates | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'parapet-siem-'));
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const signed = (name: string, alternative: string, days: number) => {
    writeFileSync(at(`${name}.ext`), `subjectAltName=${alternative}`);
    openssl('req', ...newKey, '-subj', `/CN=${name}`, '-keyout', at(`${name}.key`), '-out', at(`${name}.csr`));
    const ca = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial'];
    openssl(
      'x509',
      '-req',
      '-in',
      at(`${name}.csr`),
      ...ca,
      '-days',
      String(days),
      '-extfile',
      at(`${name}.ext`),
      '-out',
      at(`${name}.pem`),
    );
    return { key: readFileSync(at(`${name}.key`)), cert: readFileSync(at(`${name}.pem`)) };
  };
  try {
    openssl('req', '-x509', ...newKey, '-days', '2', '-subj', '/CN=test authority', '-keyout', at('ca.key'), '-out', at('ca.pem'));
    const good = signed('localhost', 'DNS:localhost,IP:127.0.0.1', 2);
    const wrongName = signed('wrong', 'DNS:other.example', 2);
    const expired = signed('expired', 'DNS:localhost,IP:127.0.0.1', -1);
    signed('client', 'DNS:client.example', 2);
    const clientFiles = { certFile: at('client.pem'), keyFile: at('client.key') };
    return { caFile: at('ca.pem'), good, wrongName, expired, clientFiles, remove: () => rmSync(folder, { recursive: true }) };
  } catch (error) {
    rmSync(folder, { recursive: true });
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
