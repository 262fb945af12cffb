/**
 * `parapet read`: what was said in one interaction, in clear. Who reads it and why stands in the audit log (`content.read`) before anything
 * is opened, so that nobody reads in secret, whatever becomes of the command behind that.
 */
import { queryOver } from '../compliance/collectors/query.ts';
import type { Environment } from '../core/environment.ts';
import { ParapetError } from '../core/errors.ts';
import type { KeyStore } from '../keys/port.ts';
import { auditRecord } from '../log/audit.ts';
import type { EventLog } from '../log/port.ts';
import { openContent } from '../processors/content.ts';
import type { Codec } from '../schemas/codec.ts';
import type { Part, RequestContent, ResponseContent } from '../schemas/content.ts';
import { readTextFile } from '../schemas/files.ts';
import type { Interaction } from '../schemas/types.ts';
import { findInteraction, type ObjectStore } from '../sinks/s3/index.ts';
import { openReader } from './books.ts';
import { interactionRecords } from './interactions.ts';
import { openCodec, openKeys, openLake, openLog } from './stores.ts';

export interface ReadParts {
  log: EventLog;
  codec: Codec;
  keys: KeyStore;
  lake: ObjectStore;
  /** When the view says that it was admitted, in microseconds since 1970; undefined when the organisation has no such interaction. */
  startedAt(org: string, interactionId: string): Promise<number | undefined>;
}

export interface Reading {
  interactionId: string;
  startedAt: string;
  agentId: string;
  userId: string | null;
  model: string | null;
  status: string;
  /** False when its subject was erased. */
  available: boolean;
  request: RequestContent | null;
  response: ResponseContent | null;
}

/** The parts of an environment, for one command. */
export async function withReadParts<T>(env: Environment, work: (parts: ReadParts) => Promise<T>): Promise<T> {
  const log = await openLog(env);
  const [keys, lake, clickhouse] = [openKeys(env), openLake(env), await openReader(env)];
  const startedAt: ReadParts['startedAt'] = async (org, id) => {
    const [row] = await queryOver(clickhouse, { org, window: EVER })(
      `SELECT toString(toUnixTimestamp64Micro(started_at)) AS started_at FROM interactions
      WHERE org = {org:String} AND interaction_id = {id:String} LIMIT 1`,
      { id },
    );
    return row === undefined ? undefined : Number(row['started_at']);
  };
  try {
    return await work({ log, codec: await openCodec(env), keys, lake, startedAt });
  } finally {
    await clickhouse.close();
    await lake.close();
    await keys.close();
    await log.close();
  }
}

const EVER = { from: '1970-01-01T00:00:00.000Z', to: '2100-01-01T00:00:00.000Z' };
/** What the lake's sink may not have written yet is among the newest of the log. */
const NEWEST = 50_000;

/** Throws PARAPET_EVENT_UNKNOWN, PARAPET_STORE_UNAVAILABLE; then nothing was read and nothing stands in the audit log. */
export async function readInteraction(
  parts: ReadParts,
  interactionId: string,
  { org, by, reason }: { org: string; by: string; reason: string },
): Promise<Reading> {
  const startedAt = await parts.startedAt(org, interactionId);
  const interaction = startedAt === undefined ? undefined : await find(parts, interactionId, startedAt);
  if (interaction === undefined) {
    throw new ParapetError('PARAPET_EVENT_UNKNOWN', {
      message: `There is no interaction ${interactionId} of ${org}, or its record is gone.`,
    });
  }
  const facts = { org, actor: by, action: 'content.read', target: interactionId, details: { reason } };
  await parts.log.append([auditRecord(parts.codec, facts)]);
  const { request, response, available } = openContent(parts.keys, interaction);
  return {
    interactionId,
    startedAt: new Date(interaction.startedAt / 1_000).toISOString(),
    agentId: interaction.agentId,
    userId: interaction.userId,
    model: interaction.modelUsed ?? interaction.modelAsked,
    status: interaction.status,
    available,
    request: request ?? null,
    response: response ?? null,
  };
}

async function find(parts: ReadParts, interactionId: string, startedAt: number): Promise<Interaction | undefined> {
  const { codec, lake } = parts;
  await lake.open();
  const stored = await findInteraction(lake, { interactionId, startedAt });
  if (stored === undefined) return findInLog(parts, interactionId);
  await codec.prepare('interactions', [stored.value]);
  return codec.decode('interactions', stored.value);
}

async function findInLog(parts: ReadParts, interactionId: string): Promise<Interaction | undefined> {
  const { codec } = parts;
  for await (const values of interactionRecords(parts, NEWEST)) {
    const found = values.find((value) => codec.decodeUnsealed('interactions', value).interactionId === interactionId);
    if (found !== undefined) return codec.decode('interactions', found);
  }
  return undefined;
}

export function renderReading({ request, response, available, ...of }: Reading): string[] {
  const head = `${of.startedAt}  ${of.agentId}${of.userId === null ? '' : `  ${of.userId}`}  ${of.model ?? 'no model'}  ${of.status}`;
  if (!available) return [harmless(head), 'Its subject was erased: nobody can read it any more.'];
  const said = [
    ...(request?.messages ?? []).map(({ role, parts }) => ({ role, parts })),
    ...(response?.choices ?? []).map(({ message: { role, parts } }) => ({ role: `${role} (answer)`, parts })),
  ];
  const besides = [
    ...(request?.tools ?? []).map(({ name, description = '', parameters }) => ({
      title: `tool ${name}`,
      text: [description, ...(parameters === undefined ? [] : [JSON.stringify(parameters)])].join('\n').trimStart(),
    })),
    ...(request?.rest ?? []).map(({ path, text }) => ({ title: path, text })),
  ];
  return [
    head,
    ...besides.flatMap(({ title, text }) => ['', `${title}:`, ...text.split('\n')]),
    ...said.flatMap(({ role, parts }) => ['', `${role}:`, ...parts.flatMap(linesOf)]),
  ].map(harmless);
}

function linesOf(part: Part): string[] {
  switch (part.type) {
    case 'text':
    case 'refusal':
    case 'reasoning':
      return part.text.split('\n');
    case 'tool_call':
      return [`calls ${part.name} ${part.arguments}`];
    case 'tool_result':
      return [`result of ${part.callId}:`, ...part.parts.flatMap(linesOf)];
    case 'image':
    case 'document':
      return [
        `[${part.type}${part.mediaType === undefined ? '' : ` ${part.mediaType}`}${part.url === undefined ? '' : ` ${part.url}`}]`,
        ...(readTextFile(part.mediaType ?? '', part.data ?? '')?.text.split('\n') ?? []),
      ];
    case 'other':
      return [`[${part.kind}] ${part.json}`];
  }
}

/** What was said may be an attack on whoever reads it: what steers a terminal, or turns the order of letters, is shown as its number. */
function harmless(line: string): string {
  return line.replace(
    /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/gu,
    (sign) => `\\u{${(sign.codePointAt(0) as number).toString(16)}}`,
  );
}
