/**
 * What follows from an inspection: in monitor mode nothing is ever held or refused; in block mode a risk at or above
 * the bound is, and so is what could not be inspected whole (fail closed), unless the operator chose to fail open. Requests
 * for harm are a matter of their own: whether they are refused goes by none of this.
 */
import { ParapetError } from '../../core/errors.ts';
import { counts } from '../../detection/index.ts';
import { type Finding, HARMFUL_REQUEST, type Inspection } from '../../detection/types.ts';
import { POLICIES } from '../../schemas/policies.ts';
import type { Exchange } from '../exchange.ts';
import { type Inspected, verdictsOf } from './inspect.ts';

export interface GuardPolicy {
  mode: 'off' | 'monitor' | 'block';
  /** Risk from which on block mode blocks, 1–100, where the organisation has set none of its own. */
  blockScore: number;
  onFailure: 'closed' | 'open';
  /** When the classifier was asked and gave no answer in time. */
  onLate: 'closed' | 'open';
  /** Whether a request that surely asks for harm is refused, in either mode. */
  refusesHarm: boolean;
}

/** Whether `decide` would throw. */
export function stops(exchange: Exchange, policy: GuardPolicy, inspected: Inspected): boolean {
  if (policy.mode !== 'block') return false;
  if (inspected.kind === 'failed') return policy.onFailure === 'closed';
  const { riskScore, findings } = inspected.inspection;
  return (riskScore >= boundOf(exchange, policy) && findings.length > 0) || unseen(policy, inspected.inspection) !== undefined;
}

const boundOf = ({ blockScore }: Exchange, policy: GuardPolicy) => blockScore ?? policy.blockScore;

/** Why an inspection that found nothing to block may not pass all the same. */
function unseen(policy: GuardPolicy, { truncated, classifier }: Inspection): string | undefined {
  if (truncated && policy.onFailure === 'closed') return 'it could not be inspected whole';
  if (unanswered(classifier) && policy.onLate === 'closed') return 'the classifier did not answer in time';
  return undefined;
}

const unanswered = (classifier: Inspection['classifier']) => classifier === 'late' || classifier === 'failed';

/** Whether nothing may go to a vendor before the request was judged. */
export const decidesFirst = ({ mode, refusesHarm }: GuardPolicy) => mode === 'block' || refusesHarm;

/**
 * Notes verdicts and decisions in the exchange. Throws PARAPET_BLOCKED, PARAPET_HARMFUL_REQUEST or PARAPET_INSPECTION_FAILED when it
 * may not go on.
 */
export function decide(exchange: Exchange, policy: GuardPolicy, inspected: Inspected): void {
  const blocking = policy.mode === 'block';
  if (inspected.kind === 'failed') {
    const reason = 'the guard failed';
    if (blocking && policy.onFailure === 'closed') {
      note(exchange, 'block', reason, POLICIES.incomplete);
      throw new ParapetError('PARAPET_INSPECTION_FAILED', { cause: inspected.error });
    }
    return note(exchange, 'flag', reason, POLICIES.incomplete);
  }
  const { inspection } = inspected;
  const bound = boundOf(exchange, policy);
  const risky = inspection.riskScore >= bound && inspection.findings.length > 0;
  const missing = unseen(policy, inspection);
  const blocked = blocking && (risky || missing !== undefined);
  const refused = policy.refusesHarm && inspection.surelyHarmful === true;
  const actionOn = (finding: Finding) =>
    (counts(finding) ? blocked && risky : finding.threatType === HARMFUL_REQUEST && refused) ? 'blocked' : 'flagged';
  exchange.verdicts.push(...verdictsOf(inspection, actionOn));
  if (risky) note(exchange, blocked ? 'block' : 'flag', `risk ${inspection.riskScore} of ${bound}`);
  else if (inspection.truncated) note(exchange, blocked ? 'block' : 'flag', 'the text could not be inspected whole', POLICIES.incomplete);
  if (unanswered(inspection.classifier))
    note(exchange, blocked && !risky ? 'block' : 'flag', `the classifier was ${inspection.classifier}`, POLICIES.incomplete);
  if (refused) note(exchange, 'block', 'the request asks for harm', POLICIES.harmful);
  if (refused && !blocked) throw new ParapetError('PARAPET_HARMFUL_REQUEST');
  if (!blocked) return;
  const counting = inspection.findings.filter(counts);
  const rules = [...new Set(counting.map((finding) => finding.ruleId))].slice(0, 5);
  throw new ParapetError('PARAPET_BLOCKED', {
    message: risky
      ? `A guard blocked this ${counting[0]?.direction ?? 'request'} (risk ${inspection.riskScore}, rules ${rules.join(', ')}).`
      : `A guard blocked this request: ${missing}.`,
  });
}

function note(exchange: Exchange, effect: 'block' | 'flag', reason: string, policyId: string = POLICIES.inspect): void {
  exchange.policyDecisions.push({ policyId, policyVersion: '1', effect, reason });
}
