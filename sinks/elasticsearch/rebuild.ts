/**
 * Building a view anew beside the one in use, and putting it in its place. Indices cannot be renamed, so the rebuilt ones keep
 * their names and take over the old ones' as aliases, all in one change of the cluster's state: a search sees the old view or
 * the new one, never both and never neither.
 */
import { ParapetError } from '../../core/errors.ts';
import { attempt, type Elasticsearch } from './connect.ts';
import type { ElasticsearchView } from './documents.ts';
import { baseOf } from './schema.ts';

/**
 * Puts the rebuilt indices in the place of the view's and deletes the old ones; once more changes nothing. The view's sink
 * must not be running. Throws PARAPET_STORE_UNAVAILABLE, and PARAPET_REPLAY_DIFFERS where nothing was rebuilt.
 */
export async function swapIn(store: Elasticsearch, view: ElasticsearchView, rebuilt: string): Promise<void> {
  const live = baseOf(store, view);
  checkRebuilt(store, view, rebuilt);
  await attempt('swap the rebuilt indices in', async () => {
    const fresh = await indicesOf(store, rebuilt);
    // Also when this is asked again after an unclear answer: what was swapped in is not old.
    const old = (await liveIndices(store, live)).filter((index) => !fresh.includes(index));
    if (fresh.length === 0 && old.length > 0) {
      throw new ParapetError('PARAPET_REPLAY_DIFFERS', { message: `${rebuilt} has no index, so ${live} was kept as it is.` });
    }
    const actions = [
      ...old.map((index) => ({ remove_index: { index } })),
      ...fresh.flatMap((index) => [
        { add: { index, alias: live } },
        { add: { index, alias: `${live}-${index.slice(rebuilt.length + 1)}` } },
      ]),
    ];
    // One request: Elasticsearch makes all of these changes or none.
    if (actions.length > 0) await store.client.indices.updateAliases({ actions });
  });
}

/** Deletes what a rebuild made, unless it has become the view itself. Throws PARAPET_STORE_UNAVAILABLE. */
export async function dropRebuilt(store: Elasticsearch, view: ElasticsearchView, rebuilt: string): Promise<void> {
  checkRebuilt(store, view, rebuilt);
  await attempt('drop the rebuilt indices', async () => {
    const live = await liveIndices(store, baseOf(store, view));
    for (const index of await indicesOf(store, rebuilt)) {
      if (!live.includes(index)) await store.client.indices.delete({ index, ignore_unavailable: true });
    }
  });
}

/** The indices under the view's alias. */
export async function liveIndices({ client }: Elasticsearch, live: string): Promise<string[]> {
  const found = await client.indices.getAlias({ name: live }, { ignore: [404] });
  return Object.entries(found)
    .filter(([, entry]) => entry.aliases !== undefined && live in entry.aliases)
    .map(([index]) => index)
    .sort();
}

async function indicesOf({ client }: Elasticsearch, rebuilt: string): Promise<string[]> {
  return Object.keys(await client.indices.get({ index: `${rebuilt}-*`, allow_no_indices: true, expand_wildcards: 'all' }));
}

function checkRebuilt({ prefix }: Elasticsearch, view: ElasticsearchView, rebuilt: string): void {
  if (!rebuilt.startsWith(`${prefix}rebuilt-${view}-`)) throw new Error(`${rebuilt} is not a rebuilt view.`);
}
