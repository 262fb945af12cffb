/** The checksums of wallet addresses: a transposed letter must not send money, so both schemes catch nearly all. */
import { createHash } from 'node:crypto';

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** Base58Check: the last four bytes are the beginning of a double SHA-256 of the rest. */
export function isBase58Check(text: string): boolean {
  let number = 0n;
  for (const sign of text) number = number * 58n + BigInt(BASE58.indexOf(sign));
  const bytes = Buffer.from(number.toString(16).padStart(50, '0'), 'hex');
  if (bytes.length !== 25) return false;
  const once = createHash('sha256').update(bytes.subarray(0, 21)).digest();
  return createHash('sha256').update(once).digest().subarray(0, 4).equals(bytes.subarray(21));
}

const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

/** Bech32 and Bech32m: a polynomial over the letters whose remainder is one of two constants. */
export function isBech32(text: string): boolean {
  const lower = text.toLowerCase();
  if (lower !== text && text.toUpperCase() !== text) return false;
  const split = lower.lastIndexOf('1');
  const human = [...lower.slice(0, split)].map((sign) => sign.charCodeAt(0));
  const values = [
    ...human.map((code) => code >> 5),
    0,
    ...human.map((code) => code & 31),
    ...[...lower.slice(split + 1)].map((sign) => BECH32.indexOf(sign)),
  ];
  let sum = 1;
  for (const value of values) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    for (let i = 0; i < 5; i++) if ((top >> i) & 1) sum ^= GENERATOR[i] as number;
  }
  return sum === 1 || sum === 0x2bc830a3;
}
