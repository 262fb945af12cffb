/**
 * The embedded ClickHouse for any ClickHouse client: its HTTP interface, reading only, in the process that writes.
 * Every request has a session of its own on the writer's data directory (a quarter of a millisecond), which is made
 * read-only before the client's text comes near it; `guard.ts` refuses what read-only mode lets through.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGzip } from 'node:zlib';
import chdb from 'chdb';
import { ParapetError } from '../../../core/errors.ts';
import { type Ask, createGuard, type Guard } from './guard.ts';
import {
  ClickHouseFault,
  contentTypeOf,
  faultOf,
  formatOf,
  isAuthentic,
  paramValue,
  type QueryRequest,
  readRequest,
  wrongPassword,
} from './protocol.ts';

export interface FrontOptions {
  /** The folder of the embedded engine; it must be open in this process (`openClickHouse({ path })`). */
  path: string;
  host: string;
  /** 0 for any free port. */
  port: number;
  user: string;
  password: string;
  database?: string;
}

export interface ClickHouseFront {
  /** `http://host:port`. */
  url: string;
  /** Takes no more requests, lets those under way end, and resolves when all sessions are closed. */
  close(): Promise<void>;
}

/** Each query takes a thread of the pool that the writer's inserts and all file access use too. */
const MAX_RUNNING = 2;
const MAX_WAITING = 64;
const LIMITS =
  'max_execution_time = 60, max_memory_usage = 4000000000, max_result_rows = 50000000, max_threads = 4, max_ast_elements = 20000, max_query_size = 1048576';

/** Starts the front. Throws PARAPET_STORE_UNAVAILABLE when it cannot read the store or listen. */
export async function createClickHouseFront(options: FrontOptions): Promise<ClickHouseFront> {
  const { path, host, port, user, password, database = 'parapet' } = options;
  const slots = createSlots(MAX_RUNNING, MAX_WAITING);

  /** A session that can only read, with the client's settings. */
  function openSession(settings: Record<string, string>): InstanceType<typeof chdb.Session> {
    const session = new chdb.Session(path);
    try {
      session.query(`USE ${database}`);
      session.query(`SET ${LIMITS}`);
      for (const [name, value] of Object.entries(settings)) session.query(`SET ${name} = '${value.replace(/[\\']/g, '\\$&')}'`);
      session.query('SET readonly = 1'); // last: from here on no setting can be changed, not even this one
      return session;
    } catch (error) {
      session.close();
      throw error;
    }
  }

  let guard: Guard;
  try {
    const session = openSession({});
    guard = await createGuard(askIn(session), database);
    session.close();
  } catch (error) {
    throw new ParapetError('PARAPET_STORE_UNAVAILABLE', {
      message: `The embedded ClickHouse cannot be read: ${faultOf(error).message}`,
      cause: error,
    });
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://front');
    if (
      url.pathname === '/ping' ||
      url.pathname === '/replicas_status' ||
      (url.pathname === '/' && url.search === '' && request.method === 'GET')
    ) {
      response.writeHead(200, { 'Content-Type': 'text/html; charset=UTF-8' }).end('Ok.\n');
      return;
    }
    if (url.pathname !== '/') throw new ClickHouseFault(1, 'UNSUPPORTED_METHOD', `There is no handle ${url.pathname}.`, 404);
    if (!isAuthentic(request, url, user, password)) throw wrongPassword('default');
    if (request.method !== 'GET' && request.method !== 'POST')
      throw new ClickHouseFault(1, 'UNSUPPORTED_METHOD', 'Only GET and POST are taken.', 405);
    const query = await readRequest(request, url, database);
    const queryId = query.queryId ?? randomUUID();
    response.setHeader('X-ClickHouse-Query-Id', queryId.replace(/[^\x20-\x7e]/g, '?'));
    const release = await slots.take();
    try {
      const session = openSession(query.settings);
      try {
        await run(session, guard, query, response);
      } finally {
        session.close();
      }
    } finally {
      release();
    }
  }

  const server = createServer((request, response) => {
    response.setHeader('X-ClickHouse-Server-Display-Name', 'parapet');
    answer(request, response).catch((error: unknown) => sendFault(response, faultOf(error)));
  });
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new ParapetError('PARAPET_STORE_UNAVAILABLE', {
      message: `ClickHouse's front cannot listen on ${host}:${port}: ${String(error)}`,
      cause: error,
    });
  }
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      await closed;
    },
  };
}

function askIn(session: InstanceType<typeof chdb.Session>): Ask {
  return async (sql, params) => (await session.queryBindAsync(sql, params, { format: 'TSV' })).text();
}

/** Checks, runs and streams. The first piece is awaited before the head is sent: until then an error has its own status. */
async function run(session: InstanceType<typeof chdb.Session>, guard: Guard, query: QueryRequest, response: ServerResponse): Promise<void> {
  const params = Object.fromEntries(Object.entries(query.params).map(([name, value]) => [name, paramValue(value)]));
  const printed = await guard.check(askIn(session), query.sql, params);
  const format = formatOf(printed, query.format);
  const startedAt = process.hrtime.bigint();
  const stream = session.queryStreamBind(printed, params, { format: query.format });
  const pieces = stream[Symbol.asyncIterator]();
  try {
    let piece = await pieces.next();
    const rows = piece.done ? 0 : piece.value.numRows;
    const bytes = piece.done ? 0 : piece.value.numBytes;
    const elapsed = process.hrtime.bigint() - startedAt;
    response.writeHead(200, {
      'Content-Type': contentTypeOf(format),
      'X-ClickHouse-Format': format,
      'X-ClickHouse-Timezone': 'UTC',
      // As of the first piece, like a server that does not hold its answer back.
      'X-ClickHouse-Summary': JSON.stringify({
        read_rows: '0',
        read_bytes: '0',
        written_rows: '0',
        written_bytes: '0',
        total_rows_to_read: '0',
        result_rows: String(rows),
        result_bytes: String(bytes),
        elapsed_ns: String(elapsed),
      }),
      ...(query.compress ? { 'Content-Encoding': 'gzip' } : {}),
    });
    const gzip = query.compress ? createGzip() : undefined;
    gzip?.pipe(response);
    const out = gzip ?? response;
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    while (!piece.done && !response.destroyed) {
      if (!out.write(piece.value.raw()))
        await Promise.race([once(out, 'drain', { signal: gone.signal }), once(gone.signal, 'abort')]).catch(() => undefined);
      piece = await pieces.next();
    }
    out.end();
    if (!response.destroyed && !response.writableFinished) await Promise.race([once(response, 'finish'), once(response, 'close')]);
  } finally {
    stream.cancel();
  }
}

/** Before the head: an answer of its own. After it: ClickHouse's text, and then a cut, so that nobody takes it for the end. */
function sendFault(response: ServerResponse, fault: ClickHouseFault): void {
  if (response.destroyed) return;
  const text = `${fault.message}\n`;
  if (response.headersSent) {
    if (response.getHeader('Content-Encoding') === undefined) response.write(text, () => response.destroy());
    else response.destroy();
    return;
  }
  response.removeHeader('Content-Encoding');
  response.writeHead(fault.status, {
    'Content-Type': 'text/plain; charset=UTF-8',
    'X-ClickHouse-Exception-Code': String(fault.code),
    ...(fault.status === 401 ? { 'WWW-Authenticate': 'Basic realm="ClickHouse"' } : {}),
    // The rest of a body that is too large is not read.
    ...(fault.status === 413 ? { Connection: 'close' } : {}),
  });
  response.end(text);
}

/** At most `running` at once, `waiting` more in line; further ones are refused as ClickHouse does. */
function createSlots(running: number, waiting: number) {
  let free = running;
  const line: (() => void)[] = [];
  const release = () => {
    const next = line.shift();
    if (next === undefined) free++;
    else next();
  };
  return {
    async take(): Promise<() => void> {
      if (free > 0) free--;
      else if (line.length >= waiting)
        throw new ClickHouseFault(202, 'TOO_MANY_SIMULTANEOUS_QUERIES', `Too many simultaneous queries. Maximum: ${running + waiting}.`);
      else await new Promise<void>((resolve) => line.push(resolve));
      let released = false;
      return () => {
        if (!released) release();
        released = true;
      };
    },
  };
}
