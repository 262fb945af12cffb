/**
 * Telephone numbers judged by libphonenumber's tables. Parsing costs microseconds, so callers come here only with what
 * already has the shape of a number.
 */
import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { digitsOf } from './checksums.ts';
import { isPhone } from './validators.ts';

/** Countries that write a 0 before the area code, in the order they are tried. */
const WITH_TRUNK: CountryCode[] = [
  'GB',
  'DE',
  'FR',
  'NL',
  'IT',
  'AU',
  'JP',
  'CH',
  'BE',
  'AT',
  'SE',
  'IN',
  'ZA',
  'BR',
  'KR',
  'TR',
  'UA',
  'ID',
  'VN',
];

/** A number with its country: possible there, though perhaps never issued. */
export function isDiallable(text: string): boolean {
  const plain = text
    .replace(/(?: ?x| ext\.? ?)\d{1,5}$/, '')
    .replace(/^00/, '+')
    .replace('(0)', '');
  return isPhone(plain) && parsePhoneNumberFromString(plain)?.isPossible() === true;
}

/** A number without its country, issued in one of those that write numbers so. Dates and lists of hours are none. */
export function isNational(text: string): boolean {
  if (!isPhone(text) || digitsOf(text).length < 9 || /^\d{2}[ /-]\d{2}[ /-](?:\d{2}|\d{4})$/.test(text)) return false;
  return WITH_TRUNK.some((country) => parsePhoneNumberFromString(text.replace('/', ' '), country)?.isValid() === true);
}
