/**
 * Makes a text readable the way a model reads it, in two steps. *Plain* undoes what only eyes and tokenisers overlook
 * (compatibility forms, invisible characters, look-alike letters) and keeps case and lines; *folded* then drops case,
 * accents and runs of white space. The subtle point is that the scanner asks for the first only where it saw a reason to,
 * and that the second costs one look at a table for each character.
 */
import { withoutLookalikes } from './lookalikes.ts';

/** What a code unit is, as bits; the scanner collects them to know what else a text needs. */
export const WHITE = 1;
export const DROP = 2;
export const SLOW = 4;
export const LETTER = 8;
export const DIGIT = 16;
export const SYMBOL = 32;
export const ESCAPE = 64;
export const WIDE = 128;

/** Letters of other Latin alphabets and phonetic signs that no accent rule reduces. */
const LATIN_LOOKALIKES: Record<string, string> = {
  ɑ: 'a', ɐ: 'a', ᴀ: 'a', ʙ: 'b', ƅ: 'b', ᴄ: 'c', ɔ: 'o', đ: 'd', ð: 'd', ᴅ: 'd', ɖ: 'd', ᴇ: 'e', ɛ: 'e', ǝ: 'e', ꜰ: 'f', ɡ: 'g',
  ɢ: 'g', ʜ: 'h', ħ: 'h', ɦ: 'h', ı: 'i', ɪ: 'i', ɩ: 'i', ᴊ: 'j', ᴋ: 'k', ʟ: 'l', ł: 'l', ŀ: 'l', ᴍ: 'm', ɴ: 'n', ŋ: 'n', ø: 'o',
  ᴏ: 'o', ᴘ: 'p', ʀ: 'r', ɾ: 'r', ꜱ: 's', ʂ: 's', ß: 's', ᴛ: 't', ŧ: 't', ᴜ: 'u', ʋ: 'v', ᴠ: 'v', ᴡ: 'w', ʏ: 'y', ɣ: 'y', ᴢ: 'z',
  æ: 'a', œ: 'o', þ: 'p', '‘': "'", '’': "'", 'ʼ': "'", '‚': "'", '‛': "'", '“': '"', '”': '"', '„': '"', '«': '"', '»': '"',
  '‐': '-', '‑': '-', '‒': '-', '–': '-', '—': '-', '―': '-', '−': '-', '⁄': '/', '∕': '/', '…': '.', '٪': '%', 'ـ': '',
}; // biome-ignore format: a table reads better wide

/** Letters that people of one language write in two ways: Russian ё, Arabic alif, ta marbuta and ya, Hindi letters with a dot. */
const RESPELLED = [
  ['\u0451\u0401', 'е'],
  ['\u0622\u0623\u0625\u0671', 'ا'],
  ['\u0629', 'ه'],
  ['\u0649\u06cc', 'ي'],
  ['\u06a9', 'ك'],
  ['\u0958', 'क'],
  ['\u0959', 'ख'],
  ['\u095a', 'ग'],
  ['\u095b', 'ज'],
  ['\u095c', 'ड'],
  ['\u095d', 'ढ'],
  ['\u095e', 'फ'],
  ['\u0901', 'ं'],
] as const;
/** Marks that those who read the language leave out: Arabic short vowels, the dot below Hindi letters. */
const LEFT_OUT = '\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652\u0670\u093c';

const INVISIBLE =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: the invisible characters are listed one by one, joined to nothing
  /[\u0000-\u0008\u000e-\u001f\u007f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb]/;
const INVISIBLES = new RegExp(INVISIBLE.source, 'g');

/** For each code unit, the code unit it folds to. Surrogates fold to themselves. */
export const FOLD = new Uint16Array(65536);
/** For each code unit, its bits. */
export const KIND = new Uint8Array(65536);
fillTables();

export interface Plain {
  text: string;
  /** What had to be undone, in order: `compatibility`, `invisible`, `homoglyph`. */
  via: string[];
  /** Texts that were hidden inside this one, each with the way it was hidden. */
  hidden: { text: string; via: 'tags' | 'variation-selectors' | 'invisible-bits' }[];
  /** The same text with words made Latin that may be another language's as well. */
  latin?: string;
  /** Invisible characters stood where white space may have been meant; the same text with spaces in their place. */
  spaced?: string;
}

/** Undoes hiding and look-alikes. Costs a few passes, so the scanner asks for it only when it saw a reason to. */
export function plain(text: string): Plain {
  const via: string[] = [];
  const hidden: Plain['hidden'] = [];
  let out = text;
  let spaced: string | undefined;
  if (/\udb40|[\ufe00-\ufe0f]{2}/.test(out)) out = takeHidden(out, hidden);
  if (INVISIBLE.test(out)) {
    takeInvisibleBits(out, hidden);
    const bare = out.replace(INVISIBLES, '');
    // Joiners inside emoji and the scripts that need them are ordinary; between Latin letters they hide words.
    // biome-ignore lint/suspicious/noMisleadingCharacterClass: as above
    if (/[a-z][\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]+[a-z]/i.test(out)) {
      via.push('invisible');
      spaced = out.replace(INVISIBLES, ' ');
    }
    out = bare;
  }
  const compatible = out.normalize('NFKC');
  if (compatible !== out) {
    if (/[\uff21-\uff5a\u24b6-\u24e9\u2100-\u214f]|\ud835|\ud83c[\udd30-\udd89]/.test(out)) via.push('compatibility');
    out = compatible;
  }
  if (/\ud83c[\udd50-\udd89\udde6-\uddff]/.test(out)) out = out.replace(/\ud83c([\udd50-\udd89])/g, (_, low: string) => squaredLetter(low));
  // Stacked combining marks are decoration; composed accents were already joined by NFKC and fold by table.
  if (/[\u0300-\u036f]/.test(out)) out = out.replace(/[\u0300-\u036f]/g, '');
  const { text: readable, latin } = withoutLookalikes(out);
  if (readable !== out) via.push('homoglyph');
  const made: Plain = { text: readable, via, hidden };
  if (latin !== undefined) made.latin = latin;
  if (spaced !== undefined) made.spaced = withoutLookalikes(spaced.normalize('NFKC')).text;
  return made;
}

/** Lower case, single spaces, no accents. Anchors are stored in this form and most patterns are written for it. */
export function fold(text: string): string {
  let out = '';
  let white = true;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const kind = KIND[unit] as number;
    if (kind & WHITE) {
      if (!white) out += ' ';
      white = true;
    } else if (!(kind & DROP)) {
      out += String.fromCharCode(FOLD[unit] as number);
      white = false;
    }
  }
  return out;
}

/** Tag characters mirror ASCII; variation selectors can carry a byte each. Both draw nothing on the screen. */
function takeHidden(text: string, hidden: Plain['hidden']): string {
  let out = text.replace(/(\ud83c\udff4)?((?:\udb40[\udc20-\udc7f]){1,4096})/g, (_all, flag: string | undefined, tags: string) => {
    let ascii = '';
    for (let i = 1; i < tags.length; i += 2) {
      const code = tags.charCodeAt(i) - 0xdc00;
      if (code < 0x7f) ascii += String.fromCharCode(code);
    }
    // A black flag followed by a short region code is how the flags of England, Scotland and Wales are written.
    if (!(flag !== undefined && ascii.length <= 7)) hidden.push({ text: ascii, via: 'tags' });
    return flag ?? '';
  });
  out = out.replace(/(?:[\ufe00-\ufe0f]|\udb40[\udd00-\uddef]){4,4096}/g, (run) => {
    const bytes: number[] = [];
    for (let i = 0; i < run.length; i++) {
      const unit = run.charCodeAt(i);
      if (unit >= 0xfe00 && unit <= 0xfe0f) bytes.push(unit - 0xfe00);
      else if (unit >= 0xdd00 && unit <= 0xddef) bytes.push(unit - 0xdd00 + 16);
    }
    hidden.push({ text: Buffer.from(bytes).toString('utf8'), via: 'variation-selectors' });
    return '';
  });
  return out.replace(/\udb40[\udc00-\uddef]/g, '');
}

/** Long rows of two kinds of invisible characters spell bytes bit by bit; the lower code point is read as 0. */
function takeInvisibleBits(text: string, hidden: Plain['hidden']): void {
  for (const [run] of text.matchAll(/[\u200b-\u200f\u2060-\u2064\ufeff]{24,32768}/g)) {
    const counted = [...new Set(run)].sort((a, b) => run.split(b).length - run.split(a).length).slice(0, 2);
    const one = counted.sort().at(-1);
    const bits = [...run].filter((sign) => counted.includes(sign));
    const bytes: number[] = [];
    for (let i = 0; i + 8 <= bits.length; i += 8) bytes.push(bits.slice(i, i + 8).reduce((byte, bit) => byte * 2 + Number(bit === one), 0));
    hidden.push({ text: Buffer.from(bytes).toString('utf8'), via: 'invisible-bits' });
  }
}

function squaredLetter(low: string): string {
  const code = low.charCodeAt(0);
  return String.fromCharCode(97 + ((code >= 0xdd70 ? code - 0xdd70 : code - 0xdd50) % 26));
}

function fillTables(): void {
  for (let unit = 0; unit < 65536; unit++) {
    FOLD[unit] = unit;
    KIND[unit] = unit > 255 ? WIDE : 0;
  }
  for (let unit = 0; unit < 0x2200; unit++) foldByCase(unit);
  for (let unit = 0x2c00; unit < 0x2e00; unit++) foldByCase(unit);
  for (const [sign, latin] of Object.entries(LATIN_LOOKALIKES)) {
    const unit = sign.charCodeAt(0);
    if (latin === '') KIND[unit] = DROP;
    else {
      FOLD[unit] = latin.charCodeAt(0);
      KIND[unit] = (LETTER * Number(/[a-z]/.test(latin))) as number;
    }
  }
  for (const [from, to] of RESPELLED) for (const sign of from) FOLD[sign.charCodeAt(0)] = to.charCodeAt(0);
  for (const mark of LEFT_OUT) KIND[mark.charCodeAt(0)] = DROP;
  // The capital of a look-alike (Ƅ → ƅ → b) is one too.
  for (let unit = 0; unit < 65536; unit++) {
    const once = FOLD[unit] as number;
    if (FOLD[once] === once) continue;
    FOLD[unit] = FOLD[once] as number;
    KIND[unit] = KIND[once] as number;
  }
  for (let unit = 0; unit < 65536; unit++) {
    if (INVISIBLE.test(String.fromCharCode(unit))) KIND[unit] = DROP | SLOW;
    else if (/\s/.test(String.fromCharCode(unit))) KIND[unit] = WHITE;
  }
  for (const [from, to] of [
    [0x0300, 0x058f], // combining marks, Greek, Cyrillic, Armenian
    [0x13a0, 0x13ff], // Cherokee
    [0x2070, 0x209f], // super- and subscripts
    [0x2100, 0x218f], // letter-like and number forms
    [0x2460, 0x24ff], // circled
    [0x2c80, 0x2cff], // Coptic
    [0x3300, 0x33ff], // squared words
    [0xa4d0, 0xa4ff], // Lisu
    [0xab70, 0xabbf], // small Cherokee
    [0xd835, 0xd835], // mathematical letters
    [0xdb40, 0xdb40], // tags and variation selectors
    [0xdd30, 0xdd89], // squared letters (low halves)
    [0xfb00, 0xfb06], // ligatures
    [0xff01, 0xffdc], // full and half width
  ] as const) {
    for (let unit = from; unit <= to; unit++) KIND[unit] = (KIND[unit] as number) | SLOW;
  }
  for (let unit = 48; unit <= 57; unit++) KIND[unit] = DIGIT;
  for (const sign of '@$!|') KIND[sign.charCodeAt(0)] = SYMBOL;
  for (const sign of '%&\\') KIND[sign.charCodeAt(0)] = ESCAPE;
}

/** Case and accents, for letters whose folded form is one code unit. */
function foldByCase(unit: number): void {
  const lower = String.fromCharCode(unit).toLowerCase();
  const isLatin = unit < 0x250 || (unit >= 0x1e00 && unit < 0x1f00);
  const base = isLatin ? lower.normalize('NFD').replace(/[\u0300-\u036f]/g, '') : lower;
  if (base.length === 1) FOLD[unit] = base.charCodeAt(0);
  const folded = FOLD[unit] as number;
  KIND[unit] = folded >= 97 && folded <= 122 ? LETTER : folded > 255 ? WIDE : 0;
}
