/** The sink against the real engine, in process. chDB binds one folder per process, so all tests share one store. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCodec } from '../../schemas/codec.ts';
import { openFileRegistry } from '../../schemas/registry/file.ts';
import { createFixtures } from '../fixtures.ts';
import {
  ANALYST_QUERIES,
  type ClickHouse,
  createClickHouseSink,
  dropTable,
  interactionIds,
  migrate,
  openClickHouse,
  rebuildTable,
  swapIn,
  tallyClickHouse,
} from './index.ts';

let path = '';
let store: ClickHouse;
const fixtures = createFixtures();

beforeAll(async () => {
  path = await mkdtemp(join(tmpdir(), 'parapet-clickhouse-'));
  store = await openClickHouse({ path });
}, 60_000);

afterAll(async () => {
  await store.close();
  await rm(path, { recursive: true, force: true });
});

async function ask<T>(query: string): Promise<T[]> {
  return (await store.client.query({ query, format: 'JSONEachRow' })).json<T>();
}

/** A sink on a table of its own, so that tests do not meet. */
async function sinkOn(label: string) {
  const table = rebuildTable('interactions', label);
  const sink = createClickHouseSink({ store, view: 'interactions', table });
  await sink.open();
  const count = async () => Number((await ask<{ n: string }>(`SELECT toString(count()) AS n FROM parapet.${table}`))[0]?.n);
  return { table, sink, count };
}

describe('counting', () => {
  it('finds nothing in a table that is not there', async () => {
    expect(await tallyClickHouse(store, 'never_made')).toEqual([]);
  });
});

describe('the views', () => {
  it('are made once, however often they are opened', async () => {
    for (const view of ['interactions', 'threats', 'audit', 'verdicts', 'incidents'] as const) {
      const sink = createClickHouseSink({ store, view });
      await sink.open();
      await sink.open();
      expect(sink.name).toBe(`clickhouse.${view}`);
    }
    const applied = await ask<{ n: number }>(
      `SELECT toInt32(count()) AS n FROM parapet.parapet_migrations WHERE table_name IN ('interactions', 'threats', 'audit', 'verdicts', 'incidents')`,
    );
    expect(applied).toEqual([{ n: 11 }]);
  });

  it('of an older version get the columns that were added since', async () => {
    const table = 'interactions__rebuild_older';
    await migrate(store, 'interactions', { table });
    await store.client.command({ query: `ALTER TABLE parapet.${table} DROP COLUMN event_hash` });
    await store.client.command({ query: `DELETE FROM parapet.parapet_migrations WHERE table_name = '${table}' AND number = 10` });
    expect(await migrate(store, 'interactions', { table })).toEqual(['add event_hash to interactions']);
    expect(await ask(`SELECT type FROM system.columns WHERE table = '${table}' AND name = 'event_hash'`)).toEqual([{ type: 'String' }]);
  });

  it('hold what the records say', async () => {
    const interactions = createClickHouseSink({ store, view: 'interactions' });
    const threats = createClickHouseSink({ store, view: 'threats' });
    const audit = createClickHouseSink({ store, view: 'audit' });
    expect(await interactions.write(fixtures.batch('assessed', { first: 0, last: 1_999 }))).toEqual([]);
    expect(await threats.write(fixtures.batch('threats', { first: 0, last: 499 }))).toEqual([]);
    expect(await audit.write(fixtures.batch('audit', { first: 0, last: 99 }))).toEqual([]);

    const { interaction, enrichment, assessment } = fixtures.assessed(7);
    const [row] = await ask<Record<string, unknown>>(
      `SELECT *, toUnixTimestamp64Micro(started_at) AS micros FROM parapet.interactions WHERE _offset = 7`,
    );
    expect(row).toMatchObject({
      interaction_id: interaction.interactionId,
      user_id: interaction.userId ?? '',
      user_agent: interaction.userAgent,
      streaming: interaction.streaming,
      temperature: interaction.parameters.temperature,
      verdict_scores: interaction.verdicts.map((verdict) => verdict.score),
      input_tokens: enrichment.usage.inputTokens,
      cost_usd: enrichment.costUsd,
      masked_prompt: enrichment.maskedPrompt,
      masked_counts: enrichment.maskedCounts,
      risk_score: assessment.riskScore,
      rule_ids: assessment.ruleIds,
      micros: interaction.startedAt,
    });
    const [event] = await ask<Record<string, unknown>>('SELECT details, actor FROM parapet.audit WHERE _offset = 3');
    expect(event).toEqual({ details: fixtures.audit(3).details, actor: fixtures.audit(3).actor });
    const [threat] = await ask<Record<string, unknown>>('SELECT techniques, score, false_positive FROM parapet.threats WHERE _offset = 3');
    expect(threat).toEqual({
      techniques: fixtures.threat(3).techniques,
      score: fixtures.threat(3).score,
      false_positive: fixtures.threat(3).falsePositive,
    });
  });

  it('say of each threat what the newest verdict on it is, whichever comes first', async () => {
    const verdicts = createClickHouseSink({ store, view: 'verdicts' });
    await verdicts.open();
    const batch = fixtures.batch('verdicts', { first: 0, last: 499 });
    const words = ['false_positive', 'true_positive', 'withdrawn'] as const;
    const said = (later: number, records: typeof batch.records) =>
      records.map((record, n) => {
        const { verdictId, occurredAt } = record.value;
        const value = { ...record.value, verdictId: `${verdictId}-${later}`, occurredAt: occurredAt + later };
        return {
          ...record,
          offset: record.offset + later * 1_000,
          value: { ...value, verdict: words[(n + later) % 3] as (typeof words)[number] },
        };
      });
    // Threats 0 to 299 twice, the older word behind the newer one.
    const records = [...said(1, batch.records.slice(0, 300)), ...said(0, batch.records.slice(0, 300))];
    expect(await verdicts.write({ ...batch, records })).toEqual([]);

    const rows = await ask<Record<string, unknown>>(
      'SELECT _offset, verdict, false_positive, judged_by FROM parapet.threats_judged WHERE _offset < 400 ORDER BY _offset',
    );
    expect(rows).toHaveLength(400);
    rows.forEach(({ verdict, false_positive: wrong, judged_by: by }, n) => {
      const newest = n < 300 ? words[(n + 1) % 3] : undefined;
      const own = fixtures.threat(n).falsePositive;
      if (newest === undefined || newest === 'withdrawn') expect([verdict, wrong]).toEqual(['', own]);
      else expect([verdict, wrong]).toEqual([newest, newest === 'false_positive']);
      expect(by).toBe(n < 300 ? fixtures.verdict(n).actor : '');
    });
  });

  it('say of each incident how it stands, in whatever order its records came', async () => {
    const incidents = createClickHouseSink({ store, view: 'incidents' });
    await incidents.open();
    const batch = fixtures.batch('incidents', { first: 0, last: 99 });
    const later = batch.records.map((record) => ({
      ...record,
      offset: record.offset + 1_000,
      value: { ...record.value, status: 'closed' as const, threats: 500, firstSeenAt: record.value.firstSeenAt - 1 },
    }));
    // Incidents 0 to 49 twice, the newer record of each before the older one.
    expect(await incidents.write({ ...batch, records: [...later.slice(0, 50), ...batch.records], lastOffset: 1_049 })).toEqual([]);

    const rows = await ask<{ incident_id: string; status: string; threats: number }>(
      'SELECT incident_id, status, threats FROM parapet.incidents_newest ORDER BY _offset % 1000',
    );
    // All of them have been quiet for long.
    expect(rows).toEqual(
      [...later.slice(0, 50), ...batch.records.slice(50)].map(({ value: { incidentId, threats } }) => ({
        incident_id: incidentId,
        status: 'closed',
        threats,
      })),
    );
  });

  it('call an incident closed once neither its record nor its threats are of the last hour', async () => {
    const incidents = createClickHouseSink({ store, view: 'incidents' });
    const threats = createClickHouseSink({ store, view: 'threats' });
    await incidents.open();
    await threats.open();
    const now = Date.now() * 1_000;
    const minute = 60_000_000;
    const grave = { org: 'org-quiet', threatType: 'jailbreak', severity: 'high' as const };
    // What the record says, when it was seen last, and when the newest threat of its agent came.
    const cases = [
      { agentId: 'busy', status: 'open', lastSeen: 10, threat: 10 },
      { agentId: 'kept-in', status: 'contained', lastSeen: 59, threat: 59 },
      { agentId: 'quiet', status: 'open', lastSeen: 61, threat: 61 },
      { agentId: 'quiet-and-kept-in', status: 'contained', lastSeen: 600, threat: 600 },
      { agentId: 'untold', status: 'open', lastSeen: 90, threat: 20 },
      { agentId: 'over', status: 'closed', lastSeen: 10, threat: 10 },
    ] as const;
    const first = 10_000;
    const cut = { first, last: first + cases.length - 1 };
    const opened = fixtures.batch('incidents', cut);
    const found = fixtures.batch('threats', cut);
    opened.records.forEach(({ value }, i) => {
      const { agentId, status, lastSeen } = cases[i] as (typeof cases)[number];
      Object.assign(value, { ...grave, agentId, status, lastSeenAt: now - lastSeen * minute, firstSeenAt: now - 700 * minute });
    });
    found.records.forEach(({ value }, i) => {
      const { agentId, threat } = cases[i] as (typeof cases)[number];
      Object.assign(value, { ...grave, agentId, occurredAt: now - threat * minute });
    });
    expect(await incidents.write(opened)).toEqual([]);
    expect(await threats.write(found)).toEqual([]);

    const rows = await ask<{ agent_id: string; status: string }>(
      `SELECT agent_id, status FROM parapet.incidents_newest WHERE org = 'org-quiet' ORDER BY _offset`,
    );
    expect(rows.map(({ agent_id: agent, status }) => [agent, status])).toEqual([
      ['busy', 'open'],
      ['kept-in', 'contained'],
      ['quiet', 'closed'],
      ['quiet-and-kept-in', 'closed'],
      ['untold', 'open'],
      ['over', 'closed'],
    ]);
  });

  it('are brought to today’s shape where an older version made them', async () => {
    const client = store.client;
    await client.command({
      query:
        'CREATE OR REPLACE VIEW parapet.incidents_newest AS SELECT * FROM parapet.incidents ORDER BY _offset DESC LIMIT 1 BY incident_id',
    });
    await client.command({ query: "DELETE FROM parapet.parapet_migrations WHERE table_name = 'incidents' AND number = 11" });
    expect(await migrate(store, 'incidents')).toEqual(['close quiet incidents in incidents_newest']);
    expect(await ask("SELECT status FROM parapet.incidents_newest WHERE agent_id = 'quiet'")).toEqual([{ status: 'closed' }]);
    expect(await migrate(store, 'incidents')).toEqual([]);
  });

  it.each(ANALYST_QUERIES)('answer: $question', async ({ sql }) => {
    const rows = await ask(sql.replace(/\bFROM (interactions|threats|audit|verdicts|incidents)/g, 'FROM parapet.$1'));
    expect(rows.length).toBeGreaterThan(0);
  });

  it('read the hourly sums from the projection, not from the rows', async () => {
    const answer = await store.client.query({
      query: 'EXPLAIN SELECT sum(cost_usd_sum) FROM parapet.interactions_hourly',
      format: 'TabSeparatedRaw',
    });
    expect(await answer.text()).toContain('ReadFromMergeTree (hourly)');
  });

  it('are counted by hour and status', async () => {
    const tally = await tallyClickHouse(store);
    expect(tally.reduce((sum, row) => sum + row.rows, 0)).toBe(2_000);
    expect(tally.reduce((sum, row) => sum + row.distinct, 0)).toBe(2_000);
    expect(tally[0]?.hour).toBe('2026-03-01T00:00:00.000Z');
    const ids = await interactionIds(store, { from: new Date(Date.UTC(2026, 2, 1)), to: new Date(Date.UTC(2026, 2, 1, 0, 0, 1)) });
    expect(ids).toEqual([0, 1, 2, 3].map((n) => fixtures.interaction(n).interactionId));
  });
});

describe('a batch', () => {
  it('is there once however often it is written', async () => {
    const { sink, count } = await sinkOn('twice');
    const batch = fixtures.batch('assessed', { first: 0, last: 999 });
    await sink.write(batch);
    await sink.write(batch);
    await sink.write({ ...batch, recovered: true });
    expect(await count()).toBe(1_000);
  });

  it('makes one part, not one per some rows', async () => {
    const { sink, table } = await sinkOn('one_part');
    await sink.write(fixtures.batch('assessed', { first: 0, last: 19_999 }));
    expect(await ask(`SELECT toInt32(count()) AS parts FROM system.parts WHERE active AND table = '${table}'`)).toEqual([{ parts: 1 }]);
  });

  it('that was written in part is completed', async () => {
    const { sink, count } = await sinkOn('partial');
    const whole = fixtures.batch('assessed', { first: 100, last: 199 });
    await sink.write({ ...whole, firstOffset: 120, lastOffset: 149, records: whole.records.slice(20, 50) });
    await sink.write({ ...whole, recovered: true });
    await sink.write({ ...whole, recovered: true });
    expect(await count()).toBe(100);
  });

  it('whose token is known but whose rows are gone is written all the same', async () => {
    const { sink, count, table } = await sinkOn('token_without_part');
    const batch = fixtures.batch('assessed', { first: 0, last: 99 });
    await sink.write(batch);
    // What a crash between ClickHouse's note of the token and the part leaves: the note alone.
    await store.client.command({ query: `ALTER TABLE parapet.${table} DELETE WHERE _offset < 50 SETTINGS mutations_sync = 2` });
    await sink.write(batch);
    expect(await count()).toBe(50);
    await sink.write({ ...batch, recovered: true });
    expect(await count()).toBe(100);
  });

  it('of several months is there once', async () => {
    const { sink, count } = await sinkOn('months');
    const batch = createFixtures({ stepMs: 86_400_000 }).batch('assessed', { first: 0, last: 199 });
    await sink.write(batch);
    await sink.write(batch);
    await sink.write({ ...batch, recovered: true });
    expect(await count()).toBe(200);
  });

  it('of another partition with the same offsets is another batch', async () => {
    const { sink, count } = await sinkOn('partitions');
    await sink.write(fixtures.batch('assessed', { first: 0, last: 9, partition: 0 }));
    await sink.write(fixtures.batch('assessed', { first: 0, last: 9, partition: 1, recovered: true }));
    expect(await count()).toBe(20);
  });

  it('that was written from a draft is there once, whoever writes it again', async () => {
    const { sink, count } = await sinkOn('draft');
    for (const [first, last] of [
      [0, 499],
      [500, 799],
    ] as const) {
      const { records, recovered, ...bounds } = fixtures.batch('assessed', { first, last });
      // The second finds the buffers of the first, with its rows still in them.
      for (let again = 0; again < 2; again++) {
        const draft = sink.draft?.(bounds.partition);
        draft?.add(records.slice(0, 100));
        draft?.add(records.slice(100));
        expect(await draft?.write(bounds)).toBe(true);
      }
      await sink.write({ ...bounds, records, recovered: true });
    }
    expect(await count()).toBe(800);
    const direct = await sinkOn('draft_whole');
    await direct.sink.write(fixtures.batch('assessed', { first: 0, last: 799 }));
    const rows = (table: string) => ask(`SELECT * FROM parapet.${table} ORDER BY _offset`);
    expect(await rows(rebuildTable('interactions', 'draft'))).toEqual(await rows(direct.table));
  });

  it('whose draft has a row that does not fit is not written', async () => {
    const { sink, count } = await sinkOn('draft_misfit');
    const { records, recovered, ...bounds } = fixtures.batch('assessed', { first: 0, last: 9 });
    const bad = records[4];
    if (bad === undefined) throw new Error('no record 4');
    bad.value = { ...bad.value, enrichment: { ...bad.value.enrichment, turn: 1.5 } };
    const draft = sink.draft?.(bounds.partition);
    draft?.add(records);
    expect(await draft?.write(bounds)).toBe(false);
    expect(await count()).toBe(0);
  });

  it('whose draft took bytes is as one whose records were added; bytes that are no record are not written', async () => {
    const codec = await createCodec(await openFileRegistry(join(path, 'schemas')));
    const stored = (first: number, last: number) =>
      fixtures.batch('assessed', { first, last, encode: (value) => codec.encode('assessed', value) }).records.map((record) => ({
        ...record,
        topic: 'parapet.interactions.assessed.v1',
        partition: 0,
        value: record.raw,
      }));
    const bounds = { topic: 'parapet.interactions.assessed.v1', partition: 0 };
    const { sink, count } = await sinkOn('bytes');
    const draft = sink.draft?.(0);
    expect(draft?.take?.(stored(0, 99), codec)).toBe(true);
    // Written with another schema: not taken, and nothing of the draft is lost by it.
    const older = stored(100, 101);
    older[1]?.value.writeUInt32BE(7_777, 1);
    expect(draft?.take?.(older, codec)).toBe(false);
    draft?.add(fixtures.batch('assessed', { first: 100, last: 199 }).records);
    expect(await draft?.write({ ...bounds, firstOffset: 0, lastOffset: 199 })).toBe(true);
    expect(await count()).toBe(200);
    const cut = stored(200, 209).map((record, i) => (i === 5 ? { ...record, value: record.value.subarray(0, -1) } : record));
    const broken = sink.draft?.(0);
    expect(broken?.take?.(cut, codec)).toBe(true);
    expect(broken?.take?.(stored(210, 219), codec)).toBe(true);
    expect(await broken?.write({ ...bounds, firstOffset: 200, lastOffset: 219 })).toBe(false);
    expect(await count()).toBe(200);
    const direct = await sinkOn('bytes_whole');
    await direct.sink.write(fixtures.batch('assessed', { first: 0, last: 199 }));
    const rows = (table: string) => ask(`SELECT * FROM parapet.${table} ORDER BY _offset`);
    expect(await rows(rebuildTable('interactions', 'bytes'))).toEqual(await rows(direct.table));
  });

  it('without records is nothing', async () => {
    const { sink, count } = await sinkOn('empty');
    expect(await sink.write({ ...fixtures.batch('assessed', { first: 0, last: 0 }), records: [] })).toEqual([]);
    expect(await count()).toBe(0);
  });

  it('leaves no file behind', async () => {
    expect(store.handover).toBeDefined();
    expect(await readdir(store.handover ?? '')).toEqual([]);
  });
});

describe('a row that cannot be written', () => {
  it('is named when its value does not fit, and the others are written', async () => {
    const { sink, count } = await sinkOn('misfit');
    const batch = fixtures.batch('assessed', { first: 0, last: 99 });
    const bad = batch.records[42];
    if (bad === undefined) throw new Error('no record 42');
    bad.value = { ...bad.value, enrichment: { ...bad.value.enrichment, turn: 1.5 } };
    expect(await sink.write(batch)).toEqual([{ index: 42, reason: 'turn: 1.5 is not a value of type Int32.' }]);
    expect(await count()).toBe(99);
  });

  it('is found by halving when ClickHouse refuses it, and the others are written once', async () => {
    const { sink, count, table } = await sinkOn('constraint');
    await store.client.command({ query: `ALTER TABLE parapet.${table} ADD CONSTRAINT few CHECK message_count < 1000` });
    const batch = fixtures.batch('assessed', { first: 0, last: 99 });
    for (const at of [3, 77]) {
      const bad = batch.records[at];
      if (bad === undefined) throw new Error(`no record ${at}`);
      bad.value = { ...bad.value, interaction: { ...bad.value.interaction, messageCount: 5_000 } };
    }
    const refused = await sink.write(batch);
    expect(refused.map((one) => one.index)).toEqual([3, 77]);
    expect(refused[0]?.reason).toMatch(/^code 469/);
    expect(await sink.write({ ...batch, recovered: true })).toHaveLength(2);
    expect(await count()).toBe(98);
  });
});

describe('a rebuild', () => {
  it('gives the same rows twice, and takes the place of the view in one step', async () => {
    const digest = async (table: string) =>
      ask(`SELECT toString(count()) AS n, toString(groupBitXor(cityHash64(toString(tuple(*))))) AS rows,
        (SELECT toString(groupBitXor(cityHash64(toString(tuple(*))))) FROM parapet.${table}_hourly) AS sums FROM parapet.${table}`);
    const tables: string[] = [];
    for (const [label, size] of [
      ['a', 500],
      ['b', 300],
    ] as const) {
      const table = rebuildTable('interactions', label);
      const sink = createClickHouseSink({ store, view: 'interactions', table });
      await sink.open();
      for (let first = 0; first < 1_500; first += size) await sink.write(fixtures.batch('assessed', { first, last: first + size - 1 }));
      tables.push(table);
    }
    const [a, b] = tables as [string, string];
    const rebuilt = await digest(a);
    expect(await digest(b)).toEqual(rebuilt);

    await migrate(store, 'interactions');
    await swapIn(store, 'interactions', a);
    expect(await digest('interactions')).toEqual(rebuilt);
    expect(await ask(`EXISTS TABLE parapet.${a}`)).toEqual([{ result: 0 }]);
    await dropTable(store, b);

    // The live sink goes on, and what it had begun before the swap is still recognised.
    const live = createClickHouseSink({ store, view: 'interactions' });
    await live.open();
    await live.write(fixtures.batch('assessed', { first: 1_400, last: 1_599, recovered: true }));
    expect((await tallyClickHouse(store)).reduce((sum, row) => sum + row.rows, 0)).toBe(1_600);
    expect(await ask('SELECT toString(sum(interactions)) AS n FROM parapet.interactions_hourly')).toEqual([{ n: '1600' }]);
  });
});

describe('a server that is not there', () => {
  it('is PARAPET_STORE_UNAVAILABLE', async () => {
    await expect(openClickHouse({ url: 'http://127.0.0.1:9', timeoutMs: 2_000 })).rejects.toMatchObject({
      code: 'PARAPET_STORE_UNAVAILABLE',
    });
  });

  it('is refused before it is tried when the options contradict each other', async () => {
    await expect(openClickHouse({})).rejects.toMatchObject({ code: 'PARAPET_CONFIG_INVALID' });
    await expect(openClickHouse({ path, database: 'a; DROP' })).rejects.toMatchObject({ code: 'PARAPET_CONFIG_INVALID' });
  });
});
