"""Words beside a name that tell what it is, in lower case where a text may write them so."""

# Before a name. They are written with a capital, so that they stand in one run with it.
TITLES = frozenset(
    b"Mr Mrs Ms Miss Mx Dr Prof Professor Doctor Sir Madam Dame Herr Frau Hr Fr Mme Mlle "
    b"Monsieur Madame Mademoiselle Senor Senora Senorita Sr Sra Srta Dona Signor Signora Sig "
    b"Dott Dottor Dhr Mevr Mevrouw Meneer Shri Smt Kumari Sheikh Sheikha Rabbi Imam Rev Reverend "
    b"Capt Captain Sgt Sergeant Lt Lieutenant Cpl Col Colonel Maj Cmdr Det Detective Officer "
    b"Insp Inspector Judge Senator Sen Congressman Congresswoman Councillor Ambassador Nurse "
    b"Uncle Aunt Auntie Aunty Grandma Grandpa Atty Attorney Hon MR MRS MS DR PROF".split()
)
GREETINGS = frozenset(
    b"Dear Hi Hello Hey Hallo Hola Bonjour Salut Ciao Liebe Lieber Geachte Beste Estimado "
    b"Estimada Querido Querida Cher Chere Caro Cara Gentile Egregio Kjaere Hej Thanks Welcome "
    b"Morning Afternoon Evening Goodbye Bye Congratulations Prezado Prezada Ola Dag".split()
)
SUFFIXES = frozenset(b"Jr Sr II III IV Jnr Snr".split())
DEGREES = frozenset(b"MD PhD Esq DDS RN DO MBA CPA BSc MSc FRCS QC KC".split())

# Behind or before a name they make a place, a firm or a thing of it.
NOT_AFTER = frozenset(
    b"Street St Avenue Ave Road Rd Boulevard Blvd Drive Dr Lane Ln Court Ct Place Pl Square Sq "
    b"Way Terrace Close Crescent Gardens Parkway Pkwy Highway Hwy Circle Trail Bridge Building "
    b"Tower Towers House Hall Hotel Inn Resort Airport Station Park Stadium Arena Center Centre "
    b"Mall University College School Academy Institute Library Museum Theatre Theater Church "
    b"Cathedral Chapel Temple Hospital Clinic Medical Foundation Trust Fund Bank Inc Corp "
    b"Corporation Ltd LLC LLP PLC Plc GmbH AG Co Company Companies Group Holdings Partners "
    b"Associates Brothers Bros Sons Industries Enterprises Technologies Systems Solutions "
    b"Software Services Consulting Airlines Airways Motors Records Press Media Pictures Studios "
    b"Entertainment News Times Post County City Town Village State Island Islands Lake River "
    b"Creek Bay Beach Valley Mountain Mountains Hill Hills Falls Forest Desert Coast Ocean Sea "
    b"Bridge Cup Prize Award Awards Medal Act Law Theorem Theory Equation Distribution Algorithm "
    b"Method Test Scale Score Syndrome Disease Effect Constant Transform Series Function Matrix "
    b"Number Index Protocol Conjecture Project Plan Report Team Club United Rovers Day Festival "
    b"Show Bible Catheter Server Studio Code Cloud Desktop Engine Framework API App".split()
)
NOT_BEFORE = frozenset(
    b"Mount Mt Lake Fort Ft Port San Santa Santo Sao Saint St Ste Los Las El La Le New North "
    b"South East West Cape Camp Castle Hotel University Universitat Universite Universidad Rue "
    b"Calle Via Avenida Avenue Plaza Piazza Place Hotel Rio Puerto Ciudad Villa Lago Monte Team "
    b"Operation Hurricane Tropical Windows Apache Google Microsoft Amazon Python Java Ruby "
    b"Visual Super Rua Ulica Ctra Carrer USS USCGC USNS USNV HMS".split()
)

PARTICLES = (
    b"van|von|vom|der|den|ten|ter|de|da|do|dos|das|del|della|di|du|la|le|lo|los|las|bin|ibn|binti"
    b"|al|el|af|av|zu|zur|zum|op|st|ap"
)

# The last word of a key whose value is a name, with the words it may follow.
NAME_KEYS = frozenset(
    b"firstname lastname fullname surname forename familyname givenname middlename maidenname "
    b"fname lname nombre apellido apellidos nom prenom vorname nachname cognome voornaam "
    b"achternaam familienname imie nazwisko".split()
)
NAME_WORDS = frozenset(
    b"first last full given family middle maiden legal display preferred patient patients "
    b"customer client employee applicant candidate student teacher doctor physician provider "
    b"member guest passenger cardholder holder policyholder beneficiary recipient sender contact "
    b"account owner driver tenant landlord witness guardian mother mothers father fathers spouse "
    b"partner child manager supervisor author claimant insured payee billing shipping traveler "
    b"traveller your my his her their parent caller person real user nurse attending emergency "
    b"borrower".split()
)
ROLES = frozenset(
    b"patient client customer employee claimant applicant candidate student teacher attending "
    b"physician doctor provider nurse surgeon guest passenger cardholder policyholder holder "
    b"beneficiary recipient sender tenant landlord witness plaintiff defendant guardian spouse "
    b"wife husband mother father son daughter brother sister manager supervisor author attn "
    b"attention claimant insured payee caller contact assignee reporter reviewer signatory "
    b"officer interviewer interviewee driver owner buyer seller borrower member attendees "
    b"attendee participants chair organizer lawyer attorney consultant therapist coordinator "
    b"represented patientin kunde ansprechpartner paciente cliente patiente".split()
)
WEAK_KEYS = frozenset(
    b"from to cc bcc by sender signed user assigned assignee reviewed approved prepared "
    b"requested submitted created opened closed handled owner agent speaker off von de an "
    b"para a".split()
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
    b"husband brother sister mother father son daughter cousin uncle aunt colleague boss "
    b"coworker neighbor neighbour roommate girlfriend boyfriend partner patient client customer "
    b"employee manager supervisor guy girl man woman boy mom dad mum nephew niece fiance teacher "
    b"doctor ask tell call email invite contact remind message text meet see saw let know like "
    b"when if is was where does did has will can while because said says between but or "
    b"than as".split()
)
CLOSINGS = frozenset(
    b"regards sincerely best thanks cheers yours truly faithfully love cordially respectfully "
    b"wishes you grussen grusse gruss cordialement atentamente saludos saluti groeten hilsen "
    b"salutations abrazo besos hugs xoxo warmly gratefully thx".split()
)

NOT_NAMES = frozenset(
    b"IRA DOB MRN SSN ID PIN VIP CEO CTO CFO COO HR IT PR QA UK US USA UAE EU UN AM PM OK FYI ASAP "
    b"RE FW FAQ MAC PDF URL API SQL HTML XML JSON CSV AI ML TV PC Mac NO YES AND OR THE OF DATE "
    b"AGE SEX".split()
)
VERBS = frozenset(b"Will May Hope Mark Grant Sue Chase Rob Don Drew Can Bill Pat Art Bless".split())
NAMED_THINGS = frozenset(
    b"class function method variable file files folder directory column columns table field "
    b"module package library property struct interface object list array dictionary database "
    b"parameter argument attribute key tag branch element constant script planet city town "
    b"village country company dog cat program project app song book movie game team band".split()
)
