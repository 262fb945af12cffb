/**
 * One batch, idempotent: each record always makes the same point (`points.ts`), with tags that never change (`guard.ts`), and
 * a point that is written again overwrites itself. So a batch may come twice, in parts, or cut differently.
 */
import type { UnsealedAssessedInteraction } from '../../schemas/unsealed.ts';
import type { Refused, SinkBatch } from '../port.ts';
import type { Influx } from './connect.ts';
import type { Guard } from './guard.ts';
import { GUARDED_TAGS, type GuardedTag, OTHER, type Point, toLine, toPoint } from './points.ts';
import { type Entry, send } from './send.ts';

/** What an operator should hear of, though nothing failed. */
export type Notice =
  /** Records whose value of this tag is over the limit; their points say `__other__`. */
  | { kind: 'guarded'; tag: GuardedTag; limit: number; records: number }
  /** Points that InfluxDB dropped because they are older than the bucket's retention. They count as written. */
  | { kind: 'expired'; bucket: string; points: number };

/** Throws PARAPET_STORE_UNAVAILABLE. */
export async function writeBatch(
  store: Influx,
  guard: Guard,
  bucket: string,
  { records }: SinkBatch<UnsealedAssessedInteraction>,
  notify: (notice: Notice) => void,
): Promise<Refused[]> {
  const refused: Refused[] = [];
  const points: [index: number, point: Point][] = [];
  const wanted: Record<GuardedTag, Set<string>> = { user_id: new Set(), agent_id: new Set(), model: new Set() };
  records.forEach(({ value }, index) => {
    const point = toPoint(value);
    if ('reason' in point) {
      refused.push({ index, reason: point.reason });
      return;
    }
    points.push([index, point]);
    for (const tag of GUARDED_TAGS) if (point.tags[tag] !== undefined) wanted[tag].add(point.tags[tag]);
  });

  // What a tag says is on record before the first point that says it is sent.
  await guard.admit(wanted);
  const over: Record<GuardedTag, number> = { user_id: 0, agent_id: 0, model: 0 };
  const entries = points.map(([index, point]): Entry => {
    const line = toLine(point, (tag, text) => {
      const says = guard.says(tag, text);
      if (says === OTHER) over[tag] += 1;
      return says;
    });
    return { index, line };
  });
  const outcome = await send(store, bucket, entries);

  for (const tag of GUARDED_TAGS) if (over[tag] > 0) notify({ kind: 'guarded', tag, limit: guard.limits[tag] ?? 0, records: over[tag] });
  if (outcome.expired > 0) notify({ kind: 'expired', bucket, points: outcome.expired });
  for (const [index, reason] of outcome.refused) refused.push({ index, reason });
  return refused.sort((a, b) => a.index - b.index);
}
