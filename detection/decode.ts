/**
 * Finds what a text says in another encoding: base64 and its kin, hex, percent and HTML escapes, `\u` escapes, binary,
 * Morse, character codes. Pure: one layer in, the readable layers beneath it out; the detector nests the calls and keeps
 * the budget. The subtle point is thrift: a stretch is decoded only when it is long enough to say something, and kept only
 * when the result reads as text, so keys, hashes and images do not become noise for the patterns.
 */
import { fromAscii85, fromBase32, fromBase58 } from './bases.ts';
import { fromBinary, fromCharacterCodes, fromMorse, hasMorse } from './codes.ts';

export interface Decoded {
  text: string;
  via:
    | 'base64'
    | 'base32'
    | 'base58'
    | 'ascii85'
    | 'hex'
    | 'url'
    | 'html'
    | 'escapes'
    | 'quoted-printable'
    | 'binary'
    | 'morse'
    | 'character-codes';
}

/** Layers directly beneath `text`, at most `limit` characters of them together; `codes` when it may hold Morse. */
export function decodings(text: string, limit: number, { codes = true }: { codes?: boolean } = {}): Decoded[] {
  const out: Decoded[] = [];
  let left = limit;
  /** False when it is no text. */
  const keep = (decoded: string | undefined, via: Decoded['via']): boolean => {
    if (decoded === undefined || left <= 0 || !(readsAsText(decoded) || MAYBE_ENCODED.test(decoded))) return false;
    const cut = decoded.length > left ? decoded.slice(0, left) : decoded;
    left -= cut.length;
    out.push({ text: cut, via });
    return true;
  };
  // Escapes first: they keep the rest of the sentence around what they hide, where context words stand.
  for (const { sign, via, read } of ESCAPES) {
    if (sign.test(text)) for (const part of read(text)) keep(part, via);
  }
  let numbers = MAX_BASE58;
  for (const run of encodedRuns(text)) {
    if (left <= 0) break;
    if (/^[0-9a-fA-F]+$/.test(run) && run.length % 2 === 0 && keep(Buffer.from(run, 'hex').toString('utf8'), 'hex')) continue;
    if (keep(fromBase32(run), 'base32')) continue;
    if (looksLikeBase64(run) && keep(fromBase64(run, left), 'base64')) continue;
    if (numbers-- > 0) keep(fromBase58(run), 'base58');
  }
  if (rowAt(text, 0, GROUP_SIGNS, GROUPS_LENGTH) >= 0) {
    for (const read of fromBinary(text)) keep(read, 'binary');
    for (const read of fromCharacterCodes(text)) keep(read, 'character-codes');
  }
  for (const run of ascii85Runs(text)) keep(fromAscii85(run), 'ascii85');
  if (codes && hasMorse(text)) keep(fromMorse(text), 'morse');
  return out;
}

/** Long enough, nearly all printable, and with the share of letters and spaces that sentences have. */
export function readsAsText(text: string): boolean {
  if (text.length < 6) return false;
  let printable = 0;
  let lettersAndSpaces = 0;
  const sample = Math.min(text.length, 2048);
  for (let i = 0; i < sample; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0xfffd) continue;
    if (unit >= 32 && unit !== 127) printable++;
    else if (unit >= 9 && unit <= 13) printable++;
    const lower = unit | 32;
    if ((lower >= 97 && lower <= 122) || unit === 32 || unit === 10 || unit >= 0xc0) lettersAndSpaces++;
  }
  return printable >= sample * 0.95 && lettersAndSpaces >= sample * 0.6;
}

/** What a stretch of base64 consists of, and one of hex digits, binary digits or numbers in groups. */
const BASE64_SIGNS = signs('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-');
const GROUP_SIGNS = signs('0123456789abcdefABCDEFx\\% ,:;.|/_-\n\r\t');
const BASE64_LENGTH = 16;
const MAX_RUN = 65536;
const ASCII85_SIGNS = new Uint8Array(128).fill(1, 33, 118).fill(1, 122, 123);
const ASCII85_LENGTH = 20;
const FEWEST_SIGNS = 2;
const MAX_ASCII85 = 8;
/** Each costs the square of its length. */
const MAX_BASE58 = 6;
/** Bytes that only happen to be text are never this plain for so long: it may be encoded once more. */
const MAYBE_ENCODED = /^[\s!-~]{16,65536}$/;
/** Fewer `=41` are somebody's settings or addresses. */
const FEWEST_QUOTED = 4;
/** A text shorter than this is read anew as a whole; of a longer one, this much around an escape. */
const SHORT = 4096;
const NEAR = 640;
/** Five pairs of digits with a sign after each, and one more pair. */
const GROUPS_LENGTH = 17;

/** Where `length` of these signs first stand in a row, from offset `from` on; -1 if nowhere. */
function rowAt(text: string, from: number, of: Uint8Array, length: number): number {
  // Looks at every `length`th character, and closer only where that is one of them.
  for (let end = from + length - 1; end < text.length; ) {
    let i = end;
    while (i > end - length && of[text.charCodeAt(i)] === 1) i--;
    if (i === end - length) return i + 1;
    end = i + length;
  }
  return -1;
}

function signs(list: string): Uint8Array {
  const out = new Uint8Array(128);
  for (const sign of list) out[sign.charCodeAt(0)] = 1;
  return out;
}

/**
 * Stretches made of an encoding's alphabet. Pieces that white space, commas, quotes or `\x` separate are joined when
 * they are whole lines of base64 or short groups of hex digits.
 */
function encodedRuns(text: string): string[] {
  const runs: string[] = [];
  addLongRuns(text, runs);
  addGroups(text, runs);
  return runs;
}

function addLongRuns(text: string, runs: string[]): void {
  let lastEnd = -1;
  /** Whether the last run ends with padding. Asking the run itself, joined from many, would write it out anew each time. */
  let padded = false;
  let start = rowAt(text, 0, BASE64_SIGNS, BASE64_LENGTH);
  while (start >= 0 && runs.length < 64) {
    const end = endOfRun(text, start);
    const run = text.slice(start, end);
    const gap = lastEnd < 0 ? 'x' : text.slice(lastEnd, start);
    const previous = runs[runs.length - 1];
    if (previous !== undefined && gap.length <= 3 && gap.trim() === '' && !padded) {
      // The last line of a block is shorter than the others; a second block would be as long as its own first line.
      runs[runs.length - 1] = previous + run;
    } else runs.push(run);
    lastEnd = end;
    padded = run.endsWith('=');
    // A tail shorter than a run may close a block that was split over lines.
    const tail = /^\s{1,3}([A-Za-z0-9+/_-]{1,15}={0,2})(?![A-Za-z0-9+/_=-])/.exec(text.slice(lastEnd, lastEnd + 24));
    if (tail?.[1]?.endsWith('=')) {
      runs[runs.length - 1] += tail[1];
      lastEnd += tail[0].length;
      padded = true;
    }
    start = rowAt(text, end, BASE64_SIGNS, BASE64_LENGTH);
  }
}

/** Where the run of base64 that begins at `start` ends, padding included. */
function endOfRun(text: string, start: number): number {
  const limit = Math.min(text.length, start + MAX_RUN);
  let end = start + BASE64_LENGTH;
  while (end < limit && BASE64_SIGNS[text.charCodeAt(end)] === 1) end++;
  for (let padding = 0; padding < 2 && text[end] === '='; padding++) end++;
  return end;
}

function addGroups(text: string, runs: string[]): void {
  let end = 0;
  for (let start = rowAt(text, 0, GROUP_SIGNS, GROUPS_LENGTH); start >= 0; start = rowAt(text, end, GROUP_SIGNS, GROUPS_LENGTH)) {
    end = start + GROUPS_LENGTH;
    while (end < text.length && GROUP_SIGNS[text.charCodeAt(end)] === 1) end++;
    const groups = /(?:(?:\\x|0x|%)?[0-9a-fA-F]{2}[ ,:;]{1,2}){5,4096}(?:\\x|0x)?[0-9a-fA-F]{2}/g;
    for (const [group] of text.slice(start, end).matchAll(groups)) {
      if (runs.length >= 96) return;
      runs.push(group.replace(/\\x|0x|%|[ ,:;]/g, ''));
    }
  }
}

/** Encoded text mixes cases or digits; a long word or a path of small letters does not. */
function looksLikeBase64(run: string): boolean {
  if (run.endsWith('=')) return true;
  return run.length % 4 !== 1 && /[A-Z]/.test(run) && /[a-z]/.test(run) && (/[0-9+/]/.test(run) || run.length >= 20);
}

function fromBase64(run: string, limit: number): string {
  const cut = run.length > limit * 2 ? run.slice(0, Math.floor((limit * 2) / 4) * 4) : run;
  return Buffer.from(cut, 'base64').toString('utf8');
}

/** Words too long and too full of signs for anything else, and what stands between the marks of Ascii85. */
function ascii85Runs(text: string): string[] {
  const runs = text.includes('<~') ? (text.match(/<~[!-uz\s]{10,65536}~>/g) ?? []).map((run) => run.replace(/\s/g, '')) : [];
  let end = 0;
  for (let start = rowAt(text, 0, ASCII85_SIGNS, ASCII85_LENGTH); start >= 0; start = rowAt(text, end, ASCII85_SIGNS, ASCII85_LENGTH)) {
    end = start + ASCII85_LENGTH;
    let signs = 0;
    for (let i = start; i < end; i++) signs += BASE64_SIGNS[text.charCodeAt(i)] === 1 ? 0 : 1;
    while (end < text.length && ASCII85_SIGNS[text.charCodeAt(end)] === 1) end++;
    const isWord = (start === 0 || text.charCodeAt(start - 1) <= 32) && (end === text.length || text.charCodeAt(end) <= 32);
    // Of its 85 signs 22 are no letters, digits or the like; addresses and names in code have few of those.
    if (!isWord || signs < FEWEST_SIGNS) continue;
    runs.push(text.slice(start, Math.min(end, start + MAX_RUN)));
    if (runs.length >= MAX_ASCII85) break;
  }
  return runs;
}

/** Text that stays readable around its escapes: what shows that it may have some, and its parts with them undone. */
const ESCAPES: readonly { sign: RegExp; via: Decoded['via']; read: (text: string) => string[] }[] = [
  { sign: /%/, via: 'url', read: unescapePercent },
  { sign: /&/, via: 'html', read: unescapeHtml },
  { sign: /\\|U\+/, via: 'escapes', read: unescapeBackslash },
  { sign: /=/, via: 'quoted-printable', read: unescapeQuoted },
];

/**
 * The parts of a text near what `replacement` changes of the matches of `pattern`, with the changes made: of a long text with
 * an escape here and there the rest is known already. All of it where it is short.
 */
function reread(text: string, pattern: RegExp, replacement: (match: RegExpExecArray) => string): string[] {
  const parts: string[] = [];
  let part = '';
  /** Up to where the text was taken into `part`, and how far the part reaches behind its last change. */
  let at = 0;
  let to = -1;
  for (const match of text.matchAll(pattern)) {
    const made = replacement(match);
    if (made === match[0]) continue;
    const { index } = match;
    if (to < 0 || index - NEAR > to) {
      if (to >= 0) parts.push(part + text.slice(at, to));
      part = '';
      at = text.length < SHORT ? 0 : Math.max(0, index - NEAR);
    }
    part += text.slice(at, index) + made;
    at = index + match[0].length;
    to = text.length < SHORT ? text.length : Math.min(text.length, at + NEAR);
  }
  if (to >= 0) parts.push(part + text.slice(at, to));
  return parts;
}

/** Runs of percent escapes as UTF-8; a stray per cent sign stays. */
function unescapePercent(text: string): string[] {
  return reread(text, /(?:%[0-9a-fA-F]{2}){1,4096}/g, ([run]) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'));
}

const ENTITIES: Record<string, string> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  lpar: '(',
  rpar: ')',
  colon: ':',
  sol: '/',
  comma: ',',
  period: '.',
};

function unescapeHtml(text: string): string[] {
  return reread(text, /&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|([a-zA-Z]{2,6}));?/g, ([all, hex, decimal, name]) => {
    if (name !== undefined) return ENTITIES[name.toLowerCase()] ?? all;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : all;
  });
}

const BACKSLASHED =
  /(?:\\u|U\+)\{?([0-9a-fA-F]{4,6})\}?|\\u\{([0-9a-fA-F]{1,6})\}|\\U([0-9a-fA-F]{8})|\\x\{?([0-9a-fA-F]{2})\}?|\\([0-3][0-7]{2})/g;

function unescapeBackslash(text: string): string[] {
  return reread(text, BACKSLASHED, ([all, four, braced, eight, two, octal]) => {
    const code = octal === undefined ? Number.parseInt(four ?? braced ?? eight ?? two ?? '', 16) : Number.parseInt(octal, 8);
    return code <= 0x10ffff ? String.fromCodePoint(code) : all;
  });
}

/** Mail's way: `=41` for a byte, and a line that goes on after `=`. */
function unescapeQuoted(text: string): string[] {
  if ((text.match(/=[0-9a-fA-F]{2}/g) ?? []).length < FEWEST_QUOTED) return [];
  return reread(text, /=\r?\n|(?:=[0-9a-fA-F]{2}){1,4096}/g, ([run]) =>
    run.endsWith('\n') ? '' : Buffer.from(run.replaceAll('=', ''), 'hex').toString('utf8'),
  );
}
