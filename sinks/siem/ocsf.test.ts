/** Events as OCSF 1.8, held against the schema's own definitions. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnalystVerdict, AuditEvent, Threat } from '../../schemas/types.ts';
import { createFixtures } from '../fixtures.ts';
import { toEvent } from './event.ts';
import { toOcsf } from './ocsf.ts';
import { hostileAudit, hostileThreat, hostileVerdict } from './testing/hostile.ts';
import { violations } from './testing/ocsf-schema.ts';

const fixtures = createFixtures();
const finding = (threat: Partial<Threat> = {}) => toOcsf(toEvent('threats', { ...fixtures.threat(1), ...threat }), { version: '0.1.0' });
const entity = (audit: Partial<AuditEvent> = {}) => toOcsf(toEvent('audit', { ...fixtures.audit(1), ...audit }), { version: '0.1.0' });

const judged = (said: Partial<AnalystVerdict> = {}) =>
  toOcsf(toEvent('verdicts', { ...fixtures.verdict(1), ...said }), { version: '0.1.0' });

describe('a threat as a Detection Finding', () => {
  it('is valid, whatever the record holds', () => {
    for (let n = 0; n < 200; n++) expect(violations(finding(fixtures.threat(n)))).toEqual([]);
    fc.assert(fc.property(hostileThreat, (threat) => void expect(violations(finding(threat))).toEqual([])));
  });

  it('names MITRE’s techniques as attacks, and no others', () => {
    const event = finding({ techniques: ['LLM01', 'AML.T0051.001', 'T1059.004', 'AML.T0054', 'ASI01'] });
    expect(event['attacks']).toEqual([
      {
        technique: { uid: 'AML.T0051', src_url: 'https://atlas.mitre.org/techniques/AML.T0051' },
        sub_technique: { uid: 'AML.T0051.001', src_url: 'https://atlas.mitre.org/techniques/AML.T0051.001' },
      },
      {
        technique: { uid: 'T1059', src_url: 'https://attack.mitre.org/techniques/T1059' },
        sub_technique: { uid: 'T1059.004', src_url: 'https://attack.mitre.org/techniques/T1059/004' },
      },
      { technique: { uid: 'AML.T0054', src_url: 'https://atlas.mitre.org/techniques/AML.T0054' } },
    ]);
    expect(event['finding_info']).toMatchObject({ attacks: event['attacks'] });
    expect(event['unmapped']).toMatchObject({ other_techniques: ['LLM01', 'ASI01'] });
  });

  it('says what was done, and what an analyst judged', () => {
    expect(finding({ actionTaken: 'blocked', falsePositive: null })).toMatchObject({
      ...{ class_uid: 2004, type_uid: 200401, status_id: 1, action_id: 2, disposition_id: 2, is_alert: true },
    });
    expect(finding({ falsePositive: true })).toMatchObject({ type_uid: 200402, status_id: 3, verdict_id: 1 });
    expect(finding({ falsePositive: false })).toMatchObject({ type_uid: 200402, status_id: 2, verdict_id: 2 });
  });
});

describe('a verdict as an update of its threat’s finding', () => {
  it('is valid, whatever the record holds', () => {
    for (let n = 0; n < 100; n++) expect(violations(judged(fixtures.verdict(n)))).toEqual([]);
    fc.assert(fc.property(hostileVerdict, (said) => void expect(violations(judged(said))).toEqual([])));
  });

  it('names the finding that the threat was sent as', () => {
    const threat = fixtures.threat(1);
    const [sent, said] = [finding(threat), judged({ verdict: 'false_positive', note: 'a quotation' })];
    const uid = (event: Record<string, unknown>) => (event['finding_info'] as { uid: string }).uid;
    expect(uid(said)).toBe(uid(sent));
    expect(said['metadata']).toMatchObject({ uid: fixtures.verdict(1).verdictId, correlation_uid: threat.interactionId });
    expect(said).toMatchObject({ actor: { user: { uid: fixtures.verdict(1).actor } }, comment: 'a quotation' });
  });

  it.each([
    ['false_positive', { type_uid: 200402, status_id: 3, verdict_id: 1, is_alert: false }],
    ['true_positive', { type_uid: 200402, status_id: 2, verdict_id: 2, is_alert: true }],
    ['withdrawn', { type_uid: 200402, status_id: 1, verdict_id: 0, is_alert: true }],
    ['undecided', { type_uid: 200402, status_id: 99, verdict_id: 99, verdict: 'undecided' }],
  ])('says %s with the schema’s own numbers', (verdict, wanted) => {
    expect(judged({ verdict: verdict as AnalystVerdict['verdict'] })).toMatchObject(wanted);
  });

  it('makes a finding of an attack that no rule saw, and closes it when that is taken back', () => {
    const on = { threatId: null, interactionId: 'i-1', ruleId: '', layer: '', threatType: '' };
    const missed = judged({ ...on, verdict: 'missed' });
    expect(missed).toMatchObject({ type_uid: 200401, verdict_id: 2, severity_id: 4, finding_info: { uid: 'interaction/i-1' } });
    const back = judged({ ...on, verdict: 'withdrawn' });
    expect(back).toMatchObject({ type_uid: 200403, status_id: 4, is_alert: false, finding_info: { uid: 'interaction/i-1' } });
    for (const event of [missed, back]) expect(violations(event)).toEqual([]);
  });
});

describe('an audit event as Entity Management', () => {
  it('is valid, whatever the record holds', () => {
    for (let n = 0; n < 100; n++) expect(violations(entity(fixtures.audit(n)))).toEqual([]);
    fc.assert(fc.property(hostileAudit, (audit) => void expect(violations(entity(audit))).toEqual([])));
  });

  it.each([
    ['gateway.started', 10],
    ['content.read', 2],
    ['policy.published', 3],
    ['dead_letter.dropped', 4],
    ['something.unheard_of', 99],
  ])('says %s as activity %i', (action, activity) => {
    expect(entity({ action })).toMatchObject({ class_uid: 3004, activity_id: activity, type_uid: 300400 + activity });
  });

  it('says whether it worked, and takes the actor for the entity when there is no target', () => {
    expect(entity({ outcome: 'failure' })).toMatchObject({ status_id: 2, severity_id: 3 });
    expect(entity({ outcome: 'success', target: '', actor: 'gateway/gw-1' })).toMatchObject({
      status_id: 1,
      entity: { uid: 'gateway/gw-1' },
    });
  });
});

describe('the check itself', () => {
  it('finds what is missing, unknown, of the wrong type or value, or without its profile', () => {
    const { finding_info: _, ...without } = finding();
    expect(violations(without)).toContain('finding_info is required');
    expect(violations({ ...finding(), ai_model: { name: 'm' } })).toContain('ai_model is not in the schema');
    expect(violations({ ...finding(), severity_id: 7 })).toEqual([expect.stringContaining('severity_id is 7')]);
    expect(violations({ ...finding(), time: 'now' })).toContain('time is no integer');
    expect(violations({ ...finding({ falsePositive: null }), verdict_id: 1 })).toContain('verdict_id needs the profile incident');
    expect(violations({ ...finding(), evidences: [{ uid: 'x' }] })).toEqual([expect.stringContaining('evidences. has none of')]);
  });
});
