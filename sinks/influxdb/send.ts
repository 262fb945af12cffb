/**
 * Points on their way to a bucket, and what InfluxDB's answer means. The subtle points, all seen on 2.7:
 * - 422 is a partial write: everything was written except the `dropped` ones, of which it names one at most, and only one of
 *   several causes: a type conflict hides points that are too old. So what an answer says is only trusted of one point.
 * - 400 "unable to parse" writes nothing at all, and quotes the point.
 * - Points older than the retention are answered with 422 too, and they are gone: later is too late as well.
 */
import type { Influx } from './connect.ts';
import { statusOf, unavailable, wordsOf } from './errors.ts';

/** Lines by their index in the batch. */
export interface Entry {
  index: number;
  line: string;
}

export interface Outcome {
  /** Why InfluxDB refuses a point for good; holds nothing of it. */
  refused: Map<number, string>;
  /** Points that it dropped because they are older than the bucket's retention. */
  expired: number;
}

/** What InfluxDB said about a request's points. */
type Answer =
  | { kind: 'stored' }
  | { kind: 'expired'; dropped: number }
  | { kind: 'conflict'; dropped: number; reason: string }
  | { kind: 'unreadable'; reason: string }
  /** For a proxy, or for the ten seconds that InfluxDB gives itself for a write. */
  | { kind: 'too large'; error: unknown; smallest: number };

/** Points of a request. Of new series, with sixteen fields each, a busy small server takes some hundreds a second. */
const REQUEST_POINTS = 2_000;
/** A server that has no time for so few is not helped by fewer. */
const TIMED_OUT_POINTS = 250;

/**
 * Writes all points that can be written. Writing them again changes nothing.
 * Throws PARAPET_STORE_UNAVAILABLE, also when the bucket as a whole has other types than ours.
 */
export async function send(store: Influx, bucket: string, entries: readonly Entry[]): Promise<Outcome> {
  const out: Outcome = { refused: new Map(), expired: 0 };

  async function put(part: readonly Entry[], whole = false): Promise<void> {
    const answer = await post(store, bucket, part);
    const alone = part.length === 1 ? (part[0] as Entry) : undefined;
    switch (answer.kind) {
      case 'stored':
        return;
      case 'expired':
        out.expired += answer.dropped;
        return;
      case 'too large':
        if (part.length <= answer.smallest) throw answer.error;
        return halves(part);
      case 'unreadable':
        if (alone !== undefined) out.refused.set(alone.index, answer.reason);
        return alone === undefined ? halves(part) : undefined;
      case 'conflict':
        if (whole && alone === undefined && answer.dropped * 2 > part.length) throw occupied(bucket, answer.reason);
        if (answer.dropped < part.length) return halves(part);
        for (const { index } of part) out.refused.set(index, answer.reason);
    }
  }

  async function halves(part: readonly Entry[]): Promise<void> {
    const middle = part.length >> 1;
    await put(part.slice(0, middle));
    await put(part.slice(middle));
  }

  for (let at = 0; at < entries.length; at += REQUEST_POINTS) await put(entries.slice(at, at + REQUEST_POINTS), true);
  return out;
}

async function post(store: Influx, bucket: string, entries: readonly Entry[]): Promise<Answer> {
  const path = `/api/v2/write?org=${encodeURIComponent(store.org)}&bucket=${encodeURIComponent(bucket)}&precision=ns`;
  try {
    await store.request(`write to the bucket ${bucket}`, 'POST', path, entries.map(({ line }) => line).join('\n'), 204);
    return { kind: 'stored' };
  } catch (error) {
    const status = statusOf(error);
    const words = wordsOf(error);
    if (status === 413) return { kind: 'too large', error, smallest: 1 };
    if (status === 500 && /timeout$/.test(words)) return { kind: 'too large', error, smallest: TIMED_OUT_POINTS };
    const answer = answerOf(status, words);
    if (answer === undefined) throw error;
    return answer;
  }
}

function answerOf(status: number | undefined, words: string): Answer | undefined {
  if (status === 400 && words.startsWith('unable to parse')) {
    // Behind the quoted point InfluxDB says why; only what it is known to say is repeated.
    const why = /': ([a-z ]+(?:: \d+ > \d+)?)$/i.exec(words)?.[1] ?? 'the point cannot be parsed';
    return { kind: 'unreadable', reason: `InfluxDB 400: ${why}` };
  }
  if (status !== 422) return undefined;
  const expired = /dropped (\d+) points? outside retention policy/.exec(words);
  if (expired !== null) return { kind: 'expired', dropped: Number(expired[1]) };
  const conflict =
    /field type conflict: input field "(\w+)" on measurement "\w+" is type (\w+), already exists as type (\w+) dropped=(\d+)/.exec(words);
  if (conflict === null) return undefined;
  const [, field, ours, theirs, dropped] = conflict;
  return {
    kind: 'conflict',
    dropped: Number(dropped),
    reason: `InfluxDB 422: the field ${field} is ${ours}, but the bucket has ${theirs}`,
  };
}

/** Our types never change, so most of a batch in conflict is not the fault of its records. */
function occupied(bucket: string, reason: string) {
  return unavailable(
    `write to the bucket ${bucket}`,
    new Error(`${reason}. Someone else writes there: give Parapet a bucket of its own in INFLUX_BUCKET.`),
  );
}
