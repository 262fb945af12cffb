/**
 * How long the lake keeps a day of a topic: to the end of its cold days. On S3 the bucket's own lifecycle moves and deletes,
 * counted from when a file was written, which is within the linger of its events; what came late stays as much longer. In a
 * folder Parapet deletes files of days that are due, when the table is applied.
 */
import { ParapetError } from '../../core/errors.ts';
import { classOf, DAY_MS, keptSince, type RetentionTable } from '../../core/retention.ts';
import { type Applied, type Holding, verdictOf } from '../retention.ts';
import type { LifecycleRule } from './lifecycle.ts';
import { LAKE_TOPICS, type LakeTopic, type ObjectKey, parseKey, topicPrefix } from './schema.ts';
import type { ObjectStore, StoredObject } from './store.ts';

export interface LakeRetention {
  table: RetentionTable;
  /** To which files move at the end of their hot days; they stay in the bucket's own class without. */
  coldStorageClass?: string | undefined;
}

/** A bucket comes to its lifecycle once a day, and a folder is looked through every few hours. */
const SLACK_MS = 3 * DAY_MS;

/**
 * Puts the lifecycle, or deletes what is due. Where a bucket refuses to move files to the storage class it is told to delete
 * them all the same, and then PARAPET_STORE_REFUSED is thrown. Throws PARAPET_STORE_UNAVAILABLE.
 */
export async function applyRetention(store: ObjectStore, { table, coldStorageClass }: LakeRetention, now = Date.now()): Promise<Applied[]> {
  const { lifecycle } = store;
  if (lifecycle === undefined) return removeDue(store, table, now);
  const wanted = rulesOf({ table, coldStorageClass });
  if (shownAll(await lifecycle.read()) === shownAll(wanted)) return [];
  try {
    await lifecycle.write(wanted);
    return wanted.map((rule) => ({ what: rule.prefix, did: shown(rule), removed: 0 }));
  } catch (error) {
    const moves = wanted.some(({ transition }) => transition !== undefined);
    if (!moves || !(error instanceof ParapetError && error.code === 'PARAPET_STORE_REFUSED')) throw error;
    await lifecycle.write(rulesOf({ table }));
    throw new ParapetError('PARAPET_STORE_REFUSED', {
      message: `${error.message} Files are deleted at the end of their cold days, and do not move to ${coldStorageClass} before.`,
      hint: `Unset S3_COLD_STORAGE_CLASS, or name a class that ${store.name} has.`,
      cause: error,
    });
  }
}

/** What each topic's files say. Reads only. Throws PARAPET_STORE_UNAVAILABLE. */
export async function reportRetention(store: ObjectStore, retention: LakeRetention, now = Date.now()): Promise<Holding[]> {
  const rules = await store.lifecycle?.read();
  const holdings: Holding[] = [];
  for (const rule of rulesOf(retention, true)) {
    const files = await filesOf(store, rule.prefix);
    if (files.length === 0 && rules === undefined) continue;
    const wanted = shown(rule);
    const configured = rules === undefined ? wanted : shown(rules.find(({ prefix }) => prefix === rule.prefix) ?? { prefix: rule.prefix });
    const days = files.map(({ day }) => Date.parse(day));
    // A bucket counts from when a file was written.
    const ends = files.map(({ day, writtenMs = 0 }) => Math.max(Date.parse(day) + DAY_MS, writtenMs));
    const since = keptSince(rule.expireDays ?? 0, now);
    const firstEnd = ends.reduce((first, end) => Math.min(first, end), Number.POSITIVE_INFINITY);
    const verdict = verdictOf({ wanted, configured, oldestMs: firstEnd, allowedMs: since === 0 ? 0 : since - SLACK_MS });
    holdings.push({
      what: rule.prefix.slice(0, -1),
      class: classOf(rule.topic),
      wanted,
      configured,
      oldestMs: days.length === 0 ? undefined : days.reduce((a, b) => Math.min(a, b)),
      newestMs: days.length === 0 ? undefined : days.reduce((a, b) => Math.max(a, b)),
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
      verdict,
      says:
        verdict === 'ok'
          ? undefined
          : verdict === 'differs'
            ? 'Run parapet retention apply.'
            : `${files.length} files; look at the bucket’s lifecycle, or run parapet retention apply.`,
    });
  }
  return holdings;
}

async function removeDue(store: ObjectStore, table: RetentionTable, now: number): Promise<Applied[]> {
  const done: Applied[] = [];
  for (const { prefix, expireDays = 0 } of rulesOf({ table })) {
    const since = keptSince(expireDays, now);
    const due = (await filesOf(store, prefix)).filter(({ day }) => Date.parse(day) + DAY_MS <= since);
    for (const { key } of due) await store.remove(key);
    if (due.length > 0)
      done.push({
        what: prefix.slice(0, -1),
        did: `deleted files of ${new Set(due.map(({ day }) => day)).size} days`,
        removed: due.length,
      });
  }
  return done;
}

/** A topic that is neither moved nor deleted has no rule, but with `all`. */
function rulesOf({ table, coldStorageClass }: LakeRetention, all = false): (LifecycleRule & { topic: LakeTopic })[] {
  return LAKE_TOPICS.map((topic) => {
    const { hotDays, coldDays } = table[classOf(topic)];
    const moves = coldStorageClass !== undefined && hotDays !== 0 && hotDays !== coldDays;
    return {
      topic,
      prefix: topicPrefix(topic),
      ...(moves ? { transition: { days: hotDays, storageClass: coldStorageClass } } : {}),
      ...(coldDays === 0 ? {} : { expireDays: coldDays }),
    };
  }).filter(({ transition, expireDays }) => all || transition !== undefined || expireDays !== undefined);
}

function shown({ transition, expireDays }: LifecycleRule): string {
  const moves = transition === undefined ? [] : [`${transition.storageClass} after ${transition.days} d`];
  return [...moves, expireDays === undefined ? 'never deleted' : `deleted after ${expireDays} d`].join(', ');
}

/** In any order: a bucket gives rules back in its own. */
function shownAll(rules: readonly LifecycleRule[]): string {
  return rules
    .map((rule) => `${rule.prefix} ${shown(rule)}`)
    .sort()
    .join('; ');
}

async function filesOf(store: ObjectStore, prefix: string): Promise<(ObjectKey & StoredObject)[]> {
  return (await store.list(prefix)).flatMap((object) => {
    const key = parseKey(object.key);
    return key === undefined ? [] : [{ ...key, ...object }];
  });
}
