/**
 * The arithmetic that identifiers share: weighted sums, remainders and the two schemes that catch swapped digits. Each
 * takes bare digits (or letters where said); what a country does with them is in `nationals.ts`.
 */

export function digitsOf(text: string): string {
  return text.replace(/\D/g, '');
}

/** True when all digits are one and the same, as in numbers that stand for none. */
export function isMonotone(digits: string): boolean {
  return /^(\d)\1*$/.test(digits);
}

/** The digits times their weights, added up; what has no weight does not count. */
export function weighted(digits: string, weights: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += (digits.charCodeAt(i) - 48) * (weights[i] as number);
  return sum;
}

/** The remainder of a decimal number of any length. */
export function modulo(digits: string, divisor: number): number {
  let rest = 0;
  for (let i = 0; i < digits.length; i++) rest = (rest * 10 + digits.charCodeAt(i) - 48) % divisor;
  return rest;
}

/** ISO 7064 MOD 11,10: a running product whose last digit makes it 1 (Germany, Croatia). */
export function mod11With10(digits: string): boolean {
  let product = 10;
  for (let i = 0; i < digits.length - 1; i++) {
    const sum = (digits.charCodeAt(i) - 48 + product) % 10 || 10;
    product = (sum * 2) % 11;
  }
  return (11 - product) % 10 === digits.charCodeAt(digits.length - 1) - 48;
}

/** ISO 7064 MOD 97,10 over letters and digits, letters counted from 10: 1 when the text is sound. */
export function mod97(text: string): number {
  let rest = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const value = unit >= 65 ? unit - 55 : unit - 48;
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest;
}

/** The products of the dihedral group of order ten, and what to permute a digit to by its place. */
const PRODUCT = [
  '0123456789', '1234067895', '2340178956', '3401289567', '4012395678',
  '5987604321', '6598710432', '7659821043', '8765932104', '9876543210',
]; // biome-ignore format: a table reads better square
const PERMUTED = ['0123456789', '1576283094', '5803796142', '8916043527', '9453126870', '4286573901', '2793806415', '7046913258'];

/** Verhoeff's scheme (India). */
export function verhoeff(digits: string): boolean {
  let check = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    check = Number(PRODUCT[check]?.[Number(PERMUTED[i % 8]?.[digit])]);
  }
  return check === 0;
}

/** True for a day that can stand in a calendar; the year does not matter. */
export function isDay(day: number, month: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= (month === 2 ? 29 : [4, 6, 9, 11].includes(month) ? 30 : 31);
}

/** `yymmdd` or `ddmmyy`, as the order says. */
export function hasDay(digits: string, order: 'ymd' | 'dmy'): boolean {
  const middle = Number(digits.slice(2, 4));
  const day = Number(order === 'ymd' ? digits.slice(4, 6) : digits.slice(0, 2));
  return isDay(day, middle);
}
