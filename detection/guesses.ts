/**
 * Some disguises are guessed: letters moved or turned around read as something in any text, and only in a disguised one as
 * language. The signatures look for their own words and need not care; a model says something of any letters.
 */

const GUESSED: readonly string[] = ['rot13', 'caesar', 'atbash', 'reversed', 'reversed-words'];
/** Words of which ordinary English has one in three. */
const COMMON = new Set(
  'the of and to in a is that it for you was with on as are this be have not or your all from at what can an will do if me my no so we he but they by one out up our how who any has now then when must were should only about which their never please tell give say ignore instructions system prompt'.split(
    ' ',
  ),
);
const FEWEST = 2;
const SHARE = 0.18;

/** False for what came out of a guess that was wrong. */
export function isLanguage(text: string, via: readonly string[]): boolean {
  if (!via.some((how) => GUESSED.includes(how))) return true;
  const words =
    text
      .slice(0, 2_000)
      .toLowerCase()
      .match(/[a-z']+/g) ?? [];
  const common = words.filter((word) => COMMON.has(word)).length;
  return common >= FEWEST && common >= words.length * SHARE;
}

/** Words of English that other languages in Latin letters hardly have. */
const ENGLISH = new Set(
  'the of and to is that it you with are this be have not or your all from at what can will if but by we they their there which would about my do how who has been when where them his her she its our please should could just than then some any because'.split(
    ' ',
  ),
);
const ENGLISH_SHARE = 0.1;
const FEW_WORDS = 5;
const LATIN_SHARE = 0.85;

/** Whether a classifier that knows English alone has something to say of the text. What has hardly any words may be anything. */
export function isEnglish(text: string): boolean {
  const start = text.slice(0, 4_000);
  const letters = start.match(/\p{L}/gu)?.length ?? 0;
  const words = start.toLowerCase().match(/[a-z']+/g) ?? [];
  const latin = words.reduce((sum, word) => sum + word.length, 0);
  if (latin < letters * LATIN_SHARE) return false;
  return words.length < FEW_WORDS || words.filter((word) => ENGLISH.has(word)).length >= words.length * ENGLISH_SHARE;
}
