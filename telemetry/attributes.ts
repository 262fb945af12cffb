/**
 * What the spans of a request say about it: by OpenTelemetry's conventions for generative AI where these have a name
 * (https://opentelemetry.io/docs/specs/semconv/gen-ai/), else under `parapet.`. Ids, codes and numbers; no text of a user.
 */
import type { Ending, Exchange } from '../gateway/exchange.ts';
import type { Vendor } from '../gateway/routing.ts';
import type { Attributes } from './otlp.ts';

export function callName({ target }: Exchange): string {
  return target === undefined ? 'chat' : `chat ${target.model}`;
}

/** The code of what an operator must look at; a refusal is an answer like any other. */
export function failureOf(ending: Ending): string | undefined {
  const error = 'error' in ending ? ending.error : undefined;
  return error !== undefined && (ending.status === 'failed' || error.status >= 500) ? error.code : undefined;
}

/** No texts of users; a model's name only where a vendor serves it, because anything can stand in its place. */
export function requestAttributes(exchange: Exchange, ending: Ending, userIds: boolean): Attributes {
  const { target, answer, request, policyDecisions } = exchange;
  const effects = new Set(policyDecisions.map((decision) => decision.effect));
  const reasons = answer?.content.choices.flatMap(({ finishReason }) => finishReason ?? []) ?? [];
  return {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': target?.vendor.adapter.id,
    'gen_ai.request.model': target === undefined ? undefined : request?.model,
    'gen_ai.response.model': answer?.model,
    'gen_ai.response.finish_reasons': reasons.length === 0 ? undefined : reasons,
    'gen_ai.usage.input_tokens': answer?.usage?.inputTokens,
    'gen_ai.usage.output_tokens': answer?.usage?.outputTokens,
    'http.request.method': 'POST',
    'http.response.status_code': ending.httpStatus === 0 ? undefined : ending.httpStatus,
    'error.type': 'error' in ending ? ending.error?.code : undefined,
    'parapet.interaction.id': exchange.id,
    'parapet.status': ending.status,
    'parapet.wire_format': exchange.wire.id,
    'parapet.streaming': request?.stream,
    'parapet.risk_score': exchange.riskScore,
    'parapet.decision': effects.has('block') ? 'block' : effects.has('flag') ? 'flag' : 'allow',
    'user.id': userIds ? exchange.identity.userId : undefined,
  };
}

export function attemptAttributes({ target }: Exchange, index: number, status: number | undefined, error: string | undefined): Attributes {
  const address = target && addressOf(target.vendor);
  return {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': target?.vendor.adapter.id,
    'gen_ai.request.model': target?.model,
    'http.request.method': 'POST',
    'http.request.resend_count': index === 0 ? undefined : index,
    'http.response.status_code': status,
    'server.address': address?.host,
    'server.port': address?.port,
    'error.type': error,
    'parapet.vendor': target?.vendor.config.name,
    'parapet.attempt': index + 1,
  };
}

const addresses = new WeakMap<Vendor, { host: string; port: number }>();

function addressOf(vendor: Vendor): { host: string; port: number } {
  let address = addresses.get(vendor);
  if (address === undefined) {
    const { hostname, port, protocol } = new URL(vendor.config.baseUrl);
    address = { host: hostname, port: Number(port) || (protocol === 'https:' ? 443 : 80) };
    addresses.set(vendor, address);
  }
  return address;
}
