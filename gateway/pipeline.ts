/**
 * The way of one interaction: admit → receive → authenticate → parse → identify → quarantine → route → inspect → decide → call →
 * guard → record → answer. One function, in that order; each step is a file in `stages/`.
 *
 * Two rules hold on every path: an exchange that was admitted is recorded exactly once, and what is sent last is sent
 * after that record is on disk.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { toParapetError } from '../core/errors.ts';
import type { Detector } from '../detection/types.ts';
import type { Spool } from '../log/spool/index.ts';
import type { OrgThresholds } from '../log/thresholds.ts';
import type { ExchangeTraces } from '../telemetry/index.ts';
import type { ApiKeys, Caller } from './api-keys.ts';
import { createExchange, type Ending, type Exchange } from './exchange.ts';
import type { Routing, Target } from './routing.ts';
import { authenticate } from './stages/authenticate.ts';
import { complete } from './stages/complete.ts';
import { decide, decidesFirst } from './stages/decide.ts';
import { identify } from './stages/identify.ts';
import { type Inspected, inspectRequest } from './stages/inspect.ts';
import type { Client, StageParts } from './stages/parts.ts';
import type { QuarantineGate } from './stages/quarantine.ts';
import { parseJson, readBody } from './stages/receive.ts';
import { boundLastWrite, sendError, sendJson } from './stages/respond.ts';
import { stream } from './stages/stream.ts';
import type { CanonicalRequest, WireFormat } from './wire/types.ts';

/** As much of a body that cannot be read as the record may want to keep. */
const UNPARSED_BYTES = 256 * 1024;

export interface PipelineParts extends StageParts {
  spool: Spool;
  keys: ApiKeys;
  routing: Routing;
  detector: Detector;
  quarantine: QuarantineGate;
  thresholds: Pick<OrgThresholds, 'of'>;
  bodyLimitBytes: number;
  requestTimeoutMs: number;
  /** How long a request may wait for the classifier. */
  classifierMs: number;
  /** Told of every request that was looked at. */
  onInspected(inspected: Inspected): void;
  /** Told of every exchange at its end. */
  observe(exchange: Exchange, ending: Ending): void;
  /** Undefined when traces are off. */
  traces?: ExchangeTraces | undefined;
}

export type Pipeline = (wire: WireFormat, request: IncomingMessage, response: ServerResponse) => Promise<void>;

export function createPipeline(parts: PipelineParts): Pipeline {
  const { spool, recorder } = parts;

  /** Everything before the vendor is called. Throws what refuses the request. */
  async function prepare(exchange: Exchange, incoming: IncomingMessage): Promise<{ request: CanonicalRequest; target: Target }> {
    exchange.caller = authenticate(parts.keys, exchange.headers);
    // Known from here on, whatever the body turns out to be.
    exchange.identity = identityOf(exchange.caller);
    exchange.rawBody = await readBody(incoming, parts.bodyLimitBytes, parts.requestTimeoutMs);
    let request: CanonicalRequest;
    try {
      request = exchange.wire.parseRequest(parseJson(exchange.rawBody, exchange.headers['content-type']));
    } catch (error) {
      exchange.unparsed = exchange.rawBody.toString('utf8', 0, UNPARSED_BYTES);
      throw error;
    }
    exchange.request = request;
    exchange.identity = identify(exchange.caller, request, exchange.headers);
    parts.quarantine.pass(exchange);
    exchange.blockScore = parts.thresholds.of(exchange.identity.org)?.block;
    const target = parts.routing.resolve(request.model);
    exchange.target = target;
    if (parts.policy.mode !== 'off') await guard(exchange, request);
    return { request, target };
  }

  /** What may be refused is decided before the vendor is called; where nothing is, it is only known at the end. */
  async function guard(exchange: Exchange, request: CanonicalRequest): Promise<void> {
    const judged = inspectRequest(exchange, request.content, parts.classifierMs).then((inspected) => {
      parts.onInspected(inspected);
      decide(exchange, parts.policy, inspected);
    });
    if (decidesFirst(parts.policy)) await judged;
    else exchange.judged = judged;
  }

  return async (wire, incoming, response) => {
    const exchange = createExchange(wire, incoming.headers, incoming.socket.remoteAddress, parts.detector);
    const trace = parts.traces?.begin(exchange);
    try {
      spool.admit();
    } catch (thrown) {
      incoming.resume();
      const error = toParapetError(thrown);
      sendError(response, wire, error, '');
      return trace?.end({ status: 'rejected', httpStatus: error.status, error });
    }

    let ending: Ending;
    let close: () => void;
    try {
      const { request, target } = await prepare(exchange, incoming);
      const treatment = parts.sensitive?.treat(exchange, request);
      trace?.prepared();
      const { adapter, apiKey } = target.vendor;
      const { rawBody } = treatment ?? exchange;
      const built = adapter.buildRequest({ request: treatment?.request ?? request, model: target.model, rawBody, apiKey });
      const vendorRequest = trace?.calls(built) ?? built;
      exchange.intentDurable = recorder.intent(exchange);
      trace?.intent(exchange.intentDurable);
      // It only fails when the gateway closes, and then the end fails too, which is awaited.
      exchange.intentDurable.catch(() => undefined);
      const client = watch(response);
      if (request.stream) {
        const streamed = await stream(parts, exchange, request, target, vendorRequest, client, response, treatment?.answer);
        ending = streamed.ending;
        close = streamed.close ?? errorOf(response, exchange, ending);
      } else {
        const answer = await complete(parts, exchange, request, target, vendorRequest, client, treatment?.answer);
        ending = answer.ending;
        const { body } = answer;
        close =
          body === undefined
            ? errorOf(response, exchange, ending)
            : () => {
                sendJson(response, 200, body, { 'x-parapet-interaction-id': exchange.id });
                boundLastWrite(response, parts.clientStallMs);
              };
      }
    } catch (thrown) {
      const error = toParapetError(thrown);
      if (error.code === 'PARAPET_INTERNAL')
        parts.logger.error({ interaction: exchange.id, err: error.message, stack: error.stack }, 'internal fault');
      ending = { status: refusalOf(error.code), httpStatus: response.destroyed ? 0 : error.status, error };
      close = errorOf(response, exchange, ending);
      incoming.resume();
    }
    trace?.answered();
    try {
      await exchange.judged;
      await recorder.end(exchange, ending);
    } catch (thrown) {
      // Without its record an answer may not be given: the client sees the connection break, the log shows an orphan.
      const { code, message } = toParapetError(thrown);
      parts.logger.error({ interaction: exchange.id, err: message }, 'the end could not be recorded');
      response.destroy();
      return trace?.end(ending, code);
    }
    close();
    parts.observe(exchange, ending);
    trace?.end(ending);
  };
}

const BLOCKS = ['PARAPET_BLOCKED', 'PARAPET_HARMFUL_REQUEST', 'PARAPET_INSPECTION_FAILED', 'PARAPET_AGENT_QUARANTINED'];

function refusalOf(code: string): 'blocked' | 'rejected' | 'failed' {
  if (BLOCKS.includes(code)) return 'blocked';
  return code === 'PARAPET_INTERNAL' ? 'failed' : 'rejected';
}

function errorOf(response: ServerResponse, exchange: Exchange, ending: Ending): () => void {
  return () => {
    if ('error' in ending && ending.error) sendError(response, exchange.wire, ending.error, exchange.id);
    else response.destroy();
  };
}

function identityOf({ org, agentId }: Caller): Exchange['identity'] {
  return { org, agentId, userId: null, subject: `${org}/${agentId}`, sessionId: null, conversationId: null };
}

/** The client leaving before the response was finished. */
function watch(response: ServerResponse): Client {
  return {
    onClose(callback) {
      if (response.destroyed || response.closed) return callback();
      response.once('close', () => {
        if (!response.writableEnded) callback();
      });
    },
  };
}
