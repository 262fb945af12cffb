/**
 * The guard's eyes: the same detector over every text of a request or an answer. A detector that throws is a finding of
 * its own kind, never silence.
 */
import type { Detector, Inspection } from '../../detection/types.ts';
import { type RequestContent, type ResponseContent, requestSegments, responseSegments, type Segment } from '../../schemas/content.ts';
import type { Verdict } from '../../schemas/types.ts';
import type { Exchange } from '../exchange.ts';

export type Inspected = { kind: 'inspected'; inspection: Inspection } | { kind: 'failed'; error: unknown };

/** With the slower look, where the detector has one. Never throws. */
export async function inspectRequest(
  exchange: Exchange,
  detector: Detector,
  content: RequestContent,
  withinMs: number,
): Promise<Inspected> {
  const segments = requestSegments(content);
  if (detector.inspectFully === undefined) return inspect(exchange, detector, segments);
  const started = performance.now();
  try {
    return inspected(exchange, await detector.inspectFully(segments, withinMs));
  } catch (error) {
    return { kind: 'failed', error };
  } finally {
    exchange.inspectMs += performance.now() - started;
  }
}

export function inspectResponse(exchange: Exchange, detector: Detector, content: ResponseContent): Inspected {
  return inspect(exchange, detector, responseSegments(content));
}

export function inspect(exchange: Exchange, detector: Detector, segments: Segment[]): Inspected {
  const started = performance.now();
  try {
    return inspected(exchange, detector.inspect(segments));
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
export function verdictsOf(inspection: Inspection, action: Verdict['action']): Verdict[] {
  return inspection.findings.map(({ layer, ruleId, ruleVersion, threatType, severity, score, direction, path }) => ({
    layer,
    ruleId,
    ruleVersion,
    threatType,
    severity,
    score,
    direction,
    path,
    action,
  }));
}
