"""What nobody may be helped with: weapons, drugs, forgeries, crimes.

To name such a thing is no harm; to ask how it is made or done, or to have it made, is.
"""

from extproc.detectors.toxicity.place import Judgement, Place, expression

_ASKS = expression(
    r"\b(?:how (?:to|do i|do you|do we|do people|can i|can you|can we|can one|"
    r"can someone|could i|could you|could one|would i|would you|would one|would "
    r"someone|should i|might i|might one|does one|i can|i could|one can|one could|"
    r"one might|you can|someone (?:can|could|would)|people can)|"
    r"(?:ways?|methods?|strateg\w+|techniques?|tricks|tips|instructions|steps|guide|"
    r"tutorial|plan|procedure|recipe|directions|advice|formula|"
    r"script|program|code|algorithm|software|app|tool|bot|website|manual|blueprint|"
    r"course|scheme|checklist|playbook|campaign|"
    r"speech|post|advertisement|ad|message|email|letter|tweet|video|article|blog|"
    r"manifesto|pamphlet|book|list)s? "
    r"(?:\w+ ){0,3}?(?:to|for|on|of|that|which|about how|in|encouraging|promoting|"
    r"glorifying|teaching|instructing|advocating|inciting|explaining|describing|"
    r"detailing|convincing|persuading|with)|"
    r"step[- ]by[- ]step|teach (?:me|us|someone|people|kids|others|users|children|him|"
    r"her)|help me|show me|tell me|give me|where (?:can|do|could|would|should) (?:i|"
    r"you|one|we)|"
    r"i(?:'d| would)? (?:want|wanna|need|like|am going|am planning|plan) to|"
    r"i'm (?:going|planning|trying|gonna)(?: to)?|im (?:gonna|going to|trying to|"
    r"planning to)|want you to|let's|"
    r"what(?:'s| is| are) (?:the |some |a )?(?:\w+ ){0,2}(?:way|ways|method|methods|"
    r"place|places|technique\w*|tool\w*|strateg\w+|steps|tips|trick\w*)|"
    r"(?:devise|orchestrate|execute|carry out|promot\w+|encourag\w+|glorif\w+|"
    r"justif\w+|incit\w+|perform|conduct|commit|organi[sz]e) (?:\S+ ){0,4})"
)
_HOW = expression(
    r"\b(?:how (?:to|do i|do you|do we|can i|can you|can we|can one|can someone|"
    r"could i|could you|could one|would i|would you|would one|should i|does one|i can|"
    r"i could|one can|you can|might)|"
    r"ways? (?:to|for|of)|methods? (?:to|for|of)|best way|step[- ]by[- ]step|"
    r"instructions|tutorial|guide|teach me|help me|show me|tell me|give me|"
    r"i (?:really )?(?:want|need|wanna|plan) to|plan (?:to|for)|where (?:can|do) i)\b"
)
_MAKE = expression(
    r"(?:\b(?:how (?:to|do i|do you|can i|can you|can we|would i|would you|could i|"
    r"do we|should i|i can|one might|one could|you can)|ways? (?:to|of)|steps (?:to|"
    r"for|of)|instructions (?:to|for|on)|"
    r"guide (?:to|on|for)|tutorial (?:to|on|for)|recipe for|recipes for|teach me|"
    r"help me|where (?:can|do|could|should|would) (?:i|you|one|we)|want to|wanna|"
    r"need to|gonna|going to|plan to|"
    r"(?:show|tell|give|explain|describe|provide|write|create|outline|detail|list|"
    r"share)\b.{0,60}\b(?:for|to|of|on|how to|in)|can you|could you|please|"
    r"step[- ]by[- ]step)|\A\W*(?=(?:please |just |now |quickly )*(?:make|build|"
    r"construct|create|write|develop|design|generate|draft|produce|code|program|"
    r"compose|give|provide|sell|find|get|buy|synthesi[sz]e|manufacture|send|"
    r"publish)\b))"
    r"(?: ?(?:\w+ ){0,4}?)"
    r"(?:mak(?:e|ing)|build(?:ing)?|construct\w*|creat(?:e|ing)|assembl\w*|"
    r"manufactur\w*|produc(?:e|ing)|production of|synthesi[sz]\w*|synthesis of|"
    r"cook\w*|"
    r"brew\w*|prepar\w*|extract\w*|craft\w*|develop\w*|design\w*|set off|detonat\w*|"
    r"plant(?:ing)?|deploy\w*|"
    r"smuggl\w*|buy(?:ing)?|purchas\w*|obtain\w*|acquir\w*|get (?:my hands on|some|"
    r"hold of|away with|a hold of|me|a|an)|sell(?:ing)?|order(?:ing)?|deal(?:ing)?|"
    r"distribut\w*|writ(?:e|ing)|cod(?:e|ing)|program(?:ming)?|spread(?:ing)?|"
    r"launch\w*|perform\w*|carry out|"
    r"conduct\w*|execut\w*|inject\w*|install\w*|generat\w*|draft\w*|weaponi[sz]\w*|"
    r"cultur\w*|cultivat\w*|grow(?:ing)?|"
    r"modify|convert(?:ing)?|3d[- ]print\w*|print(?:ing)?|hid(?:e|ing)|conceal\w*|"
    r"forg(?:e|ing)|fabricat\w*|pass(?:ing)?|publish\w*|compos\w*|"
    r"cut|find|score|use|using|send(?:ing)?|give|tell|make up|promot\w*|provide|bring|"
    r"sneak|transport|import)"
    r" (?:(?!about\b|against\b|regarding\b|on\b|prevent|stop|quit|avoid|fight|detect|"
    r"remov|people|without|off\b|with\b|from\b|why\b|who\b|what\b|is\b|are\b|sure\b|"
    r"sense\b|story\b|essay\b|poem\b|film\b|movie\b|report\b|song\b|"
    r"article\b)\S+ ){0,6}\Z"
)
_INNOCENT = expression(
    r"\b(?:prevent\w*|protect\w*|stop(?:ping)?|defend\w*|defen[cs]e|detects?|"
    r"detecting|detector|recogni[sz]\w+|identify\w*|report(?:ing|s)?|combat\w*|"
    r"fight(?:ing)?|"
    r"penalt\w+|punish\w*|legal|legally|law|laws|lawyer\w*|victims?|histor\w+|why|"
    r"aware\w*|awareness|ethical|simulat\w*|drill|survivors?|recover\w*|quit|"
    r"quitting|rehab\w*|addict\w*|treatment|treat|treating|therap\w+|minecraft|"
    r"fortnite|gta|grand theft|call of duty|hitman \d|video ?games?|in[- ]game|"
    r"the game|board game|roblox|"
    r"sims|skyrim|zelda|elden|pokemon|dnd|d&d|dungeons|chess|movies?|films?|novels?|"
    r"fiction\w*|tv shows?|episode|museum|charged with|arrested|accused|convicted|"
    r"suspects?|"
    r"sentenced|police (?:said|report)|court|trial|alleged\w*|investigat\w*|uninstall|"
    r"antivirus|anti-virus|mitigat\w*|avoid (?:being|getting|becoming|a|an|the|"
    r"falling|"
    r"phishing|scams?|identity|malware|fraud|plagiarism|ransomware|viruses)|"
    r"avoiding (?:scams?|identity|fraud|plagiarism|phishing)|got hacked|"
    r"been (?:hacked|stolen|scammed|robbed)|"
    r"(?:car|bike|identity|account|wallet|phone|card|money|i) was (?:stolen|hacked|"
    r"scammed|robbed)|were stolen|safe from|is it (?:ok|okay|legal|illegal|wrong|"
    r"a crime)|consequences|against|dangers? of|risks? of|effects? of|side effects|"
    r"halloween|costume|cosplay|recipe book|cake|prank|bees?|wasps?|ants|mosquito\w*|"
    r"cockroach\w*|mice|weeds?|bacteria|germs|stain|plants?|training|"
    r"phish(?:ing)? (?:training|test|simulation)|"
    r"spot (?:a|an|fake|phishing)|signs of|tell if|know if|deal with|cope with|"
    r"respond to|overcome|support|counsel\w*|compliance|remov(?:e|ing|al)|clean|scan|"
    r"scanner|secure|hotline|life hack\w*|growth hack\w*|hackathon|"
    r"hacker ?rank|difference between|definition|bath bombs?|essay|research paper|"
    r"thesis|documentary|"
    r"someone (?:has |have )?(?:been )?(?:stole|hacked|is stealing)|from (?:stealing|"
    r"hacking|being)|red dead|cyberpunk|witcher|fallout|far cry|payday|among us|"
    r"terraria|stardew|valorant|csgo|overwatch|league of legends|dota|warcraft|diablo|"
    r"halo|resident evil|last of us|rimworld|civ(?:ilization)? \w+|xcom|baldur\S*|"
    r"bomberman|mario|sonic|rpg|tabletop|cosplay|lego|escape room|murder mystery|"
    r"magic trick|nerf|paintball|airsoft|laser tag|water gun|toy)\b"
)
_DETECTION_ONLY = expression(
    r"\b(?:avoid|evad\w+|bypass\w*|without) (?:\w+ )?(?:detect\w+|law|police|security|"
    r"getting|being caught|suspicion)"
)
_THINGS = {
    "bomb": (
        r"bomb (?:cyclone|calorimeter|shelter|disposal|squad|pop|\.com|diggity|ass)|"
        r"(?:bath|photo|cherry|seed|glitter|stink|paint|cocoa|chocolate|jager|sex|f|smoke|"
        r"water|fusion|love|time) bomb|\bthe bomb\b"
    ),
    "bombs": (
        r"(?:bath|photo|cherry|seed|glitter|stink|paint|cocoa|chocolate|jager|sex|f|smoke|"
        r"water|fat|hot chocolate) bombs"
    ),
    "coke": (
        r"coke (?:zero|float|can|bottle|machine|cola|oven|and|ad\b|light)|(?:can|bottle|"
        r"glass|cup|pack|cans|bottles|diet|rum and|a|case|liter) (?:of )?coke|coke\?"
    ),
    "burn down": r"burn down (?:chart|rate|list|the candle)",
    "heist": r"heist (?:movie|film|story|game|novel|crew|genre)|gta",
    "suicide": (
        r"suicide (?:squad|bomber|prevention|hotline|door|king|rate|awareness|risk|watch|"
        r"mission)|political suicide|career suicide"
    ),
    "assassin": r"assassin'?s? (?:creed|bug)",
    "bully": r"bully (?:stick|beef|for)|bully\b.{0,12}(?:dog|breed)|pitbull|american bully",
    "set fire to": r"set fire to the rain",
    "meth": r"meth (?:lab|heads?|addict|od)\b",
    "cocaine": r"cocaine (?:bear|anonymous|cowboys|addict\w*|use\b|users?)",
    "heroin": r"heroin (?:chic|addict\w*|users?|use\b)",
    "get away with": (
        r"get away with (?:wearing|not wearing|less|using|a (?:small|light))|"
        r"get away with my (?:family|friends|wife)"
    ),
    "getting away with": r"getting away with (?:my|wearing)",
    "grenade": r"pull the pin",
}
_OBJECTS = {
    "hack": r"hack\w* (?:into )?(?:(?:a|an|the|my|his|her|their|your|our|some|any|other|"
    r"another|into) )*(?:\S+ ){0,2}?(?:accounts?|websites?|computers?|"
    r"emails?|phones?|wi-?fi|networks?|servers?|databases?|facebook|instagram|"
    r"snapchat|banks?|systems?|atms?|webcams?|cameras?|government|hospital|someone\S*|"
    r"somebody\S*|people\S*|persons?\S*|girlfriend\S*|boyfriend\S*|wife\S*|husband\S*|"
    r"school\S*|company\S*|cars?|election|voting|satellites?|grid|passwords?|icloud|"
    r"gmail|whatsapp|"
    r"iphone|cell|devices?|router|neighbou?r\S*|ex\b|boss\S*|security|infrastructure|"
    r"plants?|airplanes?|traffic|pacemaker|nasa|pentagon|fbi|cia|profile|machine)",
    "steal": r"steal\w* (?:\S+ ){0,3}?(?:from|money|cash|credit|cars?|identit\w+|"
    r"personal|private|data|passwords?|someone\S*|people\S*|information|jewel\w*|bikes?|"
    r"bicycle|phones?|"
    r"wallets?|purses?|packages?|secrets?|files|documents|accounts?|bitcoins?|"
    r"crypto\w*|stores?|shops?|supermarket|medication|drugs|guns?|weapons?|nuclear|"
    r"confidential|sensitive|"
    r"intellectual|wifi|electricity|cable|items|merchandise|something|stuff|things|"
    r"catalytic|copper|dog|cat|baby|artifacts?|paintings?|organs?|trade|classified|"
    r"votes|election|goods|clothes|laptop)",
    "rob": r"rob\w* (?:(?:a|an|the|some|my|your) )?(?:\w+ )?(?:bank|store|jewel\w*|"
    r"house|home|person|people|someone|somebody|shop|gas station|liquor|casino|train|"
    r"armored|museum|"
    r"lady|woman|man|neighbou?r\S*|atm|grave|convenience|pharmacy|strangers?|tourists?)",
    "stalk": (
        r"stalk\w* (?:(?:a|an|the|my|your|his|her|another) )?(?:\S+ )?(?:ex\b|ex-\w+|"
        r"girl\w*|woman|person|someone|somebody|people|celebrit\w+|her|him|them|"
        r"neighbou?r|coworker|victim|classmate|crush)"
    ),
    "break into": (
        r"break\w* into (?:\S+ ){0,3}?(?:house|home|car|cars|apartment|bank|building|"
        r"store|safe|account|computer|phone|office|school|system|vehicle|room|network|"
        r"server|property|museum|garage|warehouse|facility)"
    ),
    "smuggl": r"smuggl\w* (?:\S+ ){0,3}?(?:people|drugs|cocaine|heroin|weed|weapons?|"
    r"guns?|goods|migrants|immigrants|contraband|cigarettes|alcohol|something|anything|"
    r"items|cash|money|gold|"
    r"diamonds|animals|across|customs|prison|border|humans|women|children|ivory|country)",
    "brib": (
        r"brib\w* (?:\S+ ){0,2}?(?:police|cops?|officers?|officials?|judges?|politicians?|"
        r"inspectors?|government|jury|jurors?|witness\w*|customs|teachers?|professors?|"
        r"someone|referees?|doctors?|border|guards?|mayor|senators?|school|admissions)|"
        r"bribery"
    ),
    "hijack": (
        r"hijack\w* (?:\S+ )?(?:planes?|airplanes?|aircraft|cars?|trucks?|ships?|bus|"
        r"buses|trains?|accounts?|sessions?|phones?|drones?|someone\S*|flights?|"
        r"satellites?|computers?|boats?)"
    ),
    "spy": (
        r"(?:spy|spying) on (?:(?:my|a|the|his|her|your|other|another|some) )*(?:wife|"
        r"girlfriend|boyfriend|husband|people|neighbou?rs?|employees?|partner|someone\S*|"
        r"ex\b|women|girls?|roommate|spouse|family|kids?|coworkers?|classmates?|person|"
        r"friends?|competitors?|citizens)"
    ),
    "sabotag": (
        r"sabotag\w* (?:\S+ )?(?:cars?|vehicles?|trains?|power|company|coworker\S*|"
        r"colleague\S*|competitor\S*|election|factory|property|someone\S*|building|"
        r"planes?|equipment|machines?|brakes|railway|bridge|infrastructure|boss\S*|"
        r"condoms?|relationship)"
    ),
    "vandali": (
        r"vandali\w* (?:\S+ )?(?:cars?|property|school|building|statues?|monument|church|"
        r"mosque|synagogue|house|someone\S*|wikipedia|graves?|park)"
    ),
    "poach": (
        r"poach\w* (?:\S+ )?(?:rhino\w*|elephants?|ivory|tigers?|deer|endangered|animals|"
        r"wildlife|lions?|gorillas?)"
    ),
    "forg": (
        r"forg(?:e|ing) (?:(?:a|an|my|someone's|someone\S*|the|his|her|fake|"
        r"official) )*(?:\S+ )?(?:signatures?|prescriptions?|che(?:ck|que)s?|documents?|"
        r"passports?|ids?|licen[sc]es?|certificates?|money|currency|paintings?|will|"
        r"visas?|diplomas?|note|letters?|papers|transcripts?)"
    ),
    "pick a lock": r"pick a lock(?! on my| of my)",
    "get rid of a body": (
        r"get rid of a body(?! (?:odou?r|hair|fat|acne|ache|wash|part|image|lice|spray))"
    ),
    "blow up": (
        r"blow\w* up (?:(?:a|an|the|my|some|that|this) )?(?:\w+ )?(?:building|bridge|"
        r"school|car|house|plane|train|church|mosque|synagogue|hospital|government|city|"
        r"stadium|mall|people|someone|atm|bank|police|office|airport|subway|dam|"
        r"white house|hotel|embassy|power)"
    ),
}
for _word, _base in (
    ("smuggle", "smuggl"),
    ("smuggling", "smuggl"),
    ("smuggled", "smuggl"),
    ("bribe", "brib"),
    ("bribes", "brib"),
    ("bribing", "brib"),
    ("spy on", "spy"),
    ("spying on", "spy"),
    ("sabotage", "sabotag"),
    ("vandalize", "vandali"),
    ("vandalise", "vandali"),
    ("poaching", "poach"),
    ("forge", "forg"),
    ("forging", "forg"),
    ("hacking", "hack"),
    ("hacks", "hack"),
    ("stealing", "steal"),
    ("steals", "steal"),
    ("robbing", "rob"),
    ("stalking", "stalk"),
    ("breaking into", "break into"),
    ("blowing up", "blow up"),
):
    _OBJECTS[_word] = _OBJECTS[_base]
_OBJECT = {word: expression(pattern) for word, pattern in _OBJECTS.items()}
_OTHER = {word: expression(pattern) for word, pattern in _THINGS.items()}
_COMPOSITION = expression(
    r"\b(?:write|compose|tell|create|generate|draft|give|make|publish|post|share|"
    r"produce|develop|design|invent|send)\b(?: \S+){0,4} \Z"
)
_ABOUT = expression(
    r"\b(?:about|against|on|regarding|discuss\w*|anti\S*|analy[sz]\w*|counter\w*|"
    r"debunk\w*|why|impact|history|avoid\w*|non|less|without|isn't|not|detect\w*|"
    r"classif\w*|identif\w*|prevent\w*|summar\w*|explain\w*)\b"
)
_WORK = expression(
    r"\S+(?:,? (?:and |or )?\S+){0,3}? (?:jokes?|speech|posts?|tweets?|comments?|"
    r"messages?|articles?|essays?|songs?|poems?|memes?|emails?|letters?|content|"
    r"propaganda|"
    r"manifestos?|slurs?|stor(?:y|ies)|remarks?|images?|videos?|captions?|rants?|"
    r"blogs?|ads?|campaigns?|scripts?|limericks?|insults?|statements?|language|things|"
    r"reviews?|tutorial|program|algorithm|chants?|slogans?)\b"
)
_FAKE_WORK = expression(r"\S+(?: \S+){0,4}")
_DEED = expression(
    r"\w+ (?:(?:a|an|the|my|his|her|your|our|some|another|other|random|innocent|"
    r"as many) )*(?:\w+ )?"
    r"(?:persons?|people|someone|somebody|man|men|woman|women|child|children|kids?|"
    r"baby|babies|wife|husband|girlfriend|boyfriend|boss|"
    r"neighbou?rs?|parents?|mother|father|mom|dad|brother|sister|grandma|grandmother|"
    r"roommate|co-?worker|colleagues?|president|politicians?|cops?|police officers?|"
    r"enemy|enemies|rivals?|classmates?|teachers?|students?|friends?|ex|ex-\w+|him|"
    r"her|them|myself|yourself|civilians?|humans?|family|in-laws?|spouse|partner|"
    r"guy|girl|boy|bully|homeless|prime minister|celebrity|judge|witness|minors?|"
    r"senator|pope|king|queen|girls|boys|prisoners?|hostages?|victims?|animals|dogs?|"
    r"cats?|pupp(?:y|ies)|kittens?|captives?|suspects?|strangers?|crowd|immigrants|"
    r"muslims|jews)\b(?!'s (?:heart|feelings|process))"
)
_MACHINE = expression(
    r"\b(?:process\w*|threads?|nodes?|linux|python|unix|windows|commands?|tasks?|"
    r"daemon|servers?|containers?|scripts?|programs?|ports?|pods?|jobs?|"
    r"sessions?|shell|terminal|bash|java\w*|docker|kubernetes|apps?|application|"
    r"photos?|portraits?|cameras?|film|video|pictures?|lens|text|"
    r"email|message|feelings|time|mood|vibe|buzz|drum|eggs?|batter|clock|system|"
    r"record|odds|laughter|kindness|boredom|basketball|hoops|"
    r"free throw|high five|wedding|hug|photograph\w*|film\w*|headshots?)\b"
)


def _is_innocent(place: Place) -> bool:
    text = place.before + place.right
    if _DETECTION_ONLY.search(text):
        text = _DETECTION_ONLY.sub("", text)
    return bool(_INNOCENT.search(text))


def _is_other_thing(place: Place) -> bool:
    other = _OTHER.get(place.word)
    return bool(other and other.search(place.left[-30:] + place.right))


def made(place: Place, score: float) -> Judgement | None:
    """Of a weapon, a drug or malware: that somebody wants to make or get it."""
    if not _MAKE.search(place.left) or _is_other_thing(place) or _is_innocent(place):
        return None
    return Judgement("illicit", score, len(place.word))


def composed(place: Place, score: float) -> Judgement | None:
    """Of hate: that somebody wants it written."""
    found = _COMPOSITION.search(place.left)
    work = _WORK.match(place.right)
    if not found or not work or _ABOUT.search(found.group()) or _is_innocent(place):
        return None
    return Judgement("hate" if score > 0.7 else "illicit", score, work.end())


def forged(place: Place, score: float) -> Judgement | None:
    """Of a forgery: that somebody wants it made."""
    made_left = _MAKE.search(place.left) or _COMPOSITION.search(place.left)
    if not made_left or _ABOUT.search(made_left.group()) or _is_innocent(place):
        return None
    return Judgement("illicit", score, len(place.word))


def committed(place: Place, score: float) -> Judgement | None:
    """Of a crime: that somebody wants to commit it, or have it planned or praised."""
    asked = _ASKS.search(place.left)
    if not asked or _is_other_thing(place) or _is_innocent(place):
        return None
    needed = _OBJECT.get(place.word)
    if needed and not needed.match(place.right):
        return None
    if _FICTION.search(place.left):
        return None
    sure = _HOW.search(place.left)
    return Judgement("illicit", score if sure else round(score - 0.15, 2), len(place.word))


_FICTION = expression(
    r"\b(?:story|stories|novel|poem|movie|film|essay|song|lyrics|plot|character|scene|"
    r"history|news|headline|review|game|summary|summari[sz]e|short story|joke|riddle|"
    r"debate|"
    r"report|case|dialogue|screenplay|sentence|paragraph|about (?:a|an|the|how|why|what))\b"
)


_SPORT = frozenset({"beat", "attack", "burn", "gas", "bomb"})  # done in games and kitchens too


def done(place: Place, score: float) -> Judgement | None:
    """Of violence: that somebody asks how it is done."""
    deed = None if place.word in _SPORT else _DEED.match(place.right)
    if not deed or not _HOW.search(place.left) or _MACHINE.search(place.right):
        return None
    if _is_innocent(place) or _FICTION.search(place.left):
        return None
    return Judgement("illicit", score, deed.end())
