/**
 * What stands in the place of an erased subject. Made with the org's hash key, so that the same subject is always the same
 * pseudonym, and nobody without the master key can find out whose it is by trying names.
 */
import { createHmac } from 'node:crypto';
import type { KeyStore } from './port.ts';

const DIGITS = 16;

/** `subject` as events have it: `org/user`. */
export function pseudonymOf(keys: Pick<KeyStore, 'hashKey'>, org: string, subject: string): string {
  return `erased:${digestOf(keys, org, subject)}`;
}

/** The same for whoever makes the same pseudonyms. No subject has this text, because each begins with its org and `/`. */
export function pseudonymCheck(keys: Pick<KeyStore, 'hashKey'>, org: string): string {
  return digestOf(keys, org, 'pseudonyms');
}

/** The digest alone, for what must be found again and not read. */
export function digestOf(keys: Pick<KeyStore, 'hashKey'>, org: string, text: string): string {
  return createHmac('sha256', keys.hashKey(org)).update(text).digest('hex').slice(0, DIGITS);
}
