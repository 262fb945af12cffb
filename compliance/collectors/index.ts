/** Every collector, in the order in which evidence stands in a package. Another one is a file and a line here. */
import { agentInventory } from './agent-inventory.ts';
import { apiKeys } from './api-keys.ts';
import { approvals } from './approvals.ts';
import { assets } from './assets.ts';
import { attestations } from './attestations.ts';
import { auditTrail } from './audit-trail.ts';
import { availability } from './availability.ts';
import { clearTextAccess } from './clear-text-access.ts';
import { configuration } from './configuration.ts';
import type { EvidenceCollector } from './context.ts';
import { deadLetters } from './dead-letters.ts';
import { decisions } from './decisions.ts';
import { detectionDrift } from './detection-drift.ts';
import { detectionQuality } from './detection-quality.ts';
import { drills } from './drills.ts';
import { encryptionKeys } from './encryption-keys.ts';
import { erasures } from './erasures.ts';
import { identities } from './identities.ts';
import { incidents } from './incidents.ts';
import { interactions } from './interactions.ts';
import { latency } from './latency.ts';
import { loggingCompleteness } from './logging-completeness.ts';
import { modelCards } from './model-cards.ts';
import { modelInventory } from './model-inventory.ts';
import { modelTraining } from './model-training.ts';
import { policies } from './policies.ts';
import { quarantines } from './quarantines.ts';
import { regionUse } from './region-use.ts';
import { replays } from './replays.ts';
import { retention } from './retention.ts';
import { retentionApplied } from './retention-applied.ts';
import { samples } from './samples.ts';
import { schemaHistory } from './schema-history.ts';
import { sensitiveData } from './sensitive-data.ts';
import { sequenceGaps } from './sequence-gaps.ts';
import { signatureBundles } from './signature-bundles.ts';
import { spend } from './spend.ts';
import { threatResponse } from './threat-response.ts';
import { threats } from './threats.ts';
import { thresholds } from './thresholds.ts';
import { verdicts } from './verdicts.ts';

export const COLLECTORS: readonly EvidenceCollector[] = [
  loggingCompleteness,
  sequenceGaps,
  interactions,
  decisions,
  threats,
  threatResponse,
  incidents,
  quarantines,
  verdicts,
  thresholds,
  detectionQuality,
  detectionDrift,
  modelCards,
  modelTraining,
  modelInventory,
  agentInventory,
  regionUse,
  spend,
  sensitiveData,
  retention,
  retentionApplied,
  erasures,
  encryptionKeys,
  signatureBundles,
  schemaHistory,
  configuration,
  deadLetters,
  availability,
  latency,
  drills,
  replays,
  auditTrail,
  clearTextAccess,
  apiKeys,
  samples,
  attestations,
  approvals,
  policies,
  identities,
  assets,
];
