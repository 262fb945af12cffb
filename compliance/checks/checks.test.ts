/** Each check with evidence that passes, that fails and that is empty; missing, expired and gap evidence are the same for all. */
import { describe, expect, it } from 'vitest';
import { runCheck } from '../judge.ts';
import { readComplianceSettings } from '../settings.ts';
import { evidenceOf, NOW, WINDOW } from '../testing.ts';
import { type ComplianceSettings, LANGUAGES, type Outcome, type Row } from '../types.ts';
import { CHECKS } from './index.ts';

type Rows = Record<string, Row[]>;
interface Case {
  outcome: Outcome;
  says?: string;
  rows: Rows;
  settings?: Partial<ComplianceSettings>;
}

const DEFAULTS = readComplianceSettings(undefined);
const expected = (over: Partial<ComplianceSettings['expected']>) => ({ expected: { ...DEFAULTS.expected, ...over } });
const objectives = (over: Partial<ComplianceSettings['objectives']>) => ({ objectives: { ...DEFAULTS.objectives, ...over } });

const hour = (accepted: number, lake: number) => ({
  hour: '2026-10-01T00:00:00.000Z',
  status: 'answered',
  accepted,
  events: accepted,
  rows: accepted,
  lake,
});
const day = '2026-10-01T00:00:00.000Z';
const decided = (over: Row) => ({
  day,
  inspect_mode: 'block',
  interactions: 5,
  called: 5,
  in_line: 5,
  in_stream: 0,
  not_inspected: 0,
  ...over,
});
const used = (gateway: string, version: string) => ({
  kind: 'in use',
  gateway,
  version,
  mode: '',
  first_seen: day,
  last_seen: '2026-10-30T00:00:00.000Z',
});
const published = (over: Row = {}) => ({
  kind: 'signatures.published',
  gateway: 'ada',
  version: '7',
  mode: 'enforce',
  first_seen: '2026-10-05T00:00:00.000Z',
  key_id: 'k',
  ...over,
});
const evaluated = (bounds_met: string) => ({ target: 'a.jsonl', bounds_met, tpr_alert: 0.9, fpr_alert: 0.02 });
const byRule = (threats: number, judged: number, false_positives: number) => ({ rule: 'r', threats, judged, false_positives, missed: 0 });
const drifted = { action: 'detection.drifted', measure: 'risk', occurred_at: '2026-10-10T00:00:00.000Z' };
const trail = (action: string, last_seen: string) => ({ actor: 'ada', action, outcome: 'success', events: 1, last_seen });
const incident = (over: Row) => ({
  agent: 'bot',
  severity: 'high',
  status: 'closed',
  threats: 1,
  blocked: 0,
  judged: 0,
  containment: '',
  first_seen: day,
  ...over,
});
const model = (over: Row) => ({ file: 'linear.bin', card: true, licence: 'MIT', provenance: true, sha256: 'ab', ...over });
const run = (over: Row) => ({
  action: 'model.trained',
  occurred_at: day,
  actor: 'ada',
  taught: '20',
  held_back: '9',
  candidate_alert: '1',
  ...over,
});
const promoted = { action: 'signatures.published', occurred_at: '2026-10-03T00:00:00.000Z', actor: 'ada', key_id: 'k' };
const master = (oldest_at: string | null) => ({ kind: 'master key', keys: 1, oldest_at });
const apiKey = (over: Row) => ({ key_id: 'k1', state: 'known', created_at: '2026-10-01T00:00:00Z', interactions: 3, ...over });
const kept = (verdict: string) => ({ store: 'log', name: 'audit', verdict });
const asked = (status: string, hours: number) => ({ target: 'erased:1', status, hours });
const spent = (cost_usd: number, unpriced = 0) => ({ day, cost_usd, unpriced });
const drill = (over: Row) => ({ occurred_at: day, target: 'chaos', outcome: 'success', kind: 'chaos', passed: 'true', lost: '0', ...over });
const drawn = (over: Row) => ({ interaction_id: 'i', event_hash: 'ab', threats_said: 1, threats_stored: 1, in_log: 'yes', ...over });
const letters = (state: string, count: number) => ({ consumer: 'enrich', state, letters: count });
const override = (reason_given: boolean) => ({ action: 'quarantine.lifted', actor: 'ada', reason_given });
const approved = (author: string) => ({ action: 'evidence.approved', actor: 'ada', author });

const gap = (rows: Rows, more: Partial<Case> = {}): Case => ({ outcome: 'gap', rows, ...more });
const pass = (rows: Rows, more: Partial<Case> = {}): Case => ({ outcome: 'pass', rows, ...more });
const fail = (rows: Rows, more: Partial<Case> = {}): Case => ({ outcome: 'fail', rows, ...more });
/** With every piece of evidence there and without a row. */
const empty = (outcome: 'gap' | 'not_applicable'): Case => ({ outcome, rows: {} });

const CASES: Record<string, Case[]> = {
  'logging.complete': [
    pass({ 'logging-completeness': [hour(3, 3)] }, { says: '3 accepted = 3 in the log' }),
    fail({ 'logging-completeness': [hour(3, 3), hour(4, 3)] }, { says: 'In 1 of 2 lines' }),
    gap({ interactions: [{ day, interactions: 2 }] }),
    empty('not_applicable'),
  ],
  'logging.unbroken': [
    pass({ 'sequence-gaps': [{ present: 9, missing: 0 }] }),
    fail({ 'sequence-gaps': [{ present: 9, missing: 1 }] }),
    empty('not_applicable'),
  ],
  'logging.active': [pass({ interactions: [{ day, interactions: 9 }] }), empty('not_applicable')],
  'logging.audit-trail': [
    pass({ 'audit-trail': [trail('a.b', day)] }),
    fail({ 'audit-trail': [{ ...trail('a.b', day), actor: '' }] }),
    empty('gap'),
  ],
  'detection.inspected': [
    pass({ decisions: [decided({})] }),
    fail({ decisions: [decided({ not_inspected: 1 })] }),
    empty('not_applicable'),
  ],
  'detection.enforced': [
    pass({ decisions: [decided({})] }),
    fail({ decisions: [decided({}), decided({ inspect_mode: 'monitor' })] }, { says: 'For 5 of 10 calls' }),
    pass({
      decisions: [decided({ inspect_mode: 'monitor' })],
      attestations: [{ requirement: 'detection.enforced', actor: 'ada', expires_at: '2027-01-01T00:00:00Z' }],
    }),
    fail({
      decisions: [decided({ inspect_mode: 'monitor' })],
      attestations: [{ requirement: 'detection.enforced', actor: 'ada', expires_at: '2026-11-01T00:00:00Z' }],
    }),
    empty('not_applicable'),
  ],
  'detection.current': [
    pass({ 'signature-bundles': [used('gw-1', 'v'), used('gw-2', 'v')] }),
    fail({ 'signature-bundles': [used('gw-1', 'v'), used('gw-2', 'w')] }),
    fail({ 'signature-bundles': [used('gw-1', 'v'), published()] }, { says: 'gw-1' }),
    pass({ 'signature-bundles': [used('gw-1', 'v'), published(), { kind: 'signatures.taken', gateway: 'gateway/gw-1', version: '7' }] }),
    empty('not_applicable'),
  ],
  'detection.quality': [
    pass({ 'detection-quality': [evaluated('false'), evaluated('true')] }, { says: 'at least 90 %' }),
    fail({ 'detection-quality': [evaluated('true'), evaluated('false')] }),
    gap({ 'detection-quality': [evaluated('')] }),
    empty('gap'),
  ],
  'detection.false-positives': [
    pass({ verdicts: [byRule(10, 10, 2)] }),
    fail({ verdicts: [byRule(10, 10, 3)] }, { says: '30 %' }),
    gap({ verdicts: [byRule(10, 0, 0)] }),
    empty('not_applicable'),
  ],
  'detection.drift-watched': [
    pass({ 'detection-drift': [{ action: 'detection.watched' }] }),
    pass({ 'detection-drift': [drifted], 'audit-trail': [trail('verdict.given', '2026-10-11T00:00:00.000Z')] }),
    fail({ 'detection-drift': [drifted], 'audit-trail': [trail('verdict.given', '2026-10-09T00:00:00.000Z')] }),
    empty('gap'),
  ],
  'threats.recorded': [
    pass({ threats: [{ threat_type: 'x', techniques: 'LLM01', severity: 'low', action: 'none', threats: 3 }] }),
    fail({ threats: [{ threat_type: 'x', techniques: '', severity: 'low', action: 'none', threats: 3 }] }),
    empty('not_applicable'),
  ],
  'threats.answered': [
    pass({ 'threat-response': [{ threats: 3, late: 0, waiting: 1, slowest_hours: 2 }] }),
    fail({ 'threat-response': [{ threats: 3, late: 1, waiting: 0, slowest_hours: 30 }] }),
    empty('not_applicable'),
  ],
  'incidents.handled': [
    pass({ incidents: [incident({})] }),
    pass({ incidents: [incident({ status: 'open', first_seen: '2026-11-01T12:00:00.000Z' })] }),
    fail({ incidents: [incident({ status: 'open' })] }),
    { outcome: 'not_applicable', rows: { incidents: [incident({ severity: 'low', status: 'open' })] } },
    empty('not_applicable'),
  ],
  'incidents.contained': [
    pass({ incidents: [incident({ threats: 9, containment: 'quarantine' })] }),
    pass({ incidents: [incident({ threats: 9 })], quarantines: [{ action: 'quarantine.set', target: 'acme/bot' }] }),
    fail({ incidents: [incident({}), incident({})] }),
    { outcome: 'not_applicable', rows: { incidents: [incident({ threats: 9, blocked: 9 })] } },
    empty('not_applicable'),
  ],
  'oversight.verdicts': [
    pass({ verdicts: [byRule(4, 1, 0)] }, { says: '1 of 4' }),
    fail({ verdicts: [byRule(4, 0, 0)] }),
    empty('not_applicable'),
  ],
  'oversight.overrides': [
    pass({ quarantines: [override(true)] }),
    fail({ quarantines: [override(false)] }),
    fail({ thresholds: [{ action: 'thresholds.set', actor: 'ada', reason_given: false }] }),
    empty('not_applicable'),
  ],
  'oversight.approvals': [pass({ approvals: [approved('bob')] }), fail({ approvals: [approved('ada')] }), empty('gap')],
  'models.documented': [pass({ 'model-cards': [model({})] }), fail({ 'model-cards': [model({ licence: '' })] }), empty('gap')],
  'models.traced': [
    pass({ 'model-training': [run({}), promoted] }),
    fail({ 'model-training': [run({ taught: '' })] }),
    gap({ 'model-training': [promoted] }),
    empty('not_applicable'),
  ],
  'inventory.models': [
    pass(
      { 'model-inventory': [{ vendor: 'openai', model: 'gpt-5-mini' }] },
      { settings: expected({ vendors: ['openai'], models: ['gpt-5*'] }) },
    ),
    fail(
      { 'model-inventory': [{ vendor: 'openai', model: 'o9' }] },
      { settings: expected({ vendors: ['openai'], models: ['gpt-5*'] }), says: 'openai/o9' },
    ),
    gap({ 'model-inventory': [{ vendor: 'openai', model: 'o9' }] }),
    empty('not_applicable'),
  ],
  'inventory.agents': [
    pass({ 'agent-inventory': [{ org: 'acme', agent: 'bot', interactions: 2 }] }),
    fail({ 'agent-inventory': [{ org: 'acme', agent: '' }] }),
    empty('not_applicable'),
  ],
  'data.residency': [
    pass({ 'region-use': [{ vendor: 'v', region: 'eu', interactions: 2 }] }, { settings: expected({ regions: ['eu'] }) }),
    fail(
      {
        'region-use': [
          { vendor: 'v', region: 'us', interactions: 2 },
          { vendor: 'v', region: '', interactions: 2 },
        ],
      },
      { settings: expected({ regions: ['eu'] }) },
    ),
    gap({ 'region-use': [{ vendor: 'v', region: '', interactions: 2 }] }, { settings: expected({ regions: ['eu'] }) }),
    gap({ 'region-use': [{ vendor: 'v', region: 'eu', interactions: 2 }] }),
    empty('not_applicable'),
  ],
  'data.minimised': [
    pass({ 'sensitive-data': [{ data_type: 'all', found: 3, unmasked: 0, interactions: 9 }] }),
    fail({ 'sensitive-data': [{ data_type: 'all', found: 3, unmasked: 1, interactions: 9 }] }),
    empty('not_applicable'),
  ],
  'data.retention': [
    pass({ retention: [kept('ok'), kept('empty')] }),
    fail({ retention: [kept('ok'), kept('overdue')] }),
    fail({ retention: [kept('unknown'), kept('differs')] }),
    gap({ retention: [kept('ok'), kept('unknown')] }),
    gap({ retention: [kept('empty')] }),
    empty('gap'),
  ],
  'data.erasures': [
    pass({ erasures: [asked('done', 3), asked('begun', 9)] }),
    fail({ erasures: [asked('begun', 721)] }),
    empty('not_applicable'),
  ],
  'data.sealed': [
    pass({ 'encryption-keys': [{ kind: 'sealed content', keys: 2, interactions: 5, algorithm: 'A256GCM' }] }),
    fail({
      'encryption-keys': [
        { kind: 'sealed content', interactions: 5 },
        { kind: 'clear content', interactions: 1 },
      ],
    }),
    gap({ 'encryption-keys': [master(day)] }),
    empty('gap'),
  ],
  'keys.age': [
    pass({ 'encryption-keys': [master(day)], 'api-keys': [apiKey({})] }, { says: '32 days' }),
    fail({ 'encryption-keys': [master('2025-01-01T00:00:00Z')], 'api-keys': [apiKey({})] }),
    fail({ 'encryption-keys': [master(day)], 'api-keys': [apiKey({ created_at: '2025-01-01T00:00:00Z' })] }),
    gap({ 'encryption-keys': [master(null)], 'api-keys': [apiKey({})] }),
    gap({ 'encryption-keys': [master(day)], 'api-keys': [apiKey({ created_at: null })] }),
    empty('gap'),
  ],
  'access.keys': [
    pass({ 'api-keys': [apiKey({})] }),
    fail({ 'api-keys': [apiKey({}), { key_id: '', state: 'no key', interactions: 1 }] }),
    fail({ 'api-keys': [apiKey({ created_at: '2025-01-01T00:00:00Z' })] }),
    gap({ 'api-keys': [apiKey({ state: 'gone', created_at: null })] }),
    empty('not_applicable'),
  ],
  'access.clear-text': [
    pass({ 'clear-text-access': [{ actor: 'ada', reason_given: true }] }),
    fail({ 'clear-text-access': [{ actor: 'ada', reason_given: false }] }),
    empty('not_applicable'),
  ],
  'change.schemas': [
    pass({ 'schema-history': [{ record: 'Threat', version: '1', compatible: true }] }),
    fail({ 'schema-history': [{ record: 'Threat', version: 'not released', compatible: true }] }),
    empty('gap'),
  ],
  'change.configuration': [
    pass({ configuration: [{ kind: 'start', value: 'ab' }] }),
    fail({ configuration: [{ kind: 'start', value: '' }] }),
    { outcome: 'not_applicable', rows: { configuration: [{ kind: 'setting', name: 'A', value: 'b' }] } },
    empty('not_applicable'),
  ],
  'change.signatures': [
    pass({ 'signature-bundles': [published()] }),
    fail({ 'signature-bundles': [published({ key_id: '' })] }),
    { outcome: 'not_applicable', rows: { 'signature-bundles': [published({ first_seen: '2026-09-01T00:00:00.000Z' })] } },
    empty('not_applicable'),
  ],
  'operations.dead-letters': [
    pass({ 'dead-letters': [letters('looked at', 0), letters('dropped', 2)] }),
    fail({ 'dead-letters': [letters('open', 1)] }),
    empty('gap'),
  ],
  'operations.availability': [
    pass({ availability: [{ served: 999, failed: 1 }] }),
    fail({ availability: [{ served: 99, failed: 1 }] }, { says: '99 %' }),
    empty('not_applicable'),
  ],
  'operations.latency': [
    pass({ latency: [{ day, guards_p99_ms: 9 }] }),
    fail({ latency: [{ day, guards_p99_ms: 101 }] }),
    empty('not_applicable'),
  ],
  'operations.chaos': [
    pass({ drills: [drill({ passed: 'false' }), drill({})] }),
    fail({ drills: [drill({}), drill({ passed: 'false' })] }),
    fail({ drills: [drill({ passed: '', lost: '2' })] }),
    gap({ drills: [drill({ kind: 'backup' })] }),
    empty('gap'),
  ],
  'operations.restore': [
    pass({ replays: [drill({ kind: '', passed: '', target: 'interactions' })] }),
    fail({ replays: [drill({ kind: 'backup', passed: 'false' })] }),
    empty('gap'),
  ],
  'cost.budget': [
    pass({ spend: [spent(40)] }, { settings: objectives({ budgetUsd: 50 }) }),
    fail({ spend: [spent(40), spent(11)] }, { settings: objectives({ budgetUsd: 50 }), says: '51 USD' }),
    gap({ spend: [spent(40, 1)] }, { settings: objectives({ budgetUsd: 50 }) }),
    gap({ spend: [spent(40)] }),
    empty('not_applicable'),
  ],
  'evidence.sampled': [
    pass({ samples: [drawn({}), drawn({ in_log: 'forgotten' })] }),
    fail({ samples: [drawn({ in_log: 'no' })] }),
    fail({ samples: [drawn({ threats_stored: 0 })] }),
    gap({ samples: [drawn({ in_log: 'forgotten' })] }),
    gap({ samples: [drawn({ event_hash: '' })] }),
    empty('gap'),
  ],
  // Nothing can be judged yet.
  'governance.policies': [empty('gap')],
  'governance.identities': [empty('gap')],
  'governance.assets': [empty('gap')],
};

/** It says whether there was traffic: what could fail is judged elsewhere. */
const NEVER_FAILS = ['logging.active'];

describe.each(CHECKS.map((check) => [check.id, check] as const))('%s', (id, check) => {
  const judged = ({ rows, settings = {} }: Pick<Case, 'rows' | 'settings'>, over: Parameters<typeof evidenceOf>[2] = {}) => {
    const evidence = new Map(check.evidence.map((collector) => [collector, evidenceOf(collector, rows[collector] ?? [], over)]));
    return runCheck(check, evidence, { org: 'acme', window: WINDOW, settings: { ...DEFAULTS, ...settings } }, NOW);
  };
  const cases = CASES[id] ?? [];

  it.each(cases.map((each, n) => [each.outcome, n, each] as const))('is %s (%i)', (outcome, _, each) => {
    const result = judged(each);
    expect(result.outcome).toBe(outcome);
    const [reason] = result.reasons;
    if (reason === undefined) throw new Error('It gives no reason.');
    const said = new Map(LANGUAGES.map((language) => [language, filled(reason.text[language], reason.values)]));
    for (const [language, text] of said) expect(text, language).not.toMatch(/\{\w+\}|undefined|NaN/);
    expect(new Set(said.values()).size).toBe(LANGUAGES.length);
    if (each.says !== undefined) expect(said.get('en')).toContain(each.says);
  });

  it('is a gap when its evidence is missing, expired or a gap, and says which', () => {
    const context = { org: 'acme', window: WINDOW, settings: DEFAULTS };
    expect(runCheck(check, new Map(), context, NOW)).toMatchObject({
      outcome: 'gap',
      reasons: check.evidence.map((collector) => ({ values: { collector } })),
    });
    const first = cases.find(({ outcome }) => outcome === 'pass') ?? { rows: {} };
    expect(judged(first, { expiresAt: NOW }).outcome).toBe('gap');
    const why = { text: { en: 'no', de: 'nein', fr: 'non', es: 'no hay' }, values: {} };
    expect(judged(first, { gap: why })).toMatchObject({ outcome: 'gap', reasons: check.evidence.map(() => why) });
  });

  it('does not pass on evidence that was cut', () => {
    for (const each of cases) {
      const { outcome } = judged(each, { parameters: { row_limit_reached: true } });
      expect(outcome).toBe(each.outcome === 'fail' ? 'fail' : 'gap');
    }
  });

  it('has cases that pass, fail and are empty', () => {
    const outcomes = new Set(cases.map(({ outcome }) => outcome));
    expect(cases.some(({ rows }) => Object.keys(rows).length === 0)).toBe(true);
    if (id.startsWith('governance.')) return;
    expect(outcomes).toContain('pass');
    if (!NEVER_FAILS.includes(id)) expect(outcomes).toContain('fail');
  });
});

describe('checks', () => {
  it('have ids, and cases, of their own', () => {
    expect(Object.keys(CASES).sort()).toEqual(CHECKS.map(({ id }) => id).sort());
  });
});

function filled(text: string, values: Readonly<Record<string, unknown>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}
