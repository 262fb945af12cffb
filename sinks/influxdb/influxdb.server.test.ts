/** The sink on a real InfluxDB. Needs INFLUX_URL, INFLUX_TOKEN and INFLUX_ORG; says so otherwise. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { UnsealedAssessedInteraction } from '../../schemas/unsealed.ts';
import { createFixtures } from '../fixtures.ts';
import type { SinkBatch } from '../port.ts';
import {
  createInfluxSink,
  type Influx,
  type InfluxSinkOptions,
  interactionIds,
  type Notice,
  OPERATOR_QUERIES,
  retainedSince,
  sumHours,
  tallyInflux,
} from './index.ts';
import { tagText } from './points.ts';
import { HOUR_MS, hoursAgo, openTestStore, SERVER, sum, wipe } from './testing.ts';

if (SERVER.url === '') console.warn('SKIPPED: the InfluxDB sink was not tested, because INFLUX_URL is not set.');

type Batch = SinkBatch<UnsealedAssessedInteraction>;

describe.skipIf(SERVER.url === '')('the InfluxDB sink on a server', () => {
  const stores: Influx[] = [];
  const start = hoursAgo(12);
  // 1,440 events in twelve hours.
  const fixtures = createFixtures({ startMs: start, stepMs: 30_000 });
  const batchOf = (first: number, last: number): Batch => fixtures.batch('assessed', { first, last });
  const writeRaw = (store: Influx, lines: string) =>
    store.request('write', 'POST', `/api/v2/write?org=${store.org}&bucket=${store.bucket}&precision=ns`, lines, 204);

  async function fresh(name: string, options: Omit<InfluxSinkOptions, 'store'> = {}) {
    const store = await openTestStore(`t${process.pid}_${name}`);
    stores.push(store);
    const notices: Notice[] = [];
    const sink = createInfluxSink({ store, onNotice: (notice) => notices.push(notice), ...options });
    await sink.open();
    return { store, sink, notices };
  }
  /** A batch of one interaction for each change. */
  function changed(changes: Partial<UnsealedAssessedInteraction['interaction']>[], first = 0): Batch {
    const batch = batchOf(first, first + changes.length - 1);
    const records = batch.records.map((record, n) => ({
      ...record,
      value: { ...record.value, interaction: { ...record.value.interaction, ...changes[n] } },
    }));
    return { ...batch, records };
  }
  const all = (store: Influx, filter = 'true') =>
    store.query<Record<string, string | number>>(
      'read all',
      `from(bucket: "${store.bucket}") |> range(start: 0) |> filter(fn: (r) => r._measurement == "ai_interactions" and ${filter})`,
    );

  afterAll(async () => {
    for (const store of stores) await wipe(store);
  });

  it('writes batches once, however often they come and wherever they are cut', async () => {
    const { store, sink } = await fresh('once');
    expect(await sink.write(batchOf(0, 499))).toEqual([]);
    expect(await sink.write({ ...batchOf(0, 1_439), recovered: true })).toEqual([]);
    for (let first = 7; first < 1_440; first += 211) expect(await sink.write(batchOf(first, Math.min(first + 210, 1_439)))).toEqual([]);

    const tally = await tallyInflux(store);
    expect(sum(tally)).toEqual({ rows: 1_440, distinct: 1_440 });
    expect(new Set(tally.map(({ hour }) => hour)).size).toBe(12);
    const expected = new Map<string, number>();
    for (const { value } of batchOf(0, 1_439).records) {
      const { startedAt, status } = value.interaction;
      const key = `${new Date(Math.floor(startedAt / 1_000 / HOUR_MS) * HOUR_MS).toISOString()} ${status}`;
      expected.set(key, (expected.get(key) ?? 0) + 1);
    }
    expect(new Map(tally.map(({ hour, status, rows }) => [`${hour} ${status}`, rows]))).toEqual(expected);

    const range = { from: new Date(start + HOUR_MS), to: new Date(start + 3 * HOUR_MS) };
    expect(await interactionIds(store, range)).toEqual(batchOf(120, 359).records.map(({ value }) => value.interaction.interactionId));
    expect(sum(await tallyInflux(store, { ...range }))).toEqual({ rows: 240, distinct: 240 });
    const horizons = [
      { gatewayId: 'gw-1', through: 1_001, open: [1, 3] },
      { gatewayId: 'gw-2', through: 1_000, open: [] },
    ];
    expect(sum(await tallyInflux(store, { horizons }))).toEqual({ rows: 999, distinct: 999 });
  });

  it('keeps apart interactions of one series in one microsecond', async () => {
    const { store, sink } = await fresh('micro');
    const same = { ...batchOf(0, 0).records[0]?.value.interaction };
    const changes = Array.from({ length: 900 }, (_, n) => ({ ...same, interactionId: `id-${n}`, gatewaySequence: 5_500 + n }));
    await sink.write(changed(changes));
    await sink.write(changed(changes.slice(450)));
    expect(sum(await tallyInflux(store))).toEqual({ rows: 900, distinct: 900 });
  });

  it('stores every text so that it reads the same', async () => {
    const { store, sink } = await fresh('texts');
    const texts = [
      'a,b=c d',
      'ünï €uro 漢字 👩‍💻',
      '"quoted"',
      "o'hara",
      '# not a comment',
      '50%',
      ' lead and trail ',
      'a=b,c=d e=1i 123',
      // No tag can hold these as they are.
      'line\nbreak\tand\rmore',
      'ends with \\',
      'in\\side',
      '\\,',
      'nul\u0000',
      'lone \ud800 surrogate',
      `long ${'x'.repeat(9_000)}`,
      '__other__',
      '\u200bzero \u202e width',
    ];
    expect(await sink.write(changed(texts.map((userId, n) => ({ userId, agentId: userId, interactionId: `id-${n}` }))))).toEqual([]);
    const rows = await all(store, '(r._field == "interaction_id" or r._field == "user_id_raw" or r._field == "agent_id_raw")');
    texts.forEach((text, n) => {
      const row = rows.find((each) => each['_value'] === `id-${n}`);
      expect(row?.['user_id']).toBe(tagText(text));
      expect(row?.['agent_id']).toBe(tagText(text));
      if (tagText(text) === text) return;
      const raw = rows.filter((each) => each['user_id'] === tagText(text) && String(each['_field']).endsWith('_raw'));
      // In its CSV InfluxDB ends lines within a text as it ends its own.
      const read = text.toWellFormed().replaceAll('\r', '').replaceAll('\n', '\r\n');
      expect(raw.map((each) => each['_value'])).toEqual([read, read]);
    });
    expect(new Set(rows.map((row) => row['user_id'])).size).toBe(texts.length);
  });

  it('writes the numbers of a record as they are, and nothing where it has none', async () => {
    const { store, sink } = await fresh('numbers');
    const batch = batchOf(0, 199);
    await sink.write(batch);
    const pivoted = await store.query<Record<string, unknown>>(
      'read',
      `from(bucket: "${store.bucket}") |> range(start: 0) |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value") |> group() |> sort(columns: ["_time"])`,
    );
    expect(pivoted).toHaveLength(200);
    batch.records.forEach(({ value: { interaction, enrichment, assessment } }, n) => {
      expect(pivoted[n]).toMatchObject({
        events: 1,
        interaction_id: interaction.interactionId,
        prompt_tokens: enrichment.usage.inputTokens,
        completion_tokens: enrichment.usage.outputTokens,
        latency_ms: interaction.latencyMs,
        risk_score: assessment.riskScore,
        threats_detected: assessment.threatsDetected,
        status: interaction.status,
        org: interaction.org,
      });
      expect(pivoted[n]?.['cost_usd'] || null).toBe(enrichment.costUsd || null);
      expect(pivoted[n]?.['ttft_ms'] || null).toBe(interaction.timeToFirstTokenMs);
      expect(pivoted[n]?.['user_id'] || null).toBe(interaction.userId);
      expect(pivoted[n]?.['model'] || null).toBe(interaction.modelUsed);
    });
  });

  it('refuses only the points in conflict with a foreign type, and the record that is no point', async () => {
    const { store, sink } = await fresh('conflict');
    const recent = BigInt(Date.now()) * 1_000_000n;
    // The fixtures' hours may lie in two shards, and a shard has its own types.
    const days = [BigInt(start) * 1_000_000n, recent];
    await writeRaw(store, days.map((time) => `ai_interactions,org=x error_code=1i ${time}`).join('\n'));
    const batch = batchOf(0, 299);
    const broken = batch.records[42];
    if (broken === undefined) throw new Error('no record 42');
    broken.value = { ...broken.value, interaction: { ...broken.value.interaction, latencyMs: Number.NaN } };
    const conflicting = batch.records.flatMap(({ value }, n) => (value.interaction.errorCode !== null && n !== 42 ? [n] : []));
    expect(conflicting.length).toBeGreaterThan(5);
    const refused = await sink.write(batch);
    expect(refused.map(({ index }) => index)).toEqual([42, ...conflicting].sort((a, b) => a - b));
    expect(refused.find(({ index }) => index === 42)?.reason).toBe('latency_ms is not a number that InfluxDB can hold');
    expect(new Set(refused.filter(({ index }) => index !== 42).map(({ reason }) => reason))).toEqual(
      new Set(['InfluxDB 422: the field error_code is string, but the bucket has integer']),
    );
    expect(sum(await tallyInflux(store)).rows).toBe(300 - refused.length);
  });

  it('sets nothing aside when the whole bucket has other types', async () => {
    const { store, sink } = await fresh('occupied');
    const times = [BigInt(start) * 1_000_000n, BigInt(Date.now()) * 1_000_000n];
    await writeRaw(store, times.map((time) => `ai_interactions latency_ms=1i ${time}`).join('\n'));
    await expect(sink.write(batchOf(0, 99))).rejects.toMatchObject({
      code: 'PARAPET_STORE_UNAVAILABLE',
      message: expect.stringContaining('INFLUX_BUCKET'),
    });
  });

  it('counts points beyond the retention, also next to refused ones, and sets none of them aside', async () => {
    const { store, sink, notices } = await fresh('retention');
    const old = createFixtures({ startMs: start - 30 * 24 * HOUR_MS, stepMs: 60_000 });
    const late = old.batch('assessed', { first: 2_000, last: 2_049 });
    const batch = batchOf(0, 99);
    expect(await sink.write({ ...batch, records: [...batch.records, ...late.records] })).toEqual([]);
    expect(notices).toEqual([{ kind: 'expired', bucket: store.bucket, points: 50 }]);
    expect(sum(await tallyInflux(store)).rows).toBe(100);

    const mixed = await fresh('mixed');
    const times = [BigInt(start) * 1_000_000n, BigInt(Date.now()) * 1_000_000n];
    await writeRaw(mixed.store, times.map((time) => `ai_interactions error_code=1i ${time}`).join('\n'));
    const refused = await mixed.sink.write({ ...batchOf(100, 399), records: [...late.records, ...batchOf(100, 399).records] });
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.every(({ index }) => index >= 50)).toBe(true);
    expect(mixed.notices).toEqual([{ kind: 'expired', bucket: mixed.store.bucket, points: 50 }]);
    expect(sum(await tallyInflux(mixed.store)).rows).toBe(300 - refused.length);
    const since = await retainedSince(store, new Date('2026-03-08T00:30:00Z'));
    expect(since?.toISOString()).toBe('2026-03-01T01:00:00.000Z');
  });

  it('sums hours so that summing again changes nothing, and late events are added', async () => {
    const { store, sink } = await fresh('hourly');
    await sink.write(batchOf(0, 199));
    const range = { from: new Date(start), to: new Date(start + 12 * HOUR_MS) };
    const hourly = async () => {
      const rows = await store.query<Record<string, unknown>>('read', `from(bucket: "${store.bucket}_hourly") |> range(start: 0)`);
      return rows.map(({ _start, _stop, table, ...row }) => row).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    };
    await sumHours(store, range);
    const once = await hourly();
    await sumHours(store, range);
    expect(once.length).toBeGreaterThan(1_000);
    expect(await hourly()).toEqual(once);
    await sink.write(batchOf(200, 479));
    await sumHours(store, range);
    const rows = await hourly();
    const total = (field: string) => rows.reduce((all, row) => (row['_field'] === field ? all + Number(row['_value']) : all), 0);
    const records = batchOf(0, 479).records;
    expect(total('events')).toBe(480);
    expect(total('prompt_tokens')).toBe(records.reduce((all, { value }) => all + value.enrichment.usage.inputTokens, 0));
    expect(total('cost_usd_sum')).toBeCloseTo(
      records.reduce((all, { value }) => all + (value.enrichment.costUsd ?? 0), 0),
      6,
    );
    const worst = Math.max(...rows.filter((row) => row['_field'] === 'latency_ms_max').map((row) => Number(row['_value'])));
    expect(worst).toBe(Math.max(...records.map(({ value }) => value.interaction.latencyMs)));
  });

  // InfluxDB 2.7 panicked ("arrow/array: index out of range") on `max` over groups of tables with other columns.
  it('sums hours of many points, some of them without a user', async () => {
    const { store, sink } = await fresh('many', { tagLimits: { user_id: 20 } });
    const many = createFixtures({ startMs: hoursAgo(3), stepMs: 2_500 });
    await sink.write(many.batch('assessed', { first: 0, last: 3_999 }));
    await sumHours(store, { from: new Date(hoursAgo(3)), to: new Date(hoursAgo(0)) });
    const sums = await store.query<{ _value: number }>(
      'read',
      `from(bucket: "${store.bucket}_hourly") |> range(start: 0) |> filter(fn: (r) => r._field == "events") |> group() |> sum()`,
    );
    expect(sums[0]?._value).toBe(4_000);
  });

  it('makes its tasks once, and InfluxDB can run them', async () => {
    const { store, sink } = await fresh('tasks');
    await sink.open();
    type Task = { id: string; name: string };
    const { tasks } = await store.request<{ tasks: Task[] }>('list', 'GET', '/api/v2/tasks?limit=500');
    const own = tasks.filter(({ name }) => name.startsWith(`parapet ${store.bucket} `));
    expect(own.map(({ name }) => name).sort()).toEqual(['daily', 'hourly'].map((task) => `parapet ${store.bucket} ${task}`));
    await sink.write(batchOf(960, 1_439));
    for (const { id } of own) {
      const run = await store.request<{ id: string }>('run', 'POST', `/api/v2/tasks/${id}/runs`, {});
      await expect
        .poll(async () => (await store.request<{ status: string }>('look', 'GET', `/api/v2/tasks/${id}/runs/${run.id}`)).status, {
          timeout: 30_000,
        })
        .toBe('success');
    }
    const sums = await store.query<{ _value: number }>(
      'read',
      `from(bucket: "${store.bucket}_hourly") |> range(start: 0) |> filter(fn: (r) => r._field == "events") |> group() |> sum()`,
    );
    expect(sums[0]?._value).toBe(480);
  });

  describe('asked by an operator', () => {
    let asked: Influx;
    beforeAll(async () => {
      const { store, sink } = await fresh('questions');
      asked = store;
      await sink.write(createFixtures({ startMs: Date.now() - 50 * 60_000, stepMs: 10_000 }).batch('assessed', { first: 0, last: 299 }));
      await sumHours(store, { from: new Date(hoursAgo(1)), to: new Date(hoursAgo(-1)) });
    });
    it.each(OPERATOR_QUERIES)('answers: $question', async ({ flux }) => {
      const rows = await asked.query('ask', flux.replaceAll('"parapet', `"${asked.bucket}`));
      expect(rows.length).toBeGreaterThan(0);
    });
  });
});
