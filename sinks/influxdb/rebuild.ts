/**
 * Building the view anew beside the one in use, and putting it in its place. InfluxDB renames a bucket in one step, but cannot
 * exchange two names: for some milliseconds between two renames there is no live bucket, and who asks or writes then gets 404.
 * A crash there is finished by the next `swapIn` or by the sink when it opens.
 */
import { ParapetError } from '../../core/errors.ts';
import type { Influx } from './connect.ts';
import { dropPages } from './guard.ts';
import { replaceHours } from './hourly.ts';
import { type BucketInfo, deleteBucket, findBucket, renameBucket } from './organisation.ts';
import { rebuiltBucket, replacedBucket, retentionOf } from './schema.ts';

/** The name of the bucket that a rebuild builds. `label` makes it unique: lower-case letters, digits and `_`. */
export function rebuildBucket(store: Influx, label: string): string {
  if (!/^[a-z0-9_]+$/.test(label)) throw new Error(`"${label}" is not a label for a rebuild.`);
  return rebuiltBucket(store, label);
}

/**
 * Puts the rebuilt bucket in the place of the live one, deletes that, and sums the hot hours again. May be called again after
 * a crash or an error, with the same bucket, and goes on where it stopped. The view's sink must not be running.
 * Throws PARAPET_STORE_UNAVAILABLE.
 */
export async function swapIn(store: Influx, rebuilt: string): Promise<void> {
  const label = labelOf(store, rebuilt);
  const replaced = replacedBucket(store, label);
  const fresh = await findBucket(store, rebuilt);
  if (fresh !== undefined) {
    const live = await findBucket(store, store.bucket);
    if (live !== undefined) await renameBucket(store, live, replaced);
    await renameBucket(store, fresh, store.bucket);
  }
  const live = await findBucket(store, store.bucket);
  const old = await findBucket(store, replaced);
  if (live === undefined) {
    throw new ParapetError('PARAPET_STORE_UNAVAILABLE', { message: `InfluxDB has neither the bucket ${rebuilt} nor ${store.bucket}.` });
  }
  if (old !== undefined) await drop(store, old);
  if (store.hourlyRetentionSeconds !== false) await replaceHours(store, retentionOf(live));
}

/** Deletes what a rebuild made; nothing when there is nothing. Throws PARAPET_STORE_UNAVAILABLE. */
export async function dropRebuilt(store: Influx, rebuilt: string): Promise<void> {
  labelOf(store, rebuilt);
  const bucket = await findBucket(store, rebuilt);
  if (bucket !== undefined) await drop(store, bucket);
}

/** The pages of the guard last: without the bucket they mean nothing, but a bucket without them would begin new ones. */
async function drop(store: Influx, bucket: BucketInfo): Promise<void> {
  await deleteBucket(store, bucket);
  await dropPages(store, bucket);
}

function labelOf(store: Influx, rebuilt: string): string {
  const prefix = rebuiltBucket(store, '');
  if (!rebuilt.startsWith(prefix)) throw new Error(`${rebuilt} is not a rebuilt bucket.`);
  return rebuilt.slice(prefix.length);
}
