/**
 * Assesses every interaction in the stream. What the gateway inspected whole with this very version of the detector and
 * found clean is taken as clean: the same text and the same rules give the same answer. Everything else is opened and
 * looked at here: findings for their details, and whatever a gateway without a guard, or with older rules, let through.
 * Emits the assessed interaction, and one threat for each rule that fired, named by interaction, layer and rule.
 */
import { riskScore as riskOf } from '../../detection/score.ts';
import { techniquesOf } from '../../detection/techniques.ts';
import { type Detector, type Finding, HARMFUL_REQUEST, type Inspection, type Masker, type Severity } from '../../detection/types.ts';
import type { KeyStore } from '../../keys/port.ts';
import type { OrgThresholds } from '../../log/thresholds.ts';
import { requestSegments, responseSegments } from '../../schemas/content.ts';
import { POLICIES } from '../../schemas/policies.ts';
import type { Assessment, EnrichedInteraction, Interaction, Threat, Verdict } from '../../schemas/types.ts';
import { openContent } from '../content.ts';
import type { Emission, Outcome, Processor, StepInput } from '../step.ts';
import { threatBase } from '../threat.ts';

/** Nobody waits for the stream: a busy classifier is waited for. */
const CLASSIFIER_MS = 60_000;

const SEVERITIES: Severity[] = ['low', 'medium', 'high', 'critical'];

export interface DetectParts {
  keys: KeyStore;
  detector: Detector;
  masker: Masker;
  /** Of organisations that have their own. */
  thresholds?: Pick<OrgThresholds, 'of'> | undefined;
}

export function createDetect({ keys, detector, masker, thresholds }: DetectParts): Processor<'enriched'> {
  /**
   * What a gateway has seen with these models needs its details only, and the models' word stands in the event already. The
   * classifier is asked about what no such gateway has seen, or none has seen fully.
   */
  async function inspect(interaction: Interaction, judge: Detector): Promise<Inspection> {
    const { request, response } = openContent(keys, interaction);
    const segments = [...(request ? requestSegments(request) : []), ...(response ? responseSegments(response) : [])];
    if (wasSeenFully(interaction, judge.version)) return asSaidInLine(judge.inspect(segments), interaction);
    if (judge.inspectFully === undefined) return judge.inspect(segments);
    const inspection = await judge.inspectFully(segments, CLASSIFIER_MS);
    // The same record must come to the same verdict whenever it is looked at; so it is tried again rather than half judged.
    if (inspection.classifier === 'late' || inspection.classifier === 'failed') {
      throw new Error(`the classifier was ${inspection.classifier}`);
    }
    return inspection;
  }

  function assessed(
    { value, key, timestamp }: StepInput<EnrichedInteraction>,
    { version }: Detector,
    { findings, riskScore, truncated }: Inspection,
  ): Outcome {
    const { interaction } = value;
    const risk = Math.max(riskScore, interaction.riskScore);
    const found = threatsOf(value, findings, risk, masker);
    // What was done about it is told whatever the risk, and so is what has no say in it.
    const raised = risk >= (thresholds?.of(interaction.org)?.alert ?? 0);
    const isTold = ({ actionTaken, threatType }: Threat) =>
      actionTaken === 'blocked' || actionTaken === 'redacted' || threatType === HARMFUL_REQUEST;
    const threats = raised ? found : found.filter(isTold);
    const top = [...threats].sort(byGravity)[0];
    const assessment: Assessment = {
      riskScore: risk,
      threatsDetected: threats.length,
      topThreatType: top?.threatType ?? null,
      topSeverity: top?.severity ?? null,
      ruleIds: [...new Set(found.map((threat) => threat.ruleId))],
      signatureVersion: version,
      truncated,
    };
    const records: Emission[] = [{ topic: 'assessed', key, timestamp, value: { ...value, assessment } }];
    for (const threat of threats) records.push({ topic: 'threats', key, timestamp, value: threat });
    return { kind: 'emit', records };
  }

  return {
    name: 'detect',
    input: 'enriched',
    step(input) {
      const { interaction } = input.value;
      // Rules may be published meanwhile; a record is judged by one set of them.
      const judge = detector.current ?? detector;
      if (cleanInLine(interaction, judge.version)) return assessed(input, judge, CLEAN);
      return inspect(interaction, judge).then((inspection) => assessed(input, judge, inspection));
    },
  };
}

/** Attacks before requests for harm, then the gravest, then the surest. */
function byGravity(a: Threat, b: Threat): number {
  const gravity = ({ threatType, severity }: Threat) => (threatType === HARMFUL_REQUEST ? -1 : SEVERITIES.indexOf(severity));
  return gravity(b) - gravity(a) || b.score - a.score;
}

/**
 * Where a finding of the request's inspection is in the event, all that it found is, and the classifier was asked if there was doubt:
 * what the fast models alone would suspect here beside it was taken back, and where nothing is new, so is a risk above the event's.
 */
function asSaidInLine(inspection: Inspection, { verdicts }: Interaction): Inspection {
  if (!verdicts.some(isOfInspection)) return inspection;
  const said = new Set(verdicts.map(identity));
  const findings = inspection.findings.filter((finding) => finding.layer !== 'model' || said.has(identity(finding)));
  const isNew = findings.some((finding) => !said.has(identity(finding)));
  return { ...inspection, findings, riskScore: isNew ? riskOf(findings.filter(({ layer }) => layer !== 'model')) : 0 };
}

/** Sensitive data is looked for apart, before. */
const isOfInspection = ({ direction, ruleId }: Verdict) => direction === 'request' && !ruleId.startsWith('SD-');

const CLEAN: Inspection = { findings: [], riskScore: 0, truncated: false };

/** The gateway looked at it with these very rules and models, and got every answer that it wanted. */
const wasSeenFully = ({ inspectMode, signatureVersion, policyDecisions }: Interaction, version: string) =>
  inspectMode !== 'off' && signatureVersion === version && policyDecisions.every(({ policyId }) => policyId !== POLICIES.incomplete);

/** It saw request and answer whole, and neither found anything nor had a reason to say so. */
function cleanInLine(interaction: Interaction, version: string): boolean {
  const { status, verdicts, policyDecisions } = interaction;
  return (
    status === 'answered' &&
    wasSeenFully(interaction, version) &&
    verdicts.length === 0 &&
    // That something was hidden on the way says nothing of attacks.
    policyDecisions.every(({ effect }) => effect === 'redact')
  );
}

/** What the stream found, and what only the gateway found (its content may be gone by now). */
function threatsOf(enriched: EnrichedInteraction, findings: Finding[], riskScore: number, masker: Masker): Threat[] {
  const { interaction } = enriched;
  const inline = new Map(interaction.verdicts.map((verdict) => [identity(verdict), verdict]));
  const threats: Threat[] = [];
  for (const finding of findings) {
    const verdict = inline.get(identity(finding));
    inline.delete(identity(finding));
    threats.push({
      ...threatBase(enriched, finding, riskScore),
      techniques: finding.techniques,
      via: finding.via,
      maskedExcerpt: masker.mask(finding.excerpt).text,
      actionTaken: verdict?.action ?? 'none',
    });
  }
  for (const verdict of inline.values()) {
    const techniques = techniquesOf(verdict.threatType);
    threats.push({ ...threatBase(enriched, verdict, riskScore), techniques, via: [], maskedExcerpt: '', actionTaken: verdict.action });
  }
  return threats;
}

const identity = ({ layer, ruleId, direction }: Pick<Verdict, 'layer' | 'ruleId' | 'direction'>) => `${layer}/${ruleId}/${direction}`;
