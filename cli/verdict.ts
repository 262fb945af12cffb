/**
 * `parapet verdict`: what an analyst says of a threat, or of an interaction in which an attack was missed. Said once, it is an
 * event like any other: views show it, and `parapet train` learns from it. What it is about is looked up in the log, so that
 * the event says by itself which rule was right or wrong, and whose interaction it was.
 */
import type { Environment } from '../core/environment.ts';
import { ParapetError } from '../core/errors.ts';
import { newId, nowMicros } from '../core/ids.ts';
import { auditRecord } from '../log/audit.ts';
import { followControls } from '../log/controls.ts';
import { findNewest } from '../log/newest.ts';
import type { EventLog, LogRecord } from '../log/port.ts';
import { TOPICS } from '../log/topics.ts';
import { meantBy, readVerdicts } from '../log/verdicts.ts';
import type { Codec } from '../schemas/codec.ts';
import type { AnalystVerdict } from '../schemas/types.ts';
import { createMask } from '../sinks/erasure.ts';
import { openKeys } from './stores.ts';

export interface VerdictParts {
  log: EventLog;
  codec: Codec;
}

/** As it is written on the command line. */
export const VERDICTS = ['false-positive', 'true-positive', 'missed', 'withdrawn'] as const;
export type VerdictWord = (typeof VERDICTS)[number];

export interface Said {
  verdict: VerdictWord;
  /** What it is on. A missed attack is an interaction's; the other words are about a threat, and one may withdraw either. */
  on: { threatId: string } | { interactionId: string };
  /** Who says it. */
  by: string;
  note?: string;
  /** Where in the interaction the attack was missed. */
  path?: string;
  direction?: AnalystVerdict['direction'];
}

const MOST_NOTE = 2_000;
const WORDS = { 'false-positive': 'false_positive', 'true-positive': 'true_positive', missed: 'missed', withdrawn: 'withdrawn' } as const;

/** What the event takes over from the threat or the interaction, and the key that both have in the log. */
interface Meant {
  key: string;
  facts: Pick<AnalystVerdict, 'org' | 'threatId' | 'interactionId' | 'subject' | 'threatAt'> &
    Pick<AnalystVerdict, 'layer' | 'ruleId' | 'threatType' | 'direction' | 'path'>;
}

/**
 * Appends the verdict and its audit event, both or none; undefined when there was nothing to withdraw. Saying it twice changes
 * nothing: the newest holds. Throws PARAPET_EVENT_UNKNOWN.
 */
export async function giveVerdict(parts: VerdictParts, said: Said): Promise<AnalystVerdict | undefined> {
  const { verdict, by, note = '' } = said;
  if (('threatId' in said.on && verdict === 'missed') || ('interactionId' in said.on && verdict.endsWith('positive'))) {
    throw invalid('A threat is false-positive, true-positive or withdrawn; an interaction (--interaction) missed or withdrawn.');
  }
  if (by === '') throw invalid('Somebody must say it.');
  if (note.length > MOST_NOTE) throw invalid(`The note has ${note.length} characters; ${MOST_NOTE} are allowed.`);
  const meant = verdict === 'withdrawn' ? await standing(parts, said) : await lookUp(parts, said);
  if (meant === undefined) return undefined;
  const event: AnalystVerdict = {
    verdictId: newId(),
    occurredAt: nowMicros(),
    actor: by,
    verdict: WORDS[verdict],
    note,
    ...meant.facts,
  };
  await parts.log.append([verdictRecord(parts.codec, meant.key, event), auditOf(parts.codec, event)]);
  return event;
}

function verdictRecord(codec: Codec, key: string, event: AnalystVerdict): LogRecord {
  const timestamp = Math.floor(event.occurredAt / 1_000);
  return { topic: TOPICS.verdicts.name, key, timestamp, headers: {}, value: codec.encode('verdicts', event) };
}

/** Without the note: it may name whom it is about, and the audit log is kept longest. */
function auditOf(codec: Codec, { org, actor, verdict, threatId, interactionId, ruleId }: AnalystVerdict): LogRecord {
  const details = { verdict, interactionId, ...(ruleId === '' ? {} : { ruleId }) };
  return auditRecord(codec, { org, actor, action: 'verdict.given', target: meantBy({ threatId, interactionId }), details });
}

/** The threat or the interaction in the log. */
async function lookUp({ log, codec }: VerdictParts, { on, path = '', direction = 'request' }: Said): Promise<Meant> {
  const found =
    'threatId' in on
      ? await findNewest(log, TOPICS.threats.name, async ({ key, value }) => {
          if (!value.includes(on.threatId)) return undefined;
          await codec.prepare('threats', [value]);
          const threat = codec.decode('threats', value);
          const { org, threatId, interactionId, subject, layer, ruleId, threatType, occurredAt } = threat;
          if (threatId !== on.threatId) return undefined;
          const where = { direction: threat.direction, path: threat.path, threatAt: occurredAt };
          return { key, facts: { org, threatId, interactionId, subject, layer, ruleId, threatType, ...where } };
        })
      : await findNewest(log, TOPICS.interactions.name, async ({ key, value }) => {
          if (!value.includes(on.interactionId)) return undefined;
          await codec.prepare('interactions', [value]);
          const { org, interactionId, subject, startedAt } = codec.decodeUnsealed('interactions', value);
          if (interactionId !== on.interactionId) return undefined;
          const nobody = { threatId: null, layer: '', ruleId: '', threatType: '' };
          return { key, facts: { org, interactionId, subject, ...nobody, direction, path, threatAt: startedAt } };
        });
  if (found !== undefined) return found;
  const what = 'threatId' in on ? `threat ${on.threatId}` : `interaction ${on.interactionId}`;
  throw new ParapetError('PARAPET_EVENT_UNKNOWN', { message: `The log has no ${what}.` });
}

/** The verdict that holds and is to be withdrawn; what it is about may have left the log. */
async function standing({ log, codec }: VerdictParts, { on }: Said): Promise<Meant | undefined> {
  const wanted = meantBy('threatId' in on ? { ...on, interactionId: '' } : { ...on, threatId: null });
  const found = (await readVerdicts(log, codec)).find((each) => meantBy(each) === wanted);
  if (found === undefined) return undefined;
  const { verdictId, occurredAt, actor, verdict, note, ...facts } = found;
  const key = await findNewest(log, TOPICS.verdicts.name, async (record) => (record.value.includes(verdictId) ? record.key : undefined));
  return key === undefined ? undefined : { key, facts };
}

export interface VerdictFilter {
  ruleId?: string | undefined;
}

/** Those that hold now, in the order in which they were said. Of an erased subject without its name and what was noted. */
export async function listVerdicts(
  env: Environment,
  { log, codec }: VerdictParts,
  { ruleId }: VerdictFilter = {},
): Promise<AnalystVerdict[]> {
  const holding = await readVerdicts(log, codec);
  const controls = await followControls(log, codec);
  const keys = openKeys(env);
  const masked = createMask(controls, keys).current();
  await controls.close();
  await keys.close();
  const wanted = ruleId === undefined ? holding : holding.filter((each) => each.ruleId === ruleId);
  return masked === undefined ? wanted : wanted.map((each) => masked('verdicts', each));
}

/** The list for people. */
export function renderVerdicts(verdicts: readonly AnalystVerdict[]): string[] {
  const lines = verdicts.map(({ occurredAt, actor, verdict, ruleId, threatId, interactionId, path, note }) => {
    const at = new Date(Math.floor(occurredAt / 1_000)).toISOString();
    const rule = ruleId === '' ? '-' : ruleId;
    const where = path === '' ? '' : `  ${path}`;
    return `${at}  ${verdict.padEnd(14)}  ${rule.padEnd(10)}  ${meantBy({ threatId, interactionId })}${where}  ${actor}${note === '' ? '' : `: ${note}`}`;
  });
  return [...lines, `${verdicts.length} hold`];
}

const invalid = (message: string) => new ParapetError('PARAPET_CONFIG_INVALID', { message, hint: 'See parapet verdict --help.' });
