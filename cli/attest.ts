/** `parapet attest`: a person's word for what no machine can judge, in the audit log until it expires. */
import { openFramework } from '../compliance/assembly/index.ts';
import type { Attestation } from '../compliance/types.ts';
import { ParapetError } from '../core/errors.ts';
import { auditRecord } from '../log/audit.ts';
import type { DecideParts } from './dead.ts';

export interface AttestOptions {
  by: string;
  /** In their own words; what the framework asks to be attested without. */
  statement?: string | undefined;
  /** Days; what the framework says without, and never longer. */
  validDays?: number | undefined;
}

/** Throws PARAPET_FRAMEWORK_INVALID when the requirement is not there or asks for nobody's word. */
export async function attest(
  { log, codec, org, frameworksFolder }: Pick<DecideParts, 'log' | 'codec' | 'org'> & { frameworksFolder?: string | undefined },
  framework: string,
  requirementId: string,
  { by, statement, validDays }: AttestOptions,
  now = new Date(),
): Promise<Attestation> {
  const { id, requirements } = openFramework({ frameworksFolder }, framework);
  const duty = requirements.find((each) => each.id === requirementId)?.attestation;
  if (duty === undefined) {
    const open = requirements.filter(({ attestation }) => attestation !== undefined).map((each) => each.id);
    throw new ParapetError('PARAPET_FRAMEWORK_INVALID', {
      message: `${id} has no requirement ${requirementId} that asks for an attestation. These do: ${open.join(', ')}.`,
    });
  }
  const days = Math.min(validDays ?? duty.validDays, duty.validDays);
  const given: Attestation = {
    framework: id,
    requirement: requirementId,
    statement: statement ?? duty.statement.en,
    by,
    at: now.toISOString(),
    expiresAt: new Date(now.getTime() + days * 86_400_000).toISOString(),
  };
  const { framework: of, requirement, statement: says, expiresAt } = given;
  await log.append([
    auditRecord(codec, {
      org,
      actor: by,
      action: 'compliance.attested',
      target: `${of}/${requirement}`,
      details: { framework: of, requirement, statement: says, expiresAt, role: duty.role },
    }),
  ]);
  return given;
}
