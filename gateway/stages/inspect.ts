/**
 * The guard's eyes: the same detector over every text of a request or an answer. A detector that throws is a finding of
 * its own kind, never silence.
 */
import type { Finding, Inspection } from '../../detection/types.ts';
import { type RequestContent, type ResponseContent, requestSegments, responseSegments, type Segment } from '../../schemas/content.ts';
import type { Verdict } from '../../schemas/types.ts';
import type { Exchange } from '../exchange.ts';

export type Inspected = { kind: 'inspected'; inspection: Inspection } | { kind: 'failed'; error: unknown };

/** With the slower look, where the detector has one. Never throws. */
export async function inspectRequest(exchange: Exchange, content: RequestContent, withinMs: number): Promise<Inspected> {
  const { detector } = exchange;
  const segments = requestSegments(content);
  if (detector.inspectFully === undefined) return inspect(exchange, segments);
  const started = performance.now();
  try {
    return inspected(exchange, await detector.inspectFully(segments, withinMs));
  } catch (error) {
    return { kind: 'failed', error };
  } finally {
    exchange.inspectMs += performance.now() - started;
  }
}

export function inspectResponse(exchange: Exchange, content: ResponseContent): Inspected {
  return inspect(exchange, responseSegments(content));
}

export function inspect(exchange: Exchange, segments: Segment[]): Inspected {
  const started = performance.now();
  try {
    return inspected(exchange, exchange.detector.inspect(segments));
  } catch (error) {
    return { kind: 'failed', error };
  } finally {
    exchange.inspectMs += performance.now() - started;
  }
}

function inspected(exchange: Exchange, inspection: Inspection): Inspected {
  // A whole number, as the event has it; the policy decides on the exact one.
  exchange.riskScore = Math.max(exchange.riskScore, Math.round(inspection.riskScore));
  return { kind: 'inspected', inspection };
}

/** Findings as the event keeps them: without any text of the prompt. */
export function verdictsOf(inspection: Inspection, actionOn: (finding: Finding) => Verdict['action']): Verdict[] {
  return inspection.findings.map((finding) => {
    const { layer, ruleId, ruleVersion, threatType, severity, score, direction, path } = finding;
    return { layer, ruleId, ruleVersion, threatType, severity, score, direction, path, action: actionOn(finding) };
  });
}
