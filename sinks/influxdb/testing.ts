/**
 * What the suites share: on a real server, a bucket of their own with all that belongs to it, deleted at the end; and small
 * servers that misbehave.
 */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { type Influx, type InfluxOptions, openInflux } from './connect.ts';
import { deleteBucket, deleteLabel, findBucket, listBuckets, listLabels } from './organisation.ts';

export const SERVER = {
  url: process.env['INFLUX_URL'] ?? '',
  token: process.env['INFLUX_TOKEN'] ?? '',
  org: process.env['INFLUX_ORG'] ?? '',
};
export const HOUR_MS = 3_600_000;
/** Start of the hour `hours` ago: the server drops what is older than the retention, so fixtures cannot have a fixed time. */
export const hoursAgo = (hours: number) => Math.floor(Date.now() / HOUR_MS) * HOUR_MS - hours * HOUR_MS;

export const openTestStore = (bucket: string, options: Partial<InfluxOptions> = {}): Promise<Influx> =>
  openInflux({ ...SERVER, bucket, ...options });

/** Deletes the store's bucket and all that begins with its name: buckets, pages of their guards, tasks. */
export async function wipe(store: Influx): Promise<void> {
  const anyBucket = await findBucket(store, '_tasks');
  const labels = anyBucket === undefined ? [] : await listLabels(store, anyBucket.orgID);
  for (const bucket of await listBuckets(store, store.bucket)) {
    await deleteBucket(store, bucket);
    for (const label of labels) if (label.name.includes(bucket.id)) await deleteLabel(store, label);
  }
  const { tasks } = await store.request<{ tasks: { id: string; name: string }[] }>('list its tasks', 'GET', '/api/v2/tasks?limit=500');
  for (const { id, name } of tasks) {
    if (name.startsWith(`parapet ${store.bucket}`)) await store.request('delete a task', 'DELETE', `/api/v2/tasks/${id}`);
  }
}

export const sum = (tallies: { rows: number; distinct: number }[]) => ({
  rows: tallies.reduce((total, { rows }) => total + rows, 0),
  distinct: tallies.reduce((total, { distinct }) => total + distinct, 0),
});

/** A request as a small server of the test got it. */
export interface Asked {
  method: string;
  path: string;
  body: string;
  zipped: boolean;
}
export type Said = { status: number; headers?: Record<string, string>; body?: string } | 'hang' | 'cut' | 'drip';

/** A server of Node's own that answers as the test says, also in ways that InfluxDB never does but networks do. */
export async function speaking(say: (asked: Asked) => Said, tls?: { key: string; cert: string }) {
  const asked: Asked[] = [];
  const timers: NodeJS.Timeout[] = [];
  const handle: RequestListener = async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const zipped = request.headers['content-encoding'] === 'gzip';
    const bytes = Buffer.concat(chunks);
    const one = { method: request.method ?? '', path: request.url ?? '', body: String(zipped ? gunzipSync(bytes) : bytes), zipped };
    asked.push(one);
    const said = say(one);
    if (said === 'hang') return;
    if (said === 'cut') return void response.socket?.destroy();
    if (said === 'drip') {
      response.writeHead(200, { 'content-type': 'application/json' });
      timers.push(setInterval(() => response.write(' '), 20));
      return;
    }
    response.writeHead(said.status, { 'content-type': 'application/json', ...said.headers });
    response.end(said.body);
  };
  const server = tls === undefined ? createServer(handle) : createTlsServer(tls, handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    asked,
    async close(): Promise<void> {
      for (const timer of timers) clearInterval(timer);
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
