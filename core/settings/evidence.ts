/** Evidence: what is expected, who signs it and says the time, and where it is published. */
import { z } from 'zod';

export const evidenceSettings = {
  PARAPET_COMPLIANCE_FILE: z.string().optional(),
  PARAPET_FRAMEWORKS_FOLDER: z.string().optional(),
  PARAPET_EVIDENCE_KEY_FILE: z.string().optional(),
  PARAPET_EVIDENCE_CERTIFICATE_FILE: z.string().optional(),
  PARAPET_EVIDENCE_TRUST_FILE: z.string().optional(),
  PARAPET_EVIDENCE_TSA_URL: z.url({ protocol: /^https?$/ }).optional(),
  PARAPET_EVIDENCE_TSA_CA_FILE: z.string().optional(),
  PARAPET_EVIDENCE_BUCKET: z.string().optional(),
  PARAPET_OPENSSL: z.string().default('openssl'),
};

type EvidenceSettings = z.infer<z.ZodObject<typeof evidenceSettings>>;

export function evidenceChecks(env: EvidenceSettings): string[] {
  const problems: string[] = [];
  if ((env.PARAPET_EVIDENCE_KEY_FILE === undefined) !== (env.PARAPET_EVIDENCE_CERTIFICATE_FILE === undefined)) {
    problems.push('PARAPET_EVIDENCE_KEY_FILE, PARAPET_EVIDENCE_CERTIFICATE_FILE must be set together');
  }
  if ((env.PARAPET_EVIDENCE_TSA_URL === undefined) !== (env.PARAPET_EVIDENCE_TSA_CA_FILE === undefined)) {
    problems.push('PARAPET_EVIDENCE_TSA_URL, PARAPET_EVIDENCE_TSA_CA_FILE must be set together');
  }
  return problems;
}
