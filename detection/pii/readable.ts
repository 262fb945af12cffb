/**
 * The text as recognisers read it: digits of any script and full-width signs as ASCII, typographic dashes and spaces as
 * plain ones, invisible characters gone. Each character knows where it came from, so that what is found there is hidden
 * exactly where it stands in the original. Most texts have nothing of this and are returned as they are.
 */

export interface Readable {
  text: string;
  /** Where the part from `start` to `end` of the readable text stands in the original. */
  original(start: number, end: number): { start: number; end: number };
}

const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]/;
const UNUSUAL =
  /[\u00a0\u00ad\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u09e6-\u09ef\u0e50-\u0e59\u2007\u200b-\u2015\u202a-\u202f\u2060-\u2064\u3000\ufeff\uff01-\uff5e]|\ud835[\udfce-\udfff]/;
/** Where the digits of other scripts begin with their zero. */
const ZEROS = [0x660, 0x6f0, 0x966, 0x9e6, 0xe50];

export function readable(text: string): Readable {
  if (!UNUSUAL.test(text)) return { text, original: (start, end) => ({ start, end }) };
  const origins: number[] = [];
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const sign = text[i] as string;
    // What stands between two halves stays: without it they would become a character that nobody wrote.
    if (INVISIBLE.test(sign) && !out.endsWith('\ud835')) continue;
    origins.push(i);
    const next = text.charCodeAt(i + 1);
    if (sign === '\ud835' && next >= 0xdfce && next <= 0xdfff) {
      out += String((next - 0xdfce) % 10);
      i++;
    } else out += plainForm(sign);
  }
  return {
    text: out,
    original: (start, end) => {
      const last = origins[end - 1] as number;
      return { start: origins[start] as number, end: last + (text[last] === '\ud835' ? 2 : 1) };
    },
  };
}

function plainForm(sign: string): string {
  const unit = sign.charCodeAt(0);
  if (unit >= 0xff01 && unit <= 0xff5e) return String.fromCharCode(unit - 0xfee0);
  if (unit >= 0x2010 && unit <= 0x2015) return '-';
  if (unit === 0xa0 || unit === 0x2007 || unit === 0x202f || unit === 0x3000) return ' ';
  const zero = ZEROS.find((first) => unit >= first && unit < first + 10);
  return zero === undefined ? sign : String(unit - zero);
}
