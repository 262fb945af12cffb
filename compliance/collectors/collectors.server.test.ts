/** Every collector against a ClickHouse server, whose versions and settings differ from the embedded engine's. Needs CLICKHOUSE_URL. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFixtures } from '../../sinks/fixtures.ts';
import { WINDOW } from '../testing.ts';
import { COLLECTORS } from './index.ts';
import { assessedOf, type Ground, openGround } from './testing.ts';

const { CLICKHOUSE_URL: url, CLICKHOUSE_USER: user, CLICKHOUSE_PASSWORD: password } = process.env;
if (url === undefined) console.warn('SKIPPED: collectors were not tested on a ClickHouse server, because CLICKHOUSE_URL is not set.');

/** What there must be rows of, given the records below. */
const FULL = [
  'sequence-gaps',
  'interactions',
  'decisions',
  'threats',
  'threat-response',
  'incidents',
  'verdicts',
  'model-inventory',
  'agent-inventory',
].concat([
  'region-use',
  'spend',
  'sensitive-data',
  'availability',
  'latency',
  'audit-trail',
  'clear-text-access',
  'signature-bundles',
  'samples',
]);

describe.skipIf(url === undefined)('on a ClickHouse server', () => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await openGround({ url: url ?? '', user, password, database: `parapet_collect_${process.pid}` });
    const fixtures = createFixtures({ startMs: Date.parse(WINDOW.from), stepMs: 60_000 });
    const many = <T>(make: (n: number) => T) => Array.from({ length: 300 }, (_, n) => make(n));
    await ground.write(
      'assessed',
      many((n) => assessedOf(fixtures, n)),
    );
    await ground.write(
      'threats',
      many((n) => ({ ...fixtures.threat(n), org: 'acme' })),
    );
    await ground.write(
      'audit',
      many((n) => ({ ...fixtures.audit(n), org: 'acme' })),
    );
    await ground.write(
      'verdicts',
      many((n) => ({ ...fixtures.verdict(n), org: 'acme' })),
    );
    await ground.write(
      'incidents',
      many((n) => ({ ...fixtures.incident(n), org: 'acme' })),
    );
  }, 60_000);
  afterAll(() => ground?.close());

  it.each(COLLECTORS.map((collector) => [collector.id, collector] as const))('%s gives the same bytes twice', async (id, collector) => {
    const found = await collector.collect(ground.context());
    expect(JSON.stringify(await collector.collect(ground.context()))).toBe(JSON.stringify(found));
    if (FULL.includes(id)) expect('rows' in found && found.rows.length).toBeGreaterThan(0);
    for (const row of 'rows' in found ? found.rows : []) expect(Object.keys(row)).toEqual(collector.columns.map(({ name }) => name));
  });
});
