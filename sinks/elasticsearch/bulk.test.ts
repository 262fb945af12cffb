/** How documents are cut into requests, and what becomes of each by the store's answer. */
import { afterEach, describe, expect, it } from 'vitest';
import { BULK, type Item, judge, type Operation, reasonOf, split, writeBulk } from './bulk.ts';
import { connect } from './connect.ts';
import { type Asked, type Said, type Speaker, speak } from './testing.ts';

const operation = (index: number, bytes = 20): Operation => ({
  index,
  target: 'threats-2026.03',
  id: `id-${index}`,
  version: index,
  source: JSON.stringify({ prompt: 'x'.repeat(Math.max(0, bytes - 13)) }),
});
const operations = (count: number, bytes?: number) => Array.from({ length: count }, (_, n) => operation(n, bytes));

describe('splitting', () => {
  const sizes = (all: Operation[], bounds: { maxOperations: number; maxBytes: number }) =>
    [...split(all, { ...BULK, ...bounds })].map((chunk) => chunk.length);

  it('cuts at the bound of documents', () => {
    expect(sizes(operations(7), { maxOperations: 3, maxBytes: 1e9 })).toEqual([3, 3, 1]);
    expect(sizes(operations(6), { maxOperations: 3, maxBytes: 1e9 })).toEqual([3, 3]);
    expect(sizes([], { maxOperations: 3, maxBytes: 1e9 })).toEqual([]);
  });

  it('cuts at the bound of bytes, which are bytes and not characters', () => {
    expect(sizes(operations(5, 1_000), { maxOperations: 100, maxBytes: 2_500 })).toEqual([2, 2, 1]);
    const wide = operations(4).map((one) => ({ ...one, source: JSON.stringify({ prompt: '語'.repeat(300) }) }));
    expect(sizes(wide, { maxOperations: 100, maxBytes: 1_500 })).toEqual([1, 1, 1, 1]);
  });

  it('sends one over the bound alone', () => {
    const all = [operation(0), operation(1, 5_000), operation(2), operation(3)];
    expect([...split(all, { ...BULK, maxBytes: 1_000 })].map((chunk) => chunk.map(({ index }) => index))).toEqual([[0], [1], [2, 3]]);
  });

  it('never counts less than what goes over the wire', async () => {
    const all = operations(50, 300).map((one) => ({ ...one, id: `"${one.id}"`, version: Number.MAX_SAFE_INTEGER }));
    for (const chunk of split(all, { ...BULK, maxBytes: 4_000 })) {
      const sent = await bodyOf(chunk);
      expect(Buffer.byteLength(sent)).toBeLessThanOrEqual(4_000);
    }
  });
});

describe('the fate of a document', () => {
  const item = (status: number, type?: string, reason = ''): Item => ({
    status,
    ...(type === undefined ? {} : { error: { type, reason } }),
  });

  it.each<[string, Item, ReturnType<typeof judge>]>([
    ['201', item(201), 'written'],
    ['200', item(200), 'written'],
    ['409, a later record is there', item(409, 'version_conflict_engine_exception', 'current version [9] is higher'), 'written'],
    ['409 of anything else', item(409, 'resource_already_exists_exception'), 'again'],
    ['429, busy', item(429, 'es_rejected_execution_exception'), 'again'],
    ['429, the disk is full', item(429, 'cluster_block_exception', 'disk usage exceeded flood-stage watermark'), 'again'],
    ['400, a field does not parse', item(400, 'document_parsing_exception', 'failed to parse field [score]'), 'refused'],
    ['400 in the words of Elasticsearch 7', item(400, 'mapper_parsing_exception'), 'refused'],
    [
      '400, a term too long',
      item(400, 'illegal_argument_exception', 'Document contains at least one immense term in field="x"'),
      'refused',
    ],
    ['400, an alias of many indices', item(400, 'illegal_argument_exception', 'no write index is defined for alias [threats]'), 'again'],
    ['400, a pipeline that is gone', item(400, 'illegal_argument_exception', 'pipeline with id [x] does not exist'), 'again'],
    ['400, no more shards', item(400, 'validation_exception', 'this action would add [2] shards'), 'again'],
    ['400, a mapping that somebody made strict', item(400, 'strict_dynamic_mapping_exception'), 'again'],
    ['400, closed', item(400, 'index_closed_exception'), 'again'],
    ['403, not allowed', item(403, 'security_exception'), 'again'],
    ['403, read-only', item(403, 'cluster_block_exception'), 'again'],
    ['404, no such index', item(404, 'index_not_found_exception'), 'again'],
    ['503, no primary shard', item(503, 'unavailable_shards_exception'), 'again'],
    ['500', item(500, 'null_pointer_exception'), 'again'],
  ])('%s', (_, given, fate) => {
    expect(judge(given)).toBe(fate);
  });

  it.each([
    ["failed to parse field [outcome] of type [keyword] in document with id 'a'. Preview of field's value: '{secret=hunter2}'"],
    ["failed to parse field [outcome]. Preview of field's value: 'hunter2: some_exception'"],
    ['Document contains at least one immense term. The prefix of the first immense term is: [104, 117, hunter2]...'],
    ["failed to parse field [x]. Preview of field's value: 'two\nlines of hunter2'"],
  ])('is told without the value: %s', (reason) => {
    const told = reasonOf({
      status: 400,
      error: { type: 'document_parsing_exception', reason, caused_by: { type: 'x_exception', reason: 'hunter2' } },
    });
    expect(told).not.toMatch(/hunter2|104/);
    expect(told).toMatch(/^document_parsing_exception: .*: x_exception$/s);
  });

  it('is told briefly', () => {
    expect(reasonOf({ status: 400, error: { type: 'document_parsing_exception', reason: 'x'.repeat(10_000) } }).length).toBeLessThan(300);
  });
});

let speaker: Speaker | undefined;
afterEach(async () => {
  await speaker?.close();
  speaker = undefined;
});

/** The ids of a bulk request. */
const idsOf = ({ body }: Asked) =>
  body
    .trimEnd()
    .split('\n')
    .filter((_, n) => n % 2 === 0)
    .map((line) => (JSON.parse(line) as { index: { _id: string } }).index._id);
const items = (statuses: number[]): Said => ({
  body: {
    items: statuses.map((status) => ({ index: { status, ...(status < 300 ? {} : { error: { type: `type_${status}`, reason: 'no' } }) } })),
  },
});

async function write(all: Operation[], say: (asked: Asked, nth: number) => Said | undefined, backoffMs: number[] = []) {
  let nth = 0;
  speaker = await speak((asked) => say(asked, nth++));
  const store = connect({ url: speaker.url, timeoutMs: 2_000 });
  try {
    return await writeBulk(store, all, { ...BULK, backoffMs });
  } finally {
    await store.close();
  }
}

async function bodyOf(all: Operation[]): Promise<string> {
  let body = '';
  await write(all, (asked) => {
    body = asked.body;
    return items(all.map(() => 201));
  });
  await speaker?.close();
  speaker = undefined;
  return body;
}

describe('a bulk request', () => {
  it('is one line about each document and one of it, with the offset as its version', async () => {
    expect(await bodyOf([operation(7)])).toBe(
      `{"index":{"_index":"threats-2026.03","_id":"id-7","version":7,"version_type":"external_gte"}}\n${operation(7).source}\n`,
    );
  });

  it('is sent again only for the documents that the store was too busy for', async () => {
    const refusals = await write(
      operations(4),
      (_, nth) => items(nth === 0 ? [201, 429, 201, 503] : nth === 1 ? [200, 429] : [201]),
      [1, 1],
    );
    expect(refusals.size).toBe(0);
    expect(speaker?.asked.map(idsOf)).toEqual([['id-0', 'id-1', 'id-2', 'id-3'], ['id-1', 'id-3'], ['id-3']]);
  });

  it('is given up after the last wait, with the store’s words and a hint', async () => {
    const denied = {
      body: { items: [{ index: { status: 403, error: { type: 'security_exception', reason: 'action is unauthorized' } } }] },
    };
    await expect(write(operations(1), () => denied, [1, 1])).rejects.toMatchObject({
      code: 'PARAPET_STORE_UNAVAILABLE',
      message: 'Elasticsearch could not take 1 of 1 documents, tried 3 times: 403 security_exception: action is unauthorized',
      hint: expect.stringMatching(/create_index/),
    });
    expect(speaker?.asked).toHaveLength(3);
  });

  it('that is too large is halved until it passes, and a document that is too large alone is refused', async () => {
    const all = operations(9).map((one) => (one.index === 5 ? operation(5, 4_000) : one));
    const landed: string[] = [];
    const refusals = await write(all, (asked) => {
      if (Buffer.byteLength(asked.body) > 600) return { status: 413, body: '<h1>413</h1>', headers: { 'content-type': 'text/html' } };
      const ids = idsOf(asked);
      landed.push(...ids);
      return items(ids.map(() => 201));
    });
    expect(landed).toEqual(['id-0', 'id-1', 'id-2', 'id-3', 'id-4', 'id-6', 'id-7', 'id-8']);
    expect([...refusals]).toEqual([[5, '413: a document of 4000 bytes is larger than the store takes.']]);
  });

  it.each<[string, Said]>([
    ['fewer documents', items([201, 201])],
    ['more documents', items([201, 201, 201, 201])],
    ['none', { body: {} }],
    ['something without a status', { body: { items: [{ index: {} }, { index: {} }, { index: {} }] } }],
  ])('whose answer speaks of %s is not believed', async (_, said) => {
    await expect(write(operations(3), () => said)).rejects.toMatchObject({
      code: 'PARAPET_STORE_UNAVAILABLE',
      message: expect.stringMatching(/could not write: the answer speaks of \d of 3 documents/),
    });
  });

  it.each([
    [503, { error: { type: 'cluster_block_exception', reason: 'state not recovered / initialized' } }, /look for a full disk/],
    [429, { error: { type: 'circuit_breaking_exception', reason: 'Data too large' } }, /nothing is lost/],
    [400, { error: { type: 'illegal_argument_exception', reason: 'Malformed action/metadata line [1]' } }, /nothing is lost/],
    [401, { error: { type: 'security_exception', reason: 'missing authentication credentials' } }, /ELASTICSEARCH_API_KEY/],
  ])('that is refused as a whole with %i blames no document', async (status, body, hint) => {
    await expect(write(operations(3), () => ({ status, body }))).rejects.toMatchObject({
      code: 'PARAPET_STORE_UNAVAILABLE',
      hint: expect.stringMatching(hint),
    });
  });

  it('whose answer is not JSON is not believed', async () => {
    const page: Said = { body: '<h1>Welcome</h1>', headers: { 'content-type': 'text/html' } };
    await expect(write(operations(2), () => page)).rejects.toMatchObject({ code: 'PARAPET_STORE_UNAVAILABLE' });
  });
});
