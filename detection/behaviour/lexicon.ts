/**
 * Two small tables of hashed words: the function words that tell Latin-script languages apart, and the word pairs of the
 * signatures' own examples, so that a text can be like known attacks without matching one of them.
 */
import { FUNCTION_WORDS } from '../languages.ts';
import { signatures } from '../signatures/index.ts';
import { hashOf, pairOf, wordHashes } from './hash.ts';

const ATTACKS = new Set(['prompt_injection', 'jailbreak', 'system_prompt_extraction', 'data_exfiltration']);
const BITS = 1 << 18;
/** Below are the scripts. */
const FIRST_LANGUAGE = 10;

const languages = languageTable();
const attackPairs = attackTable();

/** The number of the language that this hashed word belongs to alone; 0 when none or several claim it. */
export function languageOf(word: number): number {
  return languages.get(word) ?? 0;
}

/** Right for every pair of the table; for one in a hundred others too. */
export function isKnownAttack(pair: number): boolean {
  const bit = pair & (BITS - 1);
  return ((attackPairs[bit >>> 3] as number) & (1 << (bit & 7))) !== 0;
}

function languageTable(): Map<number, number> {
  const found = new Map<number, number>();
  FUNCTION_WORDS.forEach(([, words], i) => {
    for (const word of words.split(' ')) {
      const hash = hashOf(word);
      found.set(hash, found.has(hash) ? 0 : FIRST_LANGUAGE + i);
    }
  });
  return found;
}

function attackTable(): Uint8Array {
  const table = new Uint8Array(BITS >>> 3);
  const examples = signatures.filter(({ threatType, applies }) => ATTACKS.has(threatType) && applies.direction !== 'response');
  const harmless = new Set(examples.flatMap(({ negative }) => negative.flatMap(pairsOf)));
  for (const pair of examples.flatMap(({ positive }) => positive.flatMap(pairsOf))) {
    if (harmless.has(pair)) continue;
    const bit = pair & (BITS - 1);
    table[bit >>> 3] = (table[bit >>> 3] as number) | (1 << (bit & 7));
  }
  return table;
}

function pairsOf(text: string): number[] {
  const words = wordHashes(text);
  return words.slice(1).map((word, i) => pairOf(words[i] as number, word));
}
