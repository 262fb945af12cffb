/**
 * Tests a matched text must pass besides its pattern: the arithmetic that patterns cannot do. Shared by the signatures
 * and the masker.
 */
import type { CheckName } from './signature.ts';

/** True when `text` passes the check named; without a name everything passes. */
export function passes(check: CheckName | undefined, text: string): boolean {
  switch (check) {
    case undefined:
      return true;
    case 'entropy':
      return looksRandom(text);
    case 'luhn':
      return luhn(text.replace(/\D/g, ''));
  }
}

/**
 * Random keys spread over their alphabet; placeholders (`your_api_key_here`, `xxxxxxxx`, `AKIAEXAMPLE…`) and words do
 * not. Judges the longest run of key characters.
 */
export function looksRandom(text: string): boolean {
  if (/example|placeholder|your[_-]|changeme|redacted|dummy|sample|x{6}|\*{4}|0{8}|1234567890abc|abcdef0123|<[^>]{1,40}>|\$\{/i.test(text))
    return false;
  const key = (text.match(/[A-Za-z0-9+/_-]{8,512}/g) ?? []).reduce((longest, run) => (run.length > longest.length ? run : longest), '');
  return bitsPerCharacter(key) >= (key.length >= 20 ? 3 : 2.5) && /[0-9]/.test(key);
}

/** Shannon entropy of the characters of `text`, in bits. */
export function bitsPerCharacter(text: string): number {
  const counts = new Map<string, number>();
  for (const sign of text) counts.set(sign, (counts.get(sign) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

/** The check digit of payment cards; `digits` holds digits only. */
export function luhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return digits.length > 0 && sum % 10 === 0 && !/^(\d)\1*$/.test(digits);
}
