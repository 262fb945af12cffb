/**
 * Words pulled apart, `i g n o r e` or `i.g.n.o.r.e`, and how to read them. The subtle point is thrift: sums, lists and
 * tables have single letters too, so one plain pass tells where enough of them stand in a row, and the patterns run on nothing else.
 */

/** Letters in a row that `rejoined` and `pulledApart` need at least. */
const FEWEST_REJOINED = 3;
const FEWEST_PULLED_APART = 6;

/** Letters that each stand alone, with one to three signs between: from the first one to behind the last. */
export interface Row {
  from: number;
  to: number;
  letters: number;
}

/** Letters and digits only: what remains of words that were pulled apart. Takes folded text. */
export function compact(folded: string): string {
  return folded.replace(/[^a-z0-9\u0080-\uffff]+/g, '');
}

/** The stretches of at least six letters that each stand alone, whatever keeps them apart. */
export function pulledApart(text: string, rows: readonly Row[]): string[] {
  const long = rows.filter(({ letters }) => letters >= FEWEST_PULLED_APART);
  return long.flatMap(
    (row) => around(text, row).match(/(?<![\p{L}\p{N}])\p{L}(?:[^\p{L}\p{N}]{1,3}\p{L}){5,2000}(?![\p{L}\p{N}])/gu) ?? [],
  );
}

/**
 * Words whose letters were set apart by single gaps or signs, put back together: `i g n o r e  a l l` and
 * `i.g.n.o.r.e all`. Two or more white spaces between letters are taken for the break between words.
 */
export function rejoined(text: string, rows: readonly Row[]): string {
  let out = '';
  let at = 0;
  for (const row of rows) {
    out += text.slice(at, Math.max(0, row.from - 1)) + rejoinedRow(around(text, row));
    at = row.to + 1;
  }
  return out + text.slice(at);
}

/** A row with the sign before and the sign behind it, which the patterns look at. */
function around(text: string, { from, to }: Row): string {
  return text.slice(Math.max(0, from - 1), to + 1);
}

function rejoinedRow(row: string): string {
  return row
    .replace(/(?<![\p{L}\p{N}])\p{L}(?:[^\p{L}\p{N}\s]\p{L}){2,40}(?![\p{L}\p{N}])/gu, (word) => word.replace(/[^\p{L}]/gu, ''))
    .replace(/(?<!\S)\p{L}(?:\s\p{L}){2,40}(?!\S)/gu, (word) => word.replace(/\s/g, ''));
}

const LETTER = 1;
const NUMBER = 2;
const SURROGATE = 4;
/** Kinds of code units; made when first needed. */
let kinds: Uint8Array | undefined;

/** All rows of three letters and more, in order: whatever the patterns above find, they find within one. */
export function lettersApart(text: string): Row[] {
  kinds ??= kindsOfUnits();
  const rows: Row[] = [];
  let from = 0;
  let to = 0;
  let letters = 0;
  let gap = 0;
  let before = 0;
  const end = (): void => {
    if (letters >= FEWEST_REJOINED) rows.push({ from, to, letters });
    letters = 0;
  };
  for (let i = 0, size = 1; i < text.length; i += size) {
    let kind = kinds[text.charCodeAt(i)] as number;
    size = 1;
    if (kind === SURROGATE) {
      size = isPair(text, i) ? 2 : 1;
      kind = kindOfPair(text, i);
    }
    if (kind === 0) gap++;
    else {
      const alone = kind === LETTER && before === 0 && kindAt(text, i + size, kinds) === 0;
      if (!alone || gap > 3) end();
      if (alone) {
        if (letters++ === 0) from = i;
        to = i + size;
      }
      gap = 0;
    }
    before = kind;
  }
  end();
  return rows;
}

function kindAt(text: string, i: number, table: Uint8Array): number {
  if (i >= text.length) return 0;
  const kind = table[text.charCodeAt(i)] as number;
  return kind === SURROGATE ? kindOfPair(text, i) : kind;
}

function isPair(text: string, i: number): boolean {
  return (text.codePointAt(i) as number) > 0xffff;
}

/** Half a pair is neither letter nor number. */
function kindOfPair(text: string, i: number): number {
  const sign = String.fromCodePoint(text.codePointAt(i) as number);
  return /\p{L}/u.test(sign) ? LETTER : /\p{N}/u.test(sign) ? NUMBER : 0;
}

function kindsOfUnits(): Uint8Array {
  const out = new Uint8Array(65536);
  const everything = String.fromCharCode(...Array.from({ length: 0xd800 }, (_, unit) => unit));
  const rest = String.fromCharCode(...Array.from({ length: 0x2000 }, (_, unit) => 0xe000 + unit));
  for (const { index } of everything.matchAll(/\p{L}/gu)) out[index] = LETTER;
  for (const { index } of everything.matchAll(/\p{N}/gu)) out[index] = NUMBER;
  for (const { index } of rest.matchAll(/\p{L}/gu)) out[0xe000 + index] = LETTER;
  for (const { index } of rest.matchAll(/\p{N}/gu)) out[0xe000 + index] = NUMBER;
  out.fill(SURROGATE, 0xd800, 0xe000);
  return out;
}
