/** What went wrong with a broker, sorted by what can be done about it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ParapetError } from '../../core/errors.ts';
import type { Logger } from '../../core/logger.ts';
import { createErrorFromCode } from './internals.ts';

interface KafkaFault extends Error {
  /** Name of Kafka's error, such as NOT_LEADER_FOR_PARTITION. */
  type?: string;
  code?: string | number;
  cause?: unknown;
}

/** Names of the error and of what caused it: kafkajs wraps what it has retried. */
export function typesOf(error: unknown): string[] {
  const types: string[] = [];
  for (let each = error as KafkaFault | undefined; each instanceof Error && types.length < 10; each = each.cause as KafkaFault) {
    if (each.type) types.push(each.type);
    if (each.name) types.push(each.name);
  }
  return types;
}

const is = (error: unknown, names: readonly string[]) => typesOf(error).some((type) => names.includes(type));

export function protocolError(errorCode: number): Error {
  return createErrorFromCode(errorCode);
}

/** The member is not (or no longer) of the group's generation: what it held belongs to others. */
export const isExpelled = (error: unknown) => is(error, ['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'FENCED_INSTANCE_ID']);
export const isRebalance = (error: unknown) => is(error, ['REBALANCE_IN_PROGRESS']);
export const isUnknownTopic = (error: unknown) => is(error, ['UNKNOWN_TOPIC_OR_PARTITION', 'INVALID_TOPIC_EXCEPTION']);
/** The transaction before this one is still being written out. */
export const isConcurrentTransaction = (error: unknown) => is(error, ['CONCURRENT_TRANSACTIONS']);

const REFUSED = [
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'KafkaJSSASLAuthenticationError',
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
];

/** What trying again can't mend, as the error to throw; undefined for what may pass by itself. */
export function finalError(error: unknown): ParapetError | undefined {
  if (error instanceof ParapetError) return error;
  if (is(error, ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'])) {
    return new ParapetError('PARAPET_RECORD_TOO_LARGE', {
      message: 'Kafka refused a record as too large for its topic.',
      hint: 'Raise max.message.bytes of the topic, or lower PARAPET_CONTENT_LIMIT_BYTES.',
      cause: error,
    });
  }
  if (is(error, REFUSED)) return unavailable(error);
  return undefined;
}

/** PARAPET_LOG_UNAVAILABLE with what to do, as far as the failure tells. `brokers` are named, secrets are not. */
export function unavailable(error: unknown, brokers?: readonly string[]): ParapetError {
  const detail = error instanceof Error ? error.message : String(error);
  const [says, hint] = explain(error, detail);
  const where = brokers ? ` (${brokers.join(', ')})` : '';
  return new ParapetError('PARAPET_LOG_UNAVAILABLE', { message: `${says}${where}: ${detail}`, hint, cause: error });
}

function explain(error: unknown, detail: string): [says: string, hint: string] {
  if (is(error, ['KafkaJSSASLAuthenticationError', 'SASL_AUTHENTICATION_FAILED', 'UNSUPPORTED_SASL_MECHANISM'])) {
    return ['Kafka refused the credentials', 'Check KAFKA_SASL_MECHANISM and the credentials that go with it.'];
  }
  if (is(error, REFUSED)) return ['Kafka does not allow this', 'Give the principal the rights that docs/kafka.md lists.'];
  if (/certificate has expired|not yet valid/i.test(detail)) {
    return ['The certificate of Kafka is out of its time', 'Renew the certificate of the brokers, and check the clocks.'];
  }
  if (/certificate|self.signed|unable to verify|altnames/i.test(detail)) {
    return ['The certificate of Kafka is not trusted', 'Set KAFKA_SSL_CA_FILE to the authority that signed it.'];
  }
  if (is(error, ['ILLEGAL_SASL_STATE'])) {
    return ['Kafka does not take SASL there', 'Unset KAFKA_SASL_MECHANISM, or name the SASL listener in KAFKA_BROKERS.'];
  }
  if (/wrong version number|EPROTO|packet length|before secure TLS/i.test(detail)) {
    return ['Kafka does not speak TLS there', 'Unset KAFKA_SSL, or name the TLS listener in KAFKA_BROKERS.'];
  }
  if (/ENOTFOUND|EAI_AGAIN/.test(detail)) return ['The name of the broker does not resolve', 'Check KAFKA_BROKERS and the DNS.'];
  if (/ECONNREFUSED/.test(detail)) return ['Nobody listens at the broker’s address', 'Start Kafka, or correct KAFKA_BROKERS.'];
  return [
    'Kafka does not answer',
    'Check that the brokers run, KAFKA_BROKERS and, if they expect TLS or SASL, KAFKA_SSL and KAFKA_SASL_MECHANISM.',
  ];
}

/** A moved leader is found again at once; what fails so often is worth a word. */
const REPORTED_ATTEMPT = 4;

export function reportTo(logger: Logger, place: Record<string, unknown>): (error: unknown, attempt: number) => void {
  return (error, attempt) => {
    const facts = { ...place, attempt, code: 'PARAPET_LOG_UNAVAILABLE', err: unavailable(error).message };
    if (attempt === REPORTED_ATTEMPT) logger.warn(facts, 'Kafka keeps failing, trying again');
    else logger.debug(facts, 'Kafka failed, trying again');
  };
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

export interface Persistence {
  /** After so many milliseconds the last failure is thrown. */
  withinMs: number;
  /** Ends the tries early. */
  until?: () => boolean;
  /** Between two tries, to make the next one likelier to work. */
  mend?: () => Promise<void>;
  onFailure?: (error: unknown, attempt: number) => void;
}

/** Tries until it works, something final comes, or the time is over: then PARAPET_LOG_UNAVAILABLE. */
export async function persist<T>(work: () => Promise<T>, { withinMs, until, mend, onFailure }: Persistence): Promise<T> {
  const deadline = performance.now() + withinMs;
  let pause = FIRST_PAUSE_MS;
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const final = finalError(error);
      if (final) throw final;
      onFailure?.(error, attempt);
      if (until?.() || performance.now() + pause > deadline) throw unavailable(error);
      await sleep(pause);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      await mend?.().catch(() => undefined);
    }
  }
}
