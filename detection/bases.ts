/**
 * The rarer ways of writing bytes as signs: base32, base58 and Ascii85. Each gives undefined where a run is not of its
 * alphabet; whether the bytes say anything is the caller's question.
 */

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
/** Base58 is one long number, so reading it costs the square of its length. */
const LONGEST_BASE58 = 400;

export function fromBase32(run: string): string | undefined {
  if (!/^(?:[A-Z2-7]+|[a-z2-7]+)={0,6}$/.test(run)) return undefined;
  const bytes: number[] = [];
  let held = 0;
  let bits = 0;
  for (const sign of run.toUpperCase()) {
    if (sign === '=') break;
    held = ((held << 5) | BASE32.indexOf(sign)) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((held >> bits) & 0xff);
    }
  }
  return Buffer.from(bytes).toString('utf8');
}

export function fromBase58(run: string): string | undefined {
  if (run.length > LONGEST_BASE58 || !/^[1-9A-HJ-NP-Za-km-z]+$/.test(run)) return undefined;
  /** The number so far, its lowest byte first. */
  const bytes: number[] = [];
  for (const sign of run) {
    let carry = BASE58.indexOf(sign);
    for (let i = 0; i < bytes.length; i++) {
      carry += (bytes[i] as number) * 58;
      bytes[i] = carry & 0xff;
      carry >>= 8;
    }
    if (carry > 0) bytes.push(carry);
  }
  return Buffer.from(bytes.reverse()).toString('utf8');
}

/** Five signs from `!` to `u` for four bytes; `z` for four zeros. */
export function fromAscii85(run: string): string | undefined {
  const body = run.replace(/^<~|~>$/g, '');
  const bytes: number[] = [];
  let held = 0;
  let count = 0;
  const push = (kept: number): void => {
    for (let i = 0; i < kept; i++) bytes.push(Math.floor(held / 256 ** (3 - i)) % 256);
    held = 0;
    count = 0;
  };
  for (let i = 0; i < body.length; i++) {
    const digit = body.charCodeAt(i) - 33;
    if (digit < 0 || digit > 84) return undefined;
    held = held * 85 + digit;
    if (++count === 5) push(4);
  }
  if (count === 1) return undefined;
  if (count > 1) {
    const kept = count - 1;
    for (let i = count; i < 5; i++) held = held * 85 + 84;
    push(kept);
  }
  return Buffer.from(bytes).toString('utf8');
}
