/**
 * Where somebody can be reached: mail, telephone, network address. Telephone numbers have as many layouts as countries,
 * so only what looks like one of them is shown to libphonenumber, and a word that announces a number counts as much as
 * its verdict (people write numbers that were never issued).
 */

import { isDiallable, isNational } from '../phones.ts';
import { type Rule, recogniserOf } from '../recogniser.ts';
import { ADDRESS, COLONS, DOTTED, PAIRS } from '../survey.ts';
import { isIpv4, isIpv6, isPhone } from '../validators.ts';

const CALL = [
  'phone', 'tel', 'telephone', 'mobile', 'cell', 'fax', 'dial', 'whatsapp', 'sms', 'text me',
  'hotline', 'number is', 'telefon', 'handy', 'rufnummer', 'teléfono', 'telefono', 'móvil', 'celular', 'téléphone', 'portable', 'appelez',
  'telefone', 'cellulare', 'telefoon', 'mobiel', 'puhelin', 'mobil', 'komórka', 'numer', 'тел', 'телефон', 'звоните', 'τηλ', '电话', '手机', '電話', '携帯', '전화',
  '휴대폰', 'هاتف', 'جوال', 'טלפון', 'फ़ोन', 'फोन', 'मोबाइल', 'đt', 'điện thoại', 'telepon', 'โทร', 'cep',
]; // biome-ignore format: a list reads better wide
/** Words that announce a number less surely: after them only groups of digits count. */
const ASK = ['call', 'reach', 'ring', 'contact', 'answer', 'message'];
// Letters of alphabets that put spaces between words; in the others a name would swallow the sentence before it.
const LETTERS = String.raw`\u00c0-\u024f\u0370-\u052f`;

const rules: Rule[] = [
  {
    id: 'email', type: 'EMAIL_ADDRESS', pattern: String.raw`(?<![\w.+%${LETTERS}-])[\w%+${LETTERS}][\w.+%${LETTERS}-]{0,63}@(?:[\w${LETTERS}-]{1,63}\.){1,6}[A-Za-z${LETTERS}]{2,24}(?![\w${LETTERS}])`, needs: { facts: ADDRESS }, confidence: 0.95,
    positive: ['Write to ann.lee+news@mail.example.org today', 'jürgen@müller.de'], negative: ['use @Component and user@localhost', 'a @ b.com'],
  },
  {
    id: 'url-credentials', type: 'URL_CREDENTIALS', pattern: String.raw`(?<![\w+])[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s:/@"'<>]{1,64}:[^\s/@"'<>]{1,128}@[\w.-]{1,253}`, needs: { words: ['://'] }, confidence: 0.95,
    positive: ['https://bob:hunter2@intra.example.net/x', 'redis://default:pa55w0rd@cache:6379'], negative: ['https://example.net/a:b', 'see https://example.net/@bob'],
  },
  {
    id: 'url', type: 'URL', pattern: String.raw`(?<![\w@])(?:https?://|www\.)(?:[\w-]{1,63}\.){1,4}[A-Za-z]{2,10}(?:[:/](?:[^\s<>"')\]]{0,99}[^\s<>"')\].,;:!?])?)?`, flags: 'i', needs: { words: ['http', 'www.'] },
    positive: ['see https://example.org/path', 'www.example.com'], negative: ['http only', 'www'],
  },
  {
    id: 'ipv4', type: 'IP_ADDRESS', pattern: String.raw`(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d./]\d|\d)`, needs: { facts: DOTTED }, valid: isIpv4,
    positive: ['from 106.31.73.20'], negative: ['upgrade to 1.2.3.4', '300.1.1.1'],
  },
  {
    id: 'ipv6', type: 'IP_ADDRESS', pattern: String.raw`(?<![\w:.])(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{1,4}(?![\w:])`, needs: { facts: COLONS }, valid: isIpv6,
    positive: ['2001:db8::ff00:42:8329'], negative: ['at 10:20:30 on the dot', 'std::map'],
  },
  {
    id: 'mac', type: 'MAC_ADDRESS', pattern: String.raw`(?<![\w:-])(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![\w:-])|(?<![\w:-])(?:[0-9A-Fa-f]{2}-){5}[0-9A-Fa-f]{2}(?![\w:-])`,
    needs: { facts: PAIRS },
    positive: ['eth0 00:1B:44:11:3A:B7', '00-1b-44-11-3a-b7'], negative: ['00:1B:44:11:3A', '10:20:30'],
  },
  {
    id: 'imei', type: 'IMEI', pattern: String.raw`(?<![\w-])\d{15}(?![\w-])`, needs: { digits: 15 }, context: ['imei'], valid: isPhone, confidence: 0.95,
    positive: ['IMEI 490154203237518'], negative: ['order 490154203237518'],
  },
  {
    id: 'phone-international', type: 'PHONE_NUMBER', pattern: String.raw`(?<![\w+.])(?:\+|00)[1-9]\d{0,7}[ .-]?(?:\(\d{1,4}\)[ .-]?)?(?:\d{1,9}[ .-]){0,5}\d{2,9}(?:x\d{1,5})?(?!\w|-\d)`, needs: { digits: 7 }, valid: isDiallable, confidence: 0.85,
    positive: ['Ruf an: +49 30 901820', '+1-903-140-4508x769', '0049 30 901820'], negative: ['+1 2', 'c++11 2014', '+999 12 34 56 78'],
  },
  {
    id: 'phone-north-american', type: 'PHONE_NUMBER', pattern: String.raw`(?<![\w.(-])(?:\+?1[ .-]?)?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}([.-])(?=\d{3}[.-]))\d{3}[ .-]\d{4}(?:(?: ?x| ext\.? ?)\d{1,5})?(?![\w-]|\.\d)`, needs: { digits: 10 }, valid: isPhone,
    positive: ['call 541-714-1388 or (415) 555-2671', '259.735.7502x459'], negative: ['123.456.78', 'part 541-714-138'],
  },
  {
    id: 'phone-bracketed', type: 'PHONE_NUMBER', pattern: String.raw`(?<![\w.(-])\(0?\d{1,4}\) ?(?:\d{2,5}[ .-]){1,3}\d{2,5}(?!\w|-\d)`, needs: { digits: 8 }, valid: isPhone,
    positive: ['Büro (030) 9018 2000', '(71) 4233-6306'], negative: ['(2019) 12 items', '(12) 34'],
  },
  {
    id: 'phone-national', type: 'PHONE_NUMBER', pattern: String.raw`(?<![\w.+/-])0[1-9]\d{0,3}[ /-](?:\d{2,5}[ -]){0,4}\d{2,9}(?!\w|-\d)`, needs: { digits: 8 }, valid: isNational,
    positive: ['01 42 68 53 00', '030 901820', '020 7946 0018'], negative: ['01 02 03 04', '07-12-2024', '09-30 11:00'],
  },
  {
    id: 'phone-announced', type: 'PHONE_NUMBER', pattern: String.raw`(?<![\w.+-])(?:\(\d{1,5}\)[ .-]?)?(?:\d{2,8}[ .-]){0,5}\d{2,15}(?:(?: ?x| ext\.? ?)\d{1,5})?(?!\w|[.,:/-]\d)`, needs: { digits: 7, words: CALL }, context: CALL, valid: isPhone, confidence: 0.7,
    positive: ['phone 60 56 85 91', 'тел. 495 123-45-67', '電話 03-1234-5678', 'Handy: 0171 1234567'], negative: ['60 56 85 91', 'phone model 11-22'],
  },
  {
    id: 'phone-asked', type: 'PHONE_NUMBER', pattern: String.raw`(?<![\w.+-])(?:\(\d{1,5}\)[ .-]?)?(?:\d{2,8}[ .-]){1,5}\d{2,15}(?:(?: ?x| ext\.? ?)\d{1,5})?(?!\w|[.,:/-]\d)`, needs: { digits: 7, words: ASK }, context: ASK, valid: isPhone, confidence: 0.7,
    positive: ['call 60 56 85 91', "They're not answering at 079 2718 1155"], negative: ['reach 1000000 users', 'ring buffer size 1048576'],
  },
]; // biome-ignore format: one rule is read at a glance

export const contact = rules.map(recogniserOf);
