/** What is asked of a cluster. No engine here has a Keeper, so this looks at the statements and not at what comes of them. */
import { describe, expect, it } from 'vitest';
import { createFixtures } from '../fixtures.ts';
import type { ClickHouse, ClickHouseClient, Layout } from './connect.ts';
import { createClickHouseSink, rebuildTable, swapIn } from './index.ts';

/** A server that takes everything and holds nothing. */
function recording(layout: Layout) {
  const asked: string[] = [];
  const answer = { json: async () => [], text: async () => '' };
  const client = {
    command: async ({ query }: { query: string }) => void asked.push(query),
    query: async ({ query }: { query: string }) => {
      asked.push(query);
      return answer;
    },
    insert: async () => void asked.push('INSERT'),
    exec: async ({ query }: { query: string }) => {
      asked.push(query);
      return { stream: { resume() {}, [Symbol.asyncIterator]: async function* () {} } };
    },
  };
  const store: ClickHouse = {
    client: client as unknown as ClickHouseClient,
    database: 'parapet',
    handover: undefined,
    layout,
    close: async () => {},
  };
  return { store, asked };
}

const retention = { hotDays: 30, coldDays: 731 };
const changes = (asked: string[]) => asked.filter((query) => /^(CREATE|ALTER|DROP|EXCHANGE)/.test(query));

describe('tables on a cluster', () => {
  it('are made, changed, exchanged and dropped on all of its servers, with a place in Keeper of their own', async () => {
    const { store, asked } = recording({ engine: 'replicated', cluster: 'main', storagePolicy: 'tiered', coldVolume: 'cold' });
    await createClickHouseSink({ store, view: 'interactions', retention }).open();
    const rebuilt = rebuildTable('interactions', 'r1');
    await createClickHouseSink({ store, view: 'interactions', table: rebuilt }).open();
    await swapIn(store, 'interactions', rebuilt);
    expect(changes(asked).length).toBeGreaterThan(8);
    expect(changes(asked).filter((query) => !query.includes(`ON CLUSTER 'main'`))).toEqual([]);
    const made = asked.filter((query) => query.startsWith('CREATE TABLE'));
    for (const query of made)
      expect(query).toMatch(/ReplicatedMergeTree\('\/clickhouse\/tables\/\{shard\}\/parapet\/\w+', '\{replica\}'\)/);
    expect(made.find((query) => query.includes(`.${rebuilt} `))).toContain(`/parapet/${rebuilt}'`);
    const table = made.find((query) => query.includes('parapet.interactions ')) ?? '';
    expect(table).toMatch(/replicated_deduplication_window = 10000.*storage_policy = 'tiered'/);
    expect(table).not.toContain('non_replicated');
  });

  it('are as they were where nothing is set', async () => {
    const { store, asked } = recording({ engine: 'merge-tree' });
    await createClickHouseSink({ store, view: 'threats', retention }).open();
    expect(asked.join('\n')).not.toMatch(/ON CLUSTER|Replicated|storage_policy/);
    expect(asked.join('\n')).toContain('ENGINE = MergeTree\n');
  });

  it('are asked what they hold only when their replica has caught up, before a batch is completed', async () => {
    const batch = createFixtures().batch('threats', { first: 0, last: 9 });
    const { store, asked } = recording({ engine: 'replicated', cluster: 'main' });
    await createClickHouseSink({ store, view: 'threats' }).write({ ...batch, recovered: true });
    const [sync, look] = ['SYSTEM SYNC REPLICA parapet.threats', 'SELECT toFloat64(_offset)'].map((start) =>
      asked.findIndex((query) => query.startsWith(start)),
    );
    expect(sync).toBeGreaterThanOrEqual(0);
    expect(look).toBeGreaterThan(sync as number);
    const plain = recording({ engine: 'merge-tree' });
    await createClickHouseSink({ store: plain.store, view: 'threats' }).write({ ...batch, recovered: true });
    expect(plain.asked.join('\n')).not.toContain('SYNC REPLICA');
  });
});
