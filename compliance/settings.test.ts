import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ParapetError } from '../core/errors.ts';
import { readComplianceSettings } from './settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'parapet-settings-'));
afterAll(() => rmSync(folder, { recursive: true }));

function read(text: string) {
  const path = join(folder, 'compliance.json');
  writeFileSync(path, text);
  return readComplianceSettings(path);
}

function mistakesOf(text: string): string {
  try {
    read(text);
  } catch (error) {
    if (error instanceof ParapetError && error.code === 'PARAPET_CONFIG_INVALID') return error.message;
    throw error;
  }
  throw new Error('It was taken.');
}

describe('the file of PARAPET_COMPLIANCE_FILE', () => {
  it('may be missing, or leave anything out: objectives have defaults, expectations are undecided', () => {
    expect(readComplianceSettings(undefined)).toEqual(read('{}'));
    expect(read('{"objectives": {"drillDays": 30}}')).toMatchObject({
      approvers: [],
      approvals: { needed: 1, withinDays: 14 },
      expected: { vendors: null, models: null, regions: null },
      objectives: { drillDays: 30, availabilityPercent: 99.5, budgetUsd: null },
    });
  });

  it('keeps what it says', () => {
    const approvers = [{ name: 'ada', roles: ['ciso'], revokedAt: '2026-10-01T00:00:00Z' }];
    expect(read(JSON.stringify({ approvers, expected: { regions: [] }, lockYears: { 'EU-AI-ACT': 10 } }))).toMatchObject({
      approvers,
      expected: { regions: [], models: null },
      lockYears: { 'EU-AI-ACT': 10 },
    });
  });

  it('is refused with every mistake named', () => {
    const bad = {
      approvers: [{ name: 'a', roles: [] }],
      approvals: { needed: 0 },
      objectives: { drillDays: 'x', speed: 1 },
      lockYears: { F: -1 },
      disregard: ['all'],
      more: 1,
    };
    const says = mistakesOf(JSON.stringify(bad));
    for (const name of ['approvers.0.roles', 'approvals.needed', 'objectives.drillDays', 'speed', 'lockYears.F', 'disregard.0', 'more'])
      expect(says).toContain(name);
  });

  it('is refused when it names somebody twice, is no JSON, or cannot be read', () => {
    const ada = { name: 'ada', roles: ['ciso'] };
    expect(mistakesOf(JSON.stringify({ approvers: [ada, ada] }))).toContain('ada is there twice');
    expect(mistakesOf('{')).toContain('cannot be read');
    expect(() => readComplianceSettings(join(folder, 'none.json'))).toThrow(expect.objectContaining({ code: 'PARAPET_CONFIG_INVALID' }));
  });
});
