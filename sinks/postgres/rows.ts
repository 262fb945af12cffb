/**
 * Many projections as one row for each agent, model, user and violation they touch. The order in which they come makes no
 * difference: counts add up, times are least or greatest, and the later event's model is the last one.
 */
import type { Suspect } from '../../detection/incidents.ts';
import type { Projection, Violation } from './project.ts';
import { decimalOf, timestampOf } from './values.ts';

export interface Rows {
  violations: Violation[];
  users: object[];
  agents: object[];
  models: object[];
  suspects: Suspect[];
}

interface Seen {
  first: number;
  last: number;
  interactions: number;
}

interface AgentSum extends Seen {
  org: string;
  agentId: string;
  threats: number;
  model: { vendor: string; model: string; at: number; eventId: string } | null;
}

interface ModelSum extends Seen {
  vendor: string;
  model: string;
  inputTokens: bigint;
  outputTokens: bigint;
  costNanos: bigint;
}

/** Rows have their columns' names; times are ISO 8601, decimal numbers text. */
export function gatherRows(projections: readonly Projection[]): Rows {
  const agents = new Map<string, AgentSum>();
  const users = new Map<string, Seen & { org: string; userId: string }>();
  const models = new Map<string, ModelSum>();
  for (const { org, agentId, at, interactions, threats, userId, answeredBy } of projections) {
    const fresh = { first: at, last: at, interactions: 0 };
    const agent = entry(agents, [org, agentId], () => ({ org, agentId, ...fresh, threats: 0, model: null }));
    see(agent, at, interactions);
    agent.threats += threats;
    if (userId !== null)
      see(
        entry(users, [org, userId], () => ({ org, userId, ...fresh })),
        at,
        interactions,
      );
    if (answeredBy === null) continue;
    const { vendor, model, eventId, inputTokens, outputTokens, costNanos } = answeredBy;
    if (agent.model === null || at > agent.model.at || (at === agent.model.at && eventId > agent.model.eventId)) {
      agent.model = { vendor, model, at, eventId };
    }
    const sum = entry(models, [vendor, model], () => ({ vendor, model, ...fresh, inputTokens: 0n, outputTokens: 0n, costNanos: 0n }));
    see(sum, at, interactions);
    sum.inputTokens += inputTokens;
    sum.outputTokens += outputTokens;
    sum.costNanos += costNanos;
  }
  return {
    violations: projections.flatMap((projection) => projection.violations),
    users: [...users.values()].map(({ org, userId, ...seen }) => ({ org, user_id: userId, ...columns(seen) })),
    agents: [...agents.values()].map(({ org, agentId, threats, model, ...seen }) => ({
      org,
      agent_id: agentId,
      threats,
      ...columns(seen),
      last_vendor: model?.vendor ?? null,
      last_model: model?.model ?? null,
      last_model_at: model === null ? null : timestampOf(model.at),
      last_model_event: model?.eventId ?? null,
    })),
    models: [...models.values()].map(({ vendor, model, inputTokens, outputTokens, costNanos, ...seen }) => ({
      vendor,
      model_name: model,
      ...columns(seen),
      input_tokens: inputTokens.toString(),
      output_tokens: outputTokens.toString(),
      cost_usd: decimalOf(costNanos),
    })),
    suspects: projections.flatMap(({ suspect }) => suspect ?? []),
  };
}

function entry<T>(map: Map<string, T>, key: string[], make: () => T): T {
  const text = JSON.stringify(key);
  const found = map.get(text) ?? make();
  map.set(text, found);
  return found;
}

function see(seen: Seen, at: number, interactions: number): void {
  seen.first = Math.min(seen.first, at);
  seen.last = Math.max(seen.last, at);
  seen.interactions += interactions;
}

const columns = ({ first, last, interactions }: Seen) => ({
  first_seen: timestampOf(first),
  last_seen: timestampOf(last),
  interactions,
});
