/**
 * Traces from a request at the gateway to the stores that hold it, in OpenTelemetry's terms and over its protocol. Off,
 * which is the default, nothing of this exists: the places that would call it hold `undefined`.
 */
import type { Logger } from '../core/logger.ts';
import type { Metrics } from '../core/metrics.ts';
import { type BatchTraces, createBatchTraces } from './batches.ts';
import { createExchangeTraces, type ExchangeTraces } from './exchange.ts';
import { createExporter, type ExporterLimits } from './exporter.ts';
import type { Attributes } from './otlp.ts';
import type { TelemetryOptions } from './settings.ts';

export { type Headers, recordHeaders } from './context.ts';
export { parseTelemetry, type TelemetryOptions } from './settings.ts';
export type { BatchTraces, ExchangeTraces };

export interface Telemetry {
  /** For the gateway. */
  exchanges: ExchangeTraces;
  /** For processors and sinks. */
  batches: BatchTraces;
  /** Sends what is left, within a few seconds. */
  stop(): Promise<void>;
}

export interface TelemetryParts {
  metrics: Metrics;
  logger: Logger;
  /** `service.name`, where the options give no other. */
  service: string;
  /** What else names the process, e.g. `service.instance.id`; the options go before it. */
  resource?: Attributes;
  /** The log's kind. */
  system?: 'parapet' | 'kafka';
  limits?: Partial<ExporterLimits>;
}

/** Undefined without options: traces are off. */
export function openTelemetry(options: TelemetryOptions | undefined, parts: TelemetryParts): Telemetry | undefined {
  if (options === undefined) return undefined;
  const { metrics, logger, service, system = 'parapet', limits = {} } = parts;
  const resource = {
    'telemetry.sdk.name': 'parapet',
    'telemetry.sdk.language': 'nodejs',
    'process.pid': process.pid,
    ...parts.resource,
    ...options.resource,
    'service.name': options.serviceName ?? service,
  };
  const exporter = createExporter({ options, resource, metrics, logger, limits });
  logger.info({ collector: new URL(options.url).host, sampling: options.sampling }, 'traces on');
  return {
    exchanges: createExchangeTraces({ ...options, add: exporter.add }),
    batches: createBatchTraces(exporter.add, system),
    stop: exporter.stop,
  };
}
