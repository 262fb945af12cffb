/** What is put on the cluster: templates, policies, mappings; and that none of it changes without a new version. */
import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { connect, type Elasticsearch } from './connect.ts';
import { agesOf, type ElasticsearchView, VIEWS } from './documents.ts';
import { createElasticsearchSink } from './index.ts';
import { dropRebuilt, swapIn } from './rebuild.ts';
import { baseOf, hasLifecycles, phases, rebuildBase, SCHEMA_VERSION, templates } from './schema.ts';
import { type Asked, type Said, type Speaker, speak } from './testing.ts';

const VIEW_NAMES = Object.keys(VIEWS) as ElasticsearchView[];

/** One line for each version that was released. Lines are added, never changed: clusters out there hold what they say. */
const RELEASED: Record<number, string> = {
  1: '7b1eff00e86f7cce',
  2: '7580533239d1ae75',
  3: '1523ec51151db974',
};

let speaker: Speaker | undefined;
let store: Elasticsearch | undefined;
afterEach(async () => {
  await store?.close();
  await speaker?.close();
});

/** A cluster that says 404 to what the test does not mention. */
async function cluster(say: (asked: Asked) => Said | undefined, prefix = ''): Promise<Elasticsearch> {
  speaker = await speak((asked) => say(asked) ?? { status: 404, body: { status: 404 } });
  store = connect({ url: speaker.url, prefix, timeoutMs: 2_000 });
  return store;
}
const accepted: Said = { body: { acknowledged: true } };
const puts = () => (speaker?.asked ?? []).filter(({ method }) => method === 'PUT').map(({ path }) => path);

describe('the schema', () => {
  it('has a new version whenever it changes', () => {
    const here = connect({ url: 'http://127.0.0.1:1' });
    const all = VIEW_NAMES.map((view) => [templates(here, view, true), templates(here, view, false)]);
    const hash = createHash('sha256').update(JSON.stringify(all)).digest('hex').slice(0, 16);
    expect(RELEASED[SCHEMA_VERSION], 'The mapping changed: raise SCHEMA_VERSION and add its line to RELEASED.').toBe(hash);
  });

  it('has views whose patterns do not meet, under any prefix', () => {
    const matches = (pattern: string, name: string) => new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`).test(name);
    for (const prefix of ['', 'acme-', 'rebuilt']) {
      const here = connect({ url: 'http://127.0.0.1:1', prefix });
      const all = VIEW_NAMES.flatMap((view) => templates(here, view, false).map(({ body }) => body['index_patterns'] as string[]));
      const names = VIEW_NAMES.flatMap((view) => [`${baseOf(here, view)}-2026.03`, `${rebuildBase(here, view, 'x1')}-2026.03`]);
      for (const name of names)
        expect(
          all.flat().filter((pattern) => matches(pattern, name)),
          name,
        ).toHaveLength(1);
      // Elasticsearch refuses two templates that could match one name, whether it exists or not.
      const heads = all.flat().map((pattern) => pattern.slice(0, pattern.indexOf('*')));
      for (const head of heads) expect(heads.filter((other) => other.startsWith(head))).toEqual([head]);
    }
  });

  it('gives live indices their alias, and rebuilt ones none', () => {
    const here = connect({ url: 'http://127.0.0.1:1', prefix: 'acme-' });
    const [live, rebuilt] = templates(here, 'threats', true);
    expect(live).toMatchObject({
      name: 'acme-threats-parapet',
      body: {
        index_patterns: ['acme-threats-*.*'],
        template: {
          aliases: { 'acme-threats': {} },
          settings: { index: { lifecycle: { name: 'acme-threats-parapet' }, translog: { durability: 'request' } } },
          mappings: { dynamic: false },
        },
      },
    });
    expect(rebuilt?.body['template']).not.toHaveProperty('aliases');
    expect(rebuilt?.body['index_patterns']).toEqual(['acme-rebuilt-threats-*.*']);
  });

  it('keeps threats for two years and audit for seven, ninety days of each hot', () => {
    expect(VIEWS.threats.ages).toEqual({ cold: '90d', delete: '731d' });
    expect(VIEWS.audit.ages).toEqual({ cold: '90d', delete: '2557d' });
    const made = phases(VIEWS.threats.ages);
    expect(Object.entries(made).map(([name, { min_age }]) => [name, min_age])).toEqual([
      ['hot', '0ms'],
      ['cold', '90d'],
      ['delete', '731d'],
    ]);
    expect(phases(agesOf({ hotDays: 0, coldDays: 0 }))).toEqual({ hot: made['hot'] });
    // Late events and repeated batches are written to old indices too.
    expect(JSON.stringify(made)).not.toMatch(/readonly|forcemerge|shrink|searchable_snapshot|freeze/);
  });

  it('names a rebuild by letters and digits only', () => {
    expect(() => rebuildBase(connect({ url: 'http://127.0.0.1:1' }), 'audit', 'x-*')).toThrow(/label/);
  });
});

describe('opening a sink', () => {
  it('puts the policy, both templates and nothing else on a new cluster with lifecycles', async () => {
    const here = await cluster(({ method, path }) =>
      path === '/_ilm/status'
        ? { body: { operation_mode: 'RUNNING' } }
        : method === 'PUT'
          ? accepted
          : path.endsWith('/_mapping')
            ? { body: {} }
            : undefined,
    );
    await createElasticsearchSink({ store: here, view: 'threats', ages: { cold: '7d', delete: '30d' } }).open();
    expect(puts()).toEqual([
      '/_ilm/policy/threats-parapet',
      '/_index_template/threats-parapet',
      '/_index_template/threats-parapet-rebuilt',
    ]);
    const policy = JSON.parse(speaker?.asked.find(({ path, method }) => path.startsWith('/_ilm/policy') && method === 'PUT')?.body ?? '');
    expect(policy).toMatchObject({
      policy: {
        _meta: { cold: '7d', delete: '30d', version: SCHEMA_VERSION },
        phases: { delete: { min_age: '30d', actions: { delete: {} } } },
      },
    });
  });

  it('names no lifecycle where the cluster has none', async () => {
    const here = await cluster(({ method, path }) =>
      path === '/_ilm/status'
        ? { status: 400, body: { error: 'no handler found for uri [/_ilm/status] and method [GET]', status: 400 } }
        : method === 'PUT'
          ? accepted
          : path.endsWith('/_mapping')
            ? { body: {} }
            : undefined,
    );
    await createElasticsearchSink({ store: here, view: 'audit' }).open();
    expect(puts()).toEqual(['/_index_template/audit-parapet', '/_index_template/audit-parapet-rebuilt']);
    for (const { body, method } of speaker?.asked ?? []) if (method === 'PUT') expect(body).not.toContain('"lifecycle":{"name"');
  });

  it('leaves alone what a newer release has put, and what is as it should be', async () => {
    const newer = { version: SCHEMA_VERSION + 1, _meta: { madeBy: 'parapet', lifecycle: true } };
    const here = await cluster(({ method, path }) => {
      if (path === '/_ilm/status') return { body: { operation_mode: 'RUNNING' } };
      if (path === '/_ilm/policy/threats-parapet' && method === 'GET') {
        const _meta = { madeBy: 'parapet', version: SCHEMA_VERSION, ...VIEWS.threats.ages };
        return { body: { 'threats-parapet': { policy: { _meta, phases: { changed: 'by an operator' } } } } };
      }
      if (path.startsWith('/_index_template/') && method === 'GET') return { body: { index_templates: [{ index_template: newer }] } };
      if (path.endsWith('/_mapping') && method === 'GET') {
        return {
          body: { 'threats-2026.03': { mappings: { _meta: { version: SCHEMA_VERSION + 1 } } }, 'threats-2026.02': { mappings: {} } },
        };
      }
      return method === 'PUT' ? accepted : undefined;
    });
    await createElasticsearchSink({ store: here, view: 'threats' }).open();
    expect(puts()).toEqual(['/threats-2026.02/_mapping']);
  });

  it('says that it may not, rather than going on without a lifecycle', async () => {
    const here = await cluster(() => ({ status: 403, body: { error: { type: 'security_exception', reason: 'unauthorized' } } }));
    await expect(hasLifecycles(here)).rejects.toMatchObject({
      code: 'PARAPET_STORE_UNAVAILABLE',
      hint: expect.stringMatching(/manage_ilm/),
    });
  });
});

describe('a new month', () => {
  it('is made with the end of its lifecycle’s month, once', async () => {
    const here = await cluster(({ method, path, body }) => {
      if (path === '/_ilm/status') return { body: { operation_mode: 'RUNNING' } };
      if (path === '/_bulk')
        return {
          body: {
            items: body
              .trimEnd()
              .split('\n')
              .filter((_, n) => n % 2)
              .map(() => ({ index: { status: 201 } })),
          },
        };
      if (path.endsWith('/_mapping')) return { body: {} };
      return method === 'PUT' ? accepted : undefined;
    });
    const sink = createElasticsearchSink({ store: here, view: 'audit' });
    await sink.open();
    const { createFixtures } = await import('../fixtures.ts');
    const batch = createFixtures().batch('audit', { first: 0, last: 9 });
    expect(await sink.write(batch)).toEqual([]);
    expect(await sink.write(batch)).toEqual([]);
    const made = (speaker?.asked ?? []).filter(({ path, method }) => path === '/audit-2026.03' && method === 'PUT');
    expect(made).toHaveLength(1);
    expect(JSON.parse(made[0]?.body ?? '')).toEqual({ settings: { 'index.lifecycle.origination_date': String(Date.UTC(2026, 3, 1)) } });
  });
});

describe('a rebuild', () => {
  it('is not taken for a view that it is not', async () => {
    const here = await cluster(() => undefined);
    await expect(swapIn(here, 'threats', 'rebuilt-audit-x1')).rejects.toThrow(/not a rebuilt view/);
    await expect(dropRebuilt(here, 'threats', 'threats')).rejects.toThrow(/not a rebuilt view/);
    expect(speaker?.asked).toEqual([]);
  });
});
