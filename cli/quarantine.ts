/**
 * `parapet quarantine`: who is kept from every vendor, and until when. What a person sets here and what `respond` asks for is one
 * control, so either can be lifted here; every gateway obeys within a second, and each change leaves an audit event.
 */
import { ParapetError } from '../core/errors.ts';
import { nowMicros } from '../core/ids.ts';
import { auditRecord } from '../log/audit.ts';
import { type Controls, controlRecord, followControls } from '../log/controls.ts';
import type { EventLog } from '../log/port.ts';
import { instantOf, QUARANTINE, type Quarantine, quarantineControl, quarantineOf } from '../log/quarantine.ts';
import type { Codec } from '../schemas/codec.ts';
import type { Control } from '../schemas/types.ts';

export interface QuarantineParts {
  log: EventLog;
  codec: Codec;
  org: string;
  /** Who does it, for the audit log. */
  actor: string;
}

export interface Quarantined extends Quarantine {
  org: string;
  agentId: string;
  /** Who set it. */
  actor: string;
  /** Whether it holds at this moment. */
  holds: boolean;
}

const MOST_REASON = 500;
/** A year. Longer is a key to be taken away (docs/gateway.md). */
const MOST_MS = 365 * 86_400_000;

/** Those that hold, of every organisation; also those that are over when `all`. Those that end last come first. */
export async function listQuarantines(parts: Pick<QuarantineParts, 'log' | 'codec'>, { all = false } = {}): Promise<Quarantined[]> {
  const now = nowMicros();
  const found = (await heldNow(parts, (controls) => controls.list(QUARANTINE))).flatMap((control): Quarantined[] => {
    const quarantine = quarantineOf(control);
    if (quarantine === undefined) return [];
    return [{ org: control.org, agentId: control.key, actor: control.actor, holds: quarantine.until > now, ...quarantine }];
  });
  return found.filter(({ holds }) => all || holds).sort((a, b) => b.until - a.until);
}

/** In the place of one that is there, shorter or longer. Throws PARAPET_INVALID_REQUEST. */
export async function setQuarantine(parts: QuarantineParts, agentId: string, forMs: number, reason: string): Promise<Quarantine> {
  const { log, codec, org, actor } = parts;
  const issuedAt = nowMicros();
  const quarantine: Quarantine = { until: issuedAt + Math.round(forMs * 1_000), reason: reason.slice(0, MOST_REASON), incidentId: null };
  const control = quarantineControl({ org, agentId, actor, issuedAt, ...quarantine });
  if (agentId === '' || quarantineOf(control) === undefined) throw invalid('A quarantine is for one agent of one organisation.');
  if (!(forMs > 0 && forMs <= MOST_MS)) throw invalid('A quarantine lasts more than nothing and at most a year.');
  const details = { until: instantOf(quarantine.until), reason: quarantine.reason };
  await log.append([
    controlRecord(codec, control),
    auditRecord(codec, { org, actor, action: 'quarantine.set', target: `${org}/${agentId}`, details }),
  ]);
  return quarantine;
}

/** Takes it back, whoever set it; what could not be obeyed too. `why` stands in the audit log. False when there was none. */
export async function liftQuarantine(parts: QuarantineParts, agentId: string, why = ''): Promise<boolean> {
  const { log, codec, org, actor } = parts;
  const held = await heldNow(parts, (controls) => controls.find(org, QUARANTINE, agentId));
  if (held === undefined) return false;
  const quarantine = quarantineOf(held);
  const taken: Control = { org, kind: QUARANTINE, key: agentId, issuedAt: nowMicros(), actor, value: null };
  const details: Record<string, string> = {
    ...(quarantine ? { until: instantOf(quarantine.until), reason: quarantine.reason } : {}),
    setBy: held.actor,
    ...(why === '' ? {} : { why: why.slice(0, MOST_REASON) }),
  };
  await log.append([
    controlRecord(codec, taken),
    auditRecord(codec, { org, actor, action: 'quarantine.lifted', target: `${org}/${agentId}`, details }),
  ]);
  return true;
}

export function renderQuarantines(all: readonly Quarantined[]): string[] {
  return all.map(
    ({ org, agentId, until, holds, actor, reason }) =>
      `${org}/${agentId}  ${holds ? 'until' : 'over since'} ${instantOf(until)}  by ${actor}  ${reason}`,
  );
}

async function heldNow<T>({ log, codec }: Pick<QuarantineParts, 'log' | 'codec'>, ask: (controls: Controls) => T): Promise<T> {
  const controls = await followControls(log, codec);
  try {
    return ask(controls);
  } finally {
    await controls.close();
  }
}

function invalid(message: string): ParapetError {
  return new ParapetError('PARAPET_INVALID_REQUEST', { message, hint: 'parapet quarantine set --help' });
}
