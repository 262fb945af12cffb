/**
 * Numbers that European states give to people. A layout that nothing else has, together with a check digit, stands
 * alone; a bare run of digits needs its name beside it.
 */

import {
  isAfm, isAhv, isAmka, isBalticCode, isBsn, isCnp, isCodiceFiscale, isCpr, isDni, isEgn, isEmso, isFodselsnummer, isHetu,
  isHungarianTax, isInn, isNif, isNip, isNir, isOib, isPersonasKods, isPersonnummer, isPesel, isPps, isRijksregister, isRnokpp,
  isRodneCislo, isSnils, isSteuerId, isSvnr, isTaj, isTckn,
} from '../nationals.ts'; // biome-ignore format: a list reads better wide
import { type Rule, recogniserOf } from '../recogniser.ts';
import { isNhs } from '../validators.ts';

const TAX = ['steuer', 'tax'];

const rules: Rule[] = [
  {
    id: 'de-steuer-id', type: 'DE_TAX_ID', country: 'DE', pattern: String.raw`(?<![\w-])\d{2} ?\d{3} ?\d{3} ?\d{3}(?![\w-])`, needs: { digits: 11 },
    context: ['steuer', 'idnr', 'id-nr', 'tax id'], valid: isSteuerId,
    positive: ['Steuer-ID: 86 095 742 719', 'Meine Steueridentifikationsnummer lautet 47036892816'], negative: ['Steuer-ID: 86 095 742 718', 'Auftrag 86095742719'],
  },
  {
    id: 'fr-nir', type: 'FR_NIR', country: 'FR', pattern: String.raw`(?<![\w.-])[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[ABab]) ?\d{3} ?\d{3} ?\d{2}(?![\w-])`,
    needs: { digits: 8 }, valid: isNir, positive: ['numéro de sécu 2 95 10 99 126 111 93'], negative: ['2 95 10 99 126 111 94'],
  },
  {
    id: 'es-dni', type: 'ES_NIF', country: 'ES', pattern: String.raw`(?<![\w-])(?:\d{8}|\d{2}\.\d{3}\.\d{3}|[XYZxyz]-?\d{7})[ -]?[TRWAGMYFPDXBNJZSQVHLCKEtrwagmyfpdxbnjzsqvhlcke](?![\w-])`,
    needs: { digits: 7 }, valid: isDni, positive: ['DNI 12345678Z', 'mi NIE es X1234567L'], negative: ['DNI 12345678A', 'ref 12345678-90'],
  },
  {
    id: 'it-codice-fiscale', type: 'IT_FISCAL_CODE', country: 'IT', pattern: String.raw`(?<!\w)[A-Z]{6}\d{2}[ABCDEHLMPRST]\d{2}[A-Z]\d{3}[A-Z](?!\w)`, flags: 'i',
    needs: { digits: 3 }, valid: isCodiceFiscale, positive: ['codice fiscale RSSMRA85T10A562S', 'rccmnl83s18d969h'], negative: ['RSSMRA85T10A562T'],
  },
  {
    id: 'nl-bsn', type: 'NL_BSN', country: 'NL', pattern: String.raw`(?<![\w.-])\d{4}[ .]?\d{2}[ .]?\d{3}(?![\w-])|(?<![\w.-])\d{3}[ .]\d{3}[ .]\d{3}(?![\w-])`, needs: { digits: 9 },
    context: ['bsn', 'burgerservice', 'sofinummer', 'sofi'], valid: isBsn, positive: ['BSN 111222333', 'burgerservicenummer: 1112.22.333'], negative: ['BSN 111222334', 'bestelling 111222333'],
  },
  {
    id: 'be-rijksregister', type: 'BE_NATIONAL_NUMBER', country: 'BE', pattern: String.raw`(?<![\w.-])\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}(?![\w-])`, needs: { digits: 11 },
    valid: isRijksregister, positive: ['85.07.30-033.28'], negative: ['85.07.30-033.29'],
  },
  {
    id: 'be-rijksregister-plain', type: 'BE_NATIONAL_NUMBER', country: 'BE', pattern: String.raw`(?<![\w.-])\d{6}[ -]?\d{3}[ -]?\d{2}(?![\w-])`, needs: { digits: 11 },
    context: ['rijksregister', 'registre national', 'insz', 'niss', 'nrn'], valid: isRijksregister, positive: ['rijksregisternummer 85073003328'], negative: ['bestelling 85073003328'],
  },
  {
    id: 'pt-nif', type: 'PT_NIF', country: 'PT', pattern: String.raw`(?<![\w.-])[1235689]\d{2} ?\d{3} ?\d{3}(?![\w-])`, needs: { digits: 9 },
    context: ['nif', 'contribuinte', 'número fiscal', 'numero fiscal'], valid: isNif, positive: ['NIF: 501 964 843'], negative: ['NIF: 501 964 842', 'encomenda 501964843'],
  },
  {
    id: 'ie-pps', type: 'IE_PPS', country: 'IE', pattern: String.raw`(?<!\w)\d{7}[A-W][A-IW]?(?!\w)`, flags: 'i', needs: { digits: 7 },
    valid: isPps, context: ['pps', 'ppsn', 'personal public', 'tax', 'revenue'], positive: ['PPS number 6433435F'], negative: ['PPS number 6433435E', 'part 6433435F'],
  },
  {
    id: 'ch-ahv', type: 'CH_AHV', country: 'CH', pattern: String.raw`(?<![\w.-])756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}(?![\w-])`, needs: { digits: 13 },
    valid: isAhv, positive: ['AHV-Nr. 756.9217.0769.85'], negative: ['756.9217.0769.84'],
  },
  {
    id: 'at-svnr', type: 'AT_SVNR', country: 'AT', pattern: String.raw`(?<![\w.-])\d{4}[ /-]?\d{6}(?![\w-])`, needs: { digits: 4 },
    context: ['svnr', 'sv-nr', 'sozialversicherung', 'versicherungsnummer'], valid: isSvnr, positive: ['SVNR 1237 010180'], negative: ['SVNR 1237 010181', 'Los 1237 010180'],
  },
  {
    id: 'uk-nino', type: 'UK_NINO', country: 'GB', pattern: String.raw`(?<!\w)(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?!\w)`, needs: { digits: 6 },
    positive: ['NINO: AB 12 34 56 C', 'national insurance QQ123456C'.replace('QQ', 'JG')], negative: ['BG 12 34 56 C', 'flight AB123456'],
  },
  {
    id: 'uk-nhs', type: 'UK_NHS', country: 'GB', pattern: String.raw`(?<!\d)\d{3}[ -]?\d{3}[ -]?\d{4}(?!\d)`, needs: { digits: 10 },
    context: ['nhs', 'national health', 'patient'], valid: isNhs, positive: ['NHS number 943 476 5919'], negative: ['NHS number 943 476 5918', 'order 943 476 5919'],
  },
  {
    id: 'se-personnummer', type: 'SE_PERSONNUMMER', country: 'SE', pattern: String.raw`(?<![\w.-])(?:19|20)?\d{6}[-+]\d{4}(?![\w-])`, needs: { digits: 10 },
    valid: isPersonnummer, positive: ['811228-9874', 'personnummer 19811228-9874'], negative: ['811228-9873'],
  },
  {
    id: 'no-fodselsnummer', type: 'NO_FODSELSNUMMER', country: 'NO', pattern: String.raw`(?<![\w.-])\d{6} ?\d{5}(?![\w-])`, needs: { digits: 11 },
    context: ['fødselsnummer', 'fodselsnummer', 'personnummer', 'fnr', 'd-nummer'], valid: isFodselsnummer, positive: ['fødselsnummer 151086 95088'], negative: ['fødselsnummer 151086 95089', 'ordre 15108695088'],
  },
  {
    id: 'dk-cpr', type: 'DK_CPR', country: 'DK', pattern: String.raw`(?<![\w.-])\d{6}-?\d{4}(?![\w-])`, needs: { digits: 10 },
    context: ['cpr', 'personnummer'], valid: isCpr, positive: ['CPR-nummer 211062-5629'], negative: ['CPR 991362-5629', 'ordre 211062-5629'],
  },
  {
    id: 'fi-hetu', type: 'FI_HETU', country: 'FI', pattern: String.raw`(?<![\w.-])\d{6}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y](?![\w-])`, needs: { digits: 6 },
    valid: isHetu, positive: ['henkilötunnus 131052-308T'], negative: ['131052-308U'],
  },
  {
    id: 'ee-lt-code', type: 'BALTIC_PERSONAL_CODE', country: 'EE', pattern: String.raw`(?<![\w.-])[1-6]\d{10}(?![\w-])`, needs: { digits: 11 },
    context: ['isikukood', 'asmens kod'], valid: isBalticCode, positive: ['isikukood 36805280109', 'asmens kodas 38703181745'], negative: ['isikukood 36805280108', 'tellimus 36805280109'],
  },
  {
    id: 'lv-personas-kods', type: 'LV_PERSONAS_KODS', country: 'LV', pattern: String.raw`(?<![\w.-])\d{6}-?\d{5}(?![\w-])`, needs: { digits: 11 },
    context: ['personas kod'], valid: isPersonasKods, positive: ['personas kods 161175-19997'], negative: ['personas kods 161175-19998'],
  },
  {
    id: 'pl-pesel', type: 'PL_PESEL', country: 'PL', pattern: String.raw`(?<![\w.-])\d{11}(?![\w-])`, needs: { digits: 11 },
    context: ['pesel'], valid: isPesel, positive: ['PESEL 44051401359'], negative: ['PESEL 44051401358', 'zamówienie 44051401359'],
  },
  {
    id: 'pl-nip', type: 'PL_NIP', country: 'PL', pattern: String.raw`(?<![\w.-])\d{3}[- ]?\d{3}[- ]?\d{2}[- ]?\d{2}(?![\w-])|(?<![\w.-])\d{3}-\d{2}-\d{2}-\d{3}(?![\w-])`, needs: { digits: 10 },
    context: ['nip'], valid: isNip, positive: ['NIP 856-734-62-15'], negative: ['NIP 856-734-62-16', 'nr 8567346215'],
  },
  {
    id: 'ro-cnp', type: 'RO_CNP', country: 'RO', pattern: String.raw`(?<![\w.-])[1-9]\d{12}(?![\w-])`, needs: { digits: 13 },
    context: ['cnp', 'cod numeric'], valid: isCnp, positive: ['CNP 1630615123457'], negative: ['CNP 1630615123458'],
  },
  {
    id: 'cz-sk-rodne-cislo', type: 'CZ_RODNE_CISLO', country: 'CZ', pattern: String.raw`(?<![\w./-])\d{6}/\d{4}(?![\w/-])`, needs: { digits: 6 },
    valid: isRodneCislo, positive: ['rodné číslo 710319/2745'], negative: ['rodné číslo 710319/2746', '123456/7890'],
  },
  {
    id: 'hu-tax', type: 'HU_TAX_ID', country: 'HU', pattern: String.raw`(?<![\w.-])8\d{9}(?![\w-])`, needs: { digits: 10 },
    context: ['adóazonosító', 'adoazonosito', 'adószám'], valid: isHungarianTax, positive: ['adóazonosító jel 8071592153'], negative: ['adóazonosító jel 8071592154'],
  },
  {
    id: 'hu-taj', type: 'HU_TAJ', country: 'HU', pattern: String.raw`(?<![\w.-])\d{3}[ -]?\d{3}[ -]?\d{3}(?![\w-])`, needs: { digits: 9 },
    context: ['taj'], valid: isTaj, positive: ['TAJ szám: 111 111 110'], negative: ['TAJ szám: 111 111 119'],
  },
  {
    id: 'bg-egn', type: 'BG_EGN', country: 'BG', pattern: String.raw`(?<![\w.-])\d{10}(?![\w-])`, needs: { digits: 10 },
    context: ['егн', 'egn'], valid: isEgn, positive: ['ЕГН 7523169263'], negative: ['ЕГН 7523169264', 'поръчка 7523169263'],
  },
  {
    id: 'hr-oib', type: 'HR_OIB', country: 'HR', pattern: String.raw`(?<![\w.-])\d{11}(?![\w-])`, needs: { digits: 11 },
    context: ['oib'], valid: isOib, positive: ['OIB: 33392005961'], negative: ['OIB: 33392005962'],
  },
  {
    id: 'si-emso', type: 'SI_EMSO', country: 'SI', pattern: String.raw`(?<![\w.-])\d{13}(?![\w-])`, needs: { digits: 13 },
    context: ['emšo', 'emso', 'jmbg'], valid: isEmso, positive: ['EMŠO 0101006500006'], negative: ['EMŠO 0101006500007'],
  },
  {
    id: 'gr-afm', type: 'GR_AFM', country: 'GR', pattern: String.raw`(?<![\w.-])\d{9}(?![\w-])`, needs: { digits: 9 },
    context: ['αφμ', 'α.φ.μ', 'afm'], valid: isAfm, positive: ['ΑΦΜ 094259216'], negative: ['ΑΦΜ 094259217', 'παραγγελία 094259216'],
  },
  {
    id: 'gr-amka', type: 'GR_AMKA', country: 'GR', pattern: String.raw`(?<![\w.-])\d{11}(?![\w-])`, needs: { digits: 11 },
    context: ['αμκα', 'amka'], valid: isAmka, positive: ['ΑΜΚΑ 01013099997'], negative: ['ΑΜΚΑ 01013099998'],
  },
  {
    id: 'ru-snils', type: 'RU_SNILS', country: 'RU', pattern: String.raw`(?<![\w.-])\d{3}-\d{3}-\d{3}[ -]\d{2}(?![\w-])`, needs: { digits: 11 },
    valid: isSnils, positive: ['СНИЛС 112-233-445 95'], negative: ['112-233-445 96'],
  },
  {
    id: 'ru-inn', type: 'RU_INN', country: 'RU', pattern: String.raw`(?<![\w.-])(?:\d{12}|\d{10})(?![\w-])`, needs: { digits: 10 },
    context: ['инн', 'inn'], valid: isInn, positive: ['ИНН 500100732259', 'ИНН 7707083893'], negative: ['ИНН 500100732258', 'заказ 500100732259'],
  },
  {
    id: 'ua-rnokpp', type: 'UA_RNOKPP', country: 'UA', pattern: String.raw`(?<![\w.-])\d{10}(?![\w-])`, needs: { digits: 10 },
    context: ['рнокпп', 'іпн', 'ідентифікаційний'], valid: isRnokpp, positive: ['РНОКПП 1759013776'], negative: ['РНОКПП 1759013777'],
  },
  {
    id: 'tr-tckn', type: 'TR_TCKN', country: 'TR', pattern: String.raw`(?<![\w.-])[1-9]\d{10}(?![\w-])`, needs: { digits: 11 },
    context: ['kimlik', 'tckn', 'tc no', 't.c.'], valid: isTckn, positive: ['TC Kimlik No: 10000000146'], negative: ['TC Kimlik No: 10000000147', 'sipariş 10000000146'],
  },
  {
    id: 'eu-vat', type: 'EU_VAT', pattern: String.raw`(?<!\w)(?:ATU\d{8}|BE ?0\d{9}|DE ?\d{9}|FR ?[A-Z0-9]{2} ?\d{9}|NL ?\d{9}B\d{2}|IT ?\d{11}|PL ?\d{10}|ESB\d{8})(?!\w)`, needs: { digits: 8 },
    context: ['vat', 'ust', 'umsatzsteuer', 'tva', 'btw', 'partita iva', 'p.iva', 'iva', 'vies', ...TAX],
    positive: ['VAT: DE 123456789', 'BTW NL123456789B01'], negative: ['DE 123456789'],
  },
]; // biome-ignore format: one rule is read at a glance

export const europe = rules.map(recogniserOf);
