/** What the sink keeps in InfluxDB's organisation besides points, over its HTTP API: buckets, labels and tasks. */
import type { Influx } from './connect.ts';
import { statusOf, unavailable, wordsOf } from './errors.ts';

export interface BucketInfo {
  id: string;
  orgID: string;
  name: string;
  retentionRules: { everySeconds: number }[];
}

export interface Label {
  id: string;
  name: string;
  properties: Record<string, string>;
}

export interface Task {
  id: string;
  name: string;
  flux: string;
  status: string;
}

/** The bucket of this name; undefined when there is none that the token may see. Throws PARAPET_STORE_UNAVAILABLE, like all. */
export async function findBucket(store: Influx, name: string): Promise<BucketInfo | undefined> {
  const query = `org=${encodeURIComponent(store.org)}&name=${encodeURIComponent(name)}`;
  const answer = await missingAs(undefined, () =>
    store.request<{ buckets: BucketInfo[] }>(`look for the bucket ${name}`, 'GET', `/api/v2/buckets?${query}`),
  );
  return answer?.buckets.find((bucket) => bucket.name === name);
}

/** Buckets whose name begins so. */
export async function listBuckets(store: Influx, prefix: string): Promise<BucketInfo[]> {
  const all: BucketInfo[] = [];
  for (let offset = 0; ; offset += 100) {
    const query = `org=${encodeURIComponent(store.org)}&limit=100&offset=${offset}`;
    const { buckets } = await store.request<{ buckets: BucketInfo[] }>('list its buckets', 'GET', `/api/v2/buckets?${query}`);
    all.push(...buckets.filter(({ name }) => name.startsWith(prefix)));
    if (buckets.length < 100) return all;
  }
}

/** Finds or makes the bucket; one that is there keeps its retention (`keepFor` changes that). */
export async function ensureBucket(store: Influx, name: string, retentionSeconds: number): Promise<BucketInfo> {
  const found = await findBucket(store, name);
  if (found !== undefined) return found;
  const orgID = await orgIdOf(store);
  const retentionRules = rulesOf(retentionSeconds);
  try {
    return await store.request<BucketInfo>(`make the bucket ${name}`, 'POST', '/api/v2/buckets', { orgID, name, retentionRules });
  } catch (error) {
    // Another process was faster, or the token may not see what is there.
    const made = statusOf(error) === 422 ? await findBucket(store, name) : undefined;
    if (made === undefined) throw error;
    return made;
  }
}

/** Has the bucket keep its points for so long from now on. */
export async function keepFor(store: Influx, bucket: BucketInfo, retentionSeconds: number): Promise<void> {
  const retentionRules = retentionSeconds === 0 ? [{ type: 'expire', everySeconds: 0 }] : rulesOf(retentionSeconds);
  await store.request(`change the retention of ${bucket.name}`, 'PATCH', `/api/v2/buckets/${bucket.id}`, { retentionRules });
}

/** Points go by the shard: one that holds more time than the bucket would never be due. These are InfluxDB's own lengths. */
export function shardSeconds(retentionSeconds: number): number {
  if (retentionSeconds === 0 || retentionSeconds >= 180 * 86_400) return 7 * 86_400;
  return retentionSeconds >= 2 * 86_400 ? 86_400 : 3_600;
}

function rulesOf(retentionSeconds: number): { type: 'expire'; everySeconds: number; shardGroupDurationSeconds: number }[] {
  if (retentionSeconds === 0) return [];
  return [{ type: 'expire', everySeconds: retentionSeconds, shardGroupDurationSeconds: shardSeconds(retentionSeconds) }];
}

/** Throws PARAPET_STORE_UNAVAILABLE, also when the name is taken. */
export async function renameBucket(store: Influx, bucket: BucketInfo, name: string): Promise<void> {
  await store.request(`rename the bucket ${bucket.name} to ${name}`, 'PATCH', `/api/v2/buckets/${bucket.id}`, { name });
}

export async function deleteBucket(store: Influx, bucket: BucketInfo): Promise<void> {
  await missingAs(undefined, () => store.request(`delete the bucket ${bucket.name}`, 'DELETE', `/api/v2/buckets/${bucket.id}`));
}

/** All labels of the organisation: InfluxDB does not page them. */
export async function listLabels(store: Influx, orgID: string): Promise<Label[]> {
  const { labels } = await store.request<{ labels: (Omit<Label, 'properties'> & { properties?: Label['properties'] })[] }>(
    'list its labels',
    'GET',
    `/api/v2/labels?orgID=${orgID}`,
  );
  return labels.map(({ properties = {}, ...label }) => ({ ...label, properties }));
}

/** undefined when there is a label of this name: then nothing was changed. */
export async function makeLabel(store: Influx, orgID: string, name: string, properties: Label['properties']): Promise<Label | undefined> {
  try {
    const body = { orgID, name, properties };
    const { label } = await store.request<{ label: Label }>(`make the label ${name}`, 'POST', '/api/v2/labels', body, 201);
    return label;
  } catch (error) {
    if (statusOf(error) === 422 && /already exists/.test(wordsOf(error))) return undefined;
    throw error;
  }
}

export async function changeLabel(store: Influx, { id, name }: Label, properties: Label['properties']): Promise<void> {
  await store.request(`change the label ${name}`, 'PATCH', `/api/v2/labels/${id}`, { name, properties });
}

export async function deleteLabel(store: Influx, { id, name }: Label): Promise<void> {
  await missingAs(undefined, () => store.request(`delete the label ${name}`, 'DELETE', `/api/v2/labels/${id}`));
}

/** Makes the task or brings it to this Flux. */
export async function ensureTask(store: Influx, orgID: string, name: string, flux: string): Promise<void> {
  const query = `orgID=${orgID}&name=${encodeURIComponent(name)}`;
  const { tasks } = await store.request<{ tasks: Task[] }>('list its tasks', 'GET', `/api/v2/tasks?${query}`);
  const [task, ...others] = tasks.filter((found) => found.name === name);
  if (task === undefined) await store.request(`make the task ${name}`, 'POST', '/api/v2/tasks', { orgID, flux }, 201);
  else if (task.flux !== flux) await store.request(`change the task ${name}`, 'PATCH', `/api/v2/tasks/${task.id}`, { flux });
  // Two processes that open at the same moment both make one: names of tasks are not unique.
  for (const { id } of others) await missingAs(undefined, () => store.request(`delete the task ${name}`, 'DELETE', `/api/v2/tasks/${id}`));
}

async function orgIdOf(store: Influx): Promise<string> {
  const query = `org=${encodeURIComponent(store.org)}`;
  const { orgs } = await store.request<{ orgs: { id: string; name: string }[] }>(
    'look for its organisation',
    'GET',
    `/api/v2/orgs?${query}`,
  );
  const found = orgs.find(({ name }) => name === store.org);
  if (found === undefined)
    throw unavailable('find the organisation', new Error(`the token may not read ${store.org}, so no bucket can be made`));
  return found.id;
}

async function missingAs<T>(value: T, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (statusOf(error) === 404 && !/organization/.test(wordsOf(error))) return value;
    throw error;
  }
}
