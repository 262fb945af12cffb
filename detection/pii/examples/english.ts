/** English: mails, forms, chats, logs and code. */
export const english: readonly string[] = `
Hi team, please forward the contract to {EMAIL_ADDRESS:rachel.osei@northwind.example} before noon.
You can reach me on {PHONE_NUMBER:+44 20 7946 0958} after six.
Card number {CREDIT_CARD:4111 1111 1111 1111} was declined twice.
My social security number is {US_SSN:460-89-9847}, do you need anything else?
Please wire the deposit to {IBAN_CODE:GB82 WEST 1234 5698 7654 32} today.
My name is {PERSON:Daniel Okafor} and I would like to cancel my plan.
The patient was born on {DATE_OF_BIRTH:12/04/1967} and has no allergies.
Ship it to {STREET_ADDRESS:221 Baker Street, London} please.
Error: login failed for user {EMAIL_ADDRESS:svc.backup@corp.example} from {IP_ADDRESS:203.0.113.42}
2026-11-02T10:11:12Z WARN client={IP_ADDRESS:198.51.100.17} status=502 retry=3
device {MAC_ADDRESS:00:1B:44:11:3A:B7} joined the guest network
const dsn = "{SECRET:postgres://app:s3cretpw@db.internal.example}/orders";
Dear {PERSON:Margaret Hill}, thank you for your letter.
Kind regards, {PERSON:Peter Lindqvist}
Routing number {US_ROUTING_NUMBER:021000021}, account to follow.
NHS number: {UK_NHS:943 476 5919}
My national insurance number is {UK_NINO:AB123456C}.
Employer EIN: {US_EIN:12-3456789}
Her ITIN is {US_ITIN:912-70-1234}.
Passport no. {PASSPORT:C01X00T47} expires next year.
My driver's license number is {DRIVER_LICENSE:F162823540116}.
Send 0.2 BTC to {CRYPTO:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa} and keep the change.
The donation wallet is {CRYPTO:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4}.
ETH goes to {CRYPTO:0x52908400098527886E0F7030069857D2E4169EE7}.
The wifi password is {PASSWORD:blue-otter-42} for visitors.
SIN {CA_SIN:046 454 286}, resident of Alberta.
TFN: {AU_TFN:123 456 782}
Medicare card {AU_MEDICARE:2123 45670 1} was scanned.
PPS number {IE_PPS:6433435F} is missing from the form.
Aadhaar {IN_AADHAAR:2341 2341 2346} and PAN {IN_PAN:ACUPA7085R} are attached.
NRIC {SG_NRIC:S1234567D} was verified at the counter.
HKID {HK_ID:A123456(3)} matches.
ID number {ZA_ID:8001015009087} belongs to the applicant.
Call our desk at {PHONE_NUMBER:(415) 555-2671} or mail {EMAIL_ADDRESS:help@desk.example}.
BIC: {BIC:DEUTDEFF500}, reference 7781.
Amex {CREDIT_CARD:378282246310005} on file, CVV: {CREDIT_CARD_CVV:4821}.
Please update my card to {CREDIT_CARD:5555-5555-5555-4444}.
Text me at {PHONE_NUMBER:541-714-1388} when you land.
server {IP_ADDRESS:2001:db8::ff00:42:8329} answered in 3 ms
{PERSON:Olivia Bennett} lives at {STREET_ADDRESS:48 Elm Avenue, Portland, OR 97205} with two cats.
DOB: {DATE_OF_BIRTH:1991-08-30}
Date of birth {DATE_OF_BIRTH:March 3, 1978}, married.
Mr. {PERSON:Hargreaves} will call back on Tuesday.
I spoke with {PERSON:Samuel} about the refund.
Ticket opened by {PERSON:Naomi Fischer} <{EMAIL_ADDRESS:naomi@fischer.example}>
VIN {VEHICLE_VIN:1HGCM82633A004352} needs new brakes.
MRN: {MEDICAL_RECORD:00123456} admitted overnight.
IMEI {IMEI:490154203237518} reported stolen.
sort code {UK_SORT_CODE:20-00-00} and the account is closed
Deliver to {STREET_ADDRESS:PO Box 4471} only.
`.trim().split('\n'); // biome-ignore format: one sentence a line
