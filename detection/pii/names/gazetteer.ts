/**
 * Small word lists of our own making: common given names of many countries, countries, large cities, peoples, and the
 * words that tell a firm, a street or a title. They need not be complete: rules in `index.ts` carry the rest.
 */

export const words = (list: string): ReadonlySet<string> => new Set(list.trim().split(/\s+/));
const lines = (list: string): ReadonlySet<string> => new Set(list.trim().split(/\s*;\s*/));

/** Given names that are hardly ever another word; compared in lower case. */
export const GIVEN = words(`
aaron abdul abdullah abigail adam adrian adriana agnes agnieszka ahmad ahmed aisha akira alan albert alberto alejandra alejandro alessandro alex alexander
alexandra alexandre alexei alexis alfred alfredo ali alice alicia alina alison allan allison amanda amelia amina amir amit amy ana anastasia andre andrea andreas
andrei andrej andrew andrey andrzej angela angelo anita anja anjali ann anna anne annette anthony antoine anton antonio anya arjun arnold arthur arturo asa ashley astrid
audrey aurora axel ayesha aylin barbara bartosz beata beatrice beatriz ben benjamin bernard bernd bernhard bianca birgit bjorn bob bogdan boris brandon brenda brian
bridget bruce bruno camila camille carla carlo carlos carmen carol carolina caroline caspar catherine cecilia cedric celine charles charlotte chen chiara chloe chris
christian christina christine christoph christopher claire clara claudia claudio clemens cody colin connor constance corinna craig cristian cristina curtis cynthia
dagmar daisuke damian dan daniel daniela danielle danny dariusz darius david deborah deepak denise dennis derek diana diane diego dieter dimitri dimitris dirk dmitri dmitry
dominic dominik donald donna dorothy douglas dylan edgar eduardo edward edwin eileen ekaterina elaine eleanor elena elias elif elisa elisabeth elise elizabeth ella ellen
elliot elsa emil emilia emilie emilio emily emma emmanuel enrico enrique eric erica erik erika ernest ernst esra esteban esther ethan eugene eva evan evelyn ewa
fabian fabio fatima fatma federica federico felicity felipe felix ferdinand fernanda fernando filip fiona florence florian frances francesca francesco francis francisco franck
francois frank franziska frederic frederick frederik fredrik friedrich fritz gabriel gabriela gabriele gary gavin geoffrey george georgia georgios gerald gerard gerhard gertrud
gianluca gilbert gillian gina giorgio giovanna giovanni giulia giuseppe gloria gonzalo gordon grazia greg gregory greta grzegorz guillaume guillermo gunter gustav gustavo guy
hamza hana hannah hans harald haruto harry harold hassan heather hector heidi heike heinrich heinz helen helena helene helga helmut henri henrik henry herbert hermann hilda
hiroshi holger howard hugh hugo hussein ian ibrahim ida ignacio igor ilona ilse ines inga ingeborg ingrid irena irene irina isaac isabel isabella isabelle ivan ivana jack jackson
jacob jacqueline jacques jaime jakob jakub james jamie jan jana jane janet janina janusz jasmin jason javier jean jeff jeffrey jennifer jenny jens jeremy jerome jerzy jesper jesse
jessica jill jim jiri joan joanna joao joaquin jochen joe joel joerg johan johanna johannes john johnny jon jonas jonathan jorge jose josef josefine joseph joshua josé joyce juan
juana judith julia julian juliana julie julien juliette julio jurgen justin justyna kai kamil kari karen karin karl karolina katarina kate katherine kathleen kathrin kathy katja
katarzyna katrin kazuo keith kelly ken kenji kenneth kevin khalid kim klaus konrad konstantin krishna kristen kristian kristin kristina krystyna krzysztof kumar kurt kyle lars
laszlo laura lauren laurent lea leah leila lena leo leon leonard leonardo leonie leticia lewis liam lidia liliana linda lisa lorenzo louis louise luca lucas lucia luciana lucie
lucy ludwig luigi luis luisa lukas luke lydia lynn maciej madison magdalena magnus mahmoud maja malgorzata manfred manuel manuela marc marcel marcela marcello marcin marco
marcos marek margaret margarita margit maria mariam marian mariana marie marina mario marion marius marjorie marko markus marlene marta martha martin martina marvin mary masako
mateo mateusz mathias mathieu mathilde matteo matthew matthias matthieu maureen maurice mauricio max maximilian mehmet mei melanie melissa mercedes merve mia michael michaela
michal michel michele michelle miguel mihai mike mikhail mikko milan milena miranda miriam mohamed mohammad mohammed moritz morten muhammad mustafa myriam nadia nadine nancy naomi natalia
natalie natasha nathalie nathan neha neil nicholas nick nico nicola nicolas nicole niels nigel nikita nikolai nils nina nora norbert norman noah olaf ole oleg olena olga oliver olivia
olivier omar oscar oskar ottavio otto pablo paola paolo pascal patricia patrick patrik paul paula pauline pavel pedro pekka penelope per peter petra philip philipp philippe
phillip pierre pilar piotr priya rachel rafael rahul raimund rainer raj rajesh ralf ralph ramon raquel raul ravi raymond rebecca regina reiner reinhard renata renate rene renee
ricardo riccardo richard rita rob robert roberta roberto robin rodrigo roger roland rolf roman ronald rosa rosalind rosemary rosie ruben rudolf rupert russell ruth ryan
sabine sabrina salma salvatore sam samantha sami samir samuel sandra sanjay santiago sara sarah sascha satoshi scott sean sebastian sergei sergey sergio shannon sharon shreya
sigrid silvia simon simona simone slawomir sofia sofie sonia sonja sophia sophie stanislav stefan stefania stefanie steffen stella stephan stephanie stephen steve steven stuart
sunita susan susana susanne suzanne svea sven svetlana sylvia sylvie sylwia takashi takeshi tamara tanja tanya tatiana teresa terry thea theo theodor theresa therese thomas thorsten
tiago tim timo timothy tina tobias todd tom tomas tomasz tommy toni tony torsten tracy udo ulrich ulrike ursula uwe vadim valentina valeria valerie vanessa vera veronica veronika
victor victoria vijay viktor viktoria vincent vincenzo viola virginia vittorio vivian vladimir walter wanda wei wendy werner wilhelm william willem wolfgang xavier yann yasmin yolanda
yuki yuri yusuf yves yvonne zainab zoe zofia zuzana jurgita sanna aino oona veikko matti jukka timo anders bjarne mette kirsten inge signe freja lærke søren jørgen åsa björn göran håkan
jürgen günter günther jörg rené zoë chloé józef małgorzata łukasz michał paweł stanisław tomáš jiří lukáš kateřina františek marija nikola ivo dragan milica jelena zoran
krisztián zsófia istván jános lászló györgy réka ștefan ioana andreea mihaela radu georgi dimitar stoyan ivanka yannis eleni katerina panagiotis ayşe emre can murat zeynep oğuz
ananya aarav vikram pooja kavita lakshmi suresh ramesh nguyen linh minh thuy budi siti dewi agus somchai hye-jin min-jun haruka sakura yoko naoki kenta xiao ming jing hao
oluwaseun chinedu ngozi amara kwame thabo sipho fatou moussa amadou tariq layla noor yara rania hadi reza maryam farah omid dariush shira noam avi yael moshe
`);

/** Given names that are words too: they count beside a family name or after a title only. */
export const GIVEN_OR_WORD = words(`
amber april art august autumn bill blake brook carter chance chase chuck clay cliff cooper daisy dale dawn dean drew earl eden faith flora frank gene glen grace grant guy hazel
heath holly hope hunter iris ivy jade jasmine jay jordan joy june kit lance lane lily mark mason max may melody miles olive paris parker pat pearl penny peter ray reed rich rob
robin rose ruby rusty sandy savannah sky sol summer sue taylor tucker victor violet wade will wren austin charlotte sydney chelsea florence virginia israel jackson
`);

/** Endings of family names, by language. */
export const FAMILY =
  /(?:ov[áa]|ski|ska|sk[ýá]|cki|cka|czyk|wicz|vić|vič|ević|ović|sson|sdóttir|dóttir|ssen|nsen|rsen|tsen|enko|chuk|yan|ian|shvili|dze|idis|opoulos|akis|escu|oiu|ez|elli|etti|ini|ucci|asco|berg|mann|stein|baum|bauer|schmidt|meyer|meier|eff|eva|ova|kov|nov|ev|in[a]|nen|ala|ström|qvist|kvist|lund|gren|ford|shaw|worth|ington|field|fields|[^aeiou]son|bury|dale|smith|sky|chenko|aitis|auskas|kienė|ņš|iņa|oğlu|öz|lar|ler)$/;

/** Words that begin sentences, headings and products: never a name by themselves, and no part of one. */
export const STOP = words(`
a about above accept access according account action add additional address admin after again all also although always am an and animation annual another answer any anyone api apps are article
as ask asked at attention aw available back be because been before best between big billing black blue board bot both box bug build business but button buy by call can cannot car card case center central change
chapter chat check chief choose city class classic click client close code comedy comment company complete compute computer consider contact content continue could country court create current customer
daily dark data database date day deal dear december default delete department describe design desk details did different digital director do document does don drama draft during each early east edit either email
end engineer english enter error even event every everyone example executive explain family fax february federal feel file final find first follow following for form format free friday from full function game general
generate get give given go going good got government great green group had hand happy has have he head health hello help her here hers hey hi high him his history home hot house how however i id if important in
include information input inside install instead internet into invoice is issue it item its january job join july june just keep key kids kind king know labor language large last later law learn left legal less let level
life like limit line link list listen little live local location log long look love machine main major make man manager many march market may maybe me meet meeting member memory message method mobile model monday money
month more morning most movie mr mrs ms much music must my mystery name national never new news next nice night no none normal north not note nothing november now number october of off office ok old on once one online
only open option or order other our out over overall page paid paper part party pay payment people per person personal phone place plan play please point policy possible post power prepare president press price print
private problem process product professor program project prompt provide public put query question quick quickly read ready real really reason recent recently record red regarding regards related remember reply report request
required response result return review right role rule run said same saturday save say school science scene search second secretary section see select self send senior september serve service session set several share she
short should show side similar simple simply since sir site size small so social software solution some someone something song sorry source south special st start state status step still stop story street student study subject
such suite summary sunday support sure suspense system table take talk task team tell term test text than thank thanks that the their them then there these they thing think this those though thought thriller through
thursday thus time title to today together tomorrow tonight too top total training translate tribute true try tuesday turn two type uncle under understand university until up update upon us use used user using value various
version very via video view visit wait want war was watch water way we web website wednesday week welcome well were west what whatever when where whether which while white who whose why will wish with within without word work
working world would write wrong year yes yesterday yet you young your yours zip zone january february april august adventure romance horror documentary fantasy json html http https sql xml css url pdf csv usa uk eu un
ceo cto cfo hr it vp phd md faq asap btw fyi todo note warning info debug trace python java javascript typescript react node docker kubernetes linux windows android google microsoft apple amazon facebook twitter github
openai chatgpt claude gemini llama instagram youtube netflix spotify wikipedia mac iphone bible christmas easter halloween christian jewish muslim catholic islam god lord jesus buddha internet earth moon sun mars sea river
mountain lake park bridge tower castle museum hotel restaurant airport station library church avenue road hall theatre theater garden island ocean pacific atlantic arctic north south east west northern southern eastern western
guten hallo hola bonjour ciao olá merci danke gracias grazie obrigado liebe lieber sehr geehrte geehrter herr frau señor señora monsieur madame ich mein meine der die das ein eine und oder ist wir sie er es el la los las un una
mi su nuestro le les mon ma mes votre nous vous je il elle ils est sont il lo gli mio mia sono o os minha meu het een mijn ik jag min mitt jeg mit min on se to je jest moja mój
apt suite postbox box unit street mobile desk phone awarded unlike producer maybe following including especially
pro max plus mini ultra ihr ihre ihren ihrem ihnen unser unsere dieser diese dieses welche welcher alle kein keine für von mit bei nach nachricht gentile caro cara estimado estimada cher chère
learning deep artificial intelligence open stack overflow visual studio word excel power point cloud platform framework engine science processing natural neural network networks vision design pattern patterns principle principles
theory theorem law effect method algorithm analysis review guide manual handbook tutorial introduction conclusion abstract figure chapter appendix question answers instructions instruction ingredients directions
`);

export const COUNTRIES = lines(`
Afghanistan; Albania; Algeria; Andorra; Angola; Argentina; Armenia; Australia; Austria; Azerbaijan; Bahamas; Bahrain; Bangladesh; Barbados; Belarus; Belgium; Belize; Benin; Bhutan; Bolivia; Bosnia; Botswana; Brazil; Brasil;
Bulgaria; Burundi; Cambodia; Cameroon; Canada; Chad; Chile; China; Colombia; Congo; Croatia; Cuba; Cyprus; Czechia; Denmark; Deutschland; Ecuador; Egypt; England; Eritrea; España; Estonia; Ethiopia; Fiji; Finland; France; Gabon;
Germany; Ghana; Greece; Greenland; Guatemala; Guinea; Guyana; Haiti; Honduras; Hungary; Iceland; India; Indonesia; Iran; Iraq; Ireland; Israel; Italy; Italia; Jamaica; Japan; Kazakhstan; Kenya; Kosovo; Kuwait; Kyrgyzstan; Laos; Latvia;
Lebanon; Lesotho; Liberia; Libya; Liechtenstein; Lithuania; Luxembourg; Macedonia; Madagascar; Malawi; Malaysia; Maldives; Mali; Malta; Mauritania; Mauritius; Mexico; México; Moldova; Monaco; Mongolia; Montenegro; Morocco; Mozambique; Myanmar;
Namibia; Nepal; Netherlands; Nicaragua; Niger; Nigeria; Norway; Oman; Pakistan; Panama; Paraguay; Peru; Philippines; Poland; Portugal; Qatar; Romania; Russia; Rwanda; Scotland; Senegal; Serbia; Singapore; Slovakia; Slovenia; Somalia;
Spain; Sudan; Suriname; Sweden; Switzerland; Schweiz; Österreich; Syria; Taiwan; Tajikistan; Tanzania; Thailand; Togo; Tunisia; Turkey; Turkmenistan; Uganda; Ukraine; Uruguay; Uzbekistan; Vatican; Venezuela; Vietnam; Wales; Yemen; Zambia; Zimbabwe;
South Africa; South Korea; North Korea; New Zealand; United States; United Kingdom; United Arab Emirates; Saudi Arabia; Sri Lanka; Costa Rica; El Salvador; Puerto Rico; Hong Kong; Czech Republic; Dominican Republic; Ivory Coast; Sierra Leone; Great Britain; USA; UK; UAE
`);

export const CITIES = lines(`
London; Paris; Berlin; Madrid; Rome; Roma; Milan; Milano; Vienna; Wien; Zurich; Zürich; Geneva; Munich; München; Hamburg; Köln; Cologne; Frankfurt; Stuttgart; Düsseldorf; Leipzig; Dresden; Barcelona; Valencia; Sevilla; Lisbon; Lisboa; Porto; Amsterdam; Rotterdam;
Utrecht; Brussels; Antwerp; Copenhagen; København; Stockholm; Göteborg; Malmö; Oslo; Bergen; Helsinki; Tampere; Tallinn; Riga; Vilnius; Warsaw; Warszawa; Kraków; Wrocław; Poznań; Gdańsk; Prague; Praha; Brno; Bratislava; Budapest; Bucharest; Sofia; Athens; Istanbul; Ankara; Izmir;
Moscow; Kyiv; Kiev; Lviv; Minsk; Belgrade; Zagreb; Ljubljana; Sarajevo; Dublin; Edinburgh; Glasgow; Manchester; Birmingham; Liverpool; Leeds; Bristol; Cardiff; Lyon; Marseille; Toulouse; Nice; Bordeaux; Nantes; Lille; Strasbourg; Naples; Napoli; Turin; Torino; Florence; Firenze; Venice; Bologna;
New York; Los Angeles; San Francisco; San Diego; San Jose; Chicago; Houston; Boston; Seattle; Dallas; Denver; Miami; Atlanta; Philadelphia; Phoenix; Portland; Detroit; Minneapolis; Las Vegas; New Orleans; Washington; Toronto; Montreal; Vancouver; Ottawa; Calgary; Mexico City; Guadalajara; Bogotá; Bogota; Lima;
Santiago; Buenos Aires; São Paulo; Rio de Janeiro; Brasília; Caracas; Quito; Montevideo; Havana; Tokyo; Osaka; Kyoto; Seoul; Busan; Beijing; Shanghai; Shenzhen; Guangzhou; Taipei; Bangkok; Hanoi; Jakarta; Manila; Kuala Lumpur; Mumbai; Delhi; New Delhi; Bangalore; Chennai; Kolkata;
Karachi; Lahore; Dhaka; Kathmandu; Colombo; Dubai; Abu Dhabi; Doha; Riyadh; Tehran; Baghdad; Jerusalem; Tel Aviv; Cairo; Casablanca; Tunis; Lagos; Nairobi; Accra; Johannesburg; Cape Town; Sydney; Melbourne; Brisbane; Perth; Auckland; Wellington;
California; Texas; Florida; Ohio; Michigan; Oregon; Colorado; Arizona; Nevada; Utah; Alaska; Hawaii; Illinois; Massachusetts; Pennsylvania; Minnesota; Wisconsin; Tennessee; Kentucky; Alabama; Louisiana; Ontario; Quebec; Bavaria; Bayern; Catalonia; Tuscany; Sicily; Europe; Africa; Asia
`);

export const PEOPLES = words(`
Afghan Albanian Algerian American Angolan Argentinian Armenian Australian Austrian Azerbaijani Bangladeshi Belarusian Belgian Belizean Bolivian Bosnian Brazilian British Bulgarian Cambodian Cameroonian Canadian Chilean Chinese
Colombian Congolese Croatian Cuban Cypriot Czech Danish Dutch Ecuadorian Egyptian English Estonian Ethiopian Filipino Finnish French Georgian German Ghanaian Greek Greenlander Guatemalan Haitian Honduran Hungarian Icelandic Icelander Indian
Indonesian Iranian Iraqi Irish Israeli Italian Jamaican Japanese Jordanian Kazakh Kenyan Korean Kuwaiti Latvian Lebanese Libyan Lithuanian Macedonian Malaysian Maltese Mexican Moldovan Mongolian Moroccan Namibian Nepali Nepalese Nicaraguan
Nigerian Norwegian Pakistani Palestinian Panamanian Paraguayan Peruvian Polish Portuguese Qatari Romanian Russian Rwandan Saudi Scottish Senegalese Serbian Singaporean Slovak Slovenian Slovene Somali Spanish Sudanese Swedish Swiss Syrian
Taiwanese Tanzanian Thai Tunisian Turkish Ugandan Ukrainian Uruguayan Uzbek Venezuelan Vietnamese Welsh Yemeni Zambian Zimbabwean Swede Dane Finn Norwegian Pole Spaniard Uruguayans Americans Germans Russians Italians Paraguayans Australians Canadians
`);

/** What ends the name of a firm or an institution. */
export const FIRM = words(`
Inc Inc. Ltd Ltd. LLC LLP PLC plc Corp Corp. Corporation Company Co. GmbH AG SE KG OHG UG SA S.A. SAS SARL SpA S.p.A. Srl S.r.l. BV B.V. NV N.V. AB AS ASA ApS A/S Oy Oyj Kft Zrt s.r.o. a.s. OOO Pty Holdings Holding Group Partners Associates Bank Insurance
Technologies Technology Systems Software Solutions Labs Industries Enterprises Foundation Institute University College Hospital Clinic Orchestra Council Ministry Agency Airlines Motors Pharma Pharmaceuticals Energy Capital Ventures Consulting Logistics Media Networks Studios Records Stiftung Universität Sparkasse Versicherung
`);

export const TITLES = words(
  `Mr Mr. Mrs Mrs. Ms Ms. Miss Dr Dr. Prof Prof. Professor Sir Lady Lord Madam Herr Frau Hr. Fr. Señor Señora Sr. Sra. Don Doña Monsieur Madame M. Mme Mlle Signor Signora Sig. Dott. Senhor Senhora Dhr. Mevr. Pan Pani Captain Judge`,
);
