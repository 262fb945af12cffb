/** The languages of Europe. */
const lines = (text: string): readonly string[] => text.trim().split('\n');

export const europe: Record<string, readonly string[]> = {
  de: lines(`
Bitte schicken Sie die Rechnung an {EMAIL_ADDRESS:buchhaltung@muster.example}.
Sie erreichen mich unter {PHONE_NUMBER:+49 30 901820}.
Meine Handynummer: {PHONE_NUMBER:0171 1234567}
Mein Name ist {PERSON:Sabine Krüger} und ich habe eine Frage.
Meine Steuer-ID lautet {DE_TAX_ID:86 095 742 719}.
IBAN {IBAN_CODE:DE89 3704 0044 0532 0130 00} bei der Sparkasse
geboren am {DATE_OF_BIRTH:03.05.1984} in Kassel
Ich wohne in der {STREET_ADDRESS:Lindenstraße 12, 10969 Berlin}.
Sehr geehrte Frau {PERSON:Hoffmann}, vielen Dank für Ihre Nachricht.
Das Passwort ist {PASSWORD:Sommer2024!} für alle Rechner.
SVNR {AT_SVNR:1237 010180} bitte eintragen
AHV-Nummer {CH_AHV:756.9217.0769.85} fehlt noch
Kreditkarte {CREDIT_CARD:4012888888881881} wurde gesperrt.`),
  fr: lines(`
Écrivez-moi à {EMAIL_ADDRESS:camille.roy@courriel.example} dès que possible.
Mon téléphone est le {PHONE_NUMBER:01 42 68 53 00}.
Je m'appelle {PERSON:Camille Roy} et je cherche un appartement.
Mon numéro de sécurité sociale est {FR_NIR:2 95 10 99 126 111 93}.
Virement sur {IBAN_CODE:FR14 2004 1010 0505 0001 3M02 606} avant lundi
née le {DATE_OF_BIRTH:12 mars 1990} à Lyon
J'habite au {STREET_ADDRESS:14 Rue de la Paix, 75002 Paris}.
Le mot de passe est {PASSWORD:soleil77x} pour le moment.
Passeport {PASSPORT:12AB34567} à renouveler
Appelez le {PHONE_NUMBER:+33 6 12 34 56 78} ce soir.
registre national {BE_NATIONAL_NUMBER:85.07.30-033.28}
Ma carte {CREDIT_CARD:4111111111111111} ne marche plus.`),
  es: lines(`
Mi correo es {EMAIL_ADDRESS:ana.lopez@correo.example}, gracias.
Mi DNI es {ES_NIF:12345678Z} y vivo en Madrid.
El NIE {ES_NIF:X1234567L} ha caducado.
Llámame al teléfono {PHONE_NUMBER:612 34 56 78} mañana.
Me llamo {PERSON:Lucía Fernández} y quiero darme de baja.
Fecha de nacimiento: {DATE_OF_BIRTH:14/07/1988}
Transfiere a {IBAN_CODE:ES91 2100 0418 4502 0005 1332} el alquiler.
Vivo en {STREET_ADDRESS:Calle Mayor 21, 28013 Madrid}.
La contraseña es {PASSWORD:perro2024x} en todas partes.
CURP {MX_CURP:BOXW310820HNERXN09} del solicitante
CUIT {AR_CUIT:20-12345678-6} para la factura
RUT {CL_RUT:12.345.678-5} del cliente`),
  pt: lines(`
Meu CPF é {BR_CPF:529.982.247-25}, pode conferir?
CNPJ {BR_CNPJ:11.222.333/0001-81} da empresa
Escreva para {EMAIL_ADDRESS:joao.silva@correio.example}.
O meu NIF é {PT_NIF:501964843} e moro em Lisboa.
Telefone: {PHONE_NUMBER:+351 21 123 4567}
Celular {PHONE_NUMBER:(11) 98765-4321} para contato
Meu nome é {PERSON:João Pereira} e preciso de ajuda.
Data de nascimento {DATE_OF_BIRTH:22/11/1975}
Moro na {STREET_ADDRESS:Rua das Flores 123, 4050 Porto}.
A senha é {PASSWORD:gato2023y} por enquanto.
IBAN {IBAN_CODE:PT50 0002 0123 1234 5678 9015 4}`),
  it: lines(`
Il mio codice fiscale è {IT_FISCAL_CODE:RSSMRA85T10A562S}.
Scrivimi a {EMAIL_ADDRESS:giulia.conti@posta.example} domani.
Mi chiamo {PERSON:Giulia Conti} e lavoro da casa.
Telefono {PHONE_NUMBER:+39 06 6982 1234}
Cellulare: {PHONE_NUMBER:347 1234567}
nata il {DATE_OF_BIRTH:05/09/1993} a Torino
Abito in {STREET_ADDRESS:Via Garibaldi 45, 20121 Milano}.
Bonifico su {IBAN_CODE:IT60X0542811101000000123456} entro venerdì
La password è {PASSWORD:gattino99z} per tutti
Passaporto {PASSPORT:YA1234567} smarrito
Gentile {PERSON:Marco Bianchi}, la ringraziamo.`),
  nl: lines(`
Mijn BSN is {NL_BSN:111222333} en ik woon in Utrecht.
Mail naar {EMAIL_ADDRESS:jan.devries@post.example} graag.
Mijn naam is {PERSON:Sanne Bakker} en ik heb een vraag.
Bel mij op telefoon {PHONE_NUMBER:+31 20 123 4567}.
Mobiel: {PHONE_NUMBER:06 12345678}
geboortedatum {DATE_OF_BIRTH:11-02-1980}
Ik woon op {STREET_ADDRESS:Kerkstraat 17, 1017 GC Amsterdam}.
Rekening {IBAN_CODE:NL91 ABNA 0417 1643 00} voor de huur
rijksregisternummer {BE_NATIONAL_NUMBER:85073003328}
BTW {EU_VAT:NL123456789B01} op de factuur`),
  pl: lines(`
Mój PESEL to {PL_PESEL:44051401359}, proszę sprawdzić.
NIP {PL_NIP:856-734-62-15} na fakturze
Proszę pisać na {EMAIL_ADDRESS:anna.nowak@poczta.example}.
Nazywam się {PERSON:Anna Nowak} i mam pytanie.
Telefon: {PHONE_NUMBER:+48 22 123 45 67}
urodzony {DATE_OF_BIRTH:17.10.1969} w Krakowie
Mieszkam przy {STREET_ADDRESS:ul. Długa 8, 00-238 Warszawa}.
Przelew na {IBAN_CODE:PL61 1090 1014 0000 0712 1981 2874} dzisiaj
Karta {CREDIT_CARD:5105105105105100} została zablokowana.
Serwer {IP_ADDRESS:192.0.2.77} nie odpowiada.`),
  sv: lines(`
Mitt personnummer är {SE_PERSONNUMMER:811228-9874}.
Mejla {EMAIL_ADDRESS:erik.berg@brev.example} i morgon.
Jag heter {PERSON:Erik Berg} och bor i Malmö.
Ring mig på mobil {PHONE_NUMBER:070-123 45 67} efter lunch.
Telefon {PHONE_NUMBER:+46 8 123 456 78}
född {DATE_OF_BIRTH:1979-06-24} i Lund
Jag bor på {STREET_ADDRESS:Storgatan 5, 211 34 Malmö}.
IBAN {IBAN_CODE:SE45 5000 0000 0583 9825 7466}
fødselsnummer {NO_FODSELSNUMMER:15108695088}
CPR-nummer {DK_CPR:211062-5629}
henkilötunnus {FI_HETU:131052-308T}`),
  ru: lines(`
Мой ИНН {RU_INN:500100732259}, проверьте пожалуйста.
СНИЛС {RU_SNILS:112-233-445 95} потерян
Пишите на {EMAIL_ADDRESS:ivan@pochta.example} в любое время.
Телефон {PHONE_NUMBER:+7 495 123-45-67} до вечера
дата рождения {DATE_OF_BIRTH:15.03.1982}
паспорт {PASSPORT:45 08 123456} выдан в Москве
Пароль: {PASSWORD:zima2024x}
Карта {CREDIT_CARD:4111 1111 1111 1111} не работает.
РНОКПП {UA_RNOKPP:1759013776} у довідці
Сервер {IP_ADDRESS:203.0.113.9} недоступен.`),
  cs: lines(`
Moje rodné číslo je {CZ_RODNE_CISLO:710319/2745}.
Pište na {EMAIL_ADDRESS:petr.novak@dopis.example} prosím.
Jmenuji se {PERSON:Petr Novák} a bydlím v Brně.
Telefon {PHONE_NUMBER:+420 221 123 456}
narozen {DATE_OF_BIRTH:9. 4. 1971} v Praze
Účet {IBAN_CODE:CZ65 0800 0000 1920 0014 5399}
Karta {CREDIT_CARD:6011111111111117} byla odmítnuta.
OIB: {HR_OIB:33392005961} iz Zagreba
ЕГН {BG_EGN:7523169263} на пациента
CNP {RO_CNP:1630615123457} al clientului`),
  el: lines(`
Το ΑΦΜ μου είναι {GR_AFM:094259216}.
ΑΜΚΑ {GR_AMKA:01013099997} του ασθενούς
Στείλτε στο {EMAIL_ADDRESS:nikos@grammata.example} αύριο.
Τηλ. {PHONE_NUMBER:+30 21 0123 4567} μετά τις έξι
ημερομηνία γέννησης {DATE_OF_BIRTH:02/08/1990}
IBAN {IBAN_CODE:GR16 0110 1250 0000 0001 2300 695}
Ο διακομιστής {IP_ADDRESS:198.51.100.23} δεν απαντά.
Κάρτα {CREDIT_CARD:4012888888881881} ακυρώθηκε.`),
  tr: lines(`
TC Kimlik No: {TR_TCKN:10000000146}
Bana {EMAIL_ADDRESS:ayse.demir@mektup.example} adresinden yazın.
Telefon: {PHONE_NUMBER:+90 212 123 45 67}
doğum tarihi {DATE_OF_BIRTH:19.05.1987}
IBAN {IBAN_CODE:TR33 0006 1005 1978 6457 8413 26} hesabına gönderin
pasaport {PASSPORT:U12345678} kayboldu
Sunucu {IP_ADDRESS:192.0.2.200} kapalı.
Kart {CREDIT_CARD:5555 5555 5555 4444} iptal edildi.`),
}; // biome-ignore format: one sentence a line
