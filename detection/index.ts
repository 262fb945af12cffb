/** What other folders use of detection; everything else here is private to it. */
export { canaryRules } from './canaries.ts';
export { createDetector } from './detector.ts';
export { type Action, type Treated, treat } from './pii/actions.ts';
export { isIdentifying, isSelfEvident } from './pii/entities.ts';
export { createFinder, type Finder } from './pii/find.ts';
export { createMasker } from './pii/masker.ts';
export { createStreamMasker } from './pii/stream.ts';
export { createVault, type Vault } from './pii/vault.ts';
export { ALERT_SCORE, counts, riskScore } from './score.ts';
export type { Signature } from './signature.ts';
export { signatures } from './signatures/index.ts';
export { type Detector, type Finding, HARMFUL_REQUEST, type Inspection, type Masker, type Severity, type ThreatType } from './types.ts';
