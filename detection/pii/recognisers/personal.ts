/** Dates of birth, documents and passwords: shapes that say little by themselves, so nearly all need a word beside them. */
import { type Rule, recogniserOf } from '../recogniser.ts';

const MONTH = String.raw`(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mär|mai|juin|juil|août|fév|avr|déc|ene|abr|ago|dic|gen|mag|giu|lug|set|ott|okt|dez|stycz|lut|kwi|maj|czerw|lip|sierp|wrze|paź|list|grud|янв|фев|мар|апр|мая|июн|июл|авг|сен|окт|ноя|дек)\p{L}{0,8}`;
const NUMERIC = String.raw`\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})|\d{1,2}\. ?\d{1,2}\. ?\d{4}|\d{4}年\d{1,2}月\d{1,2}日|\d{4}년 ?\d{1,2}월 ?\d{1,2}일`;
const SPELT = String.raw`\d{1,2}(?:st|nd|rd|th|er|º|\.)? (?:of |de |d')?${MONTH}\.?,? (?:de )?\d{4}|${MONTH}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}`;
const BIRTH = [
  'born', 'birth', 'birthday', 'dob', 'd.o.b', 'geboren', 'geburt', 'né le', 'née le', 'naissance', 'nacimiento', 'nacido', 'nacida', 'nacimento', 'nascimento', 'nascido',
  'nascita', 'nato il', 'nata il', 'geboorte', 'född', 'født', 'syntym', 'urodz', 'ur.', 'narozen', 'születés', 'născut', 'рожден', 'родил', 'народжен', 'γέννησης', 'doğum',
  '出生', '生年月日', '生日', '생년월일', 'الميلاد', 'לידה', 'जन्म', 'ngày sinh', 'tanggal lahir', 'วันเกิด',
]; // biome-ignore format: a list reads better wide
const PASSPORT = [
  'passport',
  'reisepass',
  'passeport',
  'pasaporte',
  'passaporte',
  'passaporto',
  'paspoort',
  'paszport',
  'паспорт',
  'pasaport',
  '护照',
  'パスポート',
  '여권',
  'جواز',
];
const LICENCE = [
  'driver',
  'driving',
  'licence no',
  'license no',
  'license number',
  'licence number',
  'dl',
  'führerschein',
  'permis de conduire',
  'licencia de conducir',
  'carnet de conducir',
  'patente di guida',
  'rijbewijs',
  'prawo jazdy',
  'cnh',
];
const SECRET = [
  'password',
  'passwd',
  'pwd',
  'passphrase',
  'passwort',
  'kennwort',
  'contraseña',
  'mot de passe',
  'senha',
  'пароль',
  '密码',
  'パスワード',
];

const rules: Rule[] = [
  {
    id: 'password', type: 'PASSWORD', pattern: String.raw`(?:password|passwd|pwd|passphrase|passwort|kennwort|contraseña|mot de passe|senha|пароль|密码|パスワード) {0,2}(?::|=|：|is|ist|est?|é|è|是[:：]?|は) {0,2}["']?(?<value>(?=[^\s"']{0,40}\d)[^\s"'<>{}$()]{6,64})`,
    flags: 'i', needs: { words: SECRET, digits: 1 }, confidence: 0.85,
    positive: ['the password is hunter22x', 'contraseña: perro2024x'], negative: ['password: <yours>', 'the password is required'],
  },
  {
    id: 'birth-numeric', type: 'DATE_OF_BIRTH', pattern: String.raw`(?<![\d.-])(?:${NUMERIC})(?![\d-])`, needs: { words: BIRTH }, context: BIRTH,
    positive: ['DOB: 1984-05-03', 'geboren am 03.05.1984', '生年月日：1984年5月3日'], negative: ['the meeting on 1984-05-03', 'released 2024-01-02'],
  },
  {
    id: 'birth-spelt', type: 'DATE_OF_BIRTH', pattern: String.raw`(?<!\d)(?:${SPELT})(?!\d)`, flags: 'iu', needs: { words: BIRTH, digits: 1 }, context: BIRTH,
    positive: ['born on 3 May 1984 in Rome', 'née le 12 mars 1990'], negative: ['the treaty of 3 May 1984'],
  },
  {
    id: 'date-numeric', type: 'DATE_TIME', pattern: String.raw`(?<![\d.,/-])(?:${NUMERIC})(?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?(?![\d-])`, needs: { digits: 1 }, confidence: 0.4,
    positive: ['on 2015-12-22 04:34:22', '9/24/1946'], negative: ['12-3', '1.2.3.4.5'],
  },
  {
    id: 'date-spelt', type: 'DATE_TIME', pattern: String.raw`(?<!\d)(?:${SPELT})(?!\d)`, flags: 'iu', needs: { digits: 1 }, confidence: 0.4,
    positive: ['the treaty of 3 May 1984'], negative: ['3 apples 1984'],
  },
  {
    id: 'weekday', type: 'DATE_TIME', pattern: String.raw`(?<!\w)(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day(?!\w)`, flags: 'i', needs: { words: ['day'] }, confidence: 0.4,
    positive: ['flew on Friday'], negative: ['someday'],
  },
  {
    id: 'year', type: 'DATE_TIME', pattern: String.raw`(?<!\w)(?:in|since|during|until|by|of) (?<value>(?:19|20)\d{2})(?![\w-]|[.,:/]\d)`, flags: 'i', needs: { digits: 4 }, confidence: 0.3,
    positive: ['founded in 1977.'], negative: ['room 1977', 'in 2000-01'],
  },
  {
    id: 'year-of-a-work', type: 'DATE_TIME', pattern: String.raw`(?<!\w)(?:is|was) an? (?<value>(?:19|20)\d{2})(?= [\p{L}])`, flags: 'iu', needs: { digits: 4, words: ['is', 'was'] }, confidence: 0.3,
    positive: ['It is a 1987 novel about bees.'], negative: ['It is a 1987.', 'this is a 19877 row table'],
  },
  {
    id: 'age', type: 'AGE', pattern: String.raw`(?<![\w.])\d{1,3}(?=[ -](?:years?|yrs?)[ -]old| ?y/o| ?yo\b| (?:ans|años|anni|anos|Jahre alt|jaar)\b)`, flags: 'i', needs: { digits: 1 },
    positive: ['a 20 year old', "I'm 54 y/o", 'tengo 33 años'], negative: ['20 years ago'],
  },
  {
    id: 'age-announced', type: 'AGE', pattern: String.raw`(?<!\w)(?:aged?|age of|just turned|age is|age:|turned|(?:\w{1,5}'ll|will|to) turn|when (?:he|she|I) was) (?<value>\d{1,3})(?![\w-]|[.,:]\d|%| (?:percent|dollars|times|minutes|hours|degrees|feet|miles))`, flags: 'i', needs: { digits: 1, words: ['age', 'turn', 'when'] },
    positive: ['retired at the age of 71', 'I just turned 42', 'She will turn 30 in May', 'He left when he was 19.'], negative: ['page 42', 'turned 42 percent', 'turn 3 times', 'when he was 10 minutes late'],
  },
  {
    id: 'passport', type: 'PASSPORT', pattern: String.raw`(?<!\w)(?=[A-Z0-9]{0,8}\d[A-Z]{0,2}\d)[A-Z0-9]{6,9}(?!\w)|(?<!\w)\d{2} ?\d{2} ?\d{6}(?!\w)`, needs: { digits: 1, words: PASSPORT }, context: PASSPORT, confidence: 0.7,
    positive: ['passport no. C01X00T47', 'паспорт 45 08 123456'], negative: ['passport control is closed', 'C01X00T47'],
  },
  {
    id: 'driver-license', type: 'DRIVER_LICENSE', pattern: String.raw`(?<![\w-])(?=[A-Z0-9-]{0,12}\d{4})[A-Z0-9-]{6,16}(?![\w-])`, needs: { digits: 4, words: LICENCE }, context: LICENCE, confidence: 0.7,
    positive: ["driver's license F162823540116", "driver's license number is 2270-66-1551"], negative: ['a driver in 2024', 'F162823540116'],
  },
  {
    id: 'vehicle-vin', type: 'VEHICLE_VIN', pattern: String.raw`(?<!\w)[A-HJ-NPR-Z0-9]{17}(?!\w)`, needs: { words: ['vin', 'chassis', 'fahrgestell'] }, context: ['vin', 'chassis', 'fahrgestell'],
    positive: ['VIN 1HGCM82633A004352'], negative: ['key 1HGCM82633A004352'],
  },
  {
    id: 'medical-record', type: 'MEDICAL_RECORD', pattern: String.raw`(?<![\w-])[A-Z]{0,3}-?\d{6,10}(?![\w-])`, needs: { digits: 6 }, context: ['mrn', 'medical record', 'patient id', 'patientennummer'], confidence: 0.6,
    positive: ['MRN: 00123456'], negative: ['ticket 00123456'],
  },
  {
    id: 'zip', type: 'ZIP_CODE', pattern: String.raw`(?<!\w)(?:\d{5}(?:-\d{3,4})?|\d{4}(?:-\d{3}| [A-Z]{2})?|\d{3} \d{2}|\d{2}-\d{3}|\d{3}-\d{4}|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})(?![\w-]|[.,]\d)`, needs: { digits: 1 }, context: ['zip', 'postcode', 'postal code', 'post code', 'plz', 'code postal', 'código postal', 'cap'], confidence: 0.5,
    positive: ['ZIP: 53650', 'postcode SW1A 1AA', 'ZIP: 114 55', 'postal code 1000-205', 'CEP, the postal code: 01310-100', 'postcode 1012 AB'], negative: ['room 53650'],
  },
  {
    id: 'zip-short', type: 'ZIP_CODE', pattern: String.raw`(?<!\w)(?:zip(?: ?code)?|postcode|postal code)(?: is|:) (?<value>\d{3})(?![\w-]|[ .,]\d)`, flags: 'i', needs: { digits: 3, words: ['zip', 'postcode', 'postal code'] }, confidence: 0.4,
    positive: ['My zip code is 421.'], negative: ['zip 421 files', 'zip code is 4210'],
  },
]; // biome-ignore format: one rule is read at a glance

export const personal = rules.map(recogniserOf);
