/**
 * Compares every interaction with what its user, its agent and its conversation are used to, and emits a threat for each
 * indicator that explains an alert. A processor of its own, beside `detect`: it needs each event in order and remembers,
 * while `detect` may wait a minute for the classifier and knows nothing of yesterday. So the risk in `assessed` is that of the
 * texts alone, and the behaviour's stands in its threats. How the signatures judged the texts it takes from the
 * gateway's own verdicts: the same event then has the same findings, however far `detect` is.
 */
import { createScorer, observe, type States, update } from '../../detection/behaviour/index.ts';
import type { Finding, Inspection } from '../../detection/types.ts';
import type { KeyStore } from '../../keys/port.ts';
import type { Erasures } from '../../log/erasures.ts';
import { BEHAVIOUR_STATES } from '../../log/topics.ts';
import type { RequestContent } from '../../schemas/content.ts';
import type { EnrichedInteraction, Interaction, Threat } from '../../schemas/types.ts';
import { openContent } from '../content.ts';
import type { Memory, Outcome, Placed, StatefulProcessor, StepInput } from '../step.ts';
import { threatBase } from '../threat.ts';
import { createNames } from './names.ts';
import { createStates } from './states.ts';

export interface BehaveParts {
  keys: KeyStore;
  erasures: Erasures;
  /** Strings that only a leak can bring into an answer. */
  canaries?: readonly string[] | undefined;
  /** Milliseconds since 1970. */
  now?: () => number;
}

export function createBehave({ keys, erasures, canaries = [], now = Date.now }: BehaveParts): StatefulProcessor<'enriched'> {
  const nameOf = createNames(keys);
  const score = createScorer();

  function remember(): Memory<EnrichedInteraction> {
    const states = createStates();
    let obeyed = -1;

    function step({ value, key, timestamp, offset }: StepInput<EnrichedInteraction> & Placed): Outcome {
      const { interaction, enrichment } = value;
      const { request, response } = openContent(keys, interaction);
      const inspection = seenInLine(interaction, request);
      const observation = observe({ enriched: value, content: { request, response }, inspection, position: offset, canaries });
      const { org, userId } = interaction;
      const user = userId === null ? undefined : nameOf(org, `${org}/${userId}`);
      const known = user !== undefined && !erasures.covers(user, observation.at);
      const held = {
        user: known ? states.take(key, 'user', user, observation.at) : undefined,
        agent: states.take(key, 'agent', '', observation.at),
        conversation: states.take(key, 'conversation', nameOf(org, `conversation ${enrichment.conversationId}`), observation.at),
      };
      const moment = update(
        { user: held.user?.state, agent: held.agent.state, conversation: held.conversation.state } as States,
        observation,
      );
      if (moment === null) return { kind: 'drop', reason: 'it was counted before' };
      for (const each of Object.values(held)) if (each) states.keep(each, observation.at);
      const { riskScore, findings } = score(moment);
      const risk = Math.max(Math.round(riskScore), interaction.riskScore);
      return {
        kind: 'emit',
        records: findings.map((finding) => ({ topic: 'threats', key, timestamp, value: threatOf(value, finding, risk) })),
      };
    }

    return {
      restore: states.restore,
      step,
      changes() {
        if (obeyed !== erasures.version) {
          obeyed = erasures.version;
          states.forget((name, at) => erasures.covers(name, at));
        }
        return states
          .changes(now())
          .map(({ key, bytes }) => ({ topic: BEHAVIOUR_STATES, key, timestamp: now(), headers: {}, value: bytes }));
      },
    };
  }

  return { name: 'behave', input: 'enriched', states: BEHAVIOUR_STATES, remember };
}

/** The excerpt says why: the indicator and its share of the risk. Nothing of what was said. */
function threatOf(enriched: EnrichedInteraction, finding: Finding, riskScore: number): Threat {
  const { techniques, via, excerpt } = finding;
  return { ...threatBase(enriched, finding, riskScore), techniques, via, maskedExcerpt: excerpt, actionTaken: 'none' };
}

const MESSAGE = /^messages\[(\d+)\]/;

/** What the gateway found, with the role of whoever said it. */
function seenInLine({ verdicts, riskScore }: Interaction, request: RequestContent | undefined): Inspection {
  if (verdicts.length === 0) return riskScore === 0 ? CLEAN : { ...CLEAN, riskScore };
  const findings = verdicts.map((verdict): Finding => {
    const index = MESSAGE.exec(verdict.path)?.[1];
    const role = verdict.direction === 'response' ? 'assistant' : (request?.messages[Number(index ?? Number.NaN)]?.role ?? 'user');
    const { ruleId, ruleVersion, layer, severity, score, direction, path } = verdict;
    const threatType = verdict.threatType as Finding['threatType'];
    return { ruleId, ruleVersion, layer, threatType, severity, score, direction, path, role, techniques: [], via: [], excerpt: '' };
  });
  return { findings, riskScore, truncated: false };
}

const CLEAN: Inspection = { findings: [], riskScore: 0, truncated: false };
