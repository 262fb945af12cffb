/**
 * Words pulled apart, `i g n o r e` or `i.g.n.o.r.e`, and how to read them. The subtle point is thrift: sums, lists and
 * tables have single letters too, so one plain pass tells whether enough of them stand in a row before a pattern runs.
 */

/** Letters in a row that `rejoined` and `pulledApart` need at least. */
export const FEWEST_REJOINED = 3;
export const FEWEST_PULLED_APART = 6;

/** Letters and digits only: what remains of words that were pulled apart. Takes folded text. */
export function compact(folded: string): string {
  return folded.replace(/[^a-z0-9\u0080-\uffff]+/g, '');
}

/** The stretches of at least six letters that each stand alone, whatever keeps them apart. */
export function pulledApart(text: string): string[] {
  return text.match(/(?<![\p{L}\p{N}])\p{L}(?:[^\p{L}\p{N}]{1,3}\p{L}){5,2000}(?![\p{L}\p{N}])/gu) ?? [];
}

/**
 * Words whose letters were set apart by single gaps or signs, put back together: `i g n o r e  a l l` and
 * `i.g.n.o.r.e all`. Two or more white spaces between letters are taken for the break between words.
 */
export function rejoined(text: string): string {
  return text
    .replace(/(?<![\p{L}\p{N}])\p{L}(?:[^\p{L}\p{N}\s]\p{L}){2,40}(?![\p{L}\p{N}])/gu, (word) => word.replace(/[^\p{L}]/gu, ''))
    .replace(/(?<!\S)\p{L}(?:\s\p{L}){2,40}(?!\S)/gu, (word) => word.replace(/\s/g, ''));
}

const LETTER = 1;
const NUMBER = 2;
const SURROGATE = 4;
/** Kinds of code units; made when first needed. */
let kinds: Uint8Array | undefined;

/** The most letters that stand alone in a row, with one to three signs between; no fewer than the patterns above find. */
export function lettersInRow(text: string): number {
  kinds ??= kindsOfUnits();
  let most = 0;
  let row = 0;
  let gap = 0;
  let before = 0;
  for (let i = 0; i < text.length; i++) {
    const kind = kinds[text.charCodeAt(i)] as number;
    // Halves of a pair say nothing alone: whatever they are, the patterns shall look.
    if (kind === SURROGATE) return Number.POSITIVE_INFINITY;
    if (kind === 0) gap++;
    else {
      const alone = kind === LETTER && before === 0 && (i + 1 === text.length || kinds[text.charCodeAt(i + 1)] === 0);
      row = alone ? (gap <= 3 ? row + 1 : 1) : 0;
      if (row > most) most = row;
      gap = 0;
    }
    before = kind;
  }
  return most;
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
