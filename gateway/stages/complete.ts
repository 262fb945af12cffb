/**
 * A whole answer: collect the vendor's body, understand it, guard it, record it, send it. When client and vendor speak
 * the same format the client gets the vendor's bytes unchanged.
 */
import { ParapetError, toParapetError } from '../../core/errors.ts';
import type { Ending, Exchange } from '../exchange.ts';
import type { Target } from '../routing.ts';
import type { VendorRequest } from '../vendors/types.ts';
import type { CanonicalRequest } from '../wire/types.ts';
import { callVendor, type VendorHeaders } from './call.ts';
import { decide } from './decide.ts';
import { inspectResponse } from './inspect.ts';
import type { Client, StageParts } from './parts.ts';
import type { AnswerTreatment } from './sensitive.ts';

export interface WholeAnswer {
  ending: Ending;
  body: string | Buffer | undefined;
}

/** Resolves with what to send; never rejects for what a vendor or a client did. */
export async function complete(
  parts: StageParts,
  exchange: Exchange,
  request: CanonicalRequest,
  target: Target,
  vendorRequest: VendorRequest,
  client: Client,
  treatment?: AnswerTreatment,
): Promise<WholeAnswer> {
  try {
    const { status, headers, body } = await fetchAnswer(parts, exchange, target, vendorRequest, client);
    if (exchange.abandoned) return { ending: abandonedWith(exchange, target, status, body), body: undefined };
    if (status < 200 || status > 299) throw target.vendor.adapter.parseError(status, headers, body.toString('utf8'));
    const given = parseAnswer(exchange, target, body);
    exchange.answer = treatment?.canonical(given) ?? given;
    if (parts.policy.mode !== 'off') decide(exchange, parts.policy, inspectResponse(exchange, exchange.answer.content));
    // The answer may carry the report on its request.
    await exchange.judged;
    const same = exchange.wire.id === target.vendor.adapter.wire;
    const untouched = () => (treatment === undefined ? body : JSON.stringify(treatment.body(JSON.parse(body.toString('utf8')))));
    const out = same ? untouched() : JSON.stringify(exchange.wire.renderResponse(exchange.answer, parts.renderContext(exchange, request)));
    return { ending: { status: 'answered', httpStatus: 200 }, body: out };
  } catch (thrown) {
    const error = toParapetError(thrown);
    if (exchange.abandoned) return { ending: { status: 'abandoned', httpStatus: 0, error }, body: undefined };
    const status = error.code === 'PARAPET_BLOCKED' || error.code === 'PARAPET_INSPECTION_FAILED' ? 'blocked' : 'failed';
    return { ending: { status, httpStatus: error.status, error }, body: undefined };
  }
}

interface Fetched {
  status: number;
  headers: VendorHeaders;
  body: Buffer;
}

function fetchAnswer(
  parts: StageParts,
  exchange: Exchange,
  target: Target,
  vendorRequest: VendorRequest,
  client: Client,
): Promise<Fetched> {
  return new Promise((resolve, reject) => {
    let status = 0;
    let headers: VendorHeaders = {};
    const chunks: Buffer[] = [];
    let drain: NodeJS.Timeout | undefined;
    let settled = false;
    exchange.vendorStartedMs = performance.now();

    const settle = (done: () => void) => {
      if (settled) return;
      settled = true;
      clearTimeout(drain);
      exchange.vendorMs = performance.now() - exchange.vendorStartedMs;
      done();
    };
    const connection = callVendor(target.vendor, vendorRequest, {
      attempt() {
        exchange.attempts += 1;
      },
      head(code, values) {
        status = code;
        headers = values;
      },
      data(chunk) {
        exchange.responseBytes += chunk.length;
        if (exchange.responseBytes > parts.responseLimitBytes) {
          connection.abort();
          settle(() =>
            reject(
              new ParapetError('PARAPET_VENDOR_GARBAGE', {
                message: `The vendor's answer is larger than ${parts.responseLimitBytes} bytes.`,
              }),
            ),
          );
          return;
        }
        chunks.push(chunk);
      },
      end() {
        settle(() => resolve({ status, headers, body: chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks) }));
      },
      error(error) {
        if (chunks.length > 0) exchange.unparsed = Buffer.concat(chunks).toString('utf8');
        settle(() => reject(error));
      },
    });
    client.onClose(() => {
      if (settled) return;
      exchange.abandoned = true;
      drain = setTimeout(() => {
        connection.abort();
        settle(() =>
          reject(
            new ParapetError('PARAPET_VENDOR_TIMEOUT', {
              message: 'The client left, and the vendor did not end its answer within the drain time.',
            }),
          ),
        );
      }, parts.abandonDrainMs);
    });
  });
}

/** The client left, the answer came: what it cost is still known. */
function abandonedWith(exchange: Exchange, target: Target, status: number, body: Buffer): Ending {
  try {
    if (status >= 200 && status <= 299) exchange.answer = parseAnswer(exchange, target, body);
  } catch (thrown) {
    return { status: 'abandoned', httpStatus: 0, error: toParapetError(thrown) };
  }
  return { status: 'abandoned', httpStatus: 0 };
}

function parseAnswer(exchange: Exchange, target: Target, body: Buffer) {
  const text = body.toString('utf8');
  try {
    return target.vendor.adapter.parseResponse(JSON.parse(text));
  } catch (cause) {
    exchange.unparsed = text;
    if (cause instanceof ParapetError) throw cause;
    throw new ParapetError('PARAPET_VENDOR_GARBAGE', {
      message: `The vendor ${target.vendor.config.name} did not answer with JSON.`,
      cause,
    });
  }
}
