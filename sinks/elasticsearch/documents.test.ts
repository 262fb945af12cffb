/** Records as documents, and the mapping that the documents have. */
import { describe, expect, it } from 'vitest';
import type { Threat } from '../../schemas/types.ts';
import { AUDIT_COLUMNS, THREAT_COLUMNS } from '../columns.ts';
import { createFixtures } from '../fixtures.ts';
import { type Document, type ElasticsearchView, endOfMonth, fieldsOf, monthOf, timeText, toDocument, VIEWS } from './documents.ts';

const fixtures = createFixtures();
const VIEW_NAMES = Object.keys(VIEWS) as ElasticsearchView[];
const documentOf = (change: Partial<Record<keyof Threat, unknown>>) => toDocument('threats', { ...fixtures.threat(1), ...change });

function made(change: Partial<Record<keyof Threat, unknown>>): Document {
  const document = documentOf(change);
  if ('reason' in document) throw new Error(document.reason);
  return document;
}

describe('a time', () => {
  it.each([
    [0, '1970-01-01T00:00:00.000000Z'],
    [1, '1970-01-01T00:00:00.000001Z'],
    [1_772_323_199_999_999, '2026-02-28T23:59:59.999999Z'],
    [Date.UTC(2262, 3, 1) * 1_000 - 1_000, '2262-03-31T23:59:59.999000Z'],
  ])('%d microseconds is %s', (micros, text) => {
    expect(timeText(micros)).toBe(text);
  });

  it.each([-1, Date.UTC(2262, 3, 1) * 1_000, Number.NaN, Number.POSITIVE_INFINITY])('%d is none that the store knows', (micros) => {
    expect(timeText(micros)).toBeUndefined();
  });

  it('decides the month by UTC, to the microsecond', () => {
    expect(monthOf(Date.UTC(2026, 3, 1) * 1_000 - 1)).toBe('2026.03');
    expect(monthOf(Date.UTC(2026, 3, 1) * 1_000)).toBe('2026.04');
    expect(monthOf(0)).toBe('1970.01');
  });

  it('of a month’s end is the first moment of the next', () => {
    expect(new Date(endOfMonth('2026.12')).toISOString()).toBe('2027-01-01T00:00:00.000Z');
    expect(new Date(endOfMonth('2028.02')).toISOString()).toBe('2028-03-01T00:00:00.000Z');
  });
});

describe('a document', () => {
  it('has the names that the brief asks for, and no empty fields', () => {
    const threat = { ...fixtures.threat(1), userId: null, falsePositive: true };
    const { id, month, source } = made(threat);
    expect([id, month]).toEqual([threat.threatId, '2026.03']);
    const fields = JSON.parse(source);
    expect(fields).toMatchObject({
      event_id: threat.threatId,
      timestamp: timeText(threat.occurredAt),
      agent_id: threat.agentId,
      threat_type: threat.threatType,
      severity: threat.severity,
      prompt: threat.maskedExcerpt,
      detection_method: 'signature',
      action_taken: threat.actionTaken,
      false_positive: true,
    });
    expect(fields).not.toHaveProperty('user_id');
    expect(source).not.toContain('\n');
  });

  it('is one line even where the text has many', () => {
    const { source } = made({ maskedExcerpt: 'one\ntwo\u2028three' });
    expect(source).not.toContain('\n');
    expect(JSON.parse(source).prompt).toBe('one\ntwo\u2028three');
  });

  it.each([
    ['a time before 1970', { occurredAt: -1 }, 'timestamp: not a time between 1970 and 2262.'],
    ['a time after 2262', { occurredAt: Date.UTC(2262, 3, 1) * 1_000 }, 'timestamp: not a time between 1970 and 2262.'],
    ['no time', { occurredAt: null }, 'timestamp: missing.'],
    ['an id of 513 bytes', { threatId: `${'é'.repeat(256)}a` }, 'event_id: not an id of 1 to 512 bytes.'],
    ['an empty id', { threatId: '' }, 'event_id: not an id of 1 to 512 bytes.'],
  ])('cannot be made of a record with %s', (_, change, reason) => {
    expect(documentOf(change)).toEqual({ reason });
  });

  it('may have an id of 512 bytes', () => {
    expect(made({ threatId: 'é'.repeat(256) }).id).toHaveLength(256);
  });

  it('is refused without its content in the reason', () => {
    expect(JSON.stringify(documentOf({ occurredAt: 'hunter2' }))).not.toContain('hunter2');
    expect(JSON.stringify(documentOf({ threatId: 'hunter2'.repeat(100) }))).not.toContain('hunter2');
  });
});

describe('the mapping', () => {
  it.each(VIEW_NAMES)('of %s has every column under one name, the id as a keyword and the time as one', (view) => {
    const fields = fieldsOf(view);
    expect(Object.keys(fields)).toHaveLength(VIEWS[view].columns.length + (view === 'threats' ? 2 : 0));
    expect(fields).toMatchObject({ event_id: { type: 'keyword' }, timestamp: { type: 'date_nanos' } });
  });

  it.each(VIEW_NAMES)('of %s knows every field of its documents', (view) => {
    for (let n = 0; n < 50; n++) {
      const record = { threats: fixtures.threat, audit: fixtures.audit, verdicts: fixtures.verdict, incidents: fixtures.incident }[view](n);
      const document = toDocument(view, record);
      if ('reason' in document) throw new Error(document.reason);
      for (const field of Object.keys(JSON.parse(document.source))) expect(fieldsOf(view)).toHaveProperty(field);
    }
  });

  it('gives each kind of column the type that its questions need', () => {
    const types = (view: ElasticsearchView) => Object.entries(fieldsOf(view)).map(([field, { type }]) => `${field}: ${type}`);
    expect(types('threats')).toEqual([
      'event_id: keyword',
      'interaction_id: keyword',
      'org: keyword',
      'agent_id: keyword',
      'user_id: keyword',
      'subject: keyword',
      'conversation_id: keyword',
      'timestamp: date_nanos',
      'detection_method: keyword',
      'rule_id: keyword',
      'rule_version: integer',
      'threat_type: keyword',
      'severity: keyword',
      'score: double',
      'risk_score: integer',
      'techniques: keyword',
      'direction: keyword',
      'path: keyword',
      'via: keyword',
      'prompt: text',
      'action_taken: keyword',
      'wire_format: keyword',
      'vendor: keyword',
      'model: keyword',
      'false_positive: boolean',
      'judged_by: keyword',
      'judged_at: date_nanos',
    ]);
    expect(types('verdicts')).toEqual([
      'event_id: keyword',
      'timestamp: date_nanos',
      'verdict_id: keyword',
      'org: keyword',
      'said_at: date_nanos',
      'actor: keyword',
      'verdict: keyword',
      'threat_id: keyword',
      'interaction_id: keyword',
      'subject: keyword',
      'layer: keyword',
      'rule_id: keyword',
      'threat_type: keyword',
      'direction: keyword',
      'path: keyword',
      'note: text',
    ]);
    expect(types('incidents')).toEqual([
      'event_id: keyword',
      'org: keyword',
      'agent_id: keyword',
      'threat_type: keyword',
      'techniques: keyword',
      'title: text',
      'severity: keyword',
      'status: keyword',
      'threats: integer',
      'blocked: integer',
      'interactions: integer',
      'risk_score: integer',
      'trust_score: integer',
      'opened_by: keyword',
      'newest_threat_id: keyword',
      'newest_interaction_id: keyword',
      'timestamp: date_nanos',
      'last_seen_at: date_nanos',
      'containment: keyword',
    ]);
    expect(types('audit')).toEqual([
      'event_id: keyword',
      'org: keyword',
      'timestamp: date_nanos',
      'actor: keyword',
      'action: keyword',
      'target: keyword',
      'outcome: keyword',
      'details: flattened',
      'interaction_id: keyword',
      'trace_id: keyword',
    ]);
    expect(THREAT_COLUMNS).toHaveLength(25);
    expect(AUDIT_COLUMNS).toHaveLength(10);
  });

  it('lets no keyword grow beyond what a term may have', () => {
    for (const view of VIEW_NAMES) {
      for (const { type, ignore_above: most } of Object.values(fieldsOf(view))) {
        if (type === 'keyword') expect((most ?? Number.POSITIVE_INFINITY) * 4).toBeLessThanOrEqual(32_766);
        if (type === 'flattened') expect(most).toBeLessThanOrEqual(8_191);
      }
    }
  });
});
