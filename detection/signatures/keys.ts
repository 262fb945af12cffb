/** What a rule for a vendor's key says, and random-looking letters for its examples; no vendor issued them. */
import type { Signature } from '../signature.ts';

export const RANDOM = 'q7Zp4Xw9Kd2Rb8Tn5Vh3Ys6Mf1Jg0LcUaEeOiHxWvQrPzNtBkDyGmSjC4h8K2w6T';
export const HEX = '9f3b7c1e5a8d2046bf91c7e3d5a08b64';
export const pieces = (prefix: string, length: number): string => `here: ${prefix}${RANDOM.slice(0, length)} ok`;

export interface Key {
  n: number;
  vendor: string;
  pattern: string;
  anchors: string[];
  positive: string[];
  negative: string[];
  severity?: Signature['severity'];
  score?: number;
  checked?: false;
}
