/**
 * The arithmetic behind identifiers: what tells a card from an order number. Each takes the matched text as written.
 */
import { luhn } from '../checks.ts';

/** A payment card: 12–19 digits whose check digit fits and whose first digits belong to a card network. */
export function isCard(text: string): boolean {
  const digits = text.replace(/\D/g, '');
  return digits.length >= 12 && digits.length <= 19 && /^(?:[3-6]|2[2-7]|1800|2131|2014|2149)/.test(digits) && luhn(digits);
}

/** An IBAN: the remainder of its digits modulo 97 is 1, letters counted from 10. */
export function isIban(text: string): boolean {
  const compact = text.replace(/[ -]/g, '').toUpperCase();
  if (compact.length < 15 || compact.length > 34 || !/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(compact)) return false;
  let remainder = 0;
  for (const sign of compact.slice(4) + compact.slice(0, 4)) {
    const value = sign >= 'A' ? sign.charCodeAt(0) - 55 : Number(sign);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder === 1;
}

/** A US social security number, as far as its areas and groups are issued; 9xx areas are tax numbers and count too. */
export function isSsn(text: string): boolean {
  const [area = '', group = '', serial = ''] = text.split(/[- ]/);
  return area !== '000' && area !== '666' && group !== '00' && serial !== '0000';
}

/** A British NHS number: ten digits with a weighted check digit modulo 11. */
export function isNhs(text: string): boolean {
  const digits = text.replace(/\D/g, '');
  if (digits.length !== 10 || /^(\d)\1*$/.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < 9; i++) sum += Number(digits[i]) * (10 - i);
  return (11 - (sum % 11)) % 11 === Number(digits[9]);
}

/** An IPv4 address that is no version number: four bytes, and not all of them below ten. */
export function isIpv4(text: string): boolean {
  const bytes = text.split('.').map(Number);
  return bytes.every((byte) => byte <= 255) && bytes.some((byte) => byte >= 10);
}

/** An IPv6 address: at most eight groups, one `::` at most, and enough of them not to be a time of day. */
export function isIpv6(text: string): boolean {
  const halves = text.split('::');
  const groups = text.split(':').filter((group) => group !== '');
  if (halves.length > 2 || !groups.every((group) => group.length <= 4)) return false;
  return halves.length === 2 ? groups.length <= 7 && groups.length >= 2 && /[a-f]|\d{3}/i.test(text) : groups.length === 8;
}

/** A telephone number by its digits: as many as numbers have, and not one digit repeated. */
export function isPhone(text: string): boolean {
  const digits = text.replace(/\D/g, '');
  return digits.length >= 7 && digits.length <= 15 && !/^(\d)\1*$/.test(digits);
}
