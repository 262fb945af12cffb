/**
 * The check digits of national numbers: what tells a tax number from an order number. Each takes the text as written
 * and says whether a person or a firm could have been given it.
 */
import { luhn } from '../checks.ts';
import { digitsOf, hasDay, isDay, isMonotone, mod11With10, modulo, verhoeff, weighted } from './checksums.ts';

type Check = (text: string) => boolean;

/** Digits of that many places, not all the same, that pass. */
function numeric(length: number, passes: (digits: string) => boolean): Check {
  return (text) => {
    const digits = digitsOf(text);
    return digits.length === length && !isMonotone(digits) && passes(digits);
  };
}
function at(text: string, place: number): number {
  return text.charCodeAt(place) - 48;
}

// The Americas.
const cpfDigit = (digits: string, length: number): number =>
  ((weighted(
    digits,
    Array.from({ length }, (_, i) => length + 1 - i),
  ) *
    10) %
    11) %
  10;
export const isCpf = numeric(11, (d) => cpfDigit(d, 9) === at(d, 9) && cpfDigit(d, 10) === at(d, 10));
const cnpjDigit = (digits: string, weights: number[]): number => {
  const rest = weighted(digits, weights) % 11;
  return rest < 2 ? 0 : 11 - rest;
};
const CNPJ = [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];
export const isCnpj = numeric(14, (d) => cnpjDigit(d, CNPJ) === at(d, 12) && cnpjDigit(d, [6, ...CNPJ]) === at(d, 13));
export const isCuit = numeric(11, (d) => (11 - (weighted(d, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11 === at(d, 10));
export const isSin = numeric(9, luhn);
export const isAba = numeric(
  9,
  (d) => /^(?:0\d|1[0-2]|2[1-9]|3[0-2]|6[1-9]|7[0-2]|80)/.test(d) && weighted(d, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0,
);
export function isRut(text: string): boolean {
  const compact = text.replace(/[.\s-]/g, '').toUpperCase();
  const body = compact.slice(0, -1);
  let sum = 0;
  for (let i = 0; i < body.length; i++) sum += at(body, body.length - 1 - i) * ((i % 6) + 2);
  const check = 11 - (sum % 11);
  return !isMonotone(body) && (check === 11 ? '0' : check === 10 ? 'K' : String(check)) === compact.slice(-1);
}
const CURP = '0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ';
export function isCurp(text: string): boolean {
  const curp = text.toUpperCase();
  let sum = 0;
  for (let i = 0; i < 17; i++) sum += CURP.indexOf(curp[i] as string) * (18 - i);
  return isDay(Number(curp.slice(8, 10)), Number(curp.slice(6, 8))) && (10 - (sum % 10)) % 10 === at(curp, 17);
}
export function isRfc(text: string): boolean {
  const [date = ''] = /\d{6}/.exec(text) ?? [];
  return hasDay(date, 'ymd');
}
const NIT = [41, 37, 29, 23, 19, 17, 13, 7, 3];
export const isNit = numeric(10, (d) => {
  const rest = weighted(d, NIT) % 11;
  return (rest < 2 ? rest : 11 - rest) === at(d, 9);
});

// Western Europe.
export const isSteuerId = numeric(11, (d) => {
  const counts = new Map<string, number>();
  for (const digit of d.slice(0, 10)) counts.set(digit, (counts.get(digit) ?? 0) + 1);
  const repeated = [...counts.values()].filter((count) => count > 1);
  return d[0] !== '0' && repeated.length === 1 && (repeated[0] as number) <= 3 && mod11With10(d);
});
export function isNir(text: string): boolean {
  const compact = text.replace(/[\s.]/g, '').toUpperCase();
  const numbers = compact.replace('2A', '19').replace('2B', '18');
  return /^\d{15}$/.test(numbers) && 97 - modulo(numbers.slice(0, 13), 97) === Number(numbers.slice(13));
}
const DNI = 'TRWAGMYFPDXBNJZSQVHLCKE';
export function isDni(text: string): boolean {
  const compact = text.replace(/[\s.-]/g, '').toUpperCase();
  const number = compact.slice(0, -1).replace(/^[XYZ]/, (letter) => String('XYZ'.indexOf(letter)));
  return Number(number) > 0 && DNI[Number(number) % 23] === compact.slice(-1);
}
const ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
export function isCodiceFiscale(text: string): boolean {
  const code = text.toUpperCase();
  let sum = 0;
  for (let i = 0; i < 15; i++) {
    const unit = code.charCodeAt(i);
    const value = unit >= 65 ? unit - 65 : unit - 48;
    sum += i % 2 === 0 ? (ODD[value] as number) : value;
  }
  return String.fromCharCode(65 + (sum % 26)) === code[15];
}
export const isBsn = numeric(9, (d) => weighted(d, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0);
export const isRijksregister = numeric(11, (d) => {
  const check = Number(d.slice(9));
  const month = Number(d.slice(2, 4)) % 20;
  return month <= 12 && (97 - modulo(d.slice(0, 9), 97) === check || 97 - modulo(`2${d.slice(0, 9)}`, 97) === check);
});
export const isNif = numeric(9, (d) => {
  const rest = weighted(d, [9, 8, 7, 6, 5, 4, 3, 2]) % 11;
  return (rest < 2 ? 0 : 11 - rest) === at(d, 8);
});
export function isPps(text: string): boolean {
  const code = text.replace(/\s/g, '').toUpperCase();
  const extra = code.length === 9 && code[8] !== 'W' ? (code.charCodeAt(8) - 64) * 9 : 0;
  const rest = (weighted(code, [8, 7, 6, 5, 4, 3, 2]) + extra) % 23;
  return (rest === 0 ? 'W' : String.fromCharCode(64 + rest)) === code[7];
}
export const isAhv = numeric(13, (d) => d.startsWith('756') && weighted(d, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) % 10 === 0);
export const isSvnr = numeric(10, (d) => hasDay(d.slice(4), 'dmy') && weighted(d, [3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11 === at(d, 3));

// The north.
export function isPersonnummer(text: string): boolean {
  const digits = digitsOf(text).slice(-10);
  const day = Number(digits.slice(4, 6));
  return isDay(day > 60 ? day - 60 : day, Number(digits.slice(2, 4))) && luhn(digits);
}
export const isFodselsnummer = numeric(11, (d) => {
  const day = Number(d.slice(0, 2)) % 40;
  return (
    isDay(day, Number(d.slice(2, 4)) % 40) &&
    weighted(d, [3, 7, 6, 1, 8, 9, 4, 5, 2, 1]) % 11 === 0 &&
    weighted(d, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0
  );
});
/** Denmark gave the check digit up in 2007; the day must be one. */
export const isCpr = numeric(10, (d) => hasDay(d, 'dmy'));
const HETU = '0123456789ABCDEFHJKLMNPRSTUVWXY';
export function isHetu(text: string): boolean {
  const code = text.toUpperCase();
  return hasDay(code, 'dmy') && HETU[Number(code.slice(0, 6) + code.slice(7, 10)) % 31] === code[10];
}
/** Estonia and Lithuania: a second row of weights when the first leaves ten. */
export const isBalticCode = numeric(11, (d) => {
  let rest = weighted(d, [1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11;
  if (rest === 10) rest = (weighted(d, [3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11) % 10;
  return hasDay(d.slice(1), 'ymd') && rest === at(d, 10);
});
export const isPersonasKods = numeric(
  11,
  (d) => d.startsWith('32') || (hasDay(d, 'dmy') && ((1 + weighted(d, [10, 5, 8, 4, 2, 1, 6, 3, 7, 9])) % 11) % 10 === at(d, 10)),
);

// Middle and eastern Europe.
export const isPesel = numeric(
  11,
  (d) => isDay(Number(d.slice(4, 6)), Number(d.slice(2, 4)) % 20) && weighted(d, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0,
);
export const isNip = numeric(10, (d) => weighted(d, [6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 === at(d, 9));
export const isCnp = numeric(
  13,
  (d) => hasDay(d.slice(1), 'ymd') && (weighted(d, [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11) % 10 === at(d, 12) % 10,
);
export const isRodneCislo = numeric(
  10,
  (d) =>
    isDay(Number(d.slice(4, 6)), (Number(d.slice(2, 4)) % 50) % 20) &&
    (Number(d) % 11 === 0 || ((Number(d.slice(0, 9)) % 11) % 10 === at(d, 9) && Number(d.slice(0, 9)) % 11 === 10)),
);
export const isHungarianTax = numeric(10, (d) => d[0] === '8' && weighted(d, [1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11 === at(d, 9));
export const isTaj = numeric(9, (d) => weighted(d, [3, 7, 3, 7, 3, 7, 3, 7]) % 10 === at(d, 8));
export const isEgn = numeric(
  10,
  (d) => isDay(Number(d.slice(4, 6)), Number(d.slice(2, 4)) % 20) && (weighted(d, [2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11) % 10 === at(d, 9),
);
export const isOib = numeric(11, mod11With10);
export const isEmso = numeric(
  13,
  (d) => hasDay(d.slice(0, 4), 'dmy') && (11 - (weighted(d, [7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11 === at(d, 12),
);
export const isAfm = numeric(9, (d) => (weighted(d, [256, 128, 64, 32, 16, 8, 4, 2]) % 11) % 10 === at(d, 8));
export const isAmka = numeric(11, (d) => hasDay(d, 'dmy') && luhn(d));
export const isSnils = numeric(11, (d) => (weighted(d, [9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101) % 100 === Number(d.slice(9)));
export function isInn(text: string): boolean {
  const d = digitsOf(text);
  if (d.length === 10) return (weighted(d, [2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11) % 10 === at(d, 9);
  return (
    d.length === 12 &&
    (weighted(d, [7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11) % 10 === at(d, 10) &&
    (weighted(d, [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11) % 10 === at(d, 11)
  );
}
export const isRnokpp = numeric(10, (d) => (((weighted(d, [-1, 5, 7, 9, 4, 6, 10, 5, 7]) % 11) + 11) % 11) % 10 === at(d, 9));
export const isTckn = numeric(11, (d) => {
  const odd = at(d, 0) + at(d, 2) + at(d, 4) + at(d, 6) + at(d, 8);
  const even = at(d, 1) + at(d, 3) + at(d, 5) + at(d, 7);
  return d[0] !== '0' && (odd * 7 - even + 100) % 10 === at(d, 9) && (odd + even + at(d, 9)) % 10 === at(d, 10);
});

// Asia, Africa and Oceania.
export const isAadhaar = numeric(12, (d) => d[0] !== '0' && d[0] !== '1' && verhoeff(d));
export function isChineseId(text: string): boolean {
  const rest = weighted(text, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11;
  return isDay(Number(text.slice(12, 14)), Number(text.slice(10, 12))) && '10X98765432'[rest] === text[17]?.toUpperCase();
}
/** Numbers given since 2020 carry no check digit; the day must be one. */
export const isRrn = numeric(13, (d) => hasDay(d, 'ymd'));
export const isMyNumber = numeric(12, (d) => {
  const rest = weighted(d, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
  return (rest < 2 ? 0 : 11 - rest) === at(d, 11);
});
const TAIWAN = 'ABCDEFGHJKLMNPQRSTUVXYWZIO';
export function isTaiwanId(text: string): boolean {
  const letter = TAIWAN.indexOf((text[0] as string).toUpperCase()) + 10;
  return (Math.floor(letter / 10) + (letter % 10) * 9 + weighted(text.slice(1), [8, 7, 6, 5, 4, 3, 2, 1, 1])) % 10 === 0;
}
export function isNric(text: string): boolean {
  const code = text.toUpperCase();
  const series = code[0] as string;
  const sum = weighted(code.slice(1), [2, 7, 6, 5, 4, 3, 2]) + (series === 'T' || series === 'G' ? 4 : series === 'M' ? 3 : 0);
  const letters = 'ST'.includes(series) ? 'JZIHGFEDCBA' : series === 'M' ? 'KLJNPQRTUWX' : 'XWUTRQPNMLK';
  const place = series === 'M' ? 10 - (sum % 11) : sum % 11;
  return letters[place] === code[8];
}
export function isHkid(text: string): boolean {
  const code = text
    .replace(/[()\s]/g, '')
    .toUpperCase()
    .padStart(9, ' ');
  let sum = 0;
  for (let i = 0; i < 9; i++) {
    const sign = code[i] as string;
    const value = sign === ' ' ? 36 : /\d/.test(sign) ? Number(sign) : sign.charCodeAt(0) - 55;
    sum += (i === 8 && sign === 'A' ? 10 : value) * (9 - i);
  }
  return sum % 11 === 0;
}
export const isTfn = numeric(9, (d) => weighted(d, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0);
export const isAbn = numeric(11, (d) => (weighted(d, [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) - 10) % 89 === 0);
export function isMedicare(text: string): boolean {
  const d = digitsOf(text);
  return /^[2-6]\d{9,10}$/.test(d) && weighted(d, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === at(d, 8);
}
export const isSouthAfricanId = numeric(13, (d) => hasDay(d, 'ymd') && /[01]/.test(d[10] as string) && luhn(d));
export const isIsraeliId = numeric(9, luhn);
export const isThaiId = numeric(13, (d) => (11 - (weighted(d, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 10 === at(d, 12));
