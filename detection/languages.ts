/**
 * Function words of languages in Latin letters. Hardly a sentence does without some, while code, tables and names have none: so they
 * tell which language a text is in, and also that a text is in none.
 */

/** The order is fixed: what knows a language by its place keeps that place. New ones come last. */
export const FUNCTION_WORDS: readonly (readonly [language: string, words: string])[] = [
  [
    'en',
    'the of and to is that it you with are this for was be have not or your all from at what can will if but by we they their there which would about my do how who has been when where them his her she its our please should could just than then some any because',
  ],
  [
    'de',
    'der die und das ist nicht ein eine mit für auf den zu ich wie sich auch wir bitte einen dem von im es sie oder wenn dass bei aus nach mir du kannst',
  ],
  ['fr', 'le les des est une et pas pour dans que qui je vous avec sur ce cette nous du la un au en il elle sont par plus mais votre moi'],
  ['es', 'el los las una y por para con del que no es como pero lo más su esta puedo se al la en tu si está todo cómo'],
  ['it', 'il lo gli della di che non per con una è sono come anche questo mi nel dei delle la un ma ho del le puoi tutto'],
  ['pt', 'o os um uma não para com que do da em por como mais mas você são isso dos ao na de seu sua me tudo'],
  ['nl', 'het een van niet dat de ik je voor met zijn op te aan er wat maar wij ook naar mijn deze kan'],
  ['pl', 'nie jest się na że do jak w z i po czy dla proszę ale mi co od to ten tym są twoje mnie'],
  ['tr', 've bir bu için ile da ne çok mi gibi değil var daha ben olarak nasıl lütfen bana sen tüm şimdi mı olan'],
  ['sv', 'och att det som är jag inte på med en för till av du kan om ett den din har alla'],
  ['cs', 'je se na že ale pro by jsem jak co si to jsou tak mi jako své nebo tvé prosím za jen už'],
  [
    'id',
    'yang dan di ini itu untuk dengan tidak saya dari ke adalah akan bisa apa kami anda kamu semua tolong pada dalam atau ada jangan saja aku yg',
  ],
  ['hi-Latn', 'hai ka ki ke ko se mein nahi kya aur mujhe hain bhi kar yeh hum aap toh par mera tum ho koi sab karo kaise ek wala tha'],
  ['vi', 'và là của không có cho bạn tôi một các được trong với này hãy'],
  ['da', 'og er ikke jeg det til på af har som med en den kan'],
  ['fi', 'ja ei on että ovat mutta tai olen sinun'],
  ['hu', 'és az egy hogy nem van meg ezt mint vagy'],
  ['ro', 'și nu este din cu la pe să în sunt care mai pentru tot'],
  ['sw', 'na ya kwa ni wa katika kuwa hii za la si yako wewe kama hiyo au'],
];
