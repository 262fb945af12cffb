import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { LANGUAGES } from '../types.ts';
import type { ReportInput } from './model.ts';
import { controlId, OSCAL_VERSION, renderOscalComponent, renderOscalResults, uuidV5 } from './oscal.ts';
import { sampleReport } from './testing.ts';

function official(name: string): ValidateFunction {
  const ajv = new Ajv({ strict: false, allErrors: true });
  formats.default(ajv);
  const schema: { $id: string } = JSON.parse(readFileSync(new URL(`schemas/${name}`, import.meta.url), 'utf8'));
  expect(schema.$id).toContain(`/${OSCAL_VERSION}/`);
  return ajv.compile(schema);
}

interface Results {
  'assessment-results': {
    results: {
      observations: {
        uuid: string;
        collected: string;
        expires?: string;
        'relevant-evidence'?: { href: string; props: { name: string; value: string }[] }[];
      }[];
      findings: {
        uuid: string;
        title: string;
        props: { name: string; value: string }[];
        target: { status: { state: string; reason: string; remarks: string } };
      }[];
    }[];
    'back-matter': { resources: { uuid: string; rlinks: { href: string; hashes?: { value: string }[] }[] }[] };
  };
}

const parse = (bytes: Uint8Array): Results => JSON.parse(new TextDecoder().decode(bytes));
const results = (input: ReportInput): Results => parse(renderOscalResults(input));

describe('OSCAL', () => {
  const validResults = official('oscal_assessment-results_schema.json');
  const validComponent = official('oscal_component_schema.json');

  it.each(LANGUAGES)('is valid by the official schemas in %s', (language) => {
    const input = { ...sampleReport(20), language };
    expect(validResults(results(input)), JSON.stringify(validResults.errors)).toBe(true);
    expect(validComponent(parse(renderOscalComponent(input))), JSON.stringify(validComponent.errors)).toBe(true);
    expect(validResults({ 'assessment-results': {} })).toBe(false);
  });

  it('is valid without checks, evidence, books or attestations', () => {
    const { assessment } = sampleReport(1);
    const requirements = assessment.requirements.map((requirement) => ({ ...requirement, checks: [], attestation: null, related: [] }));
    const bare = { ...assessment, requirements, checks: [], evidence: [], books: null, interactions: { count: 0, root: '' } };
    expect(validResults(results({ assessment: bare, evidence: [], language: 'en' })), JSON.stringify(validResults.errors)).toBe(true);
  });

  it('calls only a pass satisfied, and says the rest', () => {
    const sample = sampleReport(1);
    const findings = results({ ...sample, language: 'en' })['assessment-results'].results[0]?.findings ?? [];
    expect(findings).toHaveLength(40);
    findings.forEach(({ props, target }, i) => {
      const outcome = sample.assessment.requirements[i]?.outcome;
      expect(props.find(({ name }) => name === 'outcome')?.value).toBe(outcome);
      expect(target.status.state).toBe(outcome === 'pass' ? 'satisfied' : 'not-satisfied');
      expect(target.status.remarks).not.toBe('');
    });
  });

  it('points to the files of evidence with their SHA-256, the oldest expiry first', () => {
    const sample = sampleReport(1);
    const { results: all, 'back-matter': back } = results({ ...sample, language: 'en' })['assessment-results'];
    const [observation] = all[0]?.observations ?? [];
    expect(observation?.collected).toBe('2026-11-02T06:00:00.000Z');
    expect(observation?.expires).toBe('2027-02-01T00:00:00.000Z');
    const [first] = observation?.['relevant-evidence'] ?? [];
    expect(first?.href).toBe('evidence/interactions.csv');
    const hash = sample.evidence[0]?.sha256;
    expect(first?.props.find(({ name }) => name === 'sha256')?.value).toBe(hash);
    expect(back.resources[1]?.rlinks[0]?.hashes?.[0]?.value).toBe(hash);
  });

  it('keeps its ids between runs and languages, and gives none twice', () => {
    const ids = (language: 'en' | 'de'): string[] =>
      [...new TextDecoder().decode(renderOscalResults({ ...sampleReport(20), language })).matchAll(/"uuid": "([^"]+)"/g)].map(
        ([, id]) => id ?? '',
      );
    expect(ids('de')).toEqual(ids('en'));
    expect(new Set(ids('en')).size).toBe(ids('en').length);
    expect(uuidV5('parapet')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('makes tokens of the ids that publishers write', () => {
    expect(['GOVERN 1.1', 'A.6.2.8', '12(1)', '32(1)(b)', 'CC7.2', '26(6)'].map(controlId)).toEqual([
      'govern-1.1',
      'a.6.2.8',
      '_12.1',
      '_32.1.b',
      'cc7.2',
      '_26.6',
    ]);
  });
});
