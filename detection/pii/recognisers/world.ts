/**
 * Numbers that states of the Americas, Asia, Africa and Oceania give to people; the same rule as in Europe: a layout of
 * its own with a check digit stands alone, bare digits need their name.
 */
import {
  isAadhaar, isAba, isAbn, isChineseId, isCnpj, isCpf, isCuit, isCurp, isHkid, isIsraeliId, isMedicare, isMyNumber, isNit, isNric,
  isRfc, isRrn, isRut, isSin, isSouthAfricanId, isTaiwanId, isTfn, isThaiId,
} from '../nationals.ts'; // biome-ignore format: a list reads better wide
import { type Rule, recogniserOf } from '../recogniser.ts';
import { isSsn } from '../validators.ts';

const rules: Rule[] = [
  {
    id: 'us-ssn', type: 'US_SSN', country: 'US', pattern: String.raw`(?<![\w-])(?!9)\d{3}-\d{2}-\d{4}(?![\w-])`, needs: { digits: 9 }, valid: isSsn,
    positive: ['my ssn is 460-89-9847'], negative: ['000-12-3456', '123456789'],
  },
  {
    id: 'us-ssn-plain', type: 'US_SSN', country: 'US', pattern: String.raw`(?<![\d-])\d{3}[ -]?\d{2}[ -]?\d{4}(?![\d-])`, needs: { digits: 9 }, context: ['ssn', 'social security', 'seguro social'], valid: isSsn,
    positive: ['social security 460 89 9847', 'SSN 460899847'], negative: ['order 460899847'],
  },
  {
    id: 'us-itin', type: 'US_ITIN', country: 'US', pattern: String.raw`(?<![\w-])9\d{2}-(?:[57-8]\d|6[0-5]|9[0-24-9])-\d{4}(?![\w-])`, needs: { digits: 9 },
    positive: ['ITIN 912-70-1234'], negative: ['912-10-1234'],
  },
  {
    id: 'us-ein', type: 'US_EIN', country: 'US', pattern: String.raw`(?<![\w-])\d{2}-\d{7}(?![\w-])`, needs: { digits: 9 }, context: ['ein', 'employer identification', 'tax id', 'fein', 'taxpayer'],
    positive: ['EIN: 12-3456789'], negative: ['part 12-3456789'],
  },
  {
    id: 'us-aba', type: 'US_ROUTING_NUMBER', country: 'US', pattern: String.raw`(?<![\w.-])\d{9}(?![\w-])`, needs: { digits: 9 }, context: ['routing', 'aba', 'rtn', 'wire'], valid: isAba,
    positive: ['routing number 021000021'], negative: ['routing number 021000022', 'ticket 021000021'],
  },
  {
    id: 'us-mbi', type: 'US_MBI', country: 'US', pattern: String.raw`(?<!\w)[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y]{2}\d{2}(?!\w)`,
    needs: { digits: 2 }, context: ['medicare', 'mbi', 'beneficiary'], positive: ['Medicare 1EG4-TE5-MK73'], negative: ['sku 1EG4-TE5-MK73'],
  },
  {
    id: 'us-bank-account', type: 'US_BANK_NUMBER', country: 'US', pattern: String.raw`(?<![\w.-])\d{8,17}(?![\w-])`, needs: { digits: 8 },
    context: ['account number', 'account no', 'acct', 'account #', 'bank account', 'kontonummer', 'numéro de compte', 'número de cuenta', 'checking account'], confidence: 0.5,
    positive: ['account number 000123456789', 'acct 12345678'], negative: ['order number 000123456789'],
  },
  {
    id: 'br-cpf', type: 'BR_CPF', country: 'BR', pattern: String.raw`(?<![\w.-])\d{3}\.\d{3}\.\d{3}-\d{2}(?![\w-])`, needs: { digits: 11 }, valid: isCpf,
    positive: ['CPF 529.982.247-25'], negative: ['529.982.247-26'],
  },
  {
    id: 'br-cpf-plain', type: 'BR_CPF', country: 'BR', pattern: String.raw`(?<![\w.-])\d{11}(?![\w-])`, needs: { digits: 11 }, context: ['cpf'], valid: isCpf,
    positive: ['cpf: 52998224725'], negative: ['pedido 52998224725'],
  },
  {
    id: 'br-cnpj', type: 'BR_CNPJ', country: 'BR', pattern: String.raw`(?<![\w.-])\d{2}\.?\d{3}\.?\d{3}/\d{4}-?\d{2}(?![\w-])`, needs: { digits: 6 }, valid: isCnpj,
    positive: ['CNPJ 11.222.333/0001-81'], negative: ['11.222.333/0001-82'],
  },
  {
    id: 'ar-cuit', type: 'AR_CUIT', country: 'AR', pattern: String.raw`(?<![\w.-])(?:20|2[3-7]|3[034])-\d{8}-\d(?![\w-])`, needs: { digits: 11 }, valid: isCuit,
    positive: ['CUIT 20-12345678-6'], negative: ['20-12345678-5'],
  },
  {
    id: 'cl-rut', type: 'CL_RUT', country: 'CL', pattern: String.raw`(?<![\w.-])\d{1,2}\.\d{3}\.\d{3}-[\dkK](?![\w-])`, needs: { digits: 7 }, valid: isRut,
    positive: ['RUT 12.345.678-5'], negative: ['12.345.678-4'],
  },
  {
    id: 'cl-rut-plain', type: 'CL_RUT', country: 'CL', pattern: String.raw`(?<![\w.-])\d{7,8}-[\dkK](?![\w-])`, needs: { digits: 7 }, context: ['rut', 'run'], valid: isRut,
    positive: ['rut 76086428-5'], negative: ['76086428-5'],
  },
  {
    id: 'co-nit', type: 'CO_NIT', country: 'CO', pattern: String.raw`(?<![\w.-])\d{3}\.?\d{3}\.?\d{3}-\d(?![\w-])`, needs: { digits: 10 }, context: ['nit', 'rut'], valid: isNit,
    positive: ['NIT 213.123.432-1'], negative: ['NIT 213.123.432-2'],
  },
  {
    id: 'mx-curp', type: 'MX_CURP', country: 'MX', pattern: String.raw`(?<!\w)[A-Z][AEIOUX][A-Z]{2}\d{6}[HM][A-Z]{2}[B-DF-HJ-NP-TV-ZÑ]{3}[0-9A-Z]\d(?!\w)`, needs: { digits: 6 }, valid: isCurp,
    positive: ['CURP BOXW310820HNERXN09'], negative: ['BOXW310820HNERXN08'],
  },
  {
    id: 'mx-rfc', type: 'MX_RFC', country: 'MX', pattern: String.raw`(?<!\w)[A-ZÑ&]{3,4}\d{6}[A-Z0-9]{2}[0-9A](?!\w)`, needs: { digits: 6 }, context: ['rfc'], valid: isRfc,
    positive: ['RFC GODE561231GR8'], negative: ['RFC GODE569931GR8', 'GODE561231GR8'],
  },
  {
    id: 'ca-sin', type: 'CA_SIN', country: 'CA', pattern: String.raw`(?<![\w.-])\d{3}[ -]?\d{3}[ -]?\d{3}(?![\w-])`, needs: { digits: 9 },
    context: ['sin', 'social insurance', 'assurance sociale', 'nas'], valid: isSin, positive: ['SIN 046 454 286'], negative: ['SIN 046 454 287', 'item 046454286'],
  },
  {
    id: 'in-aadhaar', type: 'IN_AADHAAR', country: 'IN', pattern: String.raw`(?<![\w.-])[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}(?![\w-])`, needs: { digits: 12 },
    context: ['aadhaar', 'aadhar', 'uidai', 'आधार'], valid: isAadhaar, positive: ['Aadhaar 2341 2341 2346', 'मेरा आधार नंबर 234123412346'], negative: ['Aadhaar 2341 2341 2347', '234123412346'],
  },
  {
    id: 'in-pan', type: 'IN_PAN', country: 'IN', pattern: String.raw`(?<!\w)[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z](?!\w)`, needs: { digits: 4 },
    positive: ['PAN ACUPA7085R'], negative: ['ACUXA7085R'],
  },
  {
    id: 'cn-id', type: 'CN_RESIDENT_ID', country: 'CN', pattern: String.raw`(?<![\w.-])[1-8]\d{5}(?:19|20)\d{9}[\dXx](?![\w-])`, needs: { digits: 17 }, valid: isChineseId,
    positive: ['身份证号11010519491231002X'], negative: ['110105194912310021'],
  },
  {
    id: 'kr-rrn', type: 'KR_RRN', country: 'KR', pattern: String.raw`(?<![\w.-])\d{6}-[1-9]\d{6}(?![\w-])`, needs: { digits: 13 }, valid: isRrn,
    positive: ['주민등록번호 971013-9019902'], negative: ['991332-1234567'],
  },
  {
    id: 'jp-my-number', type: 'JP_MY_NUMBER', country: 'JP', pattern: String.raw`(?<![\w.-])\d{4}[ -]?\d{4}[ -]?\d{4}(?![\w-])`, needs: { digits: 12 },
    context: ['マイナンバー', '個人番号', 'my number'], valid: isMyNumber, positive: ['マイナンバー 1234 5678 9018'], negative: ['マイナンバー 1234 5678 9017', '注文 123456789018'],
  },
  {
    id: 'tw-id', type: 'TW_NATIONAL_ID', country: 'TW', pattern: String.raw`(?<!\w)[A-Z][1289]\d{8}(?!\w)`, needs: { digits: 9 }, valid: isTaiwanId,
    positive: ['身分證字號 A123456789'], negative: ['A123456788'],
  },
  {
    id: 'sg-nric', type: 'SG_NRIC', country: 'SG', pattern: String.raw`(?<!\w)[STFGM]\d{7}[A-Z](?!\w)`, needs: { digits: 7 }, valid: isNric,
    positive: ['NRIC S1234567D'], negative: ['S1234567E'],
  },
  {
    id: 'hk-id', type: 'HK_ID', country: 'HK', pattern: String.raw`(?<!\w)[A-Z]{1,2}\d{6}\([0-9A]\)`, needs: { digits: 6 }, valid: isHkid,
    positive: ['HKID A123456(3)'], negative: ['A123456(4)'],
  },
  {
    id: 'au-tfn', type: 'AU_TFN', country: 'AU', pattern: String.raw`(?<![\w.-])\d{3} ?\d{3} ?\d{3}(?![\w-])`, needs: { digits: 9 }, context: ['tfn', 'tax file'], valid: isTfn,
    positive: ['TFN 123 456 782'], negative: ['TFN 123 456 783', '123456782'],
  },
  {
    id: 'au-medicare', type: 'AU_MEDICARE', country: 'AU', pattern: String.raw`(?<![\w.-])[2-6]\d{3} ?\d{5} ?\d(?: ?\d)?(?![\w-])`, needs: { digits: 10 }, context: ['medicare'], valid: isMedicare,
    positive: ['Medicare 2123 45670 1'], negative: ['Medicare 2123 45671 1'],
  },
  {
    id: 'au-abn', type: 'AU_ABN', country: 'AU', pattern: String.raw`(?<![\w.-])\d{2} ?\d{3} ?\d{3} ?\d{3}(?![\w-])`, needs: { digits: 11 }, context: ['abn', 'business number'], valid: isAbn,
    positive: ['ABN 51 824 753 556'], negative: ['ABN 51 824 753 557'],
  },
  {
    id: 'za-id', type: 'ZA_ID', country: 'ZA', pattern: String.raw`(?<![\w.-])\d{6} ?\d{4} ?\d{3}(?![\w-])`, needs: { digits: 13 }, context: ['id number', 'identity', 'id no', 'south africa', 'rsa id', 'sa id'], valid: isSouthAfricanId,
    positive: ['ID number 8001015009087'], negative: ['ID number 8001015009088', 'batch 8001015009087'],
  },
  {
    id: 'il-id', type: 'IL_ID', country: 'IL', pattern: String.raw`(?<![\w.-])\d{8}-?\d(?![\w-])`, needs: { digits: 9 }, context: ['תעודת זהות', 'ת.ז', 'ת"ז', 'teudat zehut', 'israeli id'], valid: isIsraeliId,
    positive: ['תעודת זהות 123456782'], negative: ['תעודת זהות 123456783'],
  },
  {
    id: 'th-id', type: 'TH_NATIONAL_ID', country: 'TH', pattern: String.raw`(?<![\w.-])\d-\d{4}-\d{5}-\d{2}-\d(?![\w-])`, needs: { digits: 13 }, valid: isThaiId,
    positive: ['1-2345-45678-78-1'], negative: ['1-2345-45678-78-2'],
  },
]; // biome-ignore format: one rule is read at a glance

export const world = rules.map(recogniserOf);
