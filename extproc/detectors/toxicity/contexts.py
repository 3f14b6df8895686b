"""Where a word is not meant: quoted, explained, reported, or of another sense."""

from extproc.detectors.toxicity.place import Place, expression

# The word as a word. It is talked about and not used.
_MENTION = expression(
    r"\b(?:words?|terms?|slurs?|epithets?|insults?|phrases?|expressions?|mean(?:s|ing)?(?: of)?|"
    r"definition of|defin(?:e|es|ing)|etymology(?: of)?|origins? of|history of|translat\w+|"
    r"pronounc\w+|spell|synonyms? (?:of|for)|called (?:me|him|her|us|them|a|an|my \w+)|"
    r"calls? (?:me|him|her|us|them)|calling (?:me|him|her|us|them|people|someone|"
    r"somebody)(?: an?)?|"
    r"say(?:ing)?|said|lyrics?|song|album|band|subreddit|hashtag|slogan|use of|usage of|using|"
    r"chant(?:ed|ing|s)?|shout(?:ed|ing|s)?|yell(?:ed|ing)?(?: at me)?|scrawled|"
    r"graffiti|quote\w*|(?:told|tell|tells|telling|asked) (?:me|him|her|them|us) to|"
    r"reclaim\w*|what (?:is|are|does|do)|what's an?|whats an?|titled|entitled|movie|novel|band)"
    r"(?: (?:the|a|an|stupid|dumb|fucking|little|dirty|fat|ugly|such as|like|is|was|"
    r"as|of|in|word|term|slur|n-word))*[ :,]*"
    r"(?:[\"'*_`(]|\xe2\x80[\x98-\x9f])*\Z"
)
_MENTION_AFTER = expression(
    r"(?:[\"'*_`)]|\xe2\x80[\x98-\x9f])*,? (?:(?:is|was|are|were|as) (?:considered |"
    r"often |seen as |"
    r"regarded as |still |also )*(?:an? |the )?(?:\w+ ){0,2}(?:word|slur|term|insult|epithet|"
    r"offensive|derogatory|profanity|pejorative|swear|curse|verb|noun|acronym)|mean\b|means\b|"
    r"comes? from|derives?|originat|in (?:german|french|spanish|italian|english|russian|japanese|"
    r"chinese|korean|dutch|polish|portuguese|turkish|arabic|hindi|british|american|australian)\b)"
)
_CITED = expression(
    r"\b(?:quot\w*|lines?|said|says|saying|wrote|writes|written|read|reads|reading|"
    r"titled|phrase|sentence|message|"
    r"translate|text|review|comment|tweet|sign|chant\w*|shouted|yelled|insult|lyrics?|"
    r"called|statements?|words?|"
    r"classify|label|toxic|example|slogan|told me|tells me|stating|states|stated|"
    r"caption|input|utterance)"
    r"[^\"'a-z]{0,4}(?:[\"']|\xe2\x80[\x98\x9c\x9e])[^\"]*\Z"
)
_CITED_END = expression(r"[\"']|\xe2\x80[\x99\x9d]")
_OPENED = expression(r"(?:[\"*_`]|(?<![a-z])'|\xe2\x80[\x98\x9c\x9e]|\xc2\xab ?)\Z")
_CLOSED = expression(r"[\"'*_`]|\xe2\x80[\x99\x9c\x9d]| ?\xc2\xbb")
_DENOUNCED = expression(
    r"\b(?:it(?:'s| is| was)? (?:wrong|racist|sexist|homophobic|hateful|not ok(?:ay)?|"
    r"never ok(?:ay)?|"
    r"unacceptable|bigoted|offensive|rude) to|(?:is|was) it (?:wrong|ok(?:ay)?|offensive|racist|"
    r"rude|bad) to|i hate it when|i would never|no one should|nobody should|"
    r"you can't just|not ok|stop (?:saying|calling|telling)|people (?:who|"
    r"that) (?:say|think|call|believe)|"
    r"(?:don't|dont|do not|never|shouldn't|should not|can't|cannot) (?:\w+ )?(?:say|"
    r"call|tell|use)|"
    r"stereotypes?|misconceptions?|concerns? (?:is|that)|claims? such|criticism|"
    r"the (?:idea|notion|myth|claim|belief|lie|trope|suggestion|assertion) that|"
    r"accus\w+|falsely|alleg\w+|how (?:do|can|should) i (?:respond|react|deal|reply)|"
    r"why (?:do|did|does|would|are|is|was|were)|(?:sick|tired) of (?:people|being|hearing)|"
    r"(?:saying|claiming|implying|suggesting|arguing|thinking|believing) (?:that )?|"
    r"(?:they|he|she|someone|somebody|nazis|racists|bigots|who|people|some|many|ppl) "
    r"(?:\w+ )?(?:say|says|said|think|thinks|believed?|believes|claim|claims|claimed|argued?|"
    r"told me|call|called))\b"
)

_DENOUNCED_AFTER = expression(
    r"(?:[\"']|\xe2\x80[\x99\x9d]),? (?:is|was|are|were|has|isn't) .*\b(?:never|not|nobody|no one|"
    r"wrong|racist|sexist|hateful|"
    r"offensive|unacceptable|bigot\w*|hate speech|untrue|false|stereotype|disgusting|"
    r"rude|hurtful)\b"
)

# Other senses: the word, what stands right before it, what follows from it on.
_SENSES = {
    "pussy": r"\bpussy[ -]?(?:cats?|willows?|foot\w*|riot|bow)|octopussy",
    "pussies": r"\bpuss in boots",
    "dick": r"(?:moby|philip k\.?|tricky|andy|spotted|deadeye) dick|dick (?:van|cheney|"
    r"tracy|clark|"
    r"grayson|whittington|turpin|smith|dastardly|butkus|and jane|francis|wolf|advocaat|fosbury|"
    r"costolo|nixon|gregory|durbin|gephardt)|dick's",
    "dicks": r"dick'?s sporting",
    "cock": (
        r"cock(?:-a-|s?comb| and bull|s crow|tail)|(?:stop|ball|turkey|peacock|weather|"
        r"fighting)[ -]cock"
    ),
    "cocks": r"fighting cocks",
    "ass": r"(?:bad|kick|kicks|kicking|wise|smart|wild|african|asiatic|the) ass\b",
    "asses": r"wild asses",
    "bitch": r"(?:life|karma|payback|revenge)(?:'s| is| was)(?: such)? a bitch|bitch(?:es)? brew",
    "retard": r"(?:fire|flame|to|can|may|will|would|could|that|not|and) retard|"
    r"retard (?:the|growth|"
    r"progress|develop|spoil|ignition|timing|bacteria)",
    "retards": r"retards (?:the|growth|progress|develop|spoil|ignition|bacteria)",
    "retarded": r"retarded (?:growth|potential|time|ignition|timing|position|bond|development|by)|"
    r"mentally retarded persons act",
    "coon": r"maine coon|coon (?:cat|hound|dog|hunt)",
    "coons": r"maine coons",
    "chink": r"chinks? (?:in |of |between|through)",
    "chinks": r"chinks? (?:in |of |between|through)",
    "homo": r"homo[ _-]?(?:sapiens|erectus|habilis|neander|flores|genous|heidel|naledi|economicus|"
    r"ludens|faber|deus|ergaster|lumo)|ecce homo|homo\b.{0,20}\blumo",
    "sissy": r"sissy spacek",
    "bastard": r"bastard (?:sword|file|toadflax|cut|size|balm|tumbler)",
    "fag": r"fag (?:break|end|packet|butt|paper)",
    "fags": r"(?:pack|packet|box|carton) of fags",
    "faggots": r"faggots (?:and|with|in) (?:peas|gravy|mash|onion)|bundles? of",
    "spastic": r"spastic (?:colon|paralysis|paresis|diplegia|cerebral|hemipl|quadr|bladder|"
    r"dysphonia|gait|muscle|movement|para|tone)|spastic and",
    "kaffir": r"kaffir lime",
    "midget": r"(?:mg|midget) (?:racing|car|submarine|wrestl|golf)",
    "tit": r"tit[ -]for[ -]tat|(?:blue|great|coal|willow|marsh|bearded|crested|long-tailed) tit",
    "tits": r"(?:blue|great|coal|willow|marsh|bearded|crested|long-tailed) tits",
    "prick": r"prick (?:up|the|your|his|her|my|test|a )|(?:pin|skin|finger|needle|heel)[ -]?prick",
    "pricks": r"(?:pin|skin|finger|needle|heel)[ -]?pricks|pricks (?:up|the|his|her|my)",
    "douche": r"vaginal douche|douche (?:nasal|with)|nasal douche",
    "whore": r"whore of babylon",
    "die": (
        r"die (?:my|his|her|of (?:embarrass|laugh|cringe|old|boredom|shame|heat|hunger|"
        r"thirst)|for|laughing|hard|alone)|rather die|(?:don't|dont|not|didn't|"
        r"doesn't) (?:want to|wanna) die"
    ),
    "jap": r"jap(?:[.-]|anese)",
    "clit": r"clit\.",
    "smut": r"smut (?:fungus|fungi|disease|spores?)|(?:corn|loose|head|covered) smut",
    "boner": r"boner (?:brook|knife|pet)|sam boner|john boehner",
    "fingering": r"(?:guitar|piano|violin|flute|clarinet|sax\w*|chord|note|scale) fingering",
    "pegging": (
        r"(?:currency|exchange|dollar|tent|rate|price)\W.{0,30}pegging|pegging (?:the|to|"
        r"out)"
    ),
    "threesome": r"(?:golf|golfing)",
    "chinaman": r"chinaman (?:deliver|bowl|peak|arch)",
}
_NEARBY = {
    "ass": r"donkeys?|mules?|onager|stable|bible|nazareth|midsummer|bottom",
    "bitch": r"breed\w*|pupp(?:y|ies)|litter|kennels?|spay\w*|in heat|whelp\w*|akc|pedigree|"
    r"stud|veterinar\w*|female dog",
    "pig": r"my (?:cat|dog|pet|hamster)|guinea|farm\w*|barn|sow|piglets?|livestock|pork",
    "cow": r"farm\w*|barn|milk\w*|calf|livestock|beef",
    "bitches": r"breed\w*|pupp(?:y|ies)|litters?|kennels?|spay\w*|in heat|whelp\w*|veterinar\w*",
    "hoe": r"garden\w*|soil|weeds?|weeding|plant\w*|farm\w*|rakes?|shovels?|spades?|"
    r"tools?|till\w*|"
    r"crops?|rows?|backhoe|row to",
    "hoes": r"garden\w*|soil|weeds?|plant\w*|farm\w*|rakes?|shovels?|spades?|tools?|crops?",
    "cock": r"hens?|roosters?|chickens?|poultry|farm\w*|crow\w*|pheasants?|birds?|robin|hats?|gun|"
    r"pistol|hammer|valves?",
    "cocks": r"hens?|roosters?|chickens?|poultry|farm\w*|crow\w*",
    "dyke": r"water|sea|floods?|flooding|levees?|dutch|netherlands|volcan\w*|magma|offa|hadrian|"
    r"igneous|dams?|marsh|polder|reclaim\w*|dick|van|drain\w*|rock",
    "dykes": r"water|sea|floods?|flooding|levees?|dutch|netherlands|volcan\w*|magma|igneous|dams?|"
    r"rocks?|drain\w*|on bikes|greg",
    "tranny": (
        r"auto|manual|rebuilt|rebuild|4l60|transmissions?|cars?|gears?|fluid|clutch|truck|"
        r"engine|swap"
    ),
    "prick": r"fingers?|needles?|skin|ears?|thumbs?|blood|allerg\w*|fork|potato\w*",
    "tit": r"birds?|nest\w*|feathers?|species",
    "tits": r"birds?|nest\w*|feathers?|species|finch\w*|sparrows?",
    "smut": r"corn|wheat|crops?|fung\w*|sorghum|barley",
    "jackass": r"donkeys?|johnny|knoxville|penguins?|mtv|forever|the movie",
    "rimming": r"glass\w*|cocktails?|salt|margarita",
    "chink": r"armou?r|light|wall|curtain",
    "creampie": r"recipes?|bake|baking|bananas?|coconut|crust",
}
_SENSE_OF = {word: expression(pattern) for word, pattern in _SENSES.items()}
_NEAR = {word: expression(rf"\b(?:{pattern})\b") for word, pattern in _NEARBY.items()}


def is_other_sense(place: Place) -> bool:
    """Whether the word has a harmless sense, and its surroundings are of that one."""
    word = place.word.rsplit(" ", 1)[-1]
    sense, near = _SENSE_OF.get(word), _NEAR.get(word)
    if sense is None and near is None:
        return False
    sentence = place.left[-40:] + place.right
    return bool((sense and sense.search(sentence)) or (near and near.search(sentence)))


def is_mentioned(place: Place) -> bool:
    """Whether the word is named: `the word X`, "X", `what does X mean`."""
    if _OPENED.search(place.left[-3:]) and _CLOSED.match(place.behind):
        return True
    if _CITED.search(place.left) and _CITED_END.search(place.behind):
        return True
    return bool(_MENTION.search(place.left[-60:]) or _MENTION_AFTER.match(place.behind))


def is_denounced(place: Place) -> bool:
    """Whether the sentence tells of what others say, or asks about it."""
    return bool(_DENOUNCED.search(place.left) or _DENOUNCED_AFTER.search(place.right))
