/** Settings by their standard names; a wrong one is named before anything starts. */
import { describe, expect, it } from 'vitest';
import { ParapetError } from '../core/errors.ts';
import { parseTelemetry } from './settings.ts';

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
const problemsOf = (env: Record<string, unknown>): string => {
  try {
    parseTelemetry({ ...ENDPOINT, ...env });
  } catch (error) {
    expect(error).toBeInstanceOf(ParapetError);
    expect((error as ParapetError).code).toBe('PARAPET_CONFIG_INVALID');
    return (error as Error).message;
  }
  throw new Error('nothing was wrong');
};

describe('traces are off', () => {
  it.each([
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: '' },
    { OTEL_TRACES_SAMPLER: 'whatever' },
    { ...ENDPOINT, OTEL_SDK_DISABLED: 'TRUE' },
    { ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' },
  ])('with %o', (env) => {
    expect(parseTelemetry(env)).toBeUndefined();
  });
});

describe('traces are on', () => {
  it('with an endpoint alone, by the standard’s defaults', () => {
    expect(parseTelemetry(ENDPOINT)).toEqual({
      url: 'http://collector:4318/v1/traces',
      headers: {},
      timeoutMs: 10_000,
      compression: 'gzip',
      sampling: { parentBased: true, ratio: 1 },
      serviceName: undefined,
      resource: {},
      vendorContext: false,
      userIds: false,
    });
  });

  it('with all that can be set', () => {
    expect(
      parseTelemetry({
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://not-this-one',
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector.example/otlp/spans?tenant=1',
        OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20a%3Db,x-tenant= 7 ',
        OTEL_EXPORTER_OTLP_TIMEOUT: '2500',
        OTEL_EXPORTER_OTLP_COMPRESSION: 'none',
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_SERVICE_NAME: 'gate',
        OTEL_RESOURCE_ATTRIBUTES: 'service.name=other,deployment.environment.name=prod%2Ceu',
        OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
        OTEL_TRACES_SAMPLER_ARG: '0.25',
        PARAPET_TRACE_VENDORS: true,
        PARAPET_TRACE_USER_IDS: 'true',
      }),
    ).toEqual({
      url: 'https://collector.example/otlp/spans?tenant=1',
      headers: { authorization: 'Bearer a=b', 'x-tenant': '7' },
      timeoutMs: 2_500,
      compression: 'none',
      sampling: { parentBased: true, ratio: 0.25 },
      serviceName: 'gate',
      resource: { 'deployment.environment.name': 'prod,eu' },
      vendorContext: true,
      userIds: true,
    });
  });

  it('adds the signal’s path to a base with a path of its own', () => {
    expect(parseTelemetry({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c/otlp/' })?.url).toBe('http://c/otlp/v1/traces');
  });
});

describe('a wrong setting is refused by name', () => {
  it.each([
    ['OTEL_SDK_DISABLED', 'perhaps'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'grpc://collector:4317'],
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'http://user:secret@collector'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc'],
    ['OTEL_EXPORTER_OTLP_COMPRESSION', 'br'],
    ['OTEL_EXPORTER_OTLP_TIMEOUT', '10s'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'secret'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'authorization=secret%'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'authorization=secret%0d%0ax-evil: 1'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'Content-Type=secret'],
    ['OTEL_RESOURCE_ATTRIBUTES', '=secret'],
    ['OTEL_TRACES_SAMPLER', 'sometimes'],
    ['OTEL_TRACES_SAMPLER', 'toString'],
    ['OTEL_TRACES_SAMPLER_ARG', '0.5'],
    ['PARAPET_TRACE_VENDORS', 'some'],
  ])('%s=%s', (name, value) => {
    const message = problemsOf({ [name]: value });
    expect(message).toContain(name);
    expect(message).not.toContain('secret');
  });

  it.each(['1.5', '-0.1', 'half', ' '])('a ratio of %s', (OTEL_TRACES_SAMPLER_ARG) => {
    expect(problemsOf({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG })).toContain('OTEL_TRACES_SAMPLER_ARG');
  });

  it('together with every other mistake', () => {
    const message = problemsOf({ OTEL_EXPORTER_OTLP_TIMEOUT: '0', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_TRACES_SAMPLER: 'x' });
    expect(message.split('\n')).toHaveLength(4);
  });
});
