/**
 * Whether the agent may call at all: one in quarantine is refused before anything is routed, until its time is over or the
 * control is taken back. In every mode, whatever was asked. A control that cannot be obeyed holds for nobody and is told of
 * once: no value in the log can keep everybody out.
 */
import { ParapetError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import type { Metrics } from '../../core/metrics.ts';
import type { Controls } from '../../log/controls.ts';
import { instantOf, QUARANTINE, type Quarantine, quarantineOf } from '../../log/quarantine.ts';
import { POLICIES } from '../../schemas/policies.ts';
import type { Exchange } from '../exchange.ts';

export interface QuarantineGate {
  /** Obeys what holds now and whatever is said from now on. */
  follow(controls: Pick<Controls, 'list' | 'onChange'>): void;
  /** Throws PARAPET_AGENT_QUARANTINED, and notes the decision in the exchange. */
  pass(exchange: Exchange): void;
}

export interface QuarantineParts {
  logger: Logger;
  metrics: Metrics;
  /** Milliseconds since 1970. */
  now?: () => number;
}

export function createQuarantineGate({ logger, metrics, now = Date.now }: QuarantineParts): QuarantineGate {
  const refused = metrics.counter('parapet_quarantine_refusals_total', 'Requests refused because their agent is in quarantine.');
  const ignored = metrics.counter('parapet_quarantine_ignored_total', 'Quarantines that say nothing which can be obeyed.');
  const toldOf = new Set<string>();
  let held = new Map<string, Quarantine>();

  return {
    follow(controls) {
      const obey = () => {
        const next = new Map<string, Quarantine>();
        for (const control of controls.list(QUARANTINE)) {
          const quarantine = quarantineOf(control);
          const name = nameOf(control.org, control.key);
          if (quarantine) next.set(name, quarantine);
          else if (!toldOf.has(`${name} ${control.issuedAt}`)) {
            toldOf.add(`${name} ${control.issuedAt}`);
            ignored.inc();
            logger.error({ org: control.org, agent: control.key, actor: control.actor }, 'a quarantine cannot be read, and is not obeyed');
          }
        }
        held = next;
      };
      controls.onChange(obey);
      obey();
    },

    pass(exchange) {
      if (held.size === 0) return;
      const { org, agentId } = exchange.identity;
      const quarantine = held.get(nameOf(org, agentId));
      const leftMs = quarantine === undefined ? 0 : quarantine.until / 1_000 - now();
      if (quarantine === undefined || leftMs <= 0) return;
      refused.inc();
      const until = instantOf(quarantine.until);
      const reason = `in quarantine until ${until}: ${quarantine.reason}`.slice(0, 500);
      exchange.policyDecisions.push({ policyId: POLICIES.quarantine, policyVersion: '1', effect: 'block', reason });
      // Why is for those who run it: whoever calls learns what to expect.
      throw new ParapetError('PARAPET_AGENT_QUARANTINED', {
        message: `The agent ${agentId} is in quarantine until ${until}.`,
        retryAfterSeconds: Math.ceil(leftMs / 1_000),
      });
    },
  };
}

/** An organisation has no slash in its name. */
const nameOf = (org: string, agentId: string) => `${org}/${agentId}`;
