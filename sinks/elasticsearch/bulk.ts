/**
 * Bulk requests: how documents are cut into them, and what becomes of each item. Only what the store says about a single
 * document counts as a refusal; whatever may be the store's own state (full, closed, not allowed, moving) is tried again,
 * because a dead letter for it would be an event set aside for nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ParapetError } from '../../core/errors.ts';
import { attempt, type Elasticsearch, hintOf, statusOf, unavailable } from './connect.ts';

export interface Operation {
  /** Its place in the batch. */
  index: number;
  target: string;
  id: string;
  version: number;
  /** One line of JSON. */
  source: string;
}

export interface BulkOptions {
  maxOperations: number;
  maxBytes: number;
  /** Milliseconds before each further try of the items that the store was too busy for; then the batch is given up. */
  backoffMs: readonly number[];
}

export const BULK: BulkOptions = { maxOperations: 2_000, maxBytes: 5 * 1024 * 1024, backoffMs: [100, 250, 500, 1_000, 2_000, 4_000] };

/** The reason why the store refused an operation, by its `index` in the batch. */
export type Refusals = Map<number, string>;

export interface Item {
  status: number;
  error?: { type?: string; reason?: string; caused_by?: { type?: string; reason?: string } };
}

/** Bulk requests in order. An operation over the bound goes alone. */
export function* split(operations: readonly Operation[], { maxOperations, maxBytes }: BulkOptions): Generator<Operation[]> {
  let chunk: Operation[] = [];
  let bytes = 0;
  for (const operation of operations) {
    // The line before the document is mostly its index and id; 120 covers the rest of it.
    const size = Buffer.byteLength(operation.source) + operation.target.length + operation.id.length + 120;
    if (chunk.length > 0 && (chunk.length >= maxOperations || bytes + size > maxBytes)) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(operation);
    bytes += size;
  }
  if (chunk.length > 0) yield chunk;
}

/** Resolves when the store has every operation for good or refused it. Throws PARAPET_STORE_UNAVAILABLE. */
export async function writeBulk(store: Elasticsearch, operations: readonly Operation[], options: BulkOptions = BULK): Promise<Refusals> {
  const refusals: Refusals = new Map();
  for (const chunk of split(operations, options)) await put(store, chunk, options.backoffMs, refusals);
  return refusals;
}

async function put(store: Elasticsearch, chunk: Operation[], backoffMs: readonly number[], refusals: Refusals): Promise<void> {
  let left = chunk;
  for (let attempted = 0; ; attempted++) {
    const items = await send(store, left);
    if (items === undefined) return halve(store, left, backoffMs, refusals);
    const again: Operation[] = [];
    let last: Item | undefined;
    for (const [at, item] of items.entries()) {
      const operation = left[at] as Operation;
      const fate = judge(item);
      if (fate === 'refused') refusals.set(operation.index, reasonOf(item));
      if (fate !== 'again') continue;
      again.push(operation);
      last = item;
    }
    if (last === undefined) return;
    const wait = backoffMs[attempted];
    if (wait === undefined) {
      const message = `Elasticsearch could not take ${again.length} of ${chunk.length} documents, tried ${attempted + 1} times`;
      throw new ParapetError('PARAPET_STORE_UNAVAILABLE', {
        message: `${message}: ${last.status} ${reasonOf(last)}`,
        hint: hintOf(last.status, last.error?.type),
      });
    }
    await sleep(wait);
    left = again;
  }
}

/** The answer's items, one for each operation; undefined when the request as a whole was too large. */
async function send({ client }: Elasticsearch, operations: readonly Operation[]): Promise<Item[] | undefined> {
  const lines: string[] = [];
  for (const { target, id, version, source } of operations) {
    lines.push(JSON.stringify({ index: { _index: target, _id: id, version, version_type: 'external_gte' } }), source);
  }
  try {
    const answer = await client.bulk({
      // Strings go out as they are, so a document is made into JSON once, where its size is known.
      operations: lines as never[],
      filter_path: ['items.*.status', 'items.*.error.type', 'items.*.error.reason', 'items.*.error.caused_by'],
    });
    const items = (answer.items ?? []).map((item) => Object.values(item)[0] as Item);
    if (items.length !== operations.length || items.some((item) => typeof item?.status !== 'number')) {
      throw new Error(`the answer speaks of ${items.length} of ${operations.length} documents`);
    }
    return items;
  } catch (error) {
    if (statusOf(error) === 413) return undefined;
    throw unavailable('write', error);
  }
}

/** A proxy may allow less than Elasticsearch: smaller requests pass, and a document that is too large alone is refused. */
async function halve(store: Elasticsearch, chunk: Operation[], backoffMs: readonly number[], refusals: Refusals): Promise<void> {
  if (chunk.length === 1) {
    const [{ index, source }] = chunk as [Operation];
    refusals.set(index, `413: a document of ${Buffer.byteLength(source)} bytes is larger than the store takes.`);
    return;
  }
  const middle = chunk.length >> 1;
  await put(store, chunk.slice(0, middle), backoffMs, refusals);
  await put(store, chunk.slice(middle), backoffMs, refusals);
}

/** What Elasticsearch says when the document itself is at fault. */
const DOCUMENT_FAULTS = new Set(['document_parsing_exception', 'mapper_parsing_exception', 'x_content_parse_exception']);

/** What becomes of an item, by the store's answer about it. */
export function judge({ status, error }: Item): 'written' | 'refused' | 'again' {
  if (status < 300) return 'written';
  // A version conflict: the store holds a later record of the same id. Elsewhere 409 would mean something else.
  if (status === 409 && error?.type === 'version_conflict_engine_exception') return 'written';
  // Of many things: an alias, a pipeline or a limit of shards at fault too, where every document gets it and none deserves it.
  const immense = error?.type === 'illegal_argument_exception' && /immense (term|field)/.test(error.reason ?? '');
  if (status === 400 && (immense || DOCUMENT_FAULTS.has(error?.type ?? ''))) return 'refused';
  return 'again';
}

/** Without the piece of the value that Elasticsearch adds: a reason ends in logs and dead letters, where no content may be. */
export function reasonOf({ error }: Item): string {
  const reason = error?.reason?.replace(/\.? ?(Preview of field's value|The prefix of the first immense term is): [\s\S]*/, '');
  const parts = [error?.type, reason?.slice(0, 250), error?.caused_by?.type];
  return parts.filter((part) => part !== undefined).join(': ');
}

/** Makes what was written visible to searches; only counting needs it. Throws PARAPET_STORE_UNAVAILABLE. */
export async function refresh({ client }: Elasticsearch, index: string): Promise<void> {
  await attempt(`refresh ${index}`, () => client.indices.refresh({ index, ignore_unavailable: true, allow_no_indices: true }));
}
