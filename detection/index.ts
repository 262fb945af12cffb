/** What other folders use of detection; everything else here is private to it. */
export { createDetector } from './detector.ts';
export { createMasker } from './pii/masker.ts';
export { ALERT_SCORE, riskScore } from './score.ts';
export type { Signature } from './signature.ts';
export { signatures } from './signatures/index.ts';
export type { Detector, Finding, Inspection, Masker, Severity, ThreatType } from './types.ts';
