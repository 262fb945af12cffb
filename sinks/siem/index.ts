/**
 * The SIEM sinks: threats, what analysts say of them, and audit events leave for a customer's own SIEM, by syslog (CEF or OCSF), by signed webhooks or
 * by Splunk's HTTP Event Collector. See README.md for the fields and for what each destination promises.
 */
export { isPublic } from './address.ts';
export { toCef } from './cef.ts';
export { SEVERITIES, type Severity, type SiemEvent, type SiemTopic, toEvent } from './event.ts';
export { createHecSink, type HecSinkOptions } from './hec.ts';
export { toJson } from './json.ts';
export { toOcsf } from './ocsf.ts';
export { createSyslogSink, type SyslogSinkOptions } from './syslog.ts';
export { createWebhookSink, type WebhookSinkOptions } from './webhook.ts';
