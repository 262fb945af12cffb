/**
 * Words that only guesses rest on: further given names, firms that everybody knows, and what titles and headings are
 * made of. They may be another word as well, so nothing is hidden because of them.
 */
import { words } from './gazetteer.ts';

/** Given names beyond those that may hide a text by themselves; compared in lower case. */
export const GIVEN_MORE = words(`
abby abel ada addison adela adele aditya adolf agneta agustin ahmet aidan aiden akiko albin aldo alejandra alessia alessio aleksander aleksandra alexa alfonso alfredo alisha alistair allie allyson alma alonso alva alvaro alyssa amalia amaya ambrose amos
anatoly anders andres andrzej anette angelica angelina angie anika anna-lena annabel annelie annette annika ansgar antonella antti anwar archie ariana arianna ariel arlene arne arvid ashleigh ashlyn astor aubrey augusto aurelia austin ava avery
barry bartek basil bastian beau becky belinda belle ben benedict benita bennett bernadette bernice bertha beth bethany betsy bettina betty beverly birgitte blanca blanche boyd brad bradley brandi brandy brayden brendan brent brett brianna brigitte britt brittany
bronwyn bryan bryant bryce bryn byron cadence caitlin caleb callum calvin cameron candace candice carina carl carla carlton carly carole caroline carrie carsten casey cassandra catalina cathy cecile cecilie celeste celia chad chandra chantal charlene charlie
chelsea cheryl cheyenne chloe chrissy christa christer christi christie christy cindy clarence clarissa clark claude clayton clement cleo clifford clint clinton clyde cole colette colleen conrad cora corey cornelia courtney crystal cyril daan dag dakota damien dana
dani danica danijel danilo danuta daphne darcy daria dario darlene darrell darren darryl dave davide dawid debbie debra delia delilah della delphine denis derrick desiree dev devin devon diann diethelm dina dino dolores dominique dora doreen doris dorothea dorota
dorte doug duane duncan dustin dwayne dwight ebba ed eddie edie edith edmund edna edwina eero efrain einar eino ekaterina eli elias eliana elina elise eliza ella elle ellie elliott ellis elmer eloise elton elvira elvis emelie emery emile emilie emmett enzo erin erkki erland
erling ernesto ervin esben esperanza estelle ester ethel eugenia eunice eva evangeline evelina evie ezra fannie farah fay faye felicia fergus fern finley finn fiorella fletcher flynn frankie franklin fred freda freddie freya frida frieda gabrielle gail galina garrett garry
gemma genevieve geoff geraldine gerardo gerd germaine gerrit gertrude gilberto giorgia gisela gladys glenda glenn gordana grady graeme graham gretchen grigory guadalupe gudrun guido gunnar gunilla gus gwen gwendolyn hailey hakan hanna hanne harley harriet harrison hayden hayley
heather hedwig heikki helmi hendrik henriette henryk herman hermione hildegard hollie homer hubert hugh hugues humberto ida ignatius igor ileana ilkka ilya imogen inger ingvar ioannis irma irving isabela isaiah isidore isla ismael ivana ivar ivy izabela jacinta jackie
jaclyn jaden jakob jamal jana janelle janice janine jared jarmo jarrod jasper javier jay jayden jayne jean jeanette jeanne jeannie jed jeffery jenna jennie jeremiah jermaine jerome jerry jessie jimmy joakim joann joanne jocelyn jodi jody joey johann johnnie jolanta jolene jonathon
jordi jorgen josefa joseph josephine josh josiah josie joyce juanita jude judy juha juho julieta julio june jussi kaarina kacper kaitlyn kaleb kamila kara kari karina karla karsten kaspar kate katharina kathryn kathleen katie katrina katy kay kayla kaylee keira kelley kelli
kelsey kelvin kendall kendra kent keri kerry kiara kieran kimberly kirk kirsten kjell klaus kobe konstantin kris krista kristen kristi kristin kristina kristine kristy krystal krzysztof kurt kyle kylie lacey lajos lana lara larissa larry lars lasse latoya laura lauren lauri
laurie lea leah leann leena leif leigh lena leo leon leona leonard leonardo leonie leroy leslie lester leticia levi lewis liam lidia liesbeth lila lilian lilly lina lindsay lindsey lionel lisa lise liv livia liz liza lloyd logan lois lola lonnie lora loren lorena
lorenzo loretta lori lorraine lottie louie louis louise lowell luca lucas lucia lucian luciana lucie lucille lucinda lucy ludmila luigi luis luisa luka luke luna luther lydia lyle lynda lynette lynn mabel mackenzie madalena maddison madeleine madeline madison mae magda magdalena
maggie magnus maia maja malcolm malin mandy manfred manuel manuela mara marc marcel marcela marcelo marcia marco marcos marcus margaret margarita margit margot marguerite mari maria mariah mariam marian mariana marianne marie marije marilyn marina mario marion marisa marisol
marissa marit marius marjorie marko marla marlene marshall marta martha martijn martin martina marty marvin mary maryann mateo mateusz mathias mathilde matias matilda matilde matteo matthew matthias mattias maureen maurice maurizio mavis maxim maxime maximilian maxine maya
megan meghan melanie melinda melissa melvin mercedes meredith merle mia micah michaela michelle miguel mika mikael mike mikkel mikko milan mildred milena miles milo milton mina mindy minna miranda miriam misty mitch mitchell mohamed mohammad mohammed moira mollie molly mona monica
monika monique morgan moritz morris morten muhammad muriel myra myrtle nadia nadine nadja nancy naomi natalia natalie natasha nathalie nathan nathaniel neal ned neil nell nellie nelson nettie neville nicholas nick nicola nicolas nicole nigel nikita nikki nikolai nikolaj nils nina
noah noel noelle noemi nora noreen norma norman odette oleg olena olga olive oliver olivia olof omar opal oren orlando ornella orson osvaldo otis owen ozzie paige pamela parker patrice patsy patti patty pauli paulette paulo pedro peggy pernille perry pete petr petri petter phil
phoebe phyllis piero piet pietro polly preston priscilla quentin quincy quinn raisa ralph ramiro randall randy raphael raquel raymond rayna reagan reese reggie reginald reid reijo remy rhea rhonda richie rickey ricky riley ritva roberta rocco roderick rodney rogelio rolando rolf
romeo ron ronan ronnie roos rory rosalie rosalyn rosanna roscoe rosemarie ross rowan roxanne roy royce rudy rufus russ rusty ryder sabina sadie saga sally salma sammy sandro sanna sanne santino saul savanna scarlett seamus sebastien selena selma serena seth shane shania shari sharlene
shaun shauna shawn shawna sheila shelby sheldon shelley shelly sheri sherman sherri sherry sheryl shirley sid sidney sienna silas silvana simo sina siobhan skyler sofie solveig soren spencer stacey stacy stan stefanie stephane stewart sue suzette sybil sydney sylvester tabitha
tami tammy tanner tara tariq taryn tasha tate ted terese teri terrance terrell terrence terri terry tess tessa thaddeus thelma theodora theresia thijs thora tia tiffany tilda tina todd tonya torben tore tove tracey traci travis trent trevor tricia trina trine trinity tristan troy tuomas
turid tyler tyrone tyson ulla ulla-britt ulrik ulrika urban ursula valentin valentino valerio vance vaughn velma vera verena vernon vicente vicki vickie vicky vida vince viggo ville violeta virgil vitor vivienne vladislav wallace wanda ward warren wayne wendell
wesley wilbur wilfred willa willard willie wilma winifred winston wolfram woodrow wyatt xander xenia yannick yvette zachary zack zara zdenek zelda zlatan zoltan zsolt attila balazs bence csaba gabor geza gergely imre jozsef karoly kristof laszlo mate miklos peter sandor tamas tibor zsofia
luís maría garcía inês joão andré mónica raúl ramón óscar víctor ángel begoña iñigo íñigo zoë noémie aurélie benoît cédric céline clémence étienne françois frédéric gaëlle gérard hélène jérôme loïc maëlle mélanie raphaël rémi sébastien stéphane sören märta börje kåre øystein øyvind guðrún
akifumi akihiro asami asuka atsuko ayaka ayumi chiharu daichi eiji emi fumiko goro hideki hideo hiroko hiromi hiroto ichiro isamu junko kaori katsumi kazuko keiko kiyoshi koji kumiko mai makoto mariko masako masami masaru masashi mayumi megumi michiko midori miho mitsuo miyuki naomi natsuki
nobuko noriko osamu reiko rika ryo ryota sachiko satomi sayuri shigeru shinji shoichi tadashi takao takashi tatsuya tomoko toshio yasuko yoshiko yukiko yumiko yutaka fatimah hasan huda ilyas imran jamila kareem latifa mahmoud malik mustafa nadira najib nasser rashid sadia said salim samira tahir umar yahya zahra
`);

/** Firms and institutions that are known by their name alone. */
export const FIRMS = words(`
Microsoft Google Amazon Apple Facebook Meta Netflix Spotify Twitter LinkedIn PayPal Stripe Uber Lyft Airbnb Tesla Toyota Honda Nissan Volkswagen BMW Daimler Porsche Renault Peugeot Fiat Ferrari Volvo Ikea IKEA Siemens Bosch BASF Bayer SAP Adidas Nike Puma Samsung Sony Panasonic Toshiba Hitachi Fujitsu
Nintendo Huawei Xiaomi Lenovo Alibaba Tencent Baidu Intel AMD Nvidia NVIDIA IBM Oracle Cisco Dell Xerox Adobe Salesforce VMware Accenture Deloitte KPMG PwC McKinsey Allianz AXA Generali Zurich Citigroup Citibank JPMorgan Barclays HSBC Santander BBVA UniCredit BlackRock Vodafone Verizon Comcast
Telefónica Orange Nokia Ericsson Maersk Novartis Roche Pfizer Moderna AstraZeneca GlaxoSmithKline Sanofi Merck Nestlé Unilever Danone Heineken Carlsberg Starbucks McDonald's Walmart Costco Carrefour Tesco Lidl Aldi Boeing Airbus Lufthansa Ryanair FedEx UPS DHL Shell Exxon ExxonMobil Chevron Total Gazprom
Reuters Bloomberg Forbes Nasdaq Moody's Experian Equifax Pearson Zillow Dropbox GitHub GitLab Slack Zoom OpenAI Anthropic Palantir Splunk Snowflake Databricks Yelp Kaggle Trulia Redfin Esri Garmin Nielsen Gallup Kroger
`);

/** Firms of several words. */
export const LONG_FIRMS: ReadonlySet<string> = new Set([
  'Morgan Stanley', 'Goldman Sachs', 'Wells Fargo', 'Deutsche Bank', 'Credit Suisse', 'American Express', 'General Electric', 'General Motors', 'Procter & Gamble', 'Johnson & Johnson', 'Coca Cola', 'Amazon Web Services', 'Red Hat',
  'Rolls Royce', 'British Airways', 'Air France', 'Boston Consulting Group', 'Thomson Reuters', 'Dow Jones', 'Standard Chartered', 'Legal & General', 'Merrill Lynch', 'Charles Schwab', 'Berkshire Hathaway', 'United Airlines',
]); // biome-ignore format: a list reads better wide

/** What ends a title, a heading or the name of a thing rather than of a person. */
export const THINGS = words(`
academy act acts administration adventure affairs age agency agreement album alliance army art arts association award awards baby band bar battle bay beach bill bird block blues board body book books boulevard box boy boys bureau business cafe camp campus capital card
care career center century chain challenge championship channel charter chart child children choice circle club coast code collection college comics commission committee community conference congress constitution convention corner council country county course court credit cup
culture dance dashboard data dawn days death decade department design desk development diary dictionary dilemma division doctrine door dream dreams duty economy edition elections empire energy episode era estate exam exchange express eye factory fair fall fame family fashion federation
festival fiction field fight file film fire fleet flight food force forest forum foundation freedom friends fund future galaxy gallery game games garden gate ghost girl girls gold government grand guide guild guild hall harbour heart heaven hill hills history hits hole holiday home hotel
hour house idea incorporated index industry inn institute interest jazz journal journey judge jury justice key kingdom lake land law laws league legend letter letters liberation liberties library licence license life light list lodge love machine magazine magic mall manager manor map
market markets marketing master matter meadows media memory men mile mission model moon morning motion movement music nation nations navy network networks news night notes notice novel number office opera opinion orchestra order organization pack palace paper papers park parks parliament party
pass path peace people philharmonic plan planet players poem poetry police policy pop post power prayer press pride prime prince princess principle prize process program project promise property proposal protection protocol queen quest quiz race radio railway rain range rate record
records reform region report republic research reserve resources revolution rights ring river road rock role roof room round route royal rule rules sale sales school science score screen sea season secret secrets section security senate series service services session shadow shop show side sky
society solution son song songs sons sound source space speech spirit spring square stadium stage standard star stars start statement states station stone store stories storm story strategy street studies studio style summer summit sun support surgery survey system systems tale talk tax
team technique temple tests theory thing things time times tools top tour tower town trade traffic train trail treaty tree trial tribune trip truth union universe valley value version victory view village vision voice wall war wars watch water wave way web week weekly wind window wing winter
wonder word words work works workshop world year years youth zone club gateway greens junction meadow ridge crossing
`);
