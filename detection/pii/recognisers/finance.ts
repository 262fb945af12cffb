/** Money: cards, accounts and wallets. Nearly all carry a checksum, so they need no word beside them. */
import { type Rule, recogniserOf } from '../recogniser.ts';
import { COUNTRY } from '../survey.ts';
import { isCard, isIban } from '../validators.ts';
import { isBase58Check, isBech32 } from '../wallets.ts';

const WALLET = [
  'wallet',
  'btc',
  'bitcoin',
  'eth',
  'ethereum',
  'xrp',
  'ripple',
  'sol',
  'solana',
  'crypto',
  'address',
  'monero',
  'usdt',
  'кошел',
  '钱包',
];

/** How long an IBAN is, by country: without it the next word of a sentence would be taken for its last group. */
const LENGTHS: Record<number, string> = {
  15: 'NO', 16: 'BE', 18: 'DK|FI|FO|GL|NL|SD', 19: 'MK|SI', 20: 'AT|BA|EE|KZ|LT|LU|MN|XK', 21: 'CH|HR|LI|LV', 22: 'BG|BH|CR|DE|GB|GE|IE|ME|RS|VA',
  23: 'AE|GI|IL|IQ|OM|SO|TL', 24: 'AD|CZ|ES|MD|PK|RO|SA|SE|SK|TN|VG', 25: 'LY|PT|ST', 26: 'IS|TR', 27: 'BI|DJ|FR|GR|IT|MC|MR|SM', 28: 'AL|AZ|BY|CY|DO|GT|HU|LB|NI|PL|SV',
  29: 'BR|EG|PS|QA|UA', 30: 'JO|KW|MU|YE', 31: 'MT|SC', 32: 'LC', 33: 'RU',
}; // biome-ignore format: a table reads better wide
const IBANS = Object.entries(LENGTHS)
  .map(([length, countries]) => {
    const rest = (Number(length) - 4) % 4;
    const groups = (Number(length) - 4 - rest) / 4;
    return String.raw`(?:${countries})\d{2}(?:[ -]?[A-Z0-9]{4}){${groups}}${rest === 0 ? '' : `[ -]?[A-Z0-9]{${rest}}`}`;
  })
  .join('|');

const rules: Rule[] = [
  {
    id: 'card-plain', type: 'CREDIT_CARD', pattern: String.raw`(?<![\w.-])\d{12,19}(?![\w-]|\.\d)`, needs: { digits: 12 }, valid: isCard, confidence: 0.9,
    positive: ['card 378282246310005.', '4111111111111111', 'cc 4047737215142'], negative: ['order 4111111111111112', 'ts 1732220000000', 'id_4111111111111111'],
  },
  {
    id: 'card-grouped', type: 'CREDIT_CARD', pattern: String.raw`(?<![\w.-])(?:\d{4}[ -]){3}\d{1,7}(?![\w-]|\.\d)|(?<![\w.-])\d{4}[ -]\d{6}[ -]\d{4,5}(?![\w-])`, needs: { digits: 13 }, valid: isCard, confidence: 0.9,
    positive: ['card 4111 1111 1111 1111, thanks', '3782-822463-10005'], negative: ['4111 1111 1111 1112', '2024 1111 2222 3333'],
  },
  {
    id: 'cvv', type: 'CREDIT_CARD_CVV', pattern: String.raw`(?<![\w.-])\d{3,4}(?![\w-])`, needs: { words: ['cvv', 'cvc', 'security code', 'prüfziffer'] }, context: ['cvv', 'cvc', 'security code', 'prüfziffer'], confidence: 0.5,
    positive: ['CVV: 123'], negative: ['room 123'],
  },
  {
    id: 'iban', type: 'IBAN_CODE', pattern: String.raw`(?<!\w)(?:${IBANS})(?!\w)`, flags: 'i', needs: { facts: COUNTRY }, valid: isIban, confidence: 0.95,
    positive: ['IBAN GB82 WEST 1234 5698 7654 32 please', 'iban de89370400440532013000'], negative: ['IBAN GB82 WEST 1234 5698 7654 33', 'DE89'],
  },
  {
    id: 'bic', type: 'BIC', pattern: String.raw`(?<!\w)[A-Z]{4}(?:A[DEFGLMORSTUWZ]|B[A-JLMNORSTVWYZ]|C[ACDFGHIKLMNORUVWXYZ]|D[EJKMOZ]|E[CEGRST]|F[IJKMOR]|G[ABDEFGHILMNPQRSTUWY]|H[KMNRTU]|I[DELMNOQRST]|J[EMOP]|K[EGHIMNPRWYZ]|L[ABCIKRSTUVY]|M[ACDEFGHKLMNOPQRSTUVWXYZ]|N[ACEFGILOPRUZ]|OM|P[AEFGHKLMNRSTWY]|QA|R[EOSUW]|S[ABCDEGHIJKLMNORSTVXYZ]|T[CDFGHJKLMNORTVWZ]|U[AGMSYZ]|V[ACEGINU]|W[FS]|XK|Y[ET]|Z[AMW])[A-Z2-9][A-NP-Z0-9](?:[A-Z0-9]{3})?(?!\w)`,
    context: ['bic', 'swift code', 'swift:', 'swift-code', 'swift no'], positive: ['BIC: DEUTDEFF', 'SWIFT: COBADEFFXXX'], negative: ['DEUTDEFF', 'SWIFT LANGUAGE'],
  },
  {
    id: 'uk-sort-code', type: 'UK_SORT_CODE', country: 'GB', pattern: String.raw`(?<![\w-])\d{2}-\d{2}-\d{2}(?![\w-])`, needs: { digits: 6 }, context: ['sort code', 'sort-code', 'sortcode'],
    positive: ['sort code 20-00-00'], negative: ['on 20-11-12'],
  },
  {
    id: 'btc-base58', type: 'CRYPTO', pattern: String.raw`(?<!\w)[13][1-9A-HJ-NP-Za-km-z]{25,34}(?!\w)`, valid: isBase58Check, needs: { digits: 1 }, confidence: 0.95,
    positive: ['pay 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa'], negative: ['1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb'],
  },
  {
    id: 'btc-bech32', type: 'CRYPTO', pattern: String.raw`(?<!\w)(?:bc1|ltc1)[ac-hj-np-z02-9]{11,71}(?!\w)`, flags: 'i', needs: { words: ['bc1', 'ltc1'] }, valid: isBech32, confidence: 0.95,
    positive: ['to bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4'], negative: ['to bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5'],
  },
  {
    id: 'eth', type: 'CRYPTO', pattern: String.raw`(?<!\w)0x[0-9a-fA-F]{40}(?!\w)`, needs: { words: ['0x'] }, positive: ['0x52908400098527886E0F7030069857D2E4169EE7'], negative: ['0x52908400', 'de0b295669a9fd93d5f28d9ec85e40f4cb697bae'],
  },
  {
    id: 'other-wallets', type: 'CRYPTO', pattern: String.raw`(?<!\w)(?:r[1-9A-HJ-NP-Za-km-z]{24,34}|T[1-9A-HJ-NP-Za-km-z]{33}|[1-9A-HJ-NP-Za-km-z]{43,44}|4[0-9AB][1-9A-HJ-NP-Za-km-z]{93})(?!\w)`, needs: { digits: 1 }, context: WALLET, confidence: 0.6,
    positive: ['XRP wallet rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh'], negative: ['token rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh'],
  },
]; // biome-ignore format: one rule is read at a glance

export const finance = rules.map(recogniserOf);
