import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { type ErrorCode, ParapetError } from '../../core/errors.ts';
import { asFailure } from './failures.ts';

const failureOf = (thrown: unknown, attempt = 1) => asFailure(thrown, attempt) as ApplicationFailure;

describe('an error of an activity', () => {
  it.each<ErrorCode>([
    'PARAPET_PERIOD_INVALID',
    'PARAPET_FRAMEWORK_INVALID',
    'PARAPET_PACKAGE_EXISTS',
    'PARAPET_APPROVAL_REFUSED',
    'PARAPET_CONFIG_INVALID',
    'PARAPET_SIGNER_INVALID',
  ])('%s is final', (code) => {
    expect(failureOf(new ParapetError(code, { message: 'why' }))).toMatchObject({ type: code, nonRetryable: true });
    expect(failureOf(new ParapetError(code, { message: 'why' })).message).toContain('why');
  });

  it.each<ErrorCode>([
    'PARAPET_STORE_UNAVAILABLE',
    'PARAPET_LOG_UNAVAILABLE',
    'PARAPET_TIMESTAMP_FAILED',
    'PARAPET_LOCK_REFUSED',
    'PARAPET_CHAIN_BROKEN',
  ])('%s is tried again for as long as it takes', (code) => {
    expect(failureOf(new ParapetError(code), 1_000)).toMatchObject({ type: code, nonRetryable: false });
  });

  it('that nobody knows is tried a few times, and then somebody should look', () => {
    expect(failureOf(new TypeError('x is undefined'), 4)).toMatchObject({ type: 'PARAPET_INTERNAL', nonRetryable: false });
    expect(failureOf(new TypeError('x is undefined'), 5)).toMatchObject({ type: 'PARAPET_INTERNAL', nonRetryable: true });
  });

  it('that is Temporal’s own stays as it is', () => {
    const cancelled = new CancelledFailure('stop');
    expect(asFailure(cancelled, 1)).toBe(cancelled);
    const failure = ApplicationFailure.nonRetryable('no', 'X');
    expect(asFailure(failure, 1)).toBe(failure);
  });
});
