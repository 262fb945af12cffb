/** The requests to Splunk's HTTP Event Collector: events in one gzipped body, and the question which of them are indexed. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { ParapetError } from '../../core/errors.ts';
import { unavailable } from './connection.ts';
import { isDoubtful, meaningOf } from './hec-codes.ts';
import type { HttpAnswer, HttpClient } from './http.ts';

const compress = promisify(gzip);

export interface HecTarget {
  client: HttpClient;
  /** Without a path, or with the one before `/services`. */
  url: URL;
  token: string;
  /** Set when acknowledgement is wanted: the request channel, a UUID. */
  channel: string | undefined;
}

export type Posted =
  /** `ackId` where acknowledgement is on: not indexed yet. */
  | { kind: 'accepted'; ackId: number | undefined }
  /** Some event of the body, or all of them, are not taken. */
  | { kind: 'refused'; reason: string; doubtful: boolean; error: ParapetError }
  | { kind: 'failed'; error: ParapetError; retryAfter: string | undefined };

export async function post(target: HecTarget, body: string): Promise<Posted> {
  try {
    const headers = { ...headersOf(target), 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const answer = await target.client.send(endpoint(target, 'event'), { method: 'POST', headers, body: await compress(body) });
    return judge(target, answer);
  } catch (error) {
    return { kind: 'failed', error: unreachable(target, error), retryAfter: undefined };
  }
}

/** Those of `ackIds` that are indexed. Splunk forgets an id once it has said so. Throws PARAPET_STORE_UNAVAILABLE. */
export async function acknowledged(target: HecTarget, ackIds: readonly number[]): Promise<number[]> {
  let answer: HttpAnswer;
  try {
    const headers = { ...headersOf(target), 'content-type': 'application/json' };
    answer = await target.client.send(endpoint(target, 'ack'), { method: 'POST', headers, body: JSON.stringify({ acks: ackIds }) });
  } catch (error) {
    throw unreachable(target, error);
  }
  const acks = answer.status === 200 ? field(answer.text, 'acks') : undefined;
  if (typeof acks !== 'object' || acks === null) throw failure(target, answer).error;
  return ackIds.filter((id) => (acks as Record<string, unknown>)[String(id)] === true);
}

/** Whether something answers there. Throws PARAPET_STORE_UNAVAILABLE when nothing does. */
export async function reach(target: HecTarget): Promise<void> {
  try {
    await target.client.send(endpoint(target, 'health'), { method: 'GET', headers: headersOf(target) });
  } catch (error) {
    throw unreachable(target, error);
  }
}

function judge(target: HecTarget, answer: HttpAnswer): Posted {
  const code = number(field(answer.text, 'code'));
  if (answer.status === 200 && code === 0) {
    const ackId = number(field(answer.text, 'ackId'));
    if (target.channel !== undefined && ackId === undefined) {
      const message = 'Splunk took the events without an acknowledgement id.';
      const hint = 'Turn indexer acknowledgement on in the token, or the option acknowledge off.';
      return { kind: 'failed', error: new ParapetError('PARAPET_STORE_UNAVAILABLE', { message, hint }), retryAfter: undefined };
    }
    return { kind: 'accepted', ackId };
  }
  const { error, fault, says } = failure(target, answer);
  if (fault === 'event') return { kind: 'refused', reason: `Splunk did not take this event: ${says}.`, doubtful: isDoubtful(code), error };
  return { kind: 'failed', error, retryAfter: answer.retryAfter };
}

function failure({ url }: HecTarget, { status, text }: HttpAnswer) {
  if (status === 200 && number(field(text, 'code')) !== 0) {
    const message = `What answers at ${url.origin} is not Splunk’s HTTP Event Collector.`;
    const error = new ParapetError('PARAPET_STORE_UNAVAILABLE', {
      message,
      hint: 'Check the URL: HEC listens on a port of its own, 8088 by default.',
    });
    return { fault: 'store' as const, says: 'an unknown answer', error };
  }
  const { fault, says, hint } = meaningOf(status, number(field(text, 'code')));
  const message = `Splunk at ${url.origin} did not take the events: ${says}.`;
  const error = new ParapetError('PARAPET_STORE_UNAVAILABLE', { message, ...(hint === undefined ? {} : { hint }) });
  return { fault, says, error };
}

function endpoint({ url, channel }: HecTarget, name: 'event' | 'ack' | 'health'): URL {
  const to = new URL(`${url.pathname.replace(/\/+$/, '')}/services/collector/${name}`, url);
  // The question for acknowledgements takes the channel here too, and older servers only here.
  if (name === 'ack' && channel !== undefined) to.searchParams.set('channel', channel);
  return to;
}

function headersOf({ token, channel }: HecTarget): Record<string, string> {
  return { authorization: `Splunk ${token}`, ...(channel === undefined ? {} : { 'x-splunk-request-channel': channel }) };
}

function unreachable({ url }: HecTarget, error: unknown): ParapetError {
  return unavailable(`Splunk at ${url.origin} could not be reached`, error);
}

function field(text: string, name: string): unknown {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[name] : undefined;
  } catch {
    // A proxy's page: as good as an answer without the field.
    return undefined;
  }
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
