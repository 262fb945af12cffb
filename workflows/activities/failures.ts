/** Errors as Temporal has them: the code is the type, and it says whether another try can help. */
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { type ErrorCode, toParapetError } from '../../core/errors.ts';

/** The same request fails the same way until a person has changed something. */
const FINAL: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'PARAPET_PERIOD_INVALID',
  'PARAPET_FRAMEWORK_INVALID',
  'PARAPET_PACKAGE_EXISTS',
  'PARAPET_PACKAGE_INVALID',
  'PARAPET_APPROVAL_REFUSED',
  'PARAPET_CONFIG_INVALID',
  'PARAPET_SIGNER_INVALID',
  'PARAPET_INVALID_REQUEST',
  'PARAPET_TRAIN_TOO_FEW',
  'PARAPET_CANDIDATE_NOT_BETTER',
]);

/** Something else has to come back first, however long it takes. */
const PASSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'PARAPET_STORE_UNAVAILABLE',
  'PARAPET_LOG_UNAVAILABLE',
  'PARAPET_TIMESTAMP_FAILED',
  'PARAPET_LOCK_REFUSED',
  'PARAPET_CHAIN_BROKEN',
  'PARAPET_DISK_FAILED',
  'PARAPET_ERASURE_INCOMPLETE',
]);

/** What is neither is most likely a fault of ours: a few tries, then somebody should look. */
const MOST_ATTEMPTS = 5;

export function asFailure(thrown: unknown, attempt: number): Error {
  if (thrown instanceof ApplicationFailure || thrown instanceof CancelledFailure) return thrown;
  const { code, message, hint } = toParapetError(thrown);
  const nonRetryable = FINAL.has(code) || (!PASSING.has(code) && attempt >= MOST_ATTEMPTS);
  return ApplicationFailure.create({ type: code, message: `${message} ${hint}`, nonRetryable });
}
