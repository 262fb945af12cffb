/**
 * Letters of other scripts that pass for Latin ones. The subtle point is whose word it is: one that mixes scripts is
 * Latin in disguise, and so is one that only has perfect twins in a text otherwise Latin. One of rougher look-alikes
 * alone may be Russian or Greek, so that reading is another text, tried beside the first and only where most such words
 * could be Latin: real Russian stays Russian and costs nothing more.
 */

const CYRILLIC_LOOKALIKES: Record<string, string> = {
  а: 'a', в: 'b', с: 'c', е: 'e', н: 'h', і: 'i', ј: 'j', к: 'k', м: 'm', о: 'o', р: 'p', ѕ: 's', т: 't', у: 'y', х: 'x',
  ԁ: 'd', ԛ: 'q', ԝ: 'w', һ: 'h', ӏ: 'l', ѵ: 'v', ь: 'b', п: 'n', г: 'r', и: 'u', ɡ: 'g', ї: 'i', ё: 'e', ԍ: 'g',
}; // biome-ignore format: a table reads better wide
const GREEK_LOOKALIKES: Record<string, string> = {
  α: 'a', β: 'b', ε: 'e', η: 'n', ι: 'i', κ: 'k', ν: 'v', ο: 'o', ρ: 'p', τ: 't', υ: 'u', χ: 'x', γ: 'y', ω: 'w', ϲ: 'c',
  ϳ: 'j', μ: 'u', ζ: 'z', σ: 'o', ς: 's', ά: 'a', έ: 'e', ή: 'n', ί: 'i', ό: 'o', ύ: 'u',
}; // biome-ignore format: a table reads better wide
const OTHER_LOOKALIKES: Record<string, string> = {
  // Armenian
  ա: 'w', գ: 'q', զ: 'q', լ: 'l', հ: 'h', յ: 'j', ո: 'n', ս: 'u', ց: 'g', ք: 'p', օ: 'o', ր: 'r', ե: 't', ի: 'h', ւ: 'i',
  // Cherokee
  Ꭺ: 'a', Ᏼ: 'b', Ꮯ: 'c', Ꭰ: 'd', Ꭼ: 'e', Ꮐ: 'g', Ꮋ: 'h', Ꭵ: 'i', Ꭻ: 'j', Ꮶ: 'k', Ꮮ: 'l', Ꮇ: 'm', Ꮲ: 'p', Ꭱ: 'r', Ꮢ: 'r',
  Ꮪ: 's', Ꭲ: 't', Ꮩ: 'v', Ꮤ: 'w', Ꮃ: 'w', Ꭹ: 'y', Ꮍ: 'y', Ꮓ: 'z', Ꮎ: 'o', Ꮖ: 'i', Ꮒ: 'n', Ᏻ: 'g', Ᏸ: 'b', Ꮟ: 'b', Ꮷ: 'd',
  // Lisu
  ꓮ: 'a', ꓐ: 'b', ꓚ: 'c', ꓓ: 'd', ꓰ: 'e', ꓝ: 'f', ꓖ: 'g', ꓧ: 'h', ꓲ: 'i', ꓙ: 'j', ꓗ: 'k', ꓡ: 'l', ꓟ: 'm', ꓠ: 'n', ꓳ: 'o',
  ꓑ: 'p', ꓣ: 'r', ꓢ: 's', ꓔ: 't', ꓴ: 'u', ꓦ: 'v', ꓪ: 'w', ꓫ: 'x', ꓬ: 'y', ꓜ: 'z',
  // Coptic
  ⲁ: 'a', ⲃ: 'b', ⲉ: 'e', ⲏ: 'h', ⲓ: 'i', ⲕ: 'k', ⲙ: 'm', ⲛ: 'n', ⲟ: 'o', ⲣ: 'p', ⲥ: 'c', ⲧ: 't', ⲩ: 'y', ⲭ: 'x',
}; // biome-ignore format: a table reads better wide
/** Where a capital looks like another letter than its small form does. */
const CAPITALS: Record<string, string> = { Η: 'H', Μ: 'M', Υ: 'Y' };
/** Letters that cannot be told from Latin ones by eye: a word of these alone may be Latin in disguise. */
const TWINS = 'асеорхуіѕјԁԛԝһӏАВСЕНІЈКМОРЅТУХοΑΒΕΖΗΙΚΜΝΟΡΤΥΧνϲϳ';

/** Greek, Cyrillic and Armenian; Cherokee; Coptic; Lisu. */
const OTHER_SCRIPT = /[\u0370-\u0588\u13a0-\u13fd\u2c80-\u2cee\ua4d0-\ua4f7\uab70-\uabbf]/;

/** What a code unit is in a word, as bits. */
const LATIN = 1;
const OTHER = 2;
/** Looks like no Latin letter, or like one but not so much that nobody could tell. */
const UNLIKE = 4;
const NO_TWIN = 8;

interface Tables {
  kinds: Uint8Array;
  /** What each unit is read as; itself for most. */
  latin: Uint16Array;
}
let tables: Tables | undefined;

export interface WithoutLookalikes {
  /** The words made Latin that are surely meant so. */
  text: string;
  /** Those made Latin too that have nothing but look-alikes, where they are too many to be another language's. */
  latin?: string;
}

/** Words are judged one by one; see the note at the top. */
export function withoutLookalikes(text: string): WithoutLookalikes {
  if (!OTHER_SCRIPT.test(text)) return { text };
  tables ??= makeTables();
  const { kinds } = tables;
  let latin = 0;
  let other = 0;
  let mixes = false;
  /** Letters in words without a Latin one, and those of them in words that could be Latin. */
  let foreign = 0;
  let alike = 0;
  for (let i = 0; i < text.length; ) {
    const start = i;
    let bits = 0;
    for (; i < text.length; i++) {
      const kind = kinds[text.charCodeAt(i)] as number;
      if (kind === 0) break;
      bits |= kind;
      if (kind & OTHER) other++;
      else latin++;
    }
    if (i === start) i++;
    else if ((bits & LATIN) !== 0) mixes ||= (bits & OTHER) !== 0;
    else {
      foreign += i - start;
      if ((bits & UNLIKE) === 0) alike += i - start;
    }
  }
  const mostlyLatin = latin >= 3 * other;
  const isSurely = (bits: number, size: number): boolean => (bits & LATIN) !== 0 || (mostlyLatin && size > 1 && (bits & NO_TWIN) === 0);
  const surely = latin > 0 && (mixes || mostlyLatin) ? swapped(text, tables, isSurely) : text;
  if (alike === 0 || alike * 2 <= foreign) return { text: surely };
  const all = swapped(text, tables, (bits, size) => (bits & UNLIKE) === 0 || isSurely(bits, size));
  return all === surely ? { text: surely } : { text: surely, latin: all };
}

/** `text` with the look-alikes made Latin in the words of other scripts that are `chosen` by their bits and length. */
function swapped(text: string, { kinds, latin }: Tables, chosen: (bits: number, size: number) => boolean): string {
  const units = new Uint16Array(text.length);
  let changed = false;
  for (let i = 0; i < units.length; ) {
    const start = i;
    let bits = 0;
    for (; i < units.length; i++) {
      const unit = text.charCodeAt(i);
      units[i] = unit;
      const kind = kinds[unit] as number;
      if (kind === 0) break;
      bits |= kind;
    }
    if (bits & OTHER && chosen(bits, i - start)) {
      for (let at = start; at < i; at++) units[at] = latin[units[at] as number] as number;
      changed = true;
    }
    if (i === start) i++;
  }
  return changed ? Buffer.from(units.buffer).toString('utf16le') : text;
}

function makeTables(): Tables {
  const kinds = new Uint8Array(65536);
  const latin = Uint16Array.from({ length: 65536 }, (_, unit) => unit);
  for (let unit = 0x41; unit < 0x250; unit++) if (/[a-z\u00c0-\u024f]/i.test(String.fromCharCode(unit))) kinds[unit] = LATIN;
  for (let unit = 0x370; unit < 0xac00; unit++) {
    const letter = String.fromCharCode(unit);
    if (!OTHER_SCRIPT.test(letter)) continue;
    const read = lookalike(letter);
    kinds[unit] = OTHER | (read === undefined ? UNLIKE : 0) | (TWINS.includes(letter) ? 0 : NO_TWIN);
    if (read !== undefined) latin[unit] = read.charCodeAt(0);
  }
  return { kinds, latin };
}

function lookalike(letter: string): string | undefined {
  const lower = letter.toLowerCase();
  const latin =
    CAPITALS[letter] ?? CYRILLIC_LOOKALIKES[lower] ?? GREEK_LOOKALIKES[lower] ?? OTHER_LOOKALIKES[letter] ?? OTHER_LOOKALIKES[lower];
  return latin === undefined || letter === lower ? latin : latin.toUpperCase();
}
