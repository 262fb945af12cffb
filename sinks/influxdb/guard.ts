/**
 * Keeps callers from making series without end: of each guarded tag only so many values get series of their own, the others
 * share `__other__`. The subtle point: a tag is part of a point's identity, so what a value became once it must stay, in every
 * process and after every crash, or a record that is written again would be there twice. So each admission is on record in
 * InfluxDB before a point that needs it is written, on pages: labels, because a label's name is unique, and making one is the
 * only thing in InfluxDB that of many racing writers exactly one can do. Pages are made in order, and never changed, but for a
 * value that may be kept no longer. Hence:
 * - a value is on one page at most, because who makes page n has read all pages below it;
 * - when the pages hold as many values as the limit, no further page of that tag is made, so `__other__` is for ever too;
 * - the limits are on page 0, and hold as long as the bucket. A rebuild makes a new bucket, with new pages.
 */
import type { Influx } from './connect.ts';
import { unavailable } from './errors.ts';
import { type BucketInfo, changeLabel, deleteLabel, type Label, listLabels, makeLabel } from './organisation.ts';
import { GUARDED_TAGS, type GuardedTag, OTHER } from './points.ts';

/** How many values of each guarded tag get series of their own. `null`: as many as come. */
export type TagLimits = Record<GuardedTag, number | null>;

/** What a small server takes: each series has sixteen fields, and each of those costs memory while it is hot. */
export const TAG_LIMITS: TagLimits = { user_id: 1_000, agent_id: 200, model: 100 };

export interface Guard {
  /** Resolves when all these values that can be admitted are on record. Throws PARAPET_STORE_UNAVAILABLE. */
  admit(wanted: Record<GuardedTag, ReadonlySet<string>>): Promise<void>;
  /** What the tag says for this value, which was in `admit`. */
  says(tag: GuardedTag, text: string): string;
  /** The limits in force: those of page 0. */
  readonly limits: TagLimits;
}

/** A page's values together stay far below what a request may hold. */
const PAGE_VALUES = 500;

/**
 * Reads the bucket's pages, and makes page 0 where there is none. `like`: a bucket whose admissions a new one begins with,
 * where the limits are the same, so that a rebuilt point has the tags that it had.
 */
export async function openGuard(store: Influx, bucket: BucketInfo, wanted: TagLimits, like?: BucketInfo): Promise<Guard> {
  const known = Object.fromEntries(GUARDED_TAGS.map((tag) => [tag, new Set<string>()])) as Record<GuardedTag, Set<string>>;
  let limits = wanted;
  let pages = 0;
  let turn: Promise<void> = Promise.resolve();

  /** Reads the pages that are not known yet; true when there were some. */
  async function readOn(): Promise<boolean> {
    const before = pages;
    const byName = new Map((await listLabels(store, bucket.orgID)).map((label) => [label.name, label]));
    for (let label = byName.get(pageName(bucket, pages)); label !== undefined; label = byName.get(pageName(bucket, pages))) take(label);
    return pages > before;
  }

  function take({ properties }: Label): void {
    if (pages === 0) limits = JSON.parse(properties['limits'] ?? '{}') as TagLimits;
    const values = JSON.parse(properties['values'] ?? '{}') as Partial<Record<GuardedTag, string[]>>;
    for (const tag of GUARDED_TAGS) for (const value of values[tag] ?? []) known[tag].add(value);
    pages += 1;
  }

  /** Makes the next page, or reads it when someone else made it first. */
  async function turnPage(properties: Record<string, string>): Promise<void> {
    const made = await makeLabel(store, bucket.orgID, pageName(bucket, pages), { about: ABOUT, ...properties });
    if (made !== undefined) take(made);
    else if (!(await readOn())) throw unavailable('show its labels', new Error(BLIND));
  }

  await readOn();
  if (pages === 0) {
    await turnPage({ limits: JSON.stringify(wanted) });
    if (like !== undefined) await copyFrom(like);
  }

  async function copyFrom(other: BucketInfo): Promise<void> {
    const source = await listLabels(store, bucket.orgID);
    if (source.find(({ name }) => name === pageName(other, 0))?.properties['limits'] !== JSON.stringify(limits)) return;
    for (let n = 1; ; n++) {
      const values = source.find(({ name }) => name === pageName(other, n))?.properties['values'];
      if (values === undefined) return;
      await turnPage({ values });
    }
  }

  return {
    get limits() {
      return limits;
    },
    // One at a time: partitions of one process share this guard, and each must see the pages of the others.
    admit(asked) {
      const admitted = turn.then(() => admitAll(asked));
      turn = admitted.catch(() => undefined);
      return admitted;
    },
    says: (tag, text) => (limits[tag] === null || known[tag].has(text) ? text : OTHER),
  };

  async function admitAll(asked: Record<GuardedTag, ReadonlySet<string>>): Promise<void> {
    for (;;) {
      const values: Partial<Record<GuardedTag, string[]>> = {};
      let room = PAGE_VALUES;
      for (const tag of GUARDED_TAGS) {
        const limit = limits[tag];
        const free = limit === null ? 0 : Math.min(room, limit - known[tag].size);
        if (free <= 0) continue;
        const fresh = [...asked[tag]].filter((value) => !known[tag].has(value)).slice(0, free);
        if (fresh.length > 0) values[tag] = fresh;
        room -= fresh.length;
      }
      if (Object.keys(values).length === 0) return;
      await turnPage({ values: JSON.stringify(values) });
    }
  }
}

/**
 * Puts another value in the place of an admitted one that may be kept no longer. It is the one change that a page sees, and as
 * many values stay on record. A process that has read the page before goes on with the old value until it starts again.
 */
export async function renameAdmitted(store: Influx, bucket: BucketInfo, tag: GuardedTag, from: string, to: string): Promise<void> {
  const pages = (await listLabels(store, bucket.orgID)).filter(({ name }) => name.startsWith(`${PREFIX}${bucket.id} `));
  for (const page of pages) {
    const values = JSON.parse(page.properties['values'] ?? '{}') as Partial<Record<GuardedTag, string[]>>;
    if (!values[tag]?.includes(from)) continue;
    const renamed = { ...values, [tag]: values[tag].map((value) => (value === from ? to : value)) };
    await changeLabel(store, page, { ...page.properties, values: JSON.stringify(renamed) });
  }
}

/** Deletes the pages of a bucket that is gone; from the last, so that a crash leaves no hole. */
export async function dropPages(store: Influx, bucket: BucketInfo): Promise<void> {
  const own = (await listLabels(store, bucket.orgID)).filter(({ name }) => name.startsWith(`${PREFIX}${bucket.id} `));
  for (const label of own.sort((a, b) => (a.name < b.name ? 1 : -1))) await deleteLabel(store, label);
}

const PREFIX = 'parapet tags ';
const ABOUT = 'Parapet keeps here which tag values have series of their own. Do not change or delete.';
const BLIND = 'it has labels that it does not show to this token, which needs read on labels of the organisation';

/** By the bucket's id, which stays when a swap changes its name. */
function pageName({ id }: BucketInfo, n: number): string {
  return `${PREFIX}${id} ${String(n).padStart(5, '0')}`;
}
