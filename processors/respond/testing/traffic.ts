/** Threats of a few agents, some of which come twice; the same numbers give the same threats. */
import type { LogRecord } from '../../../log/port.ts';
import { TOPICS } from '../../../log/topics.ts';
import type { Codec } from '../../../schemas/codec.ts';
import { SAMPLES } from '../../../schemas/samples.ts';
import type { Threat } from '../../../schemas/types.ts';

const AGENTS = 6;
const BEGIN = Date.UTC(2026, 8, 1, 9);
const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
const TYPES = ['prompt_injection', 'secret_leak', 'burst'];
const ACTIONS = ['none', 'flagged', 'blocked'] as const;

export function threatOf(n: number): Threat {
  // One in seven is one that came some while before.
  const of = n % 7 === 6 ? n - 30 - (n % 5) : n;
  const id = Math.max(0, of);
  return {
    ...(SAMPLES.Threat as Threat),
    threatId: `t-${id}`,
    interactionId: `i-${id - (id % 3)}`,
    org: 'acme',
    agentId: `agent-${id % AGENTS}`,
    occurredAt: (BEGIN + id * 150_000 - (id % 11) * 60_000) * 1_000,
    threatType: TYPES[(id >> 2) % TYPES.length] as string,
    severity: SEVERITIES[(id * 5 + (id >> 3)) % 4] as Threat['severity'],
    riskScore: (id * 13) % 101,
    actionTaken: ACTIONS[id % 3] as Threat['actionTaken'],
    techniques: id % 4 === 0 ? ['LLM01'] : ['AML.T0051'],
  };
}

export function threatsOf(codec: Codec, from: number, to: number): LogRecord[] {
  return Array.from({ length: to - from }, (_, i) => {
    const value = threatOf(from + i);
    return {
      topic: TOPICS.threats.name,
      key: `${value.org}/${value.agentId}`,
      timestamp: value.occurredAt / 1_000,
      headers: {},
      value: codec.encode('threats', value),
    };
  });
}
