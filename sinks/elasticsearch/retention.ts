/**
 * How long documents stay: a month at a time, counted from its end. Where the cluster has index lifecycles its own policy
 * deletes them, whether Parapet runs or not; elsewhere Parapet does, when the table is applied.
 */
import { classOf, DAY_MS, keptSince, type RetentionTable } from '../../core/retention.ts';
import { type Applied, type Holding, verdictOf } from '../retention.ts';
import { attempt, type Elasticsearch } from './connect.ts';
import { type Ages, agesOf, type ElasticsearchView, endOfMonth, TIME_FIELD, VIEWS } from './documents.ts';
import { liveIndices } from './rebuild.ts';
import { baseOf, hasLifecycles, nameOf, putPolicy } from './schema.ts';

/** A cluster looks at its lifecycles every ten minutes, and Parapet applies the table every few hours. */
const SLACK_MS = DAY_MS;

/** Puts the policies, or deletes months that are due. Throws PARAPET_STORE_UNAVAILABLE. */
export async function applyRetention(store: Elasticsearch, table: RetentionTable, now = Date.now()): Promise<Applied[]> {
  const lifecycles = await hasLifecycles(store);
  const done: Applied[] = [];
  for (const view of Object.keys(VIEWS) as ElasticsearchView[]) {
    const retention = table[classOf(view)];
    const ages = agesOf(retention);
    if (lifecycles) {
      if (await putPolicy(store, view, ages)) done.push({ what: nameOf(store, view), did: `the policy says: ${shown(ages)}`, removed: 0 });
      continue;
    }
    for (const index of await liveIndices(store, baseOf(store, view))) {
      if (endsAt(index) > keptSince(retention.coldDays, now)) continue;
      await attempt(`delete ${index}`, async () => {
        await store.client.indices.refresh({ index });
        const { count } = await store.client.count({ index });
        await store.client.indices.delete({ index, ignore_unavailable: true });
        done.push({ what: baseOf(store, view), did: `deleted ${index}`, removed: count });
      });
    }
  }
  return done;
}

/** What each view says and holds. Reads only. Throws PARAPET_STORE_UNAVAILABLE. */
export async function reportRetention(store: Elasticsearch, table: RetentionTable, now = Date.now()): Promise<Holding[]> {
  const lifecycles = await hasLifecycles(store);
  const holdings: Holding[] = [];
  for (const view of Object.keys(VIEWS) as ElasticsearchView[]) {
    const indices = await liveIndices(store, baseOf(store, view));
    const wanted = shown(agesOf(table[classOf(view)]));
    const configured = lifecycles ? await policyOf(store, view) : wanted;
    const held = await look(store, indices);
    // The oldest event of a month stays until the month's end is due.
    const firstEnd = indices.length === 0 ? undefined : Math.min(...indices.map(endsAt));
    const since = keptSince(table[classOf(view)].coldDays, now);
    const verdict = verdictOf({ wanted, configured, oldestMs: firstEnd, allowedMs: since === 0 ? 0 : since - SLACK_MS });
    const says =
      verdict === 'ok'
        ? undefined
        : verdict === 'differs'
          ? `The policy ${nameOf(store, view)} says otherwise than the table.`
          : lifecycles
            ? 'Look at GET _ilm/explain: the cluster has not deleted it.'
            : 'Run parapet retention apply.';
    holdings.push({ what: baseOf(store, view), class: classOf(view), wanted, configured, ...held, verdict, says });
  }
  return holdings;
}

const shown = ({ cold, delete: last }: Ages) => `cold after ${cold ?? 'never'}, deleted after ${last ?? 'never'}`;

/** What the cluster will really do, also where an operator changed the phases. */
async function policyOf(store: Elasticsearch, view: ElasticsearchView): Promise<string> {
  const name = nameOf(store, view);
  const found = await attempt(`read the policy ${name}`, () => store.client.ilm.getLifecycle({ name }, { ignore: [404] }));
  const phases = found[name]?.policy?.phases;
  if (phases === undefined) return 'no policy';
  const age = (phase: 'cold' | 'delete') => phases[phase]?.min_age as string | undefined;
  const [cold, last] = [age('cold'), age('delete')];
  return shown({ ...(cold === undefined ? {} : { cold }), ...(last === undefined ? {} : { delete: last }) });
}

async function look(store: Elasticsearch, indices: string[]): Promise<Pick<Holding, 'oldestMs' | 'newestMs' | 'rows' | 'bytes'>> {
  if (indices.length === 0) return { oldestMs: undefined, newestMs: undefined, rows: 0, bytes: 0 };
  return attempt('look through its indices', async () => {
    await store.client.indices.refresh({ index: indices });
    const aggs = { oldest: { min: { field: TIME_FIELD } }, newest: { max: { field: TIME_FIELD } } };
    const answer = await store.client.search<never, Record<keyof typeof aggs, { value: number | null }>>({
      index: indices,
      size: 0,
      track_total_hits: true,
      allow_partial_search_results: false,
      aggs,
    });
    const stats = await store.client.indices.stats({ index: indices, metric: 'store' });
    const total = answer.hits.total;
    return {
      oldestMs: answer.aggregations?.oldest.value ?? undefined,
      newestMs: answer.aggregations?.newest.value ?? undefined,
      rows: typeof total === 'number' ? total : total?.value,
      bytes: stats._all.total?.store?.size_in_bytes,
    };
  });
}

/** The first millisecond after the month of an index, `…-YYYY.MM`; one that has no month never ends. */
function endsAt(index: string): number {
  const month = /-(\d{4}\.\d\d)$/.exec(index)?.[1];
  return month === undefined ? Number.POSITIVE_INFINITY : endOfMonth(month);
}
