/**
 * What a view needs on the cluster: an index for each month, the templates that shape it, an alias over all months, and a
 * lifecycle policy where the cluster has lifecycles. Everything is asked for first and put only where it is older than ours,
 * so that opens may race, and a process of an older release does not undo what a newer one has put.
 */
import { ParapetError } from '../../core/errors.ts';
import { attempt, type Elasticsearch, statusOf, typeOf, unavailable } from './connect.ts';
import { type Ages, type ElasticsearchView, endOfMonth, fieldsOf, viewOf } from './documents.ts';

/**
 * Raised with every change of a mapping; a test holds the two together. A field may be added: indices that are there get it.
 * A field's type cannot be changed in place: that takes a rebuild.
 */
export const SCHEMA_VERSION = 3;

/** The part of an index's name before the month: the live view's, which is also its alias, or a rebuilt one's. */
export function baseOf({ prefix }: Elasticsearch, view: ElasticsearchView): string {
  return `${prefix}${view}`;
}

/**
 * Where a view is rebuilt. Nothing that searches the live view by a pattern meets it there, and no two views share a pattern,
 * which Elasticsearch would refuse. `label`: letters and digits.
 */
export function rebuildBase({ prefix }: Elasticsearch, view: ElasticsearchView, label: string): string {
  if (!/^[a-z0-9]+$/.test(label)) throw new Error(`"${label}" is not a label for a rebuild.`);
  return `${prefix}rebuilt-${view}-${label}`;
}

/** Name of the view's policy and of its template. */
export function nameOf(store: Elasticsearch, view: ElasticsearchView): string {
  return `${baseOf(store, view)}-parapet`;
}

/**
 * Brings the view's templates, policy and indices to today's shape; running it again changes nothing. Gives the names of what
 * was put. Throws PARAPET_STORE_UNAVAILABLE.
 */
export async function migrate(
  store: Elasticsearch,
  view: ElasticsearchView,
  lifecycle: boolean,
  ages: Ages = viewOf(view).ages,
): Promise<string[]> {
  const policy = lifecycle && (await putPolicy(store, view, ages)) ? [`the policy ${nameOf(store, view)}`] : [];
  return [...policy, ...(await putTemplates(store, view, lifecycle)), ...(await putMappings(store, view))];
}

/**
 * Makes the index of a month unless it is there. Made by name and not by the first document, because then it can say when
 * its month ends: a lifecycle counts from there, also for an index that a rebuild makes years later. One that somebody else
 * made would take the events where nobody looks for them, so it is not written to. Throws PARAPET_STORE_UNAVAILABLE.
 */
export async function ensureIndex(
  store: Elasticsearch,
  view: ElasticsearchView,
  base: string,
  month: string,
  lifecycle: boolean,
): Promise<void> {
  const index = `${base}-${month}`;
  const alias = baseOf(store, view);
  await attempt(`make ${index}`, async () => {
    // After a rebuild the name is an alias, which can be asked for but not made.
    const found = await store.client.indices.get({ index }, { ignore: [404] });
    for (const { mappings: known, aliases } of Object.values(found)) {
      if (known?._meta?.['madeBy'] === 'parapet' && (base !== alias || alias in (aliases ?? {}))) return;
      if (aliases === undefined) continue;
      throw new ParapetError('PARAPET_STORE_UNAVAILABLE', {
        message: `The index ${index} was not made by Parapet, or its alias ${alias} was taken away.`,
        hint: 'Set ELASTICSEARCH_PREFIX to keep Parapet’s names apart, or delete the index if it is of no use.',
      });
    }
    const settings = lifecycle ? { settings: { 'index.lifecycle.origination_date': String(endOfMonth(month)) } } : {};
    try {
      await store.client.indices.create({ index, ...settings } as never);
    } catch (error) {
      // Somebody else made it in between.
      if (typeOf(error) !== 'resource_already_exists_exception') throw error;
    }
  });
}

/** Clusters without the module, and Elastic's serverless, answer with one of these. */
const NO_LIFECYCLES = [400, 404, 405, 410];

/** Whether the cluster has index lifecycles: elsewhere a template that names one is refused. Throws PARAPET_STORE_UNAVAILABLE. */
export async function hasLifecycles({ client }: Elasticsearch): Promise<boolean> {
  try {
    await client.ilm.getStatus();
    return true;
  } catch (error) {
    if (NO_LIFECYCLES.includes(statusOf(error) ?? 0)) return false;
    throw unavailable('say whether it has index lifecycles', error);
  }
}

/** Whether it had to be put. */
export async function putPolicy(store: Elasticsearch, view: ElasticsearchView, ages: Ages): Promise<boolean> {
  const name = nameOf(store, view);
  const meta = { madeBy: 'parapet', version: SCHEMA_VERSION, ...ages };
  return attempt(`put the policy ${name}`, async () => {
    // 404 is an answer here. What an operator changed in the phases stays, until the ages or the version differ.
    const found = await store.client.ilm.getLifecycle({ name }, { ignore: [404] });
    const known = found[name]?.policy?._meta;
    if (known?.['version'] > SCHEMA_VERSION || JSON.stringify(known) === JSON.stringify(meta)) return false;
    await store.client.ilm.putLifecycle({ name, policy: { _meta: meta, phases: phases(ages) } });
    return true;
  });
}

/**
 * No phase makes an index read-only, so none has forcemerge, shrink or searchable snapshots: an event may come late, and a
 * batch that comes again is written again. Moving to cold nodes, where there are any, is Elasticsearch's own default there.
 */
export function phases({ cold, delete: last }: Ages): Record<string, { min_age: string; actions: Record<string, object> }> {
  return {
    hot: { min_age: '0ms', actions: { set_priority: { priority: 100 } } },
    ...(cold === undefined ? {} : { cold: { min_age: cold, actions: { set_priority: { priority: 0 } } } }),
    ...(last === undefined ? {} : { delete: { min_age: last, actions: { delete: {} } } }),
  };
}

/**
 * One template for the live indices, with the alias, and one for those of a rebuild, without. `dynamic: false`: a field that
 * an older index does not know is kept and only not searched; `strict` would refuse every event while two releases overlap.
 */
export function templates(
  store: Elasticsearch,
  view: ElasticsearchView,
  lifecycle: boolean,
): { name: string; body: Record<string, unknown> }[] {
  const base = baseOf(store, view);
  const template = {
    settings: {
      index: {
        number_of_shards: 1,
        auto_expand_replicas: '0-1',
        // An answer to a bulk request means: on disk. Said here, so that a default of the cluster cannot make it otherwise.
        translog: { durability: 'request' },
        ...(lifecycle ? { lifecycle: { name: nameOf(store, view) } } : {}),
      },
    },
    mappings: mappings(view),
  };
  const common = { version: SCHEMA_VERSION, _meta: { madeBy: 'parapet', lifecycle }, priority: 400 + store.prefix.length };
  return [
    { name: nameOf(store, view), body: { ...common, index_patterns: [`${base}-*.*`], template: { ...template, aliases: { [base]: {} } } } },
    { name: `${nameOf(store, view)}-rebuilt`, body: { ...common, index_patterns: [`${store.prefix}rebuilt-${view}-*.*`], template } },
  ];
}

function mappings(view: ElasticsearchView) {
  return { dynamic: false, _meta: { madeBy: 'parapet', version: SCHEMA_VERSION }, properties: fieldsOf(view) };
}

async function putTemplates(store: Elasticsearch, view: ElasticsearchView, lifecycle: boolean): Promise<string[]> {
  const put: string[] = [];
  for (const { name, body } of templates(store, view, lifecycle)) {
    await attempt(`put the index template ${name}`, async () => {
      const found = await store.client.indices.getIndexTemplate({ name }, { ignore: [404] });
      const known = found.index_templates?.[0]?.index_template;
      const version = known?.version ?? 0;
      if (version > SCHEMA_VERSION || (version === SCHEMA_VERSION && known?._meta?.['lifecycle'] === lifecycle)) return;
      await store.client.indices.putIndexTemplate({ name, ...body } as never);
      put.push(`the index template ${name}`);
    });
  }
  return put;
}

/** Gives the fields that are new to indices that were made before them. */
async function putMappings(store: Elasticsearch, view: ElasticsearchView): Promise<string[]> {
  const base = baseOf(store, view);
  const put: string[] = [];
  await attempt(`bring the indices of ${base} to today’s mapping`, async () => {
    const found = await store.client.indices.getMapping({ index: base, ignore_unavailable: true, allow_no_indices: true });
    for (const [index, { mappings: known }] of Object.entries(found)) {
      if (Number(known._meta?.['version'] ?? 0) < SCHEMA_VERSION) {
        await store.client.indices.putMapping({ index, ...mappings(view) } as never);
        put.push(`the mapping of ${index}`);
      }
    }
  });
  return put;
}
