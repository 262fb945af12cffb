/**
 * Erased subjects, as views see them: the pseudonym in the place of the name, and of what was said nothing. Two ways lead
 * there and must give the same row: a store changes the rows that it has (`<store>/erase.ts`), and records that come later,
 * from a spool, a dead letter or a replay, are masked before a sink sees them (`createMask`). What is left of a record is what
 * enrichment makes of one whose key is gone: no text, no hash of it, and `contentAvailable` false.
 *
 * An erasure is of a time: it masks what began until then. Who comes back later is a new subject with a new key.
 */
import { ParapetError } from '../core/errors.ts';
import type { KeyStore } from '../keys/port.ts';
import { pseudonymCheck, pseudonymOf } from '../keys/pseudonym.ts';
import type { Controls } from '../log/controls.ts';
import { ERASURE, type ErasureOrder, orderOf } from '../log/erasures.ts';
import type { StoredRecord } from '../log/port.ts';
import { TOPICS, type TopicId } from '../log/topics.ts';
import type { AnalystVerdict, AuditEvent, Control, Enrichment, Threat } from '../schemas/types.ts';
import type { UnsealedInteraction, UnsealedRecords } from '../schemas/unsealed.ts';

export { ERASURE, type ErasureOrder, orderOf };

/** One subject, for those who have to find its rows. The only place where its name stands in the clear; it goes nowhere. */
export interface Erasure {
  org: string;
  /** As the application named it: the user id, or the agent's where no user was named. */
  id: string;
  /** `org/id`. */
  subject: string;
  pseudonym: string;
  /** Microseconds since 1970. */
  until: number;
}

export interface ViewRows {
  /** `<store>.<view>`. */
  view: string;
  rows: number;
}

/** A store that can change what it holds of a subject. */
export interface Eraser {
  /** Rows in which the subject is still named. Throws PARAPET_STORE_UNAVAILABLE. */
  find(erasure: Erasure): Promise<ViewRows[]>;
  /** Masks them all; once more changes nothing, also after a crash in the middle. Throws PARAPET_STORE_UNAVAILABLE. */
  mask(erasure: Erasure): Promise<void>;
}

type Apply = <Id extends TopicId>(topic: Id, value: UnsealedRecords[Id]) => UnsealedRecords[Id];

export interface Mask {
  /**
   * What to do with each record now; undefined while nobody is erased. Throws PARAPET_KEY_UNAVAILABLE when this process cannot
   * tell who is: then it must write nothing.
   */
  current(): Apply | undefined;
  /**
   * True when none of these records needs a mask: all of them began after the last erasure. A verdict's time does not tell: it is
   * of an interaction that was before. Throws as `current`.
   */
  spares(records: readonly Pick<StoredRecord, 'topic' | 'timestamp'>[]): boolean;
}

/** So many subjects are remembered; those of a busy hour, so that each costs one HMAC. */
const REMEMBERED = 100_000;

export function createMask(controls: Pick<Controls, 'version' | 'list'>, keys: Pick<KeyStore, 'hashKey'>): Mask {
  let version = -1;
  /** By org, then pseudonym. */
  let orders = new Map<string, Map<string, ErasureOrder>>();
  /** Milliseconds since 1970 of the last of them. */
  let last = Number.NEGATIVE_INFINITY;
  const known = new Map<string, Found | undefined>();

  function read(): void {
    const fresh: typeof orders = new Map();
    for (const control of controls.list(ERASURE)) {
      const order = orderOf(control);
      if (order.check !== pseudonymCheck(keys, control.org)) throw strangerTo(control);
      const ofOrg = fresh.get(control.org) ?? new Map<string, ErasureOrder>();
      fresh.set(control.org, ofOrg.set(control.key, order));
    }
    orders = fresh;
    const times = [...fresh.values()].flatMap((ofOrg) => [...ofOrg.values()].map(({ erasedAt }) => erasedAt / 1_000));
    last = times.reduce((latest, time) => Math.max(latest, time), Number.NEGATIVE_INFINITY);
    known.clear();
    version = controls.version;
  }

  function find(org: string, subject: string): Found | undefined {
    // An org may have a slash in its name too.
    const name = `${org} ${subject}`;
    if (known.has(name)) return known.get(name);
    const pseudonym = pseudonymOf(keys, org, subject);
    const order = orders.get(org)?.get(pseudonym);
    const found = order && { pseudonym, until: order.erasedAt };
    if (known.size >= REMEMBERED) known.clear();
    known.set(name, found);
    return found;
  }

  const erased = (org: string, subject: string, at: number): string | undefined => {
    if (!orders.has(org)) return undefined;
    const found = find(org, subject);
    return found && at <= found.until ? found.pseudonym : undefined;
  };

  const apply: Apply = (topic, value) => MASKS[topic](value, erased);

  return {
    current() {
      if (controls.version !== version) read();
      return orders.size === 0 ? undefined : apply;
    },
    spares(records) {
      if (controls.version !== version) read();
      return orders.size === 0 || records.every(({ topic, timestamp }) => timestamp > last && topic !== TOPICS.verdicts.name);
    },
  };
}

interface Found {
  pseudonym: string;
  until: number;
}

/** The pseudonym of a subject, when what began at this time is erased. */
type Erased = (org: string, subject: string, at: number) => string | undefined;

const MASKS: { [Id in TopicId]: (value: UnsealedRecords[Id], erased: Erased) => UnsealedRecords[Id] } = {
  interactions: (value, erased) => maskInteraction(value, erased(value.org, value.subject, value.startedAt)),
  enriched: (value, erased) => maskEnriched(value, erased),
  assessed: (value, erased) => maskEnriched(value, erased),
  threats: maskThreat,
  audit: maskAudit,
  controls: (value) => value,
  verdicts: maskVerdict,
  // An incident is an agent's.
  incidents: (value) => value,
};

function maskInteraction(value: UnsealedInteraction, pseudonym: string | undefined): UnsealedInteraction {
  if (pseudonym === undefined) return value;
  return {
    ...value,
    userId: value.userId === null ? null : pseudonym,
    subject: `${value.org}/${pseudonym}`,
    sessionId: null,
    conversationId: value.conversationId === null ? null : pseudonym,
    clientNetwork: null,
    userAgent: null,
    errorMessage: null,
  };
}

function maskEnriched<T extends { interaction: UnsealedInteraction; enrichment: Enrichment }>(value: T, erased: Erased): T {
  const { org, subject, startedAt } = value.interaction;
  const pseudonym = erased(org, subject, startedAt);
  if (pseudonym === undefined) return value;
  return {
    ...value,
    interaction: maskInteraction(value.interaction, pseudonym),
    enrichment: {
      ...value.enrichment,
      conversationId: pseudonym,
      promptHash: null,
      responseHash: null,
      maskedPrompt: '',
      maskedResponse: '',
      maskedCounts: {},
      contentAvailable: false,
    },
  };
}

/** What the analyst wrote may name whom it was about. */
function maskVerdict(value: AnalystVerdict, erased: Erased): AnalystVerdict {
  const pseudonym = erased(value.org, value.subject, value.threatAt ?? value.occurredAt);
  return pseudonym === undefined ? value : { ...value, subject: `${value.org}/${pseudonym}`, note: '' };
}

function maskThreat(value: Threat, erased: Erased): Threat {
  const pseudonym = erased(value.org, value.subject, value.occurredAt);
  if (pseudonym === undefined) return value;
  return {
    ...value,
    userId: value.userId === null ? null : pseudonym,
    subject: `${value.org}/${pseudonym}`,
    conversationId: pseudonym,
    maskedExcerpt: '',
  };
}

/** Of an audit event only the names: what was done stays on record. */
function maskAudit(value: AuditEvent, erased: Erased): AuditEvent {
  const { org, occurredAt } = value;
  let found = false;
  const masked = (text: string): string => {
    const pseudonym = erased(org, text.startsWith(`${org}/`) ? text : `${org}/${text}`, occurredAt);
    found ||= pseudonym !== undefined;
    return pseudonym ?? text;
  };
  const names = namesOf(value, masked);
  return found ? { ...value, ...names } : value;
}

/** The names in an audit event that was found to hold the subject's, masked. */
export function maskNames<T extends Pick<AuditEvent, 'actor' | 'target' | 'details'>>(names: T, { id, subject, pseudonym }: Erasure): T {
  const masked = (text: string) => (text === id || text === subject ? pseudonym : text);
  return { ...names, ...namesOf(names, masked) };
}

function namesOf({ actor, target, details }: Pick<AuditEvent, 'actor' | 'target' | 'details'>, masked: (text: string) => string) {
  return {
    actor: masked(actor),
    target: masked(target),
    details: Object.fromEntries(Object.entries(details).map(([name, text]) => [name, masked(text)])),
  };
}

function strangerTo({ org, key }: Control): ParapetError {
  return new ParapetError('PARAPET_KEY_UNAVAILABLE', {
    message: `The erasure ${key} of ${org} was ordered with another master key, so this process cannot tell whose records to mask.`,
    hint: 'Give every process of Parapet the same PARAPET_MASTER_KEY (or the same keys folder). Until then it writes nothing.',
  });
}
