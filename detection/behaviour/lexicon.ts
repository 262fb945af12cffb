/**
 * Two small tables of hashed words: the function words that tell Latin-script languages apart, and the word pairs of the
 * signatures' own examples, so that a text can be like known attacks without matching one of them.
 */
import { signatures } from '../signatures/index.ts';
import { hashOf, pairOf, wordHashes } from './hash.ts';

const FUNCTION_WORDS: [number, string][] = [
  [10, 'the and of to is that it for with are this you was be have not what can please'],
  [11, 'der die und das ist nicht ein eine mit für auf den zu ich wie sich auch wir bitte'],
  [12, 'le les des est une et pas pour dans que qui je vous avec sur ce cette nous du'],
  [13, 'el los las una y por para con del que no es como pero lo más su esta puedo'],
  [14, 'il lo gli della di che non per con una è sono come anche questo mi nel dei'],
  [15, 'o os um uma não para com que do da em por como mais mas você são isso dos'],
  [16, 'het een van niet dat de ik je voor met zijn op te aan er wat maar wij ook'],
  [17, 'nie jest się na że do to jak w z i po czy dla proszę ale mi co od'],
  [18, 've bir bu için ile da ne çok mi gibi değil var daha ben olarak nasıl lütfen'],
];
const ATTACKS = new Set(['prompt_injection', 'jailbreak', 'system_prompt_extraction', 'data_exfiltration']);
const BITS = 1 << 18;

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
  for (const [language, words] of FUNCTION_WORDS) {
    for (const word of words.split(' ')) {
      const hash = hashOf(word);
      found.set(hash, found.has(hash) ? 0 : language);
    }
  }
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
