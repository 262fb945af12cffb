/**
 * What personal data looks like: a shape, the arithmetic it must satisfy and, where the shape alone says too little,
 * a word of context shortly before it. In order of trust: where two overlap, the earlier one is kept.
 */
import { looksRandom } from '../checks.ts';
import { secrets } from '../signatures/secrets.ts';
import { ADDRESS, COLONS, COUNTRY, DOTTED, type Needs } from './survey.ts';
import { isCard, isIban, isIpv4, isIpv6, isNhs, isPhone, isSsn } from './validators.ts';

export interface Recogniser {
  label: string;
  /** Global, bounded. A group named `value` marks the part to mask; without one the whole match is. */
  pattern: RegExp;
  /** What no valid match can do without; a survey of the text tells. */
  needs: Needs;
  valid?: (value: string) => boolean;
  /** Words of which one must stand within 48 characters before the match. */
  context?: RegExp;
}

const MONTH = '(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}';
const DATE = String.raw`(?:\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}(?:st|nd|rd|th)? (?:of )?${MONTH},? \d{2,4}|${MONTH} \d{1,2}(?:st|nd|rd|th)?,? \d{2,4})`;

export const recognisers: readonly Recogniser[] = [
  ...secrets
    .filter(({ id }) => id !== 'SL-0027')
    .map((signature) => ({
      label: 'SECRET',
      pattern: new RegExp(signature.pattern, `g${signature.flags ?? ''}`),
      ...(signature.check === 'entropy'
        ? { valid: looksRandom, needs: { words: signature.anchors, digits: 1 } }
        : { needs: { words: signature.anchors } }),
    })),
  {
    label: 'PASSWORD',
    pattern: /\b(?:password|passwd|pwd|passphrase) {0,2}(?::|=|is) {0,2}["']?(?<value>(?=[^\s"']{0,40}\d)[^\s"'<>{}$()]{6,64})/gi,
    needs: { words: ['password', 'passwd', 'pwd', 'passphrase'], digits: 1 },
  },
  { label: 'EMAIL', pattern: /(?<![\w.+-])[\w.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24}\b/g, needs: { facts: ADDRESS } },
  {
    label: 'IBAN',
    pattern: /\b[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]{4}){2,7}(?:[ -]?[A-Za-z0-9]{1,4})?\b/g,
    needs: { facts: COUNTRY },
    valid: isIban,
  },
  { label: 'CREDIT_CARD', pattern: /(?<![\d.])(?:\d[ -]?){11,18}\d(?![\d])/g, needs: { digits: 12 }, valid: isCard },
  { label: 'SSN', pattern: /(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])/g, needs: { digits: 9 }, valid: isSsn },
  {
    label: 'SSN',
    pattern: /(?<!\d)\d{3} ?\d{2} ?\d{4}(?!\d)/g,
    needs: { words: ['ssn', 'social security'], digits: 9 },
    context: /ssn|social security/i,
  },
  {
    label: 'NHS_NUMBER',
    pattern: /(?<!\d)\d{3}[ -]?\d{3}[ -]?\d{4}(?!\d)/g,
    needs: { words: ['nhs', 'national health', 'patient'], digits: 10 },
    context: /nhs|national health|patient/i,
    valid: isNhs,
  },
  { label: 'IP_ADDRESS', pattern: /(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.]\d|\d)/g, needs: { facts: DOTTED }, valid: isIpv4 },
  {
    label: 'IP_ADDRESS',
    pattern: /(?<![\w:.])(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{1,4}(?![\w:])/g,
    needs: { facts: COLONS },
    valid: isIpv6,
  },
  {
    label: 'DATE_OF_BIRTH',
    pattern: new RegExp(String.raw`(?<!\d)${DATE}(?!\d)`, 'gi'),
    needs: {
      words: ['born', 'birth', 'dob', 'd.ob', 'do.b', 'd.o.b', 'geboren', 'naissance', 'nacimiento', 'nascita'],
      digits: 1,
    },
    context: /\b(?:born|birth|birthday|birthdate|d\.?o\.?b\.?|geboren|geburtsdatum|n[ée]e? le|naissance|nacimiento|nascita)\b/i,
  },
  {
    label: 'PASSPORT',
    pattern: /\b(?=[A-Z0-9]{0,8}\d[A-Z]{0,2}\d)[A-Z0-9]{6,9}\b/g,
    needs: { words: ['passport', 'reisepass', 'passeport', 'pasaporte'], digits: 1 },
    context: /passport|reisepass|passeport|pasaporte/i,
  },
  {
    label: 'DRIVER_LICENSE',
    pattern: /\b(?=[A-Z0-9-]{0,12}\d{4})[A-Z0-9-]{6,16}\b/g,
    needs: {
      words: ['driver', 'driving', 'licence', 'license', 'führerschein', 'fuhrerschein', 'permis de conduire'],
      digits: 4,
    },
    context: /driv(?:er|ing)(?:'?s)? licen[cs]e|licen[cs]e (?:number|no|#)|\bDL\b|führerschein|permis de conduire/i,
  },
  // A plus sign, or brackets round an area code, or the groups of a national format; else a word that announces it.
  {
    label: 'PHONE',
    pattern: /(?<![\w+])(?:\+|00)\d{1,3}[ .-]?(?:\(0?\d{1,4}\)[ .-]?)?\d{1,4}(?:[ .-]?\d{2,4}){1,5}(?!\d)/g,
    needs: { digits: 7 },
    valid: isPhone,
  },
  {
    label: 'PHONE',
    pattern: /(?<![\w.-])(?:1[ .-])?(?:\(\d{2,5}\) ?|\d{3}[ .-])\d{3}[ .-]\d{3,4}(?:(?: ?x| ext\.? ?)\d{1,5})?(?![\w-])/g,
    needs: { digits: 7 },
    valid: isPhone,
  },
  { label: 'PHONE', pattern: /(?<![\w.-])0\d{1,4}[ -]\d{2,4}(?:[ -]\d{2,4}){1,4}(?![\w-])/g, needs: { digits: 7 }, valid: isPhone },
  {
    label: 'PHONE',
    pattern: /(?<![\w.-])\(?\d{2,5}\)?(?:[ .-]?\d{2,4}){2,5}(?![\w-])/g,
    // `telefon` and `téléphone` have one of these in them.
    needs: {
      words: [
        'phone',
        'tel',
        'mobile',
        'cell',
        'call',
        'fax',
        'dial',
        'whatsapp',
        'sms',
        'text me',
        'reach',
        'ring',
        'contact',
        'answer',
        'handy',
      ],
      digits: 7,
    },
    context:
      /\b(?:phones?|tel|telephone|mobile|cell(?:phone)?|call(?:ed|ing)?|fax|dial|whatsapp|sms|text me|reach|ring|contact|answer(?:s|ed|ing)?|telefon(?:nummer)?|handy|teléfono|téléphone)\b/i,
    valid: isPhone,
  },
];
