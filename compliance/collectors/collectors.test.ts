/** Collectors over a real log, real keys and ClickHouse's engine. chDB binds one folder per process, so all share one ground. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../core/ids.ts';
import { seal } from '../../keys/seal.ts';
import { auditRecord } from '../../log/audit.ts';
import { controlRecord } from '../../log/controls.ts';
import { deadLetter } from '../../log/dead-letters.ts';
import type { AuditEvent, Interaction, Threat } from '../../schemas/types.ts';
import { createFixtures } from '../../sinks/fixtures.ts';
import { CHECKS } from '../checks/index.ts';
import { LANGUAGES } from '../types.ts';
import { COLLECTORS } from './index.ts';
import { sampleSize } from './samples.ts';
import { assessedOf, type Ground, openGround } from './testing.ts';

const fixtures = createFixtures();
let ground: Ground;

const micros = (iso: string) => Date.parse(iso) * 1_000;
const call = (n: number, at: string, over: Partial<Interaction> = {}) => {
  const times = { startedAt: micros(at), endedAt: micros(at) + 1_000_000, latencyMs: 1_000, vendorMs: 900, inspectMs: 2.5 };
  return assessedOf(fixtures, n, {
    ...times,
    gatewayId: 'gw-1',
    gatewaySequence: n,
    userId: 'u-1',
    apiKeyId: 'key-1',
    verdicts: [],
    policyDecisions: [],
    ...over,
  });
};
const threat = (n: number, at: string, over: Partial<Threat> = {}): Threat => ({
  ...fixtures.threat(n),
  ...{ threatId: `t-${n}`, org: 'acme', agentId: 'bot', occurredAt: micros(at), threatType: 'prompt_injection', severity: 'high' },
  ...{ techniques: ['LLM01', 'AML.T0051'], actionTaken: 'flagged', layer: 'signature', ruleId: 'PI-1', falsePositive: null, ...over },
});
const event = (at: string, action: string, details: Record<string, string> = {}, over: Partial<AuditEvent> = {}): AuditEvent => ({
  ...{
    auditId: newId(),
    org: 'acme',
    occurredAt: micros(at),
    actor: 'ada',
    action,
    target: 'x',
    outcome: 'success',
    details,
    interactionId: null,
    traceId: null,
  },
  ...over,
});

/** What every collector of the organisation must not show. */
const STRANGE = 'stranger';

beforeAll(async () => {
  ground = await openGround();
  const blocked = { status: 'blocked', vendor: null, modelUsed: null, region: null, vendorMs: null } as const;
  const secret = call(3, '2026-10-01T12:00:00Z', { inspectMode: 'monitor' });
  secret.enrichment.maskedPrompt = 'write to ann@example.org';
  secret.enrichment.maskedCounts = { EMAIL: 2 };
  const unpriced = call(6, '2026-10-02T10:00:00Z', { status: 'failed', region: null });
  unpriced.enrichment.costUsd = null;
  await ground.write('assessed', [
    call(1, '2026-10-01T10:00:00Z'),
    call(2, '2026-10-01T10:30:00Z', blocked),
    secret,
    // Number 4 is another organisation's, number 5 is nobody's.
    call(4, '2026-10-01T13:00:00Z', { org: STRANGE, agentId: STRANGE, vendor: STRANGE }),
    unpriced,
    // The window is half open.
    call(7, '2026-11-01T00:00:00Z', { agentId: STRANGE, vendor: STRANGE, gatewayId: 'gw-2' }),
    call(8, '2026-09-30T23:59:59Z', { agentId: STRANGE, vendor: STRANGE, gatewayId: 'gw-2' }),
  ]);
  await ground.write('threats', [
    threat(1, '2026-10-01T10:30:00Z', { actionTaken: 'blocked' }),
    threat(2, '2026-10-03T00:00:00Z'),
    threat(3, '2026-10-31T23:00:00Z'),
    threat(4, '2026-10-05T00:00:00Z', { severity: 'low', threatType: 'secret_leak', techniques: [] }),
    threat(5, '2026-10-05T00:00:00Z', { org: STRANGE, agentId: STRANGE }),
    threat(6, '2026-10-06T00:00:00Z', { agentId: 'kept' }),
  ]);
  const said = {
    ...fixtures.verdict(0),
    org: 'acme',
    threatId: 't-2',
    actor: 'ada',
    verdict: 'false_positive' as const,
    occurredAt: micros('2026-10-03T02:00:00Z'),
  };
  await ground.write('verdicts', [
    said,
    { ...said, verdictId: newId(), threatId: null, interactionId: 'i-1', verdict: 'missed', ruleId: '' },
    { ...said, verdictId: newId(), org: STRANGE, threatId: 't-5', actor: STRANGE },
  ]);
  const incident = {
    ...fixtures.incident(0),
    incidentId: 'inc-1',
    org: 'acme',
    agentId: 'bot',
    threatType: 'prompt_injection',
    severity: 'high' as const,
  };
  await ground.write('incidents', [
    {
      ...incident,
      status: 'open',
      threats: 3,
      blocked: 1,
      trustScore: 60,
      firstSeenAt: micros('2026-10-01T10:30:00Z'),
      lastSeenAt: micros('2026-10-03T00:00:00Z'),
      containment: null,
    },
    { ...incident, incidentId: 'inc-2', org: STRANGE, agentId: STRANGE },
  ]);
  await ground.write('audit', [
    event(
      '2026-10-02T00:00:00Z',
      'gateway.started',
      { inspectMode: 'block', settingsHash: 'abc' },
      { org: 'house', actor: 'gateway/gw-1' },
    ),
    event(
      '2026-10-03T00:00:00Z',
      'signatures.published',
      { mode: 'enforce', rules: '3', keyId: 'k' },
      { org: 'house', target: 'signatures/7' },
    ),
    event('2026-10-06T01:00:00Z', 'quarantine.set', { until: 'soon', reason: 'ann did it' }, { target: 'acme/kept', actor: 'respond' }),
    event('2026-10-07T00:00:00Z', 'quarantine.lifted', { until: 'soon', reason: 'ann did it' }, { target: 'acme/kept' }),
    event(
      '2026-10-08T00:00:00Z',
      'subject.erased',
      { until: '2026-10-07T00:00:00.000Z', reason: 'asked', keys: '1' },
      { target: 'erased:1' },
    ),
    event('2026-10-08T00:00:00Z', 'subject.erased', {}, { org: STRANGE, target: STRANGE }),
    event('2026-10-09T00:00:00Z', 'retention.applied', { log: '3', s3: '4' }, { org: 'house', target: 'retention' }),
    event(
      '2026-09-09T00:00:00Z',
      'drill.recorded',
      { kind: 'chaos', passed: 'true', faults: '200', lost: '0' },
      { org: 'house', target: 'chaos' },
    ),
    event('2026-01-09T00:00:00Z', 'drill.recorded', { kind: 'chaos' }, { org: 'house', target: STRANGE }),
    event('2026-10-10T00:00:00Z', 'content.read', { reason: 'a case' }),
  ]);
  ground.keys.current('acme/u-1');
  const content = seal(ground.keys, 'acme/u-1', 'i-9', 'requestContent', 'hello');
  await ground.append([
    {
      ...{ topic: 'parapet.interactions.v1', key: 'acme/bot', timestamp: 0, headers: {} },
      value: ground.codec.encode('interactions', { ...call(9, '2026-10-10T00:00:00Z').interaction, requestContent: content }),
    },
    controlRecord(ground.codec, {
      ...{ org: 'acme', kind: 'erasure', key: 'erased:2', issuedAt: micros('2026-10-20T00:00:00Z'), actor: 'cli' },
      value: JSON.stringify({ erasedAt: 1, check: '', done: false }),
    }),
  ]);
  const letter = auditRecord(ground.codec, { org: 'acme', actor: 'a', action: 'x.y', target: '', details: {} });
  const failure = { group: 'enrich', step: 's', code: 'PARAPET_RECORD_INVALID', reason: '', attempts: 1 };
  await ground.append([
    deadLetter({ ...letter, partition: 0, offset: 1 }, failure, Date.parse('2026-10-11T00:00:00Z')),
    deadLetter({ ...letter, key: `${STRANGE}/a`, partition: 0, offset: 2 }, failure, Date.parse('2026-10-11T00:00:00Z')),
  ]);
  const key = (id: string, org: string, more = {}) => ({
    id,
    sha256: 'a'.repeat(62) + id.slice(-2).padStart(2, '0').replace(/\W/g, '0').replace(/[g-z]/g, 'f'),
    org,
    agentId: 'bot',
    ...more,
  });
  const keys = [key('key-1', 'acme', { createdAt: '2026-09-01T00:00:00Z' }), key('key-2', STRANGE)];
  writeFileSync(join(ground.env.PARAPET_DATA, 'api-keys.json'), JSON.stringify({ keys }));
}, 60_000);
afterAll(() => ground.close());

function collectorOf(id: string) {
  const found = COLLECTORS.find((collector) => collector.id === id);
  if (found === undefined) throw new Error(`There is no collector ${id}.`);
  return found;
}

async function collect(id: string, over: Parameters<Ground['context']>[0] = {}) {
  const found = await collectorOf(id).collect(ground.context(over));
  if ('gap' in found) throw new Error(found.gap.text.en);
  return found.rows;
}

const DAY_1 = '2026-10-01T00:00:00.000Z';
const DAY_2 = '2026-10-02T00:00:00.000Z';

describe('collectors find', () => {
  it('which numbers of a gateway are missing, another organisation’s not among them', async () => {
    expect(await collect('sequence-gaps')).toEqual([
      {
        gateway: 'gw-1',
        first_number: 1,
        last_number: 6,
        present: 5,
        missing: 1,
        first_seen: '2026-10-01T10:00:00.000Z',
        last_seen: '2026-10-02T10:00:00.000Z',
      },
    ]);
  });

  it('interactions, decisions, availability and latency by day', async () => {
    expect(await collect('interactions')).toEqual([
      { day: DAY_1, status: 'answered', interactions: 2 },
      { day: DAY_1, status: 'blocked', interactions: 1 },
      { day: DAY_2, status: 'failed', interactions: 1 },
    ]);
    const none = { in_stream: 0, not_inspected: 0, flagged: 0, redacted: 0, blocked: 0 };
    expect(await collect('decisions')).toEqual([
      { day: DAY_1, inspect_mode: 'block', interactions: 2, called: 1, in_line: 1, ...none, blocked: 1 },
      { day: DAY_1, inspect_mode: 'monitor', interactions: 1, called: 1, in_line: 1, ...none },
      { day: DAY_2, inspect_mode: 'block', interactions: 1, called: 1, in_line: 1, ...none },
    ]);
    expect(await collect('availability')).toEqual([
      { day: DAY_1, interactions: 3, served: 2, failed: 0, refused: 1 },
      { day: DAY_2, interactions: 1, served: 0, failed: 1, refused: 0 },
    ]);
    const ms = { guards_p50_ms: 2.5, guards_p99_ms: 2.5, vendor_p50_ms: 900, vendor_p99_ms: 900 };
    expect(await collect('latency')).toEqual([{ day: DAY_1, vendor: 'openai', interactions: 2, ...ms }]);
  });

  it('threats, and how grave ones were answered', async () => {
    expect(await collect('threats')).toEqual(
      [
        {
          threat_type: 'prompt_injection',
          severity: 'high',
          techniques: 'AML.T0051 LLM01',
          layer: 'signature',
          action: 'flagged',
          threats: 3,
          interactions: 3,
          agents: 2,
        },
        {
          threat_type: 'prompt_injection',
          severity: 'high',
          techniques: 'AML.T0051 LLM01',
          layer: 'signature',
          action: 'blocked',
          threats: 1,
          interactions: 1,
          agents: 1,
        },
        {
          threat_type: 'secret_leak',
          severity: 'low',
          techniques: '',
          layer: 'signature',
          action: 'flagged',
          threats: 1,
          interactions: 1,
          agents: 1,
        },
      ].sort((a, b) => b.threats - a.threats || (`${a.threat_type}${a.action}` < `${b.threat_type}${b.action}` ? -1 : 1)),
    );
    // The last one came 25 hours before now, and 24 are allowed.
    expect(await collect('threat-response')).toEqual([
      { severity: 'high', answer: 'contained', threats: 1, late: 0, waiting: 0, slowest_hours: 1 },
      { severity: 'high', answer: 'judged', threats: 1, late: 0, waiting: 0, slowest_hours: 2 },
      { severity: 'high', answer: 'none', threats: 1, late: 1, waiting: 0, slowest_hours: 25 },
      { severity: 'high', answer: 'stopped', threats: 1, late: 0, waiting: 0, slowest_hours: 0 },
    ]);
    expect(await collect('threat-response', { now: '2026-11-01T00:00:00.000Z' })).toContainEqual({
      severity: 'high',
      answer: 'none',
      threats: 1,
      late: 0,
      waiting: 1,
      slowest_hours: 1,
    });
  });

  it('incidents as they stand, and verdicts by rule', async () => {
    expect(await collect('incidents')).toEqual([
      {
        ...{
          incident: 'inc-1',
          agent: 'bot',
          threat_type: 'prompt_injection',
          severity: 'high',
          status: 'closed',
          threats: 3,
          blocked: 1,
          judged: 1,
          trust: 60,
        },
        ...{ first_seen: '2026-10-01T10:30:00.000Z', last_seen: '2026-10-03T00:00:00.000Z', hours: 37.5, containment: '' },
      },
    ]);
    expect(await collect('incidents', { now: '2026-10-03T00:30:00.000Z' })).toMatchObject([{ status: 'open' }]);
    expect(await collect('verdicts')).toEqual([
      { rule: '', layer: '', threats: 0, judged: 0, true_positives: 0, false_positives: 0, missed: 1, analysts: 1 },
      { rule: 'PI-1', layer: 'signature', threats: 5, judged: 1, true_positives: 0, false_positives: 1, missed: 0, analysts: 1 },
    ]);
  });

  it('that a lifted quarantine says nothing of why, whatever it was set for, and never the reason itself', async () => {
    const rows = await collect('quarantines');
    expect(rows.map((row) => [row['action'], row['reason_given']])).toEqual([
      ['quarantine.set', true],
      ['quarantine.lifted', false],
    ]);
    expect(JSON.stringify(rows)).not.toContain('ann');
  });

  it('spend with what has no price, models, regions and agents', async () => {
    expect((await collect('spend')).map((row) => [row['day'], row['interactions'], row['cost_usd'], row['unpriced']])).toEqual([
      [DAY_1, 2, 0.5, 0],
      [DAY_2, 1, 0, 1],
    ]);
    expect(await collect('model-inventory')).toEqual([
      { vendor: 'openai', model: 'gpt-5', interactions: 3, first_seen: '2026-10-01T10:00:00.000Z', last_seen: '2026-10-02T10:00:00.000Z' },
    ]);
    expect((await collect('region-use')).map((row) => [row['region'], row['interactions']])).toEqual([
      ['', 1],
      ['eu-west-1', 2],
    ]);
    expect(await collect('agent-inventory')).toMatchObject([{ org: 'acme', agent: 'bot', interactions: 4, users: 1, unidentified: 0 }]);
  });

  it('an address that masking left, and counts it without showing it', async () => {
    const rows = await collect('sensitive-data');
    expect(rows).toEqual([
      { data_type: 'EMAIL', interactions: 1, found: 2, unmasked: 0 },
      { data_type: 'all', interactions: 4, found: 2, unmasked: 1 },
    ]);
  });

  it('erasures that are done and that are not', async () => {
    expect(await collect('erasures')).toEqual([
      {
        target: 'erased:1',
        status: 'done',
        requested_at: '2026-10-07T00:00:00.000Z',
        occurred_at: '2026-10-08T00:00:00.000Z',
        hours: 24,
        actor: 'ada',
        reason_given: true,
      },
      {
        target: 'erased:2',
        status: 'begun',
        requested_at: '2026-10-20T00:00:00.000Z',
        occurred_at: null,
        hours: 312,
        actor: 'cli',
        reason_given: null,
      },
    ]);
  });

  it('sealed content, keys, dead letters and API keys', async () => {
    expect(await collect('encryption-keys')).toMatchObject([
      { kind: 'master key' },
      { kind: 'data keys', keys: 1 },
      { kind: 'sealed content', keys: 1, interactions: 1 },
    ]);
    const letters = (await collect('dead-letters')).filter((row) => row['letters'] !== 0);
    expect(letters).toEqual([
      {
        consumer: 'enrich',
        state: 'open',
        code: 'PARAPET_RECORD_INVALID',
        letters: 1,
        oldest_at: '2026-10-11T00:00:00.000Z',
        newest_at: '2026-10-11T00:00:00.000Z',
      },
    ]);
    expect(await collect('api-keys')).toMatchObject([
      { key_id: 'key-1', created_at: '2026-09-01T00:00:00Z', interactions: 3, state: 'known' },
    ]);
  });

  it('what was done for all organisations, and drills as long as they hold', async () => {
    expect(await collect('retention-applied')).toMatchObject([{ removed: 'log 3, s3 4' }]);
    expect(await collect('drills')).toMatchObject([{ kind: 'chaos', passed: 'true', faults: '200', lost: '0' }]);
    const bundles = await collect('signature-bundles');
    expect(bundles.map((row) => [row['kind'], row['version']])).toEqual([
      ['in use', '2026.03.1'],
      ['signatures.published', '7'],
    ]);
    expect((await collect('configuration')).filter((row) => row['kind'] === 'start')).toMatchObject([
      { name: 'gateway/gw-1', value: 'abc', mode: 'block' },
    ]);
  });

  it('books of the window alone', async () => {
    const totals = { accepted: 3, events: 3, rows: 3, lake: 3, lost: 0, duplicated: 0 };
    const hour = (at: string) => ({ hour: at, status: 'answered', accepted: 1, events: 1, rows: 1, lake: 1 });
    const hours = ['2026-11-01T00:00:00.000Z', '2026-10-31T23:00:00.000Z', '2026-09-30T23:00:00.000Z'].map(hour);
    expect(await collect('logging-completeness', { books: async () => ({ totals, hours }) })).toEqual([hour('2026-10-31T23:00:00.000Z')]);
  });

  it('a sample that anybody can draw again, with each where it stands', async () => {
    const rows = await collect('samples');
    expect(rows).toHaveLength(4);
    expect(rows.every((row) => row['in_log'] === 'yes')).toBe(true);
    expect(await collect('samples', { seed: 'cd'.repeat(32) })).not.toEqual(rows);
    expect([0, 4, 5, 50, 51, 250, 251, 10_000_000].map(sampleSize)).toEqual([0, 4, 5, 5, 6, 25, 25, 25]);
  });
});

describe('every collector', () => {
  const BY_ITSELF = new Set(['logging-completeness']);
  it.each(COLLECTORS.map((collector) => [collector.id, collector] as const))(
    '%s gives the same bytes twice, and nothing of strangers',
    async (id, collector) => {
      const context = ground.context(BY_ITSELF.has(id) ? { books: async () => undefined } : {});
      const first = JSON.stringify(await collector.collect(context));
      expect(JSON.stringify(await collector.collect(context))).toBe(first);
      expect(first).not.toContain(STRANGE);
    },
  );

  it.each(COLLECTORS.map((collector) => [collector.id, collector] as const))(
    '%s finds nothing of an organisation that was never there',
    async (_, collector) => {
      const found = await collector.collect(ground.context({ org: 'nobody' }));
      const text = 'gap' in found ? '' : JSON.stringify(found.rows);
      expect(text).not.toMatch(/acme|"bot"|u-1/);
    },
  );

  it('has rows of exactly its columns, and titles in every language', async () => {
    for (const { id, title, columns, collect: of } of COLLECTORS) {
      const found = await of(ground.context());
      for (const row of 'gap' in found ? [] : found.rows) expect(Object.keys(row), id).toEqual(columns.map(({ name }) => name));
      for (const text of [title, ...columns.map((column) => column.title), ...('gap' in found ? [found.gap.text] : [])]) {
        for (const language of LANGUAGES) expect(text[language], id).not.toBe('');
      }
    }
  });

  it('has an id of its own, and a query of ClickHouse names organisation and window', async () => {
    expect(new Set(COLLECTORS.map(({ id }) => id)).size).toBe(COLLECTORS.length);
    expect(COLLECTORS.length).toBeGreaterThanOrEqual(40);
    for (const { id, source, collect: of } of COLLECTORS) {
      if (source !== 'clickhouse') continue;
      const { query } = await of(ground.context());
      for (const name of ['{org:String}', '{to:DateTime64(6,', 'ORDER BY', 'LIMIT']) expect(query, id).toContain(name);
      // Behind a union both would be of its last part alone.
      if (query.includes('UNION ALL')) expect(query, id).toMatch(/^SELECT \* FROM \(/);
    }
  });

  it('is used by a check, and every check’s evidence exists', () => {
    const used = new Set(CHECKS.flatMap(({ evidence }) => evidence));
    const there = new Set(COLLECTORS.map(({ id }) => id));
    expect([...there].filter((id) => !used.has(id))).toEqual([]);
    expect([...used].filter((id) => !there.has(id))).toEqual([]);
  });

  it('says when its bound was reached', async () => {
    const query = async () => Array.from({ length: 20_000 }, () => ({ day: DAY_1, status: 'answered', interactions: 1 }));
    expect(await collectorOf('interactions').collect(ground.context({ query }))).toMatchObject({
      parameters: { row_limit: 20_000, row_limit_reached: true },
    });
    expect(await collectorOf('interactions').collect(ground.context())).toMatchObject({ parameters: { row_limit_reached: false } });
  });

  it.each(['interactions', 'erasures'])('%s throws what its store throws', async (id) => {
    const query = async () => {
      throw new Error('the store is down');
    };
    await expect(collectorOf(id).collect(ground.context({ query }))).rejects.toThrow('the store is down');
  });
});
