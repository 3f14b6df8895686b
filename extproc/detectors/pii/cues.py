"""Words beside a name that tell what it is, in lower case where a text may write them so."""

# Before a name. They are written with a capital, so that they stand in one run with it.
TITLES = frozenset(
    b"Mr Mrs Ms Miss Mx Dr Prof Professor Doctor Sir Madam Dame Herr Frau Hr Fr Mme Mlle Monsieur "
    b"Madame Mademoiselle Senor Senora Senorita Sr Sra Srta Dona Signor Signora Sig Dott Dottor "
    b"Dhr Mevr Mevrouw Meneer Shri Smt Kumari Sheikh Sheikha Rabbi Imam Rev Reverend Capt Captain "
    b"Sgt Sergeant Lt Lieutenant Cpl Col Colonel Maj Cmdr Det Detective Officer Insp Inspector "
    b"Judge Senator Sen Congressman Congresswoman Councillor Ambassador Nurse Uncle Aunt Auntie "
    b"Aunty Grandma Grandpa Atty Attorney Hon MR MRS MS DR PROF".split()
)
GREETINGS = frozenset(
    b"Dear Hi Hello Hey Hallo Hola Bonjour Salut Ciao Liebe Lieber Geachte Beste Estimado Estimada "
    b"Querido Querida Cher Chere Caro Cara Gentile Egregio Kjaere Hej Thanks Welcome Morning "
    b"Afternoon Evening Goodbye Bye Congratulations Prezado Prezada Ola Dag".split()
)
SUFFIXES = frozenset(b"Jr Sr II III IV Jnr Snr".split())
DEGREES = frozenset(b"MD PhD Esq DDS RN DO MBA CPA BSc MSc FRCS QC KC".split())

# Behind or before a name they make a place, a firm or a thing of it.
NOT_AFTER = frozenset(
    b"Street St Avenue Ave Road Rd Boulevard Blvd Drive Dr Lane Ln Court Ct Place Pl Square Sq Way "
    b"Terrace Close Crescent Gardens Parkway Pkwy Highway Hwy Circle Trail Bridge Building Tower "
    b"Towers House Hall Hotel Inn Resort Airport Station Park Stadium Arena Center Centre Mall "
    b"University College School Academy Institute Library Museum Theatre Theater Church Cathedral "
    b"Chapel Temple Hospital Clinic Medical Foundation Trust Fund Bank Inc Corp Corporation Ltd LLC "
    b"LLP PLC Plc GmbH AG Co Company Companies Group Holdings Partners Associates Brothers Bros "
    b"Sons Industries Enterprises Technologies Systems Solutions Software Services Consulting "
    b"Airlines Airways Motors Records Press Media Pictures Studios Entertainment News Times Post "
    b"County City Town Village State Island Islands Lake River Creek Bay Beach Valley Mountain "
    b"Mountains Hill Hills Falls Forest Desert Coast Ocean Sea Bridge Cup Prize Award Awards Medal "
    b"Act Law Theorem Theory Equation Distribution Algorithm Method Test Scale Score Syndrome "
    b"Disease Effect Constant Transform Series Function Matrix Number Index Protocol Conjecture "
    b"Project Plan Report Team Club United Rovers Day Festival Show Bible Catheter "
    b"Server Studio Code Cloud Desktop Engine Framework API App".split()
)
NOT_BEFORE = frozenset(
    b"Mount Mt Lake Fort Ft Port San Santa Santo Sao Saint St Ste Los Las El La Le New North South East "
    b"West Cape Camp Castle Hotel University Universitat Universite Universidad Rue Calle Via Avenida "
    b"Avenue Plaza Piazza Place Hotel Rio Puerto Ciudad Villa Lago Monte Team Operation Hurricane "
    b"Tropical Windows Apache Google Microsoft Amazon Python Java Ruby Visual Super Rua Ulica Ctra Carrer USS USCGC USNS USNV HMS".split()
)

PARTICLES = (
    b"van|von|vom|der|den|ten|ter|de|da|do|dos|das|del|della|di|du|la|le|lo|los|las|bin|ibn|binti"
    b"|al|el|af|av|zu|zur|zum|op|st|ap"
)

# The last word of a key whose value is a name, with the words it may follow.
NAME_KEYS = frozenset(
    b"firstname lastname fullname surname forename familyname givenname middlename maidenname "
    b"fname lname nombre apellido apellidos nom prenom vorname nachname cognome "
    b"voornaam achternaam familienname imie nazwisko".split()
)
NAME_WORDS = frozenset(
    b"first last full given family middle maiden legal display preferred patient patients customer "
    b"client employee applicant candidate student teacher doctor physician provider member guest "
    b"passenger cardholder holder policyholder beneficiary recipient sender contact account owner "
    b"driver tenant landlord witness guardian mother mothers father fathers spouse partner child "
    b"manager supervisor author claimant insured payee billing shipping traveler traveller your my "
    b"his her their parent caller person real user nurse attending emergency borrower".split()
)
ROLES = frozenset(
    b"patient client customer employee claimant applicant candidate student teacher attending "
    b"physician doctor provider nurse surgeon guest passenger cardholder policyholder holder "
    b"beneficiary recipient sender tenant landlord witness plaintiff defendant guardian spouse wife "
    b"husband mother father son daughter brother sister manager supervisor author attn attention "
    b"claimant insured payee caller contact assignee reporter reviewer signatory officer "
    b"interviewer interviewee driver owner buyer seller borrower member attendees attendee "
    b"participants chair organizer lawyer attorney consultant therapist coordinator represented "
    b"patientin kunde ansprechpartner paciente cliente patiente".split()
)
WEAK_KEYS = frozenset(
    b"from to cc bcc by sender signed user assigned assignee reviewed approved prepared requested "
    b"submitted created opened closed handled owner agent speaker off von de an para a".split()
)
# The last words of a phrase before a name.
INTRODUCTIONS = frozenset(
    {b"name is", b"name was", b"names are", b"call me", b"calls me", b"call him", b"call her"}
    | {b"signed by", b"known as", b"goes by", b"am called", b"is named", b"was named", b"named him"}
    | {b"named her", b"heisse", b"ich heisse", b"me llamo", b"mi chiamo", b"m'appelle", b"je m"}
    | {b"mi nombre", b"nombre es", b"name ist", b"nom est", b"nome e", b"naam is", b"nome is"}
)
PRESENTATIONS = frozenset(
    {b"i am", b"i m", b"this is", b"it is", b"it s", b"ich bin", b"je suis", b"soy"}
)
BESIDE = frozenset(
    b"with by for to from told asked met and named called of that about thanks miss friend wife "
    b"husband brother sister mother father son daughter cousin uncle aunt colleague boss coworker "
    b"neighbor neighbour roommate girlfriend boyfriend partner patient client customer employee "
    b"manager supervisor guy girl man woman boy mom dad mum nephew niece fiance teacher doctor "
    b"ask tell call email invite contact remind message text meet see saw let know like when if "
    b"is was where does did has will can while because said says between but or than as".split()
)
CLOSINGS = frozenset(
    b"regards sincerely best thanks cheers yours truly faithfully love cordially respectfully "
    b"wishes you grussen grusse gruss cordialement atentamente saludos saluti groeten hilsen "
    b"salutations abrazo besos hugs xoxo warmly gratefully thx".split()
)

NOT_NAMES = frozenset(
    b"DOB MRN SSN ID PIN VIP CEO CTO CFO COO HR IT PR QA UK US USA UAE EU UN AM PM OK FYI ASAP RE FW "
    b"FAQ MAC PDF URL API SQL HTML XML JSON CSV AI ML TV PC Mac NO YES AND OR THE OF DATE AGE SEX".split()
)
VERBS = frozenset(b"Will May Hope Mark Grant Sue Chase Rob Don Drew Can Bill Pat Art Bless".split())
NAMED_THINGS = frozenset(
    b"class function method variable file files folder directory column columns table field module "
    b"package library property struct interface object list array dictionary database parameter "
    b"argument attribute key tag branch element constant script planet city town village country "
    b"company dog cat program project app song book movie game team band".split()
)
