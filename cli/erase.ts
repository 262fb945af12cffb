/**
 * Erases one subject: destroys its data keys, masks what views hold of it, leaves an audit event. The order is what makes it
 * hold: first the control, from which on no sink writes the name again; then the keys; then the views, when every sink that
 * runs has finished what it had read before. A kill anywhere leaves a control that says it is not done, and the same command
 * goes on from there. The name itself is written nowhere: all that is left of it is its pseudonym.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ParapetError, toParapetError } from '../core/errors.ts';
import { nowMicros } from '../core/ids.ts';
import type { KeyStore } from '../keys/port.ts';
import { pseudonymCheck, pseudonymOf } from '../keys/pseudonym.ts';
import { auditRecord } from '../log/audit.ts';
import { type Controls, controlRecord } from '../log/controls.ts';
import type { EventLog } from '../log/port.ts';
import type { Codec } from '../schemas/codec.ts';
import { ERASURE, type Eraser, type Erasure, orderOf, type ViewRows } from '../sinks/erasure.ts';
import { waitForSinks } from './erase-wait.ts';

export interface EraseOptions {
  /** As the application named it. */
  id: string;
  org: string;
  reason: string;
  dryRun: boolean;
}

export interface EraseParts {
  log: EventLog;
  codec: Codec;
  keys: KeyStore;
  controls: Controls;
  /** One for each store that has views. */
  erasers: readonly Eraser[];
  /** Who did it, for the audit log. */
  actor: string;
  onStep(says: string): void;
}

export interface EraseResult {
  /** `nothing`: no key, and no view that names the subject. */
  outcome: 'erased' | 'nothing' | 'would erase';
  org: string;
  pseudonym: string;
  /** What began until then is erased; ISO 8601. */
  until: string;
  /** Data keys destroyed, or to be. */
  keys: number;
  /** Rows that named the subject. */
  views: ViewRows[];
}

/** Followers of the controls look twice in this time. */
const OBEYED_MS = 1_500;
/** Of masking and looking again; what comes in between is late, but not endless. */
const ROUNDS = 3;

/**
 * Throws PARAPET_STORE_UNAVAILABLE when a store does not answer and PARAPET_ERASURE_INCOMPLETE when a view still names the
 * subject; after both, the same command goes on.
 */
export async function eraseSubject(parts: EraseParts, { id, org, reason, dryRun }: EraseOptions): Promise<EraseResult> {
  const { log, codec, keys, controls, erasers, actor, onStep } = parts;
  if (id === '') throw invalid('The subject has no name.', 'Give its id with --subject.');
  if (reason.includes(id)) throw invalid('The reason names the subject.', 'Say it without the id: the reason stays in the audit log.');
  const subject = `${org}/${id}`;
  const erasure: Erasure = { org, id, subject, pseudonym: pseudonymOf(keys, org, subject), until: nowMicros() };
  const { pseudonym, until } = erasure;
  const result = (outcome: EraseResult['outcome'], count: number, views: ViewRows[]): EraseResult => {
    return { outcome, org, pseudonym, until: new Date(Math.floor(until / 1_000)).toISOString(), keys: count, views };
  };

  const before = await look(erasers, erasure);
  const count = keys.count(subject);
  if (dryRun) {
    if (before.failure) throw before.failure;
    return result('would erase', count, before.views);
  }
  await controls.refresh();
  const standing = controls.find(org, ERASURE, pseudonym);
  const begun = standing !== undefined && !orderOf(standing).done;
  // A store that does not answer may hold anything.
  if (!begun && count === 0 && before.failure === undefined && rowsOf(before.views) === 0) return result('nothing', 0, before.views);

  const control = (done: boolean) => {
    const value = JSON.stringify({ erasedAt: until, check: pseudonymCheck(keys, org), done });
    return controlRecord(codec, { org, kind: ERASURE, key: pseudonym, issuedAt: nowMicros(), actor, value });
  };
  onStep('telling every process to mask the subject');
  await log.append([control(false)]);
  const destroyed = await keys.destroy(subject);
  onStep(`${destroyed} data keys destroyed; waiting for what sinks have read before`);
  await sleep(OBEYED_MS);
  await waitForSinks(
    log,
    before.views.map(({ view }) => view),
  );

  for (let round = 1; ; round++) {
    onStep('masking the views');
    const failure = await maskAll(erasers, erasure);
    const after = await look(erasers, erasure);
    const failed = failure ?? after.failure;
    if (failed !== undefined) throw failed;
    if (rowsOf(after.views) === 0) break;
    if (round === ROUNDS) throw incomplete(after.views);
  }
  const counts = Object.fromEntries(before.views.map(({ view, rows }) => [view, String(rows)]));
  const details = { reason, keys: String(destroyed), until: result('erased', 0, []).until, ...counts };
  // Both or none: whoever finds the control done finds the event too.
  await log.append([auditRecord(codec, { org, actor, action: 'subject.erased', target: pseudonym, details }), control(true)]);
  return result('erased', destroyed, before.views);
}

interface Look {
  views: ViewRows[];
  /** Of the first store that did not answer. */
  failure: ParapetError | undefined;
}

async function look(erasers: readonly Eraser[], erasure: Erasure): Promise<Look> {
  const found: Look = { views: [], failure: undefined };
  for (const eraser of erasers) {
    try {
      found.views.push(...(await eraser.find(erasure)));
    } catch (error) {
      found.failure ??= toParapetError(error, 'PARAPET_STORE_UNAVAILABLE');
    }
  }
  return found;
}

/** Masks in every store that answers, whatever the others do; gives the first failure. */
async function maskAll(erasers: readonly Eraser[], erasure: Erasure): Promise<ParapetError | undefined> {
  let failure: ParapetError | undefined;
  for (const eraser of erasers) {
    try {
      await eraser.mask(erasure);
    } catch (error) {
      failure ??= toParapetError(error, 'PARAPET_STORE_UNAVAILABLE');
    }
  }
  return failure;
}

const rowsOf = (views: readonly ViewRows[]) => views.reduce((sum, { rows }) => sum + rows, 0);

const invalid = (message: string, hint: string) => new ParapetError('PARAPET_CONFIG_INVALID', { message, hint });

function incomplete(views: readonly ViewRows[]): ParapetError {
  const left = views.filter(({ rows }) => rows > 0).map(({ view, rows }) => `${view} (${rows})`);
  return new ParapetError('PARAPET_ERASURE_INCOMPLETE', { message: `Rows that name the subject are still in ${left.join(', ')}.` });
}

/** The result for people. */
export function renderErasure({ outcome, org, pseudonym, keys, views }: EraseResult, notices: readonly string[]): string[] {
  if (outcome === 'nothing') return [`nothing to erase in ${org}: no data key, and no view names the subject`];
  const verb = outcome === 'erased' ? 'erased' : 'would be erased';
  return [
    `${verb}: ${keys} data keys; the subject ${outcome === 'erased' ? 'is' : 'would be'} ${pseudonym} in views from now on`,
    ...views.map(({ view, rows }) =>
      `${view.padEnd(24)} ${rows} rows masked`.replace('masked', outcome === 'erased' ? 'masked' : 'to mask'),
    ),
    ...notices,
  ];
}
