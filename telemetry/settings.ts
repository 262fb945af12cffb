/**
 * OpenTelemetry's own names for what can be set (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/),
 * and two of the house. Stricter than OpenTelemetry, which overlooks a wrong value: here a wrong deployment fails at its start.
 */
import { ParapetError } from '../core/errors.ts';
import type { Sampling } from './context.ts';

export interface TelemetryOptions {
  /** Where spans are posted, path included. */
  url: string;
  /** Sent with each post; may hold secrets. */
  headers: Record<string, string>;
  /** For one post. */
  timeoutMs: number;
  compression: 'gzip' | 'none';
  sampling: Sampling;
  /** Instead of the name that the process has by itself. */
  serviceName: string | undefined;
  resource: Record<string, string>;
  /** Vendors get a `traceparent`. */
  vendorContext: boolean;
  /** Spans of requests carry `user.id`. */
  userIds: boolean;
}

const SAMPLERS: Record<string, { parentBased: boolean; ratio: number | undefined }> = {
  always_on: { parentBased: false, ratio: 1 },
  always_off: { parentBased: false, ratio: 0 },
  traceidratio: { parentBased: false, ratio: undefined },
  parentbased_always_on: { parentBased: true, ratio: 1 },
  parentbased_always_off: { parentBased: true, ratio: 0 },
  parentbased_traceidratio: { parentBased: true, ratio: undefined },
};
/** Set by the exporter itself. */
const OWN_HEADERS = new Set(['content-type', 'content-encoding', 'content-length', 'transfer-encoding', 'connection', 'host']);

/**
 * The options in an environment; undefined when traces are off: without an endpoint, with OTEL_SDK_DISABLED=true or
 * OTEL_TRACES_EXPORTER=none. Throws PARAPET_CONFIG_INVALID with every mistake, and no value of a header, in its message.
 */
export function parseTelemetry(env: { readonly [name: string]: unknown }): TelemetryOptions | undefined {
  const problems: string[] = [];
  const text = (name: string): string | undefined => {
    const value = env[name];
    return value === undefined || value === null || value === '' ? undefined : String(value);
  };
  /** The first of the names that is set. */
  const first = (...names: string[]) => names.find((name) => text(name) !== undefined);
  const flag = (name: string): boolean => {
    const value = (text(name) ?? 'false').toLowerCase();
    if (!['true', 'false', '1', '0'].includes(value)) problems.push(`${name}: must be true or false`);
    return value === 'true' || value === '1';
  };
  const oneOf = (names: string[], allowed: string[], fallback: string): string => {
    const name = first(...names);
    if (name === undefined) return fallback;
    const value = text(name) as string;
    if (!allowed.includes(value)) problems.push(`${name}: must be ${allowed.join(' or ')}`);
    return value;
  };
  const refuse = () =>
    new ParapetError('PARAPET_CONFIG_INVALID', { message: `The configuration is not valid:\n  ${problems.join('\n  ')}` });

  const disabled = flag('OTEL_SDK_DISABLED');
  const exporter = oneOf(['OTEL_TRACES_EXPORTER'], ['otlp', 'none'], 'otlp');
  const endpointName = first('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT');
  if (problems.length > 0) throw refuse();
  if (disabled || exporter === 'none' || endpointName === undefined) return undefined;

  const url = urlOf(endpointName, text(endpointName) as string, problems);
  const protocolName = first('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'OTEL_EXPORTER_OTLP_PROTOCOL');
  if (protocolName !== undefined && text(protocolName) !== 'http/json') {
    problems.push(`${protocolName}: only http/json is spoken; OTLP/HTTP receivers take it on the same port (4318) as http/protobuf`);
  }
  const compression = oneOf(['OTEL_EXPORTER_OTLP_TRACES_COMPRESSION', 'OTEL_EXPORTER_OTLP_COMPRESSION'], ['gzip', 'none'], 'gzip');
  const timeoutName = first('OTEL_EXPORTER_OTLP_TRACES_TIMEOUT', 'OTEL_EXPORTER_OTLP_TIMEOUT');
  const timeoutMs = timeoutName === undefined ? 10_000 : Number(text(timeoutName));
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > 600_000) {
    problems.push(`${timeoutName}: must be whole milliseconds from 1 to 600000`);
  }
  const headersName = first('OTEL_EXPORTER_OTLP_TRACES_HEADERS', 'OTEL_EXPORTER_OTLP_HEADERS');
  const headers = headersName === undefined ? {} : headersOf(headersName, text(headersName) as string, problems);
  const attributes = pairsOf('OTEL_RESOURCE_ATTRIBUTES', text('OTEL_RESOURCE_ATTRIBUTES') ?? '', problems);
  const sampling = samplingOf(text('OTEL_TRACES_SAMPLER'), text('OTEL_TRACES_SAMPLER_ARG'), problems);
  const vendorContext = flag('PARAPET_TRACE_VENDORS');
  const userIds = flag('PARAPET_TRACE_USER_IDS');
  if (problems.length > 0) throw refuse();
  const { 'service.name': named, ...resource } = attributes;
  return {
    url,
    headers,
    timeoutMs,
    compression: compression === 'none' ? 'none' : 'gzip',
    sampling,
    serviceName: text('OTEL_SERVICE_NAME') ?? named,
    resource,
    vendorContext,
    userIds,
  };
}

/** The general endpoint is a base, to which the signal's path is added; the one for traces is used as it is. */
function urlOf(name: string, text: string, problems: string[]): string {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    problems.push(`${name}: must be an http:// or https:// URL`);
    return '';
  }
  if (url.username !== '' || url.password !== '')
    problems.push(`${name}: put credentials into OTEL_EXPORTER_OTLP_HEADERS, not into the URL`);
  if (name === 'OTEL_EXPORTER_OTLP_ENDPOINT') url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/traces`;
  url.hash = '';
  return url.href;
}

function headersOf(name: string, text: string, problems: string[]): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [header, value] of Object.entries(pairsOf(name, text, problems))) {
    const lower = header.toLowerCase();
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(lower)) problems.push(`${name}: a header's name has characters that HTTP does not allow`);
    else if (OWN_HEADERS.has(lower)) problems.push(`${name}: ${lower} is set by the exporter itself`);
    else if (!/^[\x20-\x7e\t]*$/.test(value)) problems.push(`${name}: the value of ${lower} has characters that HTTP does not allow`);
    else out[lower] = value;
  }
  return out;
}

/** `name=value,name=value`, percent-encoded. */
function pairsOf(name: string, text: string, problems: string[]): Record<string, string> {
  const out = new Map<string, string>();
  for (const pair of text.split(',')) {
    if (pair.trim() === '') continue;
    const equals = pair.indexOf('=');
    try {
      if (equals < 1) throw new URIError();
      const key = decodeURIComponent(pair.slice(0, equals).trim());
      if (key === '') throw new URIError();
      out.set(key, decodeURIComponent(pair.slice(equals + 1).trim()));
    } catch {
      problems.push(`${name}: must be name=value pairs with commas between, other characters percent-encoded`);
      break;
    }
  }
  return Object.fromEntries(out);
}

function samplingOf(name = 'parentbased_always_on', argument: string | undefined, problems: string[]): Sampling {
  const sampler = Object.hasOwn(SAMPLERS, name) ? SAMPLERS[name] : undefined;
  if (sampler === undefined) {
    problems.push(`OTEL_TRACES_SAMPLER: must be one of ${Object.keys(SAMPLERS).join(', ')}`);
    return { parentBased: true, ratio: 1 };
  }
  const { parentBased, ratio } = sampler;
  if (ratio !== undefined) {
    if (argument !== undefined) problems.push(`OTEL_TRACES_SAMPLER_ARG is set, but OTEL_TRACES_SAMPLER=${name} does not use it`);
    return { parentBased, ratio };
  }
  const given = argument === undefined ? 1 : Number(argument.trim() || Number.NaN);
  if (!(given >= 0 && given <= 1)) problems.push('OTEL_TRACES_SAMPLER_ARG: must be a number from 0 to 1');
  return { parentBased, ratio: given };
}
