/** What the lake asks of a bucket that has a colder storage class. The bucket is one of the test's own making. */
import { describe, expect, it } from 'vitest';
import { parseRetention } from '../../core/retention.ts';
import type { LifecycleRule } from './lifecycle.ts';
import { applyRetention, reportRetention } from './retention.ts';
import { createFolderStore, type ObjectStore } from './store.ts';

function bucket(): ObjectStore & { rules: LifecycleRule[] } {
  const store = {
    ...createFolderStore('/nowhere'),
    rules: [] as LifecycleRule[],
    list: async () => [],
    lifecycle: {
      read: async () => store.rules,
      write: async (rules: readonly LifecycleRule[]) => {
        store.rules = rules.map(({ prefix, ...rest }) => ({ prefix, ...rest })).reverse();
      },
    },
  };
  return store;
}

describe('a bucket with a colder storage class', () => {
  it('moves files at the end of their hot days, and deletes them at the end of their cold ones', async () => {
    const store = bucket();
    const retention = {
      table: parseRetention('interactions=30d/2y,threats=90d/90d,audit=forever/forever'),
      coldStorageClass: 'GLACIER_IR',
    };
    expect((await applyRetention(store, retention)).map(({ what, did }) => [what, did])).toEqual([
      ['topic=interactions/', 'GLACIER_IR after 30 d, deleted after 731 d'],
      ['topic=assessed/', 'GLACIER_IR after 30 d, deleted after 731 d'],
      // What is deleted on the day on which it would move does not move.
      ['topic=threats/', 'deleted after 90 d'],
      ['topic=incidents/', 'deleted after 90 d'],
    ]);
    expect(await applyRetention(store, retention)).toEqual([]);
    expect((await reportRetention(store, retention)).map(({ what, verdict }) => [what, verdict])).toEqual([
      ['topic=interactions', 'ok'],
      ['topic=assessed', 'ok'],
      ['topic=audit', 'ok'],
      ['topic=threats', 'ok'],
      ['topic=verdicts', 'ok'],
      ['topic=incidents', 'ok'],
    ]);
    expect(await applyRetention(store, { ...retention, coldStorageClass: undefined })).toHaveLength(4);
  });
});
