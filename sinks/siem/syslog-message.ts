/**
 * An event as one RFC 5424 message: header, structured data with Parapet's ids and the record's place in the log, and the
 * event as CEF or as OCSF JSON. The subtle point: structured data comes before the event, so whatever is in it must not
 * look like the beginning of a CEF event to a reader that searches for one.
 */

import { toCef } from './cef.ts';
import { type SiemEvent, timestampOf } from './event.ts';
import { toOcsf } from './ocsf.ts';
import { escapeWithin, jsonLine, plain } from './text.ts';

export interface MessageOptions {
  format: 'cef' | 'ocsf';
  /** 0–23, RFC 5424 table 1. */
  facility: number;
  /** 0–7 for every message; without it, made from the event's severity. */
  severity?: number;
  hostname: string;
  appName: string;
  /** Private enterprise number of the structured data's name; 32473 is the one for examples (RFC 5612). */
  enterpriseId: number;
  /** Of Parapet. */
  version: string;
  /** Of one message, without its framing. */
  maxBytes: number;
}

/** Where the record stands in the log. */
export interface Place {
  partition: number;
  offset: number;
}

const SEVERITY: Record<SiemEvent['severity'], number> = { critical: 2, high: 3, medium: 4, unknown: 4, low: 5, informational: 6 };
const SD_VALUE_BYTES = 255;

/** One message, without its framing; undefined when it can't be made to fit. */
export function syslogMessage(event: SiemEvent, place: Place, options: MessageOptions): string | undefined {
  const { format, facility, severity, hostname, appName, version, maxBytes } = options;
  const priority = facility * 8 + (severity ?? SEVERITY[event.severity]);
  const names = [headerName(hostname, 255), headerName(appName, 48), '-', event.topic].join(' ');
  const header = `<${priority}>1 ${timestampOf(event)} ${names} ${structuredData(event, place, options.enterpriseId)} `;
  const room = maxBytes - Buffer.byteLength(header);
  const body = format === 'cef' ? toCef(event, { version, maxBytes: room }) : jsonLine(toOcsf(event, { version }));
  return body === undefined || Buffer.byteLength(body) > room ? undefined : header + body;
}

/** The message with its length before it (RFC 6587 3.4.1, RFC 5425 4.3). */
export function frame(message: string): Buffer {
  const bytes = Buffer.from(message);
  return Buffer.concat([Buffer.from(`${bytes.length} `), bytes]);
}

function structuredData(event: SiemEvent, { partition, offset }: Place, enterpriseId: number): string {
  const { org, interactionId } = event.record;
  const parameters: [string, string][] = [
    ['id', event.id],
    ['org', org],
    ...(interactionId === null ? [] : ([['interaction', interactionId]] as [string, string][])),
    ['partition', String(partition)],
    ['offset', String(offset)],
  ];
  return `[parapet@${enterpriseId} ${parameters.map(([name, value]) => `${name}="${sdValue(value)}"`).join(' ')}]`;
}

function sdValue(text: string): string {
  const clean = plain(text).replaceAll('\n', ' ').replaceAll('|', '/').replace(/cef:/gi, 'CEF_');
  return escapeWithin(clean, SD_VALUE_BYTES, /["\\\]]/g, (character) => `\\${character}`);
}

/** PRINTUSASCII, or `-`. */
function headerName(text: string, maxLength: number): string {
  return text.replace(/[^\u0021-\u007e]/g, '').slice(0, maxLength) || '-';
}
