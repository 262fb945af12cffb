import { describe, expect, it } from 'vitest';
import type { ApprovalRules } from '../contract.ts';
import { refusal } from './decisions.ts';

const NOW = Date.parse('2026-11-02T00:00:00Z');
const rules: ApprovalRules = {
  author: 'ann',
  createdAt: '2026-11-01T00:00:00Z',
  approvers: [
    { name: 'ann', roles: ['officer'] },
    { name: 'bob', roles: ['ciso'] },
    { name: 'eve', roles: ['dpo'], revokedAt: '2026-11-01T12:00:00Z' },
    { name: 'fay', roles: ['dpo'], revokedAt: '2026-12-01T00:00:00Z' },
  ],
  needed: 1,
  withinMs: 7 * 86_400_000,
  given: [],
};
const ask = (by: string, over: Partial<Parameters<typeof refusal>[0]> = {}, now = NOW, what: 'approve' | 'reject' = 'approve') =>
  refusal({ rules, given: [], over: false, ...over }, { by, comment: '' }, now, what);

describe('a decision about a package', () => {
  it('is for those who may', () => {
    expect(ask('bob')).toBeUndefined();
    expect(ask('fay')).toBeUndefined();
    expect(ask('bob', {}, NOW, 'reject')).toBeUndefined();
  });
  it('is not for its author, strangers, or who was revoked', () => {
    expect(ask('ann')).toContain('somebody else');
    expect(ask('mallory')).toContain('not among the approvers');
    expect(ask('eve')).toContain('since 2026-11-01T12:00:00Z');
    expect(ask('eve', {}, Date.parse('2026-11-01T11:59:59Z'))).toBeUndefined();
  });
  it('is taken once by each, and a rejection also by who has approved', () => {
    expect(ask('bob', { given: ['bob'] })).toContain('already');
    expect(ask('bob', { given: ['bob'] }, NOW, 'reject')).toBeUndefined();
  });
  it('is not taken before the package is sealed, after it was decided, or too late', () => {
    expect(ask('bob', { rules: undefined })).toContain('not sealed');
    expect(ask('bob', { over: true })).toContain('decided already');
    expect(ask('bob', {}, Date.parse('2026-11-08T00:00:00.001Z'))).toContain('is over');
    expect(ask('bob', {}, Date.parse('2026-11-08T00:00:00.000Z'))).toBeUndefined();
  });
});
