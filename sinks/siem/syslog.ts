/**
 * The syslog destination: CEF or OCSF in RFC 5424 messages over TLS or TCP, with octet counting. One connection a batch;
 * `syslog-send.ts` says what that buys. At least once: a repeated message has the same `externalId`.
 */
import { hostname } from 'node:os';
import type { BatchLimits, Refused, Sink, SinkBatch } from '../port.ts';
import { invalid, readTls, sinkName, type TlsOptions } from './connection.ts';
import { eventsOf, type Severity, type SiemRecords, type SiemTopic } from './event.ts';
import { frame, type MessageOptions, syslogMessage } from './syslog-message.ts';
import { createRecent } from './syslog-recent.ts';
import { type SyslogTarget, send } from './syslog-send.ts';

export interface SyslogSinkOptions<Id extends SiemTopic> extends TlsOptions {
  topic: Id;
  /** Where there are several syslog servers: a name for this one, which becomes part of the sink's. */
  endpoint?: string;
  host: string;
  port: number;
  /** `tls` unless said otherwise. */
  protocol?: 'tls' | 'tcp';
  /** The name in the server's certificate, when it is not the host. */
  serverName?: string;
  format?: 'cef' | 'ocsf';
  /** 0–23; 16 (local0) unless said otherwise. */
  facility?: number;
  /** 0–7 for every message, instead of one made from the event's severity. */
  severity?: number;
  /** Of this machine, as the SIEM should show it. */
  hostname?: string;
  appName?: string;
  enterpriseId?: number;
  minSeverity?: Severity;
  /** Of one message; servers take 8192 unless they are told to take more. */
  maxMessageBytes?: number;
  timeoutMs?: number;
  waitForClose?: boolean;
  /** After a failure, what the server took in this time before it is sent once more, in milliseconds; 0 for nothing. */
  resendWindowMs?: number;
  /** Of Parapet, as the events name it. */
  version?: string;
  limits?: Partial<BatchLimits>;
}

/** A batch is sent again as a whole when it goes wrong, so it is not large. */
const LIMITS: BatchLimits = { maxRecords: 1_000, maxBytes: 4 * 1024 * 1024, lingerMs: 500 };

const RESEND_BYTES = 16 * 1024 * 1024;

/** A sink named `siem.syslog.<topic>`. Throws PARAPET_CONFIG_INVALID. */
export function createSyslogSink<Id extends SiemTopic>(options: SyslogSinkOptions<Id>): Sink<Id> {
  const { topic, minSeverity = 'informational' } = options;
  const target = targetOf(options);
  const message = messageOptions(options);
  const recent = createRecent(options.resendWindowMs ?? 5_000, RESEND_BYTES);

  async function deliver(payload: Buffer): Promise<void> {
    try {
      await send(target, Buffer.concat([...recent.doubted(), payload]));
    } catch (error) {
      recent.failed();
      throw error;
    }
    recent.took(payload);
  }

  async function write(batch: SinkBatch<SiemRecords[Id]>): Promise<Refused[]> {
    const { events, refused } = eventsOf(topic, batch, minSeverity);
    const frames: Buffer[] = [];
    for (const { index, offset, event } of events) {
      const text = syslogMessage(event, { partition: batch.partition, offset }, message);
      if (text === undefined) refused.push({ index, reason: `As a syslog message it has more than ${message.maxBytes} bytes.` });
      else frames.push(frame(text));
    }
    if (frames.length > 0) await deliver(Buffer.concat(frames));
    return refused.sort((a, b) => a.index - b.index);
  }

  return {
    name: sinkName('syslog', topic, options.endpoint),
    topic,
    limits: { ...LIMITS, ...options.limits },
    // A connection without a message shows wrong names and certificates before the first event.
    open: () => send(target, Buffer.alloc(0)),
    write: (batch) => write(batch as SinkBatch<SiemRecords[Id]>),
    close: async () => {},
  };
}

function targetOf(options: SyslogSinkOptions<SiemTopic>): SyslogTarget {
  const { host, port, protocol = 'tls', serverName, timeoutMs = 30_000, waitForClose = true } = options;
  if (host === '') throw invalid('The syslog server needs a host.');
  if (!between(port, 1, 65_535)) throw invalid('The port of the syslog server is a number from 1 to 65535.');
  const { caFile, certFile, keyFile } = options;
  if (protocol === 'tcp' && (caFile ?? certFile ?? keyFile) !== undefined)
    throw invalid('TLS files mean nothing to syslog over plain TCP.');
  const tls = protocol === 'tls' ? { ...readTls(options), ...(serverName === undefined ? {} : { serverName }) } : undefined;
  return { host, port, tls, timeoutMs, waitForClose };
}

function messageOptions(options: SyslogSinkOptions<SiemTopic>): MessageOptions {
  const { format = 'cef', facility = 16, severity, appName = 'parapet', enterpriseId = 32_473, version = '0.1.0' } = options;
  const { maxMessageBytes = 8_192 } = options;
  if (!between(facility, 0, 23)) throw invalid('A syslog facility is a number from 0 to 23.');
  if (severity !== undefined && !between(severity, 0, 7)) throw invalid('A syslog severity is a number from 0 to 7.');
  if (!between(enterpriseId, 0, 2 ** 32 - 1)) throw invalid('An enterprise id is a number that IANA gave.');
  if (!between(maxMessageBytes, 2_048, 1024 * 1024)) throw invalid('maxMessageBytes is from 2048, which every server takes, to 1 MiB.');
  const base = { format, facility, hostname: options.hostname ?? hostname(), appName, enterpriseId, version, maxBytes: maxMessageBytes };
  return severity === undefined ? base : { ...base, severity };
}

function between(value: number, low: number, high: number): boolean {
  return Number.isInteger(value) && value >= low && value <= high;
}
