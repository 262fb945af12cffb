/**
 * An event as ArcSight's Common Event Format, version 0. Nothing in a value can begin another field: the header escapes `\`
 * and `|`, the extension `\` and `=`, and no line break is left. Bounds are those of the CEF dictionary, counted in bytes of
 * the escaped value, so that they hold however a receiver counts.
 */
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import type { AnalystVerdict, AuditEvent, Threat } from '../../schemas/types.ts';
import { millisOf, type SiemEvent } from './event.ts';
import { escapeWithin, jsonLine, plain } from './text.ts';

type Value = string | number | null | undefined;
type Fields = [key: string, value: Value][];

const SEVERITY: Record<SiemEvent['severity'], string> = {
  informational: '1',
  low: '3',
  medium: '5',
  high: '8',
  critical: '10',
  unknown: 'Unknown',
};
/** Of the dictionary; keys that it does not name are ours, and get what a string usually has. */
const LENGTHS: Record<string, number> = { act: 63, externalId: 40, cs1: 4_000, cs2: 4_000, cs3: 4_000, cs4: 4_000, cs5: 4_000, cs6: 4_000 };
const DEFAULT_LENGTH = 1_023;
const HEADER_LENGTHS = { version: 31, classId: 1_023, name: 512 };
/** To make room in a message, long values are cut shorter, all to the same length. */
const SHORTER = [4_000, 1_023, 255, 63];

/** `maxBytes` bounds the whole; undefined when even shortened values do not fit. */
export function toCef(event: SiemEvent, { version, maxBytes }: { version: string; maxBytes: number }): string | undefined {
  for (const longest of SHORTER) {
    const text = format(event, version, longest);
    if (Buffer.byteLength(text) <= maxBytes) return text;
  }
  return undefined;
}

function format(event: SiemEvent, version: string, longest: number): string {
  const [classId, own] = partsOf(event);
  const header = [
    'CEF:0',
    'Parapet',
    'Parapet Gateway',
    headerField(version, HEADER_LENGTHS.version),
    headerField(classId.toUpperCase().replace(/[.\s-]+/g, '_'), Math.min(HEADER_LENGTHS.classId, longest)),
    headerField(event.title, Math.min(HEADER_LENGTHS.name, longest)),
    SEVERITY[event.severity],
  ].join('|');
  return `${header}|${extension([...common(event), ...own], longest)}`;
}

/** What names its class, and the fields that only its kind has. */
function partsOf(event: SiemEvent): [classId: string, fields: Fields] {
  switch (event.topic) {
    case 'threats':
      return [event.record.threatType, threatFields(event.record)];
    case 'audit':
      return [event.record.action, auditFields(event.record)];
    case 'verdicts':
      return [`verdict.${event.record.verdict}`, verdictFields(event.record)];
  }
}

function common(event: SiemEvent): Fields {
  return [
    ['rt', millisOf(event)],
    ['externalId', shortId(event.id)],
  ];
}

function threatFields(threat: Threat): Fields {
  return [
    ['cat', threat.threatType],
    ['act', threat.actionTaken],
    ['suser', threat.userId],
    ...custom('cs1', 'AgentID', threat.agentId),
    ...custom('cs2', 'Model', threat.model),
    ...custom('cs3', 'RuleID', threat.ruleId),
    ...custom('cs4', 'InteractionID', threat.interactionId),
    ...custom('cs5', 'Organization', threat.org),
    ...custom('cs6', 'Techniques', threat.techniques.join(',')),
    ...custom('cn1', 'RiskScore', threat.riskScore),
    ...custom('cfp1', 'Score', threat.score),
    ['ParapetGatewayConversationID', threat.conversationId],
    ['ParapetGatewayDirection', threat.direction],
    ['ParapetGatewayLayer', threat.layer],
    ['ParapetGatewayVendor', threat.vendor],
    ['msg', threat.maskedExcerpt],
  ];
}

function auditFields(audit: AuditEvent): Fields {
  const source = audit.details['src'] ?? '';
  return [
    ['cat', 'audit'],
    ['act', audit.action],
    ['outcome', audit.outcome],
    ['suser', audit.actor],
    ...(isIP(source) === 4 ? ([['src', source]] satisfies Fields) : []),
    ...(isIP(source) === 6 ? custom('c6a2', 'Source IPv6 Address', source) : []),
    ...custom('cs1', 'Target', audit.target),
    ...custom('cs4', 'InteractionID', audit.interactionId),
    ...custom('cs5', 'Organization', audit.org),
    ...custom('cs6', 'Details', Object.keys(audit.details).length === 0 ? '' : jsonLine(audit.details)),
    ['ParapetGatewayTraceID', audit.traceId],
    ['reason', audit.details['reason']],
  ];
}

/** `cs1` is what it is on: the `externalId` of a threat that was sent before. */
function verdictFields(said: AnalystVerdict): Fields {
  return [
    ['cat', 'verdict'],
    ['act', said.verdict],
    ['suser', said.actor],
    ...custom('cs1', 'ThreatID', said.threatId),
    ...custom('cs2', 'ThreatType', said.threatType),
    ...custom('cs3', 'RuleID', said.ruleId),
    ...custom('cs4', 'InteractionID', said.interactionId),
    ...custom('cs5', 'Organization', said.org),
    ['ParapetGatewayDirection', said.direction],
    ['ParapetGatewayLayer', said.layer],
    ['msg', said.note],
  ];
}

/** A custom field and its label; neither when there is no value. */
function custom(key: string, label: string, value: Value): Fields {
  if (value === null || value === undefined || value === '') return [];
  return [
    [`${key}Label`, label],
    [key, value],
  ];
}

function headerField(text: string, maxBytes: number): string {
  const clean = plain(text).replaceAll('\n', ' ').trim();
  return escapeWithin(clean, maxBytes, /[\\|]/g, (character) => `\\${character}`);
}

function extension(fields: Fields, longest: number): string {
  const out: string[] = [];
  for (const [key, value] of fields) {
    if (value === null || value === undefined) continue;
    if (typeof value === 'number' && !Number.isFinite(value)) continue;
    // Blanks at the ends would be taken for the gap between two fields.
    const text = escapeWithin(
      plain(String(value)).trim(),
      Math.min(LENGTHS[key] ?? DEFAULT_LENGTH, longest),
      /[\\=\n]/g,
      escapeValue,
    ).trimEnd();
    if (text !== '') out.push(`${key}=${text}`);
  }
  return out.join(' ');
}

function escapeValue(character: string): string {
  return character === '\n' ? '\\n' : `\\${character}`;
}

/** externalId has 40 bytes. Ours are shorter; another one's digest is still the same in every repetition. */
function shortId(id: string): string {
  return /^[\w.:-]{1,40}$/.test(id) ? id : createHash('sha256').update(id).digest('hex').slice(0, 40);
}
