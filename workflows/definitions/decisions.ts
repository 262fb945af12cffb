/** Whether a decision may be taken at all, by what the workflow knows. Pure, and asked before anything is written to its history. */
import type { ApprovalRules, Decision } from '../contract.ts';

export interface Deciding {
  /** Undefined before it is sealed. */
  rules: ApprovalRules | undefined;
  /** Those who have approved, or are doing so now. */
  given: readonly string[];
  /** Once it was refused, or is on its way to the archive. */
  over: boolean;
}

/** Why not; undefined when it may be. */
export function refusal({ rules, given, over }: Deciding, { by }: Decision, now: number, what: 'approve' | 'reject'): string | undefined {
  if (rules === undefined) return 'The package is not sealed yet.';
  if (over) return 'It was decided already.';
  const approver = rules.approvers.find(({ name }) => name === by);
  if (approver === undefined) return `${by} is not among the approvers.`;
  if (by === rules.author) return `${by} made the package, so somebody else must decide.`;
  if (approver.revokedAt !== undefined && Date.parse(approver.revokedAt) <= now) return `${by} may not decide since ${approver.revokedAt}.`;
  if (now > Date.parse(rules.createdAt) + rules.withinMs) return 'The time for approvals is over.';
  if (what === 'approve' && given.includes(by)) return `${by} has approved already.`;
  return undefined;
}
