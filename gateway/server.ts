/** The gateway's HTTP server: routes, health, metrics, drain. What happens to a request is in `pipeline.ts`. */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { ParapetError } from '../core/errors.ts';
import { type Metrics, MS_BUCKETS } from '../core/metrics.ts';
import type { Spool } from '../log/spool/index.ts';
import type { Ending, Exchange } from './exchange.ts';
import type { Pipeline } from './pipeline.ts';
import type { Routing } from './routing.ts';
import { sendError } from './stages/respond.ts';
import type { WireFormat, WireFormatId } from './wire/types.ts';

export interface ServerParts {
  pipeline: Pipeline;
  wires: Record<WireFormatId, WireFormat>;
  routing: Routing;
  spool: Spool;
  metrics: Metrics;
  requestTimeoutMs: number;
}

export interface GatewayServer {
  /** Gives the address it listens on, e.g. `http://127.0.0.1:8080`. */
  listen(host: string, port: number): Promise<string>;
  /** Refuses new requests from now on, and waits at most `ms` for those under way. */
  drain(ms: number): Promise<void>;
  /** Closes every connection. */
  close(): Promise<void>;
}

const ROUTES: Record<string, WireFormatId> = {
  '/v1/chat/completions': 'openai.chat',
  '/v1/messages': 'anthropic.messages',
  '/v1/ai/completions': 'parapet.completions',
};

export function createServer({ pipeline, wires, routing, spool, metrics, requestTimeoutMs }: ServerParts): GatewayServer {
  /** What Fastify itself stumbles over, before or in a handler. */
  function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const wire = wires[ROUTES[request.url] ?? 'openai.chat'];
    reply.hijack();
    const status = (error as { statusCode?: number }).statusCode ?? 500;
    sendError(
      reply.raw,
      wire,
      new ParapetError(status < 500 ? 'PARAPET_INVALID_REQUEST' : 'PARAPET_INTERNAL', {
        message: STATUS_CODES[status] ?? 'Error',
        status,
        cause: error,
      }),
      '',
    );
  }

  let draining = false;
  let underWay = 0;
  const ended = () => {
    underWay -= 1;
  };

  function serve(wire: WireFormat, request: IncomingMessage, response: ServerResponse): void {
    if (draining) return sendError(response, wire, new ParapetError('PARAPET_DRAINING', { retryAfterSeconds: 1 }), '');
    underWay += 1;
    pipeline(wire, request, response)
      .catch(() => response.destroy())
      .finally(() => whenSent(response, ended));
  }

  const app = Fastify({
    logger: false,
    // The model routes are what the gateway is for: as they are usually called they do without Fastify's request and reply.
    serverFactory: (handler) =>
      // Our time-out is the shorter one and answers in the caller's format; Node's is the backstop.
      createHttpServer({ requestTimeout: requestTimeoutMs + 5_000, keepAliveTimeout: 75_000 }, (request, response) => {
        const id = request.method === 'POST' ? ROUTES[request.url ?? ''] : undefined;
        if (id === undefined) handler(request, response);
        else serve(wires[id], request, response);
      }),
    forceCloseConnections: 'idle',
    frameworkErrors: refuse,
    clientErrorHandler: (error, socket) => refuseUnread(error, socket, wires['openai.chat']),
  });
  // The body is read by the pipeline itself, which bounds it in size and time.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));

  for (const [path, id] of Object.entries(ROUTES)) {
    const wire = wires[id];
    app.post(path, (request, reply) => {
      reply.hijack();
      serve(wire, request.raw, reply.raw);
    });
    app.route({
      method: ['GET', 'PUT', 'PATCH', 'DELETE'],
      url: path,
      handler(_request, reply) {
        reply.hijack();
        sendError(reply.raw, wire, new ParapetError('PARAPET_METHOD_NOT_ALLOWED'), '');
      },
    });
  }

  app.get('/v1/models', () => ({
    object: 'list',
    data: routing.models().map(({ id, vendor }) => ({
      id,
      object: 'model',
      type: 'model',
      display_name: id,
      created: 0,
      created_at: '1970-01-01T00:00:00Z',
      owned_by: vendor,
    })),
  }));
  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', (_request, reply) => {
    const { failing, usedBytes, maxBytes, unshipped } = spool.stats();
    const ready = !draining && !failing && usedBytes < maxBytes;
    return reply
      .code(ready ? 200 : 503)
      .send({ status: ready ? 'ready' : draining ? 'draining' : 'spool', spool: { usedBytes, maxBytes, unshipped } });
  });
  app.get('/metrics', async (_request, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()));

  app.setNotFoundHandler((request, reply) => {
    const wire = request.url.startsWith('/v1/messages') ? wires['anthropic.messages'] : wires['openai.chat'];
    reply.hijack();
    sendError(
      reply.raw,
      wire,
      new ParapetError('PARAPET_ROUTE_UNKNOWN', { message: `There is no ${request.method} ${request.url.slice(0, 200)}.` }),
      '',
    );
  });
  app.setErrorHandler(refuse);

  watchSpool(metrics, spool);

  return {
    listen: (host, port) => listen(app, host, port),
    async drain(ms) {
      draining = true;
      const until = Date.now() + ms;
      while (underWay > 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
    },
    async close() {
      const closed = new Promise<void>((resolve) => app.server.close(() => resolve()));
      app.server.closeAllConnections();
      await app.close();
      await closed;
    },
  };
}

/** The pipeline is done when it has given its last byte; the client still has to get it. */
function whenSent(response: ServerResponse, done: () => void): void {
  if (response.destroyed || response.closed || !response.headersSent) done();
  else response.once('close', done);
}

/** What could not even be read as HTTP: no route is known, so the answer is in the format that most clients read. */
function refuseUnread(error: Error & { code?: string }, socket: Socket, wire: WireFormat): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const refusal =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new ParapetError('PARAPET_HEADERS_TOO_LARGE')
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? new ParapetError('PARAPET_BODY_TIMEOUT')
        : new ParapetError('PARAPET_INVALID_REQUEST', { message: 'The request is not valid HTTP/1.1.', hint: 'Send valid HTTP/1.1.' });
  const body = JSON.stringify(wire.renderError(refusal, ''));
  const head = [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? 'Error'}`,
    'connection: close',
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-parapet-error: ${refusal.code}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<string> {
  await app.ready();
  await new Promise<void>((resolve, reject) => {
    app.server.once('error', reject);
    // Several gateway processes of one machine may share the port; the kernel divides the connections.
    app.server.listen({ host, port, reusePort: process.platform === 'linux' && port !== 0 }, resolve);
  });
  const address = app.server.address();
  return typeof address === 'object' && address !== null ? `http://${host}:${address.port}` : String(address);
}

/** Counts every exchange at its end. */
export function createObserver(metrics: Metrics): (exchange: Exchange, ending: Ending) => void {
  const ended = metrics.counter('parapet_gateway_interactions_total', 'Interactions by how they ended.', ['wire', 'status', 'code']);
  const latency = metrics.histogram('parapet_gateway_latency_ms', 'Milliseconds from request to the record of its end.', MS_BUCKETS, [
    'wire',
  ]);
  const overhead = metrics.histogram('parapet_gateway_overhead_ms', 'Of these, not spent waiting for the vendor.', MS_BUCKETS, ['wire']);
  const inspect = metrics.histogram('parapet_gateway_inspect_ms', 'Milliseconds spent in guards.', MS_BUCKETS, ['wire']);
  // Looking a label up costs more than counting, so each wire's histograms are looked up once.
  const byWire = new Map<string, { observe(value: number): void }[]>();
  function histogramsOf(wire: string): { observe(value: number): void }[] {
    let all = byWire.get(wire);
    if (all === undefined) {
      all = [latency.labels({ wire }), overhead.labels({ wire }), inspect.labels({ wire })];
      byWire.set(wire, all);
    }
    return all;
  }
  return (exchange, ending) => {
    const wire = exchange.wire.id;
    const elapsed = performance.now() - exchange.startedMs;
    ended.inc({ wire, status: ending.status, code: 'error' in ending && ending.error ? ending.error.code : '' });
    const [whole, own, guards] = histogramsOf(wire);
    whole?.observe(elapsed);
    own?.observe(Math.max(0, elapsed - (exchange.vendorMs ?? 0)));
    guards?.observe(exchange.inspectMs);
  };
}

function watchSpool(metrics: Metrics, spool: Spool): void {
  const gauges = {
    inFlight: metrics.gauge('parapet_spool_in_flight', 'Interactions admitted and not ended.'),
    unshipped: metrics.gauge('parapet_spool_unshipped_records', 'Records on disk that the event log does not have yet.'),
    usedBytes: metrics.gauge('parapet_spool_used_bytes', 'Bytes of the spool in use.'),
    maxBytes: metrics.gauge('parapet_spool_max_bytes', 'Bound of the spool.'),
    orphaned: metrics.gauge('parapet_spool_orphaned', 'Intents of an earlier crash that this start turned into orphaned interactions.'),
    gatewaySequence: metrics.gauge('parapet_gateway_sequence', 'Number of the newest interaction.'),
  };
  const lost = metrics.counter('parapet_interactions_lost_total', 'Admitted interactions that have no record: stays 0.');
  lost.inc(0);
  const collector = setInterval(() => {
    const stats = spool.stats();
    for (const [name, gauge] of Object.entries(gauges)) gauge.set(stats[name as keyof typeof gauges]);
  }, 1_000);
  collector.unref();
}
