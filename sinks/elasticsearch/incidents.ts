/**
 * One document for each incident, also when it moves. A threat that comes late may show that an incident began earlier than was
 * known, and at the turn of a month that puts it into the month before. So the sink, having written an incident, takes what
 * stands under its id in the month after away, unless that is newer: its version is its record's offset there as here.
 */
import type { Operation } from './bulk.ts';
import { attempt, type Elasticsearch, unavailable } from './connect.ts';
import { endOfMonth, monthOf } from './documents.ts';

/** For the sink of incidents, behind its own writing. Throws PARAPET_STORE_UNAVAILABLE. */
export async function forgetMoved({ client }: Elasticsearch, base: string, written: readonly Operation[]): Promise<void> {
  for (const [target, moved] of Map.groupBy(written, (operation) => operation.target)) {
    const after = `${base}-${monthOf(endOfMonth(target.slice(base.length + 1)) * 1_000)}`;
    await attempt(`take incidents that began earlier out of ${after}`, async () => {
      // Mostly there is no later month yet. To delete there under a version of our own would make it, without its mapping.
      if (!(await client.indices.exists({ index: after }))) return;
      const { items } = await client.bulk({
        operations: moved.map(({ id, version }) => ({
          delete: { _index: after, _id: id, version, version_type: 'external_gte' as const },
        })),
      });
      for (const { delete: item } of items) {
        // 404: it has not moved. 409: what is there is newer.
        if (item === undefined || item.status < 300 || item.status === 404 || item.status === 409) continue;
        throw unavailable('take an incident out of its month', new Error(`${item.status} ${item.error?.type}: ${item.error?.reason}`));
      }
    });
  }
}
