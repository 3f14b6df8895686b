"""Hate of people for what they are, also in words that are harmless by themselves.

A sentence is hateful where a group meets what is said of it: what they are (vermin), do (steal our
jobs), deserve (to be shot), may not (vote), or what the writer feels about them. The singular and
`some` are judged as the plural: nobody is told to go back for being one.
"""

from extproc.detectors.toxicity.contexts import is_denounced
from extproc.detectors.toxicity.place import APOSTROPHE, Judgement, Place, expression

_NOT = (
    rf"(?:can{APOSTROPHE}t|can not|cannot|don{APOSTROPHE}t|do not|doesn{APOSTROPHE}t|"
    rf"does not|never|shouldn{APOSTROPHE}t|should not|should never)"
)
_BE = (
    rf"(?:are|r|is|were|was|{APOSTROPHE}re|aint|be|being|become|look|looks|smell|smells|"
    r"act|acts|sound|behave|breed|reproduce|live|remain|seem)"
)
_MANNER = (
    r"(?:(?!not\b|never\b|no\b|often\b|less\b|afraid\b|victims?\b|called\b|seen\b|"
    r"treated\b|portrayed\b|"
    r"viewed\b|against\b|accused\b|considered\b|labell?ed\b|depicted\b|proud\b|"
    r"subject\b|neither\b|hardly\b|"
    r"at\b|when\b|if\b|because\b|from\b|facing\b|fighting\b|tired\b|sick of\b|about\b|"
    r"in\b)[\w'-]+,? )"
)
_BAD = (
    r"(?:vermin|rats?|cockroach\w*|roach\w*|parasit\w*|leech\w*|animals?|apes?|"
    r"monkeys?|pigs?|dogs?|"
    r"swine|scum|filth\w*|trash|garbage|subhumans?|sub-?human|savages?|barbar\w+|primitiv\w*|"
    r"uncivili[sz]ed|inferior|degenerat\w*|disgust\w*|disgrac\w+|repuls\w+|revolting|"
    r"vile|evil|demon\w*|satan\w*|"
    r"stupid|dumb|idiots?|moron\w*|retard\w*|ignorant|uneducated|low iq|less intelligent|lazy|"
    r"useless|worthless|pathetic|weak|criminals?|thieves|thugs?|rapists?|murderers?|terrorists?|"
    r"killers?|predators?|p(?:a)?edophiles?|pedos?|groomers?|perver\w+|deviants?|sick(?:os?)?|"
    r"mentally (?:ill|sick|disturbed)|crazy|insane|unstable|emotional|hysterical|irrational|"
    r"delusional|confused|indecisive|messed up|fucked up|dirty|smelly|gross|nasty|ugly|fat|greedy|"
    r"cheap|stingy|sneaky|liars?|cheaters?|cheats|crooks?|dishonest|untrustworthy|"
    r"violent|dangerous|aggressive|threat|"
    r"burden|drain on|plague|cancer|disease|virus|poison|infestation|invaders?|"
    r"invasion|enem(?:y|ies)|"
    r"shit\w*|crap|bitches|whores?|sluts?|hoes?|gold ?diggers?|property|objects|incompetent|"
    r"incapable|unfit|unnatural|abomination\w*|abnormal|immoral|sinful|sinners?|sin|"
    r"a choice|a phase|"
    r"fake|freaks?|weird|creepy|annoying|loud|cowards?|moochers?|freeloaders?|bad drivers|worst|"
    r"terrible|horrible|awful|ruining|destroying|taking over|invading|stealing|killing|"
    r"replacing|polluting|spreading|brainwash\w*|controlling|not (?:people|human|real|welcome|"
    r"normal|women|men|really|natural)|better off dead|asking for it|out of control|to blame|"
    r"mistake|oppressed|dumber|bigots?|nazis?|extremists?|radicals?|backwards?|"
    r"scammers?|(?:drug )?dealers?|scams|frauds?|spies|near (?:children|kids)|"
    r"the superior race|unclean|"
    r"diseased|illegals?|attention seek\w*|seeking attention|attention whores?|"
    r"selfish|"
    r"helpless|monsters?|pests?|infested|mental (?:illness|disorder|disease)|disorder|"
    r"man-made|scum of|good for nothing|no better|"
    r"responsible for (?:\w+ ){0,4}(?:crime|pedophilia|trafficking|bombings|diseases?|"
    r"rape|terrorism)|no (?:human|people)|helpless|dependent|a joke|men in dresses|"
    r"boring|lesser|second[- ]class|slaves?|servants?|"
    r"problem|menace|scourge|blight|danger|unwelcome|undesirable\w*|nuts|psychos?|lunatics?|"
    r"hypocrit\w*|traitors?|heartless|soulless|brutes?|not (?:meant|fit|made|suited|capable|"
    r"smart|qualified)|rapey|sexual deviants|good (?:only )?(?:at|for) (?:nothing|"
    r"cleaning|cooking)|"
    r"a waste|less (?:than )?human|not like us|nagging|clowns?|losers?|hate\b|"
    r"incest\w*|inbred\w*)\b"
)
_ARE = expression(
    rf"\S+(?: \w+)?,?(?:'s)? (?:(?:who|that) \w+(?: \w+){{0,3}} )?(?:(?:with|on|in|"
    r"from|of) \w+ )?(?:should be seen as |(?:i think |really |all |just |only |also |"
    rf"always )*{_BE} ){_MANNER}{{0,5}}{_BAD}"
)
_SHOULD = expression(
    r"[\w' -]{1,40}? (?:should(?:n't|nt)?|must|need to|needs to|ought to|deserves? to|"
    r"have to|has to|gotta|"
    r"can all|can go|don't deserve to|do not deserve to|get what)(?: not| all| just|"
    r" never| always| only| really| go| and)* ?"
    r"(?:die|rot|burn|suffer|hang|perish|be (?:\w+ )?(?:killed|shot|exterminated|"
    r"deported|banned|locked|jailed|"
    r"imprisoned|hanged|hung|burned|burnt|gassed|lynched|raped|beaten|castrated|steril\w+|"
    r"eliminated|eradicated|wiped|removed|kicked|thrown|sent|put|forced|kept|near|"
    r"around (?:children|kids)|segregated|rounded|"
    r"punished|executed|slaughtered|enslaved|treated (?:as|like)|pitied|ashamed|allowed|silenced|"
    r"outlawed|illegal|destroyed|feared|avoided|expelled|excluded|fired|tortured|stoned|murdered|"
    r"caged|chained|aborted|drowned|able to (?:vote|adopt|marry|drive|work))|"
    r"(?:know (?:their|its|your) place|stay (?:in|home|out|away|single)|shut up|leave|"
    r"get out|go back|go home|"
    r"not (?:exist|vote|drive|work|breed|reproduce|be (?:allowed|given|granted|alive|"
    r"trusted|permitted|let|considered|here|able|in (?:our|this)))|exist|disappear|"
    r"drown|"
    r"obey|submit|serve|vote\b|have (?:rights|the right|jobs but|kids|children|never)|"
    r"live|equal rights|respect|rights|what they))"
)
_OUGHT = (" should", " must", " need", " ought", " deserve", " ha", " gotta", " can ", " get")
_BENIGN_SHOULD = expression(
    r"should (?:always |all |also )?(?:be (?:able|allowed)|have (?:the )?(?:same |"
    r"equal )?rights?|exist|live|vote)\b"
)
_MAY_NOT = expression(
    rf"[\w'-]+(?: \w+)? (?:{_NOT}|can only|only|will never|have no|has no|lack|lacks|"
    r"has not|have not|are too|are not|arent|aren't|isn't|isnt|dont even)"
    r" (?:even |really |just |all |ever |actually |all that |the )*"
    r"(?:be trusted|be granted|be given|human beings?|be alive|belong|deserve|"
    r"know how|drive|think|understand|love|have any (?:manners|morals|ambition|"
    r"brains?|class|shame|respect|culture)|"
    r"work\b|assimilate|integrate|contribute|count as|be considered|be allowed|exist|real|valid|"
    r"human|people|welcome|equal|make (?:good )?decisions|want to work|pay tax|"
    r"good (?:for|at)|care about|moral|ambition|morals|"
    r"brains?|souls?|intelligence|place|business|sense|honor|shame|self.?control|fit|run a|lead)"
)
_DO = expression(
    r"[\w'-]+(?: \w+)?(?: (?:are|all|always|just|only|will|would|want to|are just|"
    r"are trying to|trying to|come here to|here to|"
    r"come to|love to|like to|just want to|obviously|secretly|really|fucking|have|who|"
    r"that|do nothing but|never stop|literally|they))* "
    r"(?:steal\w*|stole|rap(?:e|es|ing)\b|breed\w* like|reproduc\w* like|"
    r"multiply\w* like|reproduc\w*|outbreed\w*|ruin\w*|destroy\w*|infest\w*|"
    r"invad\w+|leech\w*|moo?ch\w*|drain\w*|stink\w*|smell\b|smells\b|reek\w*|disgust\w*|"
    r"make me (?:sick|want to (?:vomit|puke))|makes me (?:sick|want)|tak(?:e|es|"
    r"ing) (?:over|our|all (?:of )?(?:our|the)|american)|"
    r"control\w* (?:the |our |all )*(?:media|banks?|world|government|hollywood|money|"
    r"press|everything)|own (?:the |all the )?(?:media|banks)|"
    r"run (?:the |all the )?(?:media|banks|world|hollywood)|blow(?:ing)? (?:\w+ )?up|"
    r"behead\w*|kill\w* (?:everyone|us|people|white|innocent|christians)|"
    r"hate (?:us|america|whites?|our|the west|jews|freedom)|prey\w* on|"
    r"spread\w* (?:disease|their|aids|hiv|covid|crime)|"
    r"bring\w* (?:crime|disease|drugs|nothing)|caus\w+ (?:crime|problems|all)|"
    r"commit\w* (?:all|most|crimes)|"
    r"liv(?:e|ing) off|abus\w+ (?:the )?(?:welfare|system|our)|sneak\w*|smuggl\w*|"
    r"lie\b|lies\b|cheat\w*|"
    r"molest\w*|groom\w*|brainwash\w*|corrupt\w*|pollut\w*|contaminat\w*|threaten\w*|"
    r"shov\w+|ram\w* |"
    r"beat their|smack their|oppress|belong in|belongs in|ask for it|deserve (?:it|to|"
    r"what|nothing|no)|"
    r"go crazy|cant drive|love money|eat (?:dogs?|cats?|bats?)|sleep with any|jew\b|"
    r"not be trusted|"
    r"(?:really|even|actually) (?:people|human)|disgusts?\b|are the (?:reason|problem|"
    r"cause)|killed jesus|go to hell|burn in hell|rot in)"
)
_FEELS = expression(
    r"(?:(?:\A\W*|\b(?:i|we|just|really|fucking|fuckin|absolutely|all|everyone|should|"
    r"to|must|honestly|truly|"
    r"fully|so|always|let's|lets|gotta|gonna|time to|please|will|and|also|would|both|"
    r"someone|somebody|hitler|can) )"
    r"(?:hate|attack|despise|loathe|detest|can't stand|cant stand|cannot stand|fuck|"
    r"kill|exterminate|gas|"
    r"deport|shoot|hang|ban|burn|eradicate|lynch|enslave|nuke|bomb|slaughter|castrate|"
    r"behead|rape|expel|purge|"
    r"get rid of|keep out|remove|wipe out|eliminate|execute|murder|beat up|fear|avoid|"
    r"never trust|don't trust|dont trust|would never hire|"
    r"never hire|not hire|don't hire|would never date|could never date|never date|"
    r"refuse to (?:hire|date|serve)|hated|never employ|would never employ|trust no|"
    r"fire|dont hire|discriminate against|kill some|spit on|pity|look down on|"
    r"can't bear|cannot bear|can't tolerate|dislike)|"
    r"\b(?:death to|down with|no more|sick of|tired of|disgusted by|"
    r"better (?:off )?without|rid of|say no to|go away|"
    r"free of|infested with|overrun (?:by|with)|invaded by|full of|filled with|"
    r"invasion of|flood of|hordes of|"
    r"(?:problem|trouble|issue) with|the only good|destroyed by|ruined by|enemy is|"
    r"fault of|blame (?:it on )?|wrong with|"
    r"(?:hate|hatred|disgust|disgusted|tolerance|sympathy|respect) (?:for|of|towards?|with|at)|"
    r"worst \w+ are|afraid of|threat (?:of|from)|dumb as|worse than|controlled by|"
    r"run by|funded by|owned by|not be|"
    r"joke about|jokes about|makes? fun of|what do you call|how many|as (?:dumb|"
    r"stupid|dirty|cheap|lazy) as|better off if|easier if|right about|"
    r"extermination of|genocide of|disgusts me to see|hate seeing|see so many|let in|"
    r"importing|worse thing than|nothing but|let any|should be no|would be no|"
    r"nobody wants|no one wants|don't want|dont want|do not want|rather die than be|"
    r"enough of|purge of|get the|we let|like all|typical))"
    r"(?: (?:all|the|these|those|that|of|them|fucking|fuckin|damn|goddamn|every|any|"
    r"filthy|dirty|stupid|goddamned|"
    r"disgusting|single|last|too|many|a|an|bunch|most|illegal|so|called|stinking|"
    r"bloody|ugly|smelly|other|two|our|gay|with))* \Z"
)
_MILD_FEELS = expression(
    r"\b(?:no more|sick of|tired of|full of|filled with|fear|avoid|remove|how many|"
    r"afraid of|threat of|fault of|"
    r"(?:problem|trouble|issue) with|tolerance (?:for|of)|sympathy for|respect for|"
    r"blame|free of|wrong with|not be|"
    r"say no to|what do you call|joke about|jokes about|run by|owned by|go away|"
    r"funded by|hated|hatred of|how many|typical|get the|we let|let any|right about|"
    r"nothing but|like all|let in|better off if|easier if)\b[^.]*\Z"
)
_REVILED = expression(
    r"\b(?:filthy|dirty|stupid|disgusting|lazy|greedy|damn|goddamn|goddamned|fucking|"
    r"fuckin|ugly|retarded|smelly|"
    r"stinking|stinky|dumb|nasty|worthless|savage|barbaric|subhuman|primitive|"
    r"perverted|degenerate|uppity|"
    r"shitty|bloody|cheap|stingy|backward|uncivilized|uneducated|militant|"
    r"good-for-nothing|freeloading|fucked up|"
    r"job-stealing|welfare|crazy|psycho|hysterical|nagging|bitchy|inferior|half-breed|"
    r"evil|greasy|sneaky|good imm?igrant is a dead)"
    r"(?: (?:little|old|ass|fucking|bunch of|pack of))* \Z"
)
_PREDICATE = expression(
    rf"\b{_BAD}(?: \w+)? (?:are|is) (?:(?:all|always|those|these|usually|mostly|the|a|"
    r"obviously) )*\Z"
)
_FOR = expression(
    r"\b(?:support\w*|protect\w*|defend\w*|help\w*|love|respect\w*|welcome|"
    r"violence against|discriminat\w*|prejudice|"
    r"bias\w*|racism|hatred (?:of|against|towards?)|hate crimes?|attacks? (?:on|"
    r"against)|crimes? against|"
    r"rights|equal\w*|advoca\w*|anti-\w+|phobia|persecut\w*|marginali[sz]ed|"
    r"often (?:called|seen|portrayed|"
    r"treated|blamed|accused|stereotyped|depicted|discriminated)|portray\w*|depict\w*|"
    r"blamed for|considered|"
    r"stigma\w*|myths?|statistics|data shows?|according to|study|research\w*|survey|"
    r"historically|were once|in nazi|"
    r"no (?:reason|evidence)|propaganda|not all|less likely|stereotyp\w*|victims|"
    r"photo\w*|portraits?|camera|lighting|novel|story|film|movie|play|poem|book)\b"
)
_SPARED = expression(r"\b(?:no|not all|not every|few|some|if|when) \Z")
_ASKED = expression(
    r"\A\W*(?:what|how|why|when|where|which|do|does|did|is|are|can|could|should|who|if)\b"
)
_WEAK = frozenset(
    {
        "women",
        "woman",
        "girls",
        "females",
        "men",
        "christians",
        "catholics",
        "chinese",
        "indians",
        "these people",
        "those people",
        "white people",
        "old people",
        "islam",
        "middle east",
        "white men",
        "feminist",
        "feminists",
        "wives",
        "poor people",
        "fat people",
        "homeless people",
        "the homeless",
        "minorities",
        "conservatives",
        "straight men",
        "atheists",
        "being gay",
        "homosexuality",
        "bisexuality",
        "mexican",
        "arab",
        "black man",
    }
)  # named in much that is no hate


def group(place: Place, _score: float) -> Judgement | None:
    """Of people: what is said about them."""
    left, right = place.left, place.right
    score, size = _said(place)
    if not score or is_denounced(place) or _SPARED.search(left):
        return None
    if _FOR.search(left) or _FOR.search(right[size:]):
        return None
    if _ASKED.match(left):
        score -= 0.2
    if place.word in _WEAK:
        score -= 0.15
    return Judgement("hate", round(score, 2), size) if score >= 0.35 else None


def _said(place: Place) -> tuple[float, int]:
    """How hateful it is what is said of a group, and how far that goes; 0 for nothing."""
    right, near = place.right, place.left[-60:]
    ought = _SHOULD.match(right) if any(word in right for word in _OUGHT) else None
    if ought and not _BENIGN_SHOULD.search(ought.group()):
        return 0.75, ought.end()
    if found := _ARE.match(right):
        return 0.7, found.end()
    if found := _DO.match(right) or _MAY_NOT.match(right):
        return 0.6, found.end()
    size = len(place.word)
    if _FEELS.search(near):
        return (0.45 if _MILD_FEELS.search(near) else 0.75), size
    if _REVILED.search(near):
        return 0.65, size
    return (0.6 if _PREDICATE.search(near) else 0), size


def exile(place: Place, score: float) -> Judgement | None:
    """Of being rid of people, whoever they are."""
    if is_denounced(place) or _FOR.search(place.left) or _ASKED.match(place.left):
        return None
    return Judgement("hate", score, len(place.word))
