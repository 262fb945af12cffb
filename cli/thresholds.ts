/**
 * `parapet thresholds`: from which risk on the traffic of one organisation is blocked, and from which on threats of it are
 * raised, in the place of the settings. Every gateway and stream obeys within a second; each change leaves an audit event.
 */
import { ParapetError } from '../core/errors.ts';
import { nowMicros } from '../core/ids.ts';
import { auditRecord } from '../log/audit.ts';
import { type Controls, controlRecord, followControls } from '../log/controls.ts';
import type { EventLog } from '../log/port.ts';
import { THRESHOLDS, type Thresholds, thresholdsControl, thresholdsOf } from '../log/thresholds.ts';
import type { Codec } from '../schemas/codec.ts';
import type { Control } from '../schemas/types.ts';

export interface ThresholdParts {
  log: EventLog;
  codec: Codec;
  /** Who does it, for the audit log. */
  actor: string;
}

export interface Listed {
  org: string;
  /** Undefined when they cannot be obeyed, so that the settings hold. */
  thresholds: Thresholds | undefined;
  actor: string;
  issuedAt: number;
}

export async function listThresholds(parts: Pick<ThresholdParts, 'log' | 'codec'>): Promise<Listed[]> {
  const held = await heldNow(parts, (controls) => controls.list(THRESHOLDS));
  return held
    .map((control) => ({ org: control.org, thresholds: thresholdsOf(control), actor: control.actor, issuedAt: control.issuedAt }))
    .sort((a, b) => a.org.localeCompare(b.org));
}

/** In the place of those that it has; `reason` stands in the audit log. Throws PARAPET_INVALID_REQUEST. */
export async function setThresholds(
  { log, codec, actor }: ThresholdParts,
  org: string,
  thresholds: Thresholds,
  reason = '',
): Promise<void> {
  const control = thresholdsControl({ org, actor, issuedAt: nowMicros(), thresholds });
  if (org === '' || thresholdsOf(control) === undefined) {
    throw new ParapetError('PARAPET_INVALID_REQUEST', {
      message: 'Thresholds are of one organisation: whole numbers from 1 to 100, to alert no higher than to block.',
      hint: 'parapet thresholds set --help',
    });
  }
  const details = { alert: String(thresholds.alert), block: String(thresholds.block), ...said(reason) };
  await log.append([controlRecord(codec, control), auditRecord(codec, { org, actor, action: 'thresholds.set', target: org, details })]);
}

/** From now on the settings hold. Also takes back what cannot be obeyed. False when there were none. */
export async function clearThresholds({ log, codec, actor }: ThresholdParts, org: string, reason = ''): Promise<boolean> {
  const held = await heldNow({ log, codec }, (controls) => controls.list(THRESHOLDS).filter((control) => control.org === org));
  if (held.length === 0) return false;
  const taken = held.map((control): Control => ({ ...control, issuedAt: nowMicros(), actor, value: null }));
  const audit = auditRecord(codec, { org, actor, action: 'thresholds.cleared', target: org, details: said(reason) });
  await log.append([...taken.map((control) => controlRecord(codec, control)), audit]);
  return true;
}

const MOST_REASON = 500;
const said = (reason: string): Record<string, string> => (reason === '' ? {} : { reason: reason.slice(0, MOST_REASON) });

export function renderThresholds(all: readonly Listed[]): string[] {
  return all.map(({ org, thresholds, actor, issuedAt }) => {
    const says = thresholds ? `block ${thresholds.block}, alert ${thresholds.alert}` : 'cannot be read; the settings hold';
    return `${org}  ${says}  by ${actor}, ${new Date(issuedAt / 1_000).toISOString()}`;
  });
}

async function heldNow<T>({ log, codec }: Pick<ThresholdParts, 'log' | 'codec'>, ask: (controls: Controls) => T): Promise<T> {
  const controls = await followControls(log, codec);
  try {
    return ask(controls);
  } finally {
    await controls.close();
  }
}
