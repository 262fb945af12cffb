/**
 * A report from its plan to the archive. Its id is the report's, so that nobody makes one twice; what takes days is the waiting for
 * people: approvals come as updates, which are checked before they are taken, and time runs out. A package whose predecessor is
 * rejected is sealed again and asks for its approvals anew, because they were for other bytes.
 */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import {
  APPROVE,
  type ApprovalRules,
  type AssembleInput,
  type Decision,
  type Notice,
  type PlannedReport,
  type PublishedReport,
  REFUSED,
  REJECT,
  REJECTED,
  type ReportStatus,
  SEALED,
  STATUS,
  UNSEALED,
} from '../contract.ts';
import { refusal } from './decisions.ts';
import { anywhere, codeOf, messageOf, PACE, publisherAt, stepsAt } from './proxies.ts';

export const approve = defineUpdate<ReportStatus, [Decision]>(APPROVE);
export const reject = defineUpdate<ReportStatus, [Decision]>(REJECT);
export const status = defineQuery<ReportStatus>(STATUS);
const unsealed = defineSignal(UNSEALED);
const sealed = defineSignal<[string]>(SEALED);

/** Collectors ask the same few stores: more at once would only queue there. */
const COLLECT_AT_ONCE = 3;
const LONGEST_WAIT_MS = 600_000;
/** Of the time for approvals. */
const CALLS: readonly { at: number; notice: Notice }[] = [
  { at: 1 / 3, notice: 'reminder' },
  { at: 2 / 3, notice: 'reminder' },
  { at: 9 / 10, notice: 'escalation' },
];

export async function assembleReport({ request, place: given, pace: wanted }: AssembleInput): Promise<PublishedReport> {
  const pace = { ...PACE, ...wanted };
  const place = given ?? (await anywhere.findPlace());
  const steps = stepsAt(place, pace);
  const state: ReportStatus = { id: '', phase: 'planning', place: place.queue, needed: 0, given: [], expiresAt: null, reason: '' };
  let rules: ApprovalRules | undefined;
  const turned: { refused: Decision | undefined; stale: boolean } = { refused: undefined, stale: false };
  const deciding = new Set<string>();

  setHandler(status, () => state);
  setHandler(unsealed, () => {
    turned.stale = true;
  });

  const mayDecide = (what: 'approve' | 'reject') => (decision: Decision) => {
    const over = turned.refused !== undefined || state.phase !== 'awaiting approval';
    const why = refusal({ rules, given: [...state.given, ...deciding], over }, decision, Date.now(), what);
    if (why !== undefined) throw ApplicationFailure.nonRetryable(why, REFUSED);
  };
  setHandler(
    approve,
    async (decision) => {
      deciding.add(decision.by);
      try {
        state.given = await steps.approveReport(state.id, decision);
      } catch (error) {
        // The settings may say otherwise by now. A failed update is an answer, and the report goes on waiting.
        throw ApplicationFailure.nonRetryable(messageOf(error), codeOf(error));
      } finally {
        deciding.delete(decision.by);
      }
      return state;
    },
    { validator: mayDecide('approve') },
  );
  setHandler(
    reject,
    async (decision) => {
      try {
        await tellFollowers(await steps.rejectReport(state.id, decision));
      } catch (error) {
        throw ApplicationFailure.nonRetryable(messageOf(error), codeOf(error));
      }
      turned.refused = decision;
      state.phase = 'rejected';
      state.reason = decision.comment;
      return state;
    },
    { validator: mayDecide('reject') },
  );

  const notify = (notice: Notice, details: Record<string, string> = {}) => steps.notify(state.id, notice, details);
  const label = (facts: Partial<Record<'Framework' | 'Org' | 'Period' | 'Outcome', string>>) => {
    if (place.searchable) upsertSearchAttributes(Object.entries(facts).map(([name, value]) => ({ key: keyword(name), value })));
  };

  async function gather(planned: PlannedReport): Promise<void> {
    state.phase = 'collecting';
    const waiting = [...planned.collectors];
    const one = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await steps.collectEvidence(planned.id, next);
    };
    await Promise.all(Array.from({ length: COLLECT_AT_ONCE }, one));
    await steps.makeTree(planned.id);
    state.phase = 'judging';
    await steps.assessEvidence(planned.id);
    for (const language of planned.languages) {
      for (const format of planned.formats) await steps.renderReport(planned.id, format, language);
    }
  }

  /** Once there are enough, it was refused, it is to be sealed again, or the time is over. */
  async function waitForApprovals({ createdAt, withinMs, needed, approvers }: ApprovalRules): Promise<void> {
    const began = Date.parse(createdAt);
    state.expiresAt = new Date(began + withinMs).toISOString();
    state.phase = 'awaiting approval';
    const settled = () => turned.stale || turned.refused !== undefined || (state.given.length >= needed && allHandlersFinished());
    if (settled()) return;
    await notify('awaiting', { approvers: approvers.map(({ name }) => name).join(', '), until: state.expiresAt });
    for (const { at, notice } of [...CALLS, { at: 1, notice: 'expired' as const }]) {
      const left = began + at * withinMs - Date.now();
      // Late already, e.g. after days without a worker: one call says it.
      if (left <= 0 && notice === 'reminder') continue;
      if (await condition(settled, Math.max(left, 1))) return;
      // Who was in time but is not done yet still counts, and so does who approved by the command line.
      await condition(allHandlersFinished);
      rules = await steps.sealReport(state.id);
      state.given = rules.given;
      if (rules.createdAt !== createdAt) turned.stale = true;
      if (settled()) return;
      if (notice !== 'expired') await notify(notice, { given: state.given.join(', '), until: state.expiresAt });
    }
    await tellFollowers(await steps.expireReport(state.id));
    turned.refused = { by: 'worker', comment: `Nobody approved it until ${state.expiresAt}.` };
    state.phase = 'rejected';
    state.reason = turned.refused.comment;
  }

  /** Undefined when it has to be sealed or approved again first. */
  async function publish(): Promise<PublishedReport | undefined> {
    state.phase = 'publishing';
    for (let wait = pace.predecessorMs; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
      try {
        return await publisherAt(place, pace).publishReport(state.id);
      } catch (error) {
        const code = codeOf(error);
        if (code !== REFUSED && code !== 'PARAPET_CHAIN_BROKEN') throw error;
        state.reason = messageOf(error);
        if ((await condition(() => turned.stale, wait)) || code === REFUSED) return undefined;
      }
    }
  }

  try {
    const planned = await steps.planReport(request);
    state.id = planned.id;
    label({ Framework: planned.framework, Org: planned.org, Period: planned.period });
    await gather(planned);
    for (let first = true; ; first = false) {
      turned.stale = false;
      state.phase = 'sealing';
      rules = await steps.sealReport(state.id);
      state.needed = rules.approvers.length === 0 ? 0 : rules.needed;
      state.given = rules.given;
      if (first) await tellParent(state.id);
      if (state.needed > 0) await waitForApprovals(rules);
      if (turned.refused !== undefined) break;
      const published = turned.stale ? undefined : await publish();
      if (published === undefined) continue;
      state.phase = 'published';
      state.reason = '';
      label({ Outcome: 'published' });
      await notify('completed', { location: published.location, manifest: published.manifest });
      return published;
    }
    label({ Outcome: 'rejected' });
    await notify(turned.refused.by === 'worker' ? 'expired' : 'rejected', { ...turned.refused });
    await condition(allHandlersFinished);
  } catch (error) {
    if (isCancellation(error)) throw error;
    label({ Outcome: 'failed' });
    if (state.id !== '') await notify('failed', { code: codeOf(error), reason: messageOf(error) });
    throw error;
  }
  throw ApplicationFailure.nonRetryable(`${state.id} was rejected by ${turned.refused.by}: ${turned.refused.comment}`, REJECTED);
}

const keyword = (name: string) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);

/** They wait, or have ended meanwhile, which is as good. */
async function tellFollowers(ids: readonly string[]): Promise<void> {
  for (const id of ids) await told(() => getExternalWorkflowHandle(id).signal(unsealed));
}

async function tellParent(id: string): Promise<void> {
  const { parent } = workflowInfo();
  if (parent !== undefined) await told(() => getExternalWorkflowHandle(parent.workflowId).signal(sealed, id));
}

async function told(tell: () => Promise<void>): Promise<void> {
  try {
    await tell();
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.info('nobody is there any more to be told');
  }
}
