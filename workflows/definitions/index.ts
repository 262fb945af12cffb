/**
 * Every workflow. What runs in one is replayed from its history, also by a later version of this code: a change of what it does, or in
 * which order, stands behind `patched('…')` until no run from before is left; `replay.test.ts` replays recorded histories.
 */
export { assembleReport } from './assemble-report.ts';
export { collectEvidence } from './collect-evidence.ts';
export { incidentResponse } from './incident-response.ts';
export { eraseSubject, retrainModel, rotateKeys, verifyArchive } from './upkeep.ts';
