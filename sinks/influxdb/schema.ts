/**
 * What the store looks like: the bucket of points, kept for days; beside it a bucket of hourly sums, kept for months; and the
 * two tasks that make them. The hot bucket is found by its name each time, because a swap puts another one in its place.
 */
import type { Influx } from './connect.ts';
import { hourlyBucket, hourlyTask, TASKS } from './hourly.ts';
import { type BucketInfo, ensureBucket, ensureTask, findBucket, listBuckets, renameBucket } from './organisation.ts';

/** Makes what is missing of the live view; finishes a swap that a crash cut in two. Throws PARAPET_STORE_UNAVAILABLE. */
export async function openLive(store: Influx): Promise<BucketInfo> {
  const bucket = (await finishSwap(store)) ?? (await ensureBucket(store, store.bucket, store.retentionSeconds));
  if (store.hourlyRetentionSeconds !== false) {
    await ensureBucket(store, hourlyBucket(store), store.hourlyRetentionSeconds);
    const kept = retentionOf(bucket);
    for (const task of TASKS) await ensureTask(store, bucket.orgID, `parapet ${store.bucket} ${task}`, hourlyTask(store, task, kept));
  }
  return bucket;
}

/** As `openLive`; gives the names of the buckets that were made. Throws PARAPET_STORE_UNAVAILABLE. */
export async function migrate(store: Influx): Promise<string[]> {
  const wanted = store.hourlyRetentionSeconds === false ? [store.bucket] : [store.bucket, hourlyBucket(store)];
  const there = (await listBuckets(store, store.bucket)).map(({ name }) => name);
  await openLive(store);
  return wanted.filter((name) => !there.includes(name));
}

/** Makes the bucket of a rebuild, with the live one's retention. */
export async function openRebuilt(store: Influx, rebuilt: string): Promise<{ bucket: BucketInfo; live: BucketInfo | undefined }> {
  const live = await findBucket(store, store.bucket);
  return { bucket: await ensureBucket(store, rebuilt, live === undefined ? store.retentionSeconds : retentionOf(live)), live };
}

/**
 * Between the two renames of a swap there is no live bucket. A sink that opens then must not make an empty one in the place of
 * the rebuilt, so it makes the second rename itself. The live bucket when there is one now.
 */
async function finishSwap(store: Influx): Promise<BucketInfo | undefined> {
  const live = await findBucket(store, store.bucket);
  if (live !== undefined) return live;
  const left = await listBuckets(store, `${store.bucket}_`);
  for (const { name } of left) {
    if (!name.startsWith(replacedBucket(store, ''))) continue;
    const waiting = left.find((bucket) => bucket.name === rebuiltBucket(store, name.slice(replacedBucket(store, '').length)));
    if (waiting === undefined) continue;
    await renameBucket(store, waiting, store.bucket);
    return { ...waiting, name: store.bucket };
  }
  return undefined;
}

/** Seconds; 0 is for ever. */
export function retentionOf({ retentionRules }: BucketInfo): number {
  return retentionRules[0]?.everySeconds ?? 0;
}

/** The bucket in which a rebuild labelled so builds the view anew. */
export function rebuiltBucket({ bucket }: Influx, label: string): string {
  return `${bucket}_rebuilt_${label}`;
}

/** What the live bucket is called from a swap until it is deleted. */
export function replacedBucket({ bucket }: Influx, label: string): string {
  return `${bucket}_replaced_${label}`;
}
