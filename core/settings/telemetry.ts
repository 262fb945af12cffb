/** OpenTelemetry's own names, as they stand: `telemetry/settings.ts` says what they mean and refuses wrong values. */
import { z } from 'zod';

const text = () => z.string().optional();

export const telemetrySettings = {
  OTEL_SDK_DISABLED: text(),
  OTEL_SERVICE_NAME: text(),
  OTEL_RESOURCE_ATTRIBUTES: text(),
  OTEL_TRACES_EXPORTER: text(),
  OTEL_TRACES_SAMPLER: text(),
  OTEL_TRACES_SAMPLER_ARG: text(),
  OTEL_EXPORTER_OTLP_ENDPOINT: text(),
  OTEL_EXPORTER_OTLP_HEADERS: text(),
  OTEL_EXPORTER_OTLP_TIMEOUT: text(),
  OTEL_EXPORTER_OTLP_PROTOCOL: text(),
  OTEL_EXPORTER_OTLP_COMPRESSION: text(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: text(),
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: text(),
  OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: text(),
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: text(),
  OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: text(),
  PARAPET_TRACE_VENDORS: text(),
  PARAPET_TRACE_USER_IDS: text(),
};
