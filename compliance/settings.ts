/**
 * What an organisation expects of its own use of AI: the file that `PARAPET_COMPLIANCE_FILE` names. What it leaves out has a
 * default, but for what is expected in traffic: nobody can guess that, and undecided is a gap.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ParapetError } from '../core/errors.ts';
import type { ComplianceSettings } from './types.ts';

const positive = () => z.number().positive();
const percent = () => z.number().min(0).max(100);
const names = () => z.array(z.string().min(1)).nullable().default(null);

const schema = z
  .strictObject({
    approvers: z
      .array(
        z.strictObject({
          name: z.string().min(1),
          roles: z.array(z.string().min(1)).min(1),
          revokedAt: z.iso.datetime({ offset: true }).optional(),
        }),
      )
      .default([]),
    approvals: z.strictObject({ needed: z.number().int().min(1).max(10).default(1), withinDays: positive().default(14) }).prefault({}),
    expected: z.strictObject({ vendors: names(), models: names(), regions: names() }).prefault({}),
    objectives: z
      .strictObject({
        availabilityPercent: percent().default(99.5),
        guardP99Ms: positive().default(100),
        threatResponseHours: positive().default(24),
        falsePositivePercent: percent().default(20),
        erasureDays: positive().default(30),
        masterKeyDays: positive().default(365),
        signerKeyDays: positive().default(90),
        apiKeyDays: positive().default(180),
        drillDays: z.number().int().positive().default(92),
        budgetUsd: z.number().min(0).nullable().default(null),
      })
      .prefault({}),
    lockYears: z.record(z.string().min(1), positive()).default({}),
    disregard: z.array(z.string().regex(/^[0-9a-f]{64}$/)).default([]),
  })
  .superRefine(({ approvers }, context) => {
    const seen = new Set<string>();
    approvers.forEach(({ name }, n) => {
      if (seen.has(name)) context.addIssue({ code: 'custom', path: ['approvers', n, 'name'], message: `${name} is there twice` });
      seen.add(name);
    });
  });

/** Without a file all defaults hold. Throws PARAPET_CONFIG_INVALID with every mistake in its message. */
export function readComplianceSettings(path: string | undefined): ComplianceSettings {
  if (path === undefined) return schema.parse({});
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const says = cause instanceof Error ? cause.message : String(cause);
    throw new ParapetError('PARAPET_CONFIG_INVALID', { message: `PARAPET_COMPLIANCE_FILE ${path} cannot be read: ${says}`, cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.map(({ path: at, message }) => `${at.join('.') || 'the file'}: ${message}`);
  throw new ParapetError('PARAPET_CONFIG_INVALID', {
    message: `PARAPET_COMPLIANCE_FILE ${path} is not valid:\n  ${mistakes.join('\n  ')}`,
  });
}
