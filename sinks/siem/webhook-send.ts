/** One attempt at one event, and what the endpoint's answer means, as Standard Webhooks suggests. */
import { ParapetError } from '../../core/errors.ts';
import { unavailable } from './connection.ts';
import type { HttpClient } from './http.ts';

export type Delivery =
  | { kind: 'accepted' }
  /** 410: the endpoint wants no more events. */
  | { kind: 'gone' }
  /** It will never take this event. */
  | { kind: 'refused'; reason: string }
  /** 400: the event's fault, or a signature that the receiver does not know. Whether it takes other events tells. */
  | { kind: 'doubtful'; reason: string; error: ParapetError }
  | { kind: 'failed'; error: ParapetError; retryAfter: string | undefined };

/** `where` names the endpoint in messages: its origin, because paths of webhooks hold secrets. */
export async function attempt(
  client: HttpClient,
  { url, where }: { url: URL; where: string },
  message: { headers: Record<string, string>; body: string },
): Promise<Delivery> {
  try {
    const headers = { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'Parapet-Webhooks/1', ...message.headers };
    const { status, retryAfter } = await client.send(url, { method: 'POST', headers, body: message.body });
    return judge(where, status, retryAfter);
  } catch (error) {
    return { kind: 'failed', error: unavailable(`The webhook endpoint ${where} could not be reached`, error), retryAfter: undefined };
  }
}

function judge(where: string, status: number, retryAfter: string | undefined): Delivery {
  if (status >= 200 && status <= 299) return { kind: 'accepted' };
  if (status === 410) return { kind: 'gone' };
  if (status === 413 || status === 422) return { kind: 'refused', reason: `The webhook endpoint answered ${status} to this event.` };
  const error = new ParapetError('PARAPET_STORE_UNAVAILABLE', {
    message: `The webhook endpoint ${where} answered ${status}.`,
    hint: hintFor(status),
  });
  if (status === 400) return { kind: 'doubtful', reason: 'The webhook endpoint answered 400 to this event, and took others.', error };
  return { kind: 'failed', error, retryAfter };
}

function hintFor(status: number): string {
  if (status >= 300 && status <= 399) return 'Redirects are not followed: set the URL that it leads to.';
  if (status === 400 || status === 401 || status === 403) {
    return 'Check that the receiver knows the secret, reads the body as it came, and has the right time. An event that it will never take should get 422.';
  }
  if (status === 404 || status === 405) return 'Check the path of the webhook’s URL.';
  if (status === 429) return 'The receiver limits its rate; events wait, and none is lost.';
  return 'The receiver’s own log says why; events wait, and none is lost.';
}
