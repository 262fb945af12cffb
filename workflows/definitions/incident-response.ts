/**
 * One incident from its opening to what was learned: it waits for a person, longer the less grave it is, and calls again when nobody
 * comes. A critical one that nobody looked at has its agent quarantined, where the operator wants that. In the end all times are on record.
 */
import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  setHandler,
} from '@temporalio/workflow';
import {
  CLOSE,
  type Decision,
  type IncidentInput,
  type IncidentReview,
  type IncidentStatus,
  SEEN,
  type SeenIncident,
  STATUS,
  TRIAGE,
} from '../contract.ts';
import { responders } from './proxies.ts';

const seen = defineSignal<[SeenIncident]>(SEEN);
const incidentStatus = defineQuery<IncidentStatus>(STATUS);
const triage = defineUpdate<IncidentStatus, [Decision]>(TRIAGE);
const close = defineUpdate<IncidentStatus, [Decision]>(CLOSE);

/** How much longer than a critical one. */
const PATIENCE = { critical: 1, high: 4, medium: 16, low: 48 } as const;
/** Calls after the first; then the record says that nobody came. */
const MOST_CALLS = 5;

export async function incidentResponse(input: IncidentInput): Promise<IncidentReview> {
  const { incidentId, org, agentId, title, openedAt, triageMs, containMinutes } = input;
  const state: IncidentStatus = {
    severity: input.severity,
    status: 'open',
    triagedBy: null,
    triagedAt: null,
    containedAt: null,
    closedBy: null,
  };
  const end: { summary: string; at: number } = { summary: '', at: 0 };

  setHandler(incidentStatus, () => state);
  setHandler(seen, ({ severity, status }) => {
    state.severity = severity;
    state.status = status;
  });
  const byPerson = (already: () => string | undefined) => (decision: Decision) => {
    const why = decision.by === '' ? 'Say who you are.' : already();
    if (why !== undefined) throw ApplicationFailure.nonRetryable(why, 'PARAPET_INVALID_REQUEST');
  };
  setHandler(
    triage,
    ({ by }) => {
      state.triagedBy = by;
      state.triagedAt = Date.now();
      return state;
    },
    { validator: byPerson(() => (state.triagedBy === null ? undefined : `${state.triagedBy} looks at it already.`)) },
  );
  setHandler(
    close,
    ({ by, comment }) => {
      state.closedBy = by;
      end.summary = comment;
      end.at = Date.now();
      return state;
    },
    { validator: byPerson(() => (state.closedBy === null ? undefined : `${state.closedBy} closed it already.`)) },
  );

  const facts = { incidentId, org, agentId, title };
  const attended = () => state.triagedBy !== null || state.closedBy !== null;
  for (let call = 0; call <= MOST_CALLS && !attended(); call++) {
    // Graver in the meantime is less patience from the next call on.
    const waited = triageMs * PATIENCE[state.severity];
    const first = call === 0 ? Math.max(openedAt + waited - Date.now(), 1) : waited;
    if (await condition(attended, first)) break;
    if (state.severity === 'critical' && containMinutes !== null && state.containedAt === null) {
      await responders.containAgent(facts, containMinutes);
      state.containedAt = Date.now();
    }
    await responders.callForTriage(facts, state.severity, call + 1);
  }
  // A person closes what a person looked at; what nobody came for is over with its last call.
  if (state.triagedBy !== null) await condition(() => state.closedBy !== null);
  await condition(allHandlersFinished);
  const review: IncidentReview = {
    ...state,
    incidentId,
    org,
    openedAt,
    closedAt: end.at === 0 ? Date.now() : end.at,
    summary: end.summary,
  };
  await responders.recordReview(review);
  return review;
}
