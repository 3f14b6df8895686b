"""What is said to a person: insults, threats, wishes of death."""

from extproc.detectors.toxicity.contexts import is_denounced
from extproc.detectors.toxicity.place import APOSTROPHE, Judgement, Place, expression

_INTENSE = (
    r"(?:(?:a|an|the|such|so|just|really|very|all|are|r|is|be|being|re|look like|"
    r"looks like|sound like|sounds like|act like|acting like|fucking|fuckin|fkn|"
    r"freaking|"
    r"frigging|effing|bloody|damn|goddamn|absolute(?:ly)?|complete(?:ly)?|"
    r"total(?:ly)?|utter(?:ly)?|"
    r"little|big|fat|old|poor|sad|pathetic|stupid|dumb|ugly|disgusting|miserable|"
    r"worthless|useless|"
    r"nothing|but|nothing but|bunch|load|pack|of|literally|clearly|obviously|truly|sick|crazy|"
    r"lying|dirty|filthy|silly|ignorant|incompetent|white|black|piece|sorry|pile|sack|excuse|for|"
    r"lazy|annoying|spineless|arrogant|two-faced|mindless|brainless|brain|dead|hopeless|bitter|"
    r"self-righteous|low|racist|fascist|nazi|massive|giant|huge|biggest|world's|most|also|still|"
    r"always|too|kind|looks?|looking|sounds?|sounding|acting|some|one|another|human|"
    r"motherfucking|sir|people|guys|lot|folks|seriously|must be|have to be|whiny|"
    r"entitled|gullible|smelly|nasty|evil|vile|rotten|cheap|fake) )"
)
_AIMED = expression(
    rf"(?:\b(?:you|u|ya|yall|y{APOSTROPHE}all|ur|thou|you{APOSTROPHE}re|you are|you all|you guys|"
    r"you people|you look|you sound|you act|your(?= (?:a|an|such|so|just|the|"
    rf"too) ))[, ]+{_INTENSE}{{0,6}}"
    r"|\bstop being (?:such )?(?:a |an )?(?:\w+ )?|@\w+[:,]? (?:@\w+ )*(?:is |are |"
    r"such |an? |the |fucking |stupid |dumb |ur |u )+"
    r"|(?:shut up|shut it|fuck off|piss off|gtfo|get lost|go away|screw you|fuck you|"
    r"hey|listen|wow|"
    rf"nice (?:one|try|job)|calm down|cry more|grow up),? (?:you )?{_INTENSE}{{0,4}})\Z"
)
_OF_OTHERS = expression(
    rf"\b(?:(?:he|she|they){APOSTROPHE}(?:s|re)|(?:he|she|they) (?:is|are)|they|"
    r"(?:this|that|these|those|what an?|such an?|some) (?:\w+ )?(?:guy|man|woman|girl|person|dude|"
    r"kid|people|chick|author|editor|user|admin|politician|president|players?) (?:is|"
    r"are)|what an?|"
    r"such an?|(?:this|that|dis|dat|these|those|all) (?:fucking|stupid|dumb|old|fat|"
    rf"ugly))[, ]+{_INTENSE}{{0,5}}\Z"
)
_MYSELF = expression(r"\b(?:i am|i'm|im|i was|i feel|i felt|me feel|i look|i sound|myself|am i)\b")
_ITSELF = expression(r"\A[^a-z]*(?:@\w+[^a-z@]+)*\Z")
_NOT_MEANT = expression(
    r"\b(?:if you|do you|did you|are you (?:saying|calling|sure)|don't you|think you|told you|"
    r"you(?:'re| are) not|made you|(?:make|makes|making) you|not saying|feel(?:s|ing)?|"
    r"(?:call|called|calling|calls) you|with your|in your|of your|have you|you have|"
    r"you need|your (?:dog|cat|"
    r"code|phone|computer|car|question|idea|answer|joke|hat|poem|story|character|"
    r"monkey|pig|rat))\b"
)

SOMEBODY = (
    r"(?:you|u|ur|ya|yall|him|her|them|em|your|his|their|those|these|that|all|every|everyone|"
    r"everybody|anyone|my|the)\b"
)
_WILL = expression(
    rf"\b(?:i|we|ill|im|ima|imma|i{APOSTROPHE}(?:ll|m|d|ma)|we{APOSTROPHE}(?:ll|re)|"
    r"somebody|someone|"
    rf"(?:he|she|they){APOSTROPHE}ll)\b(?: (?:will|shall|would|should|must|can|could|"
    r"am|are|is|be|swear|"
    r"promise|to|god|gonna|going|gon|finna|boutta|bout|about|wanna|want|need|gotta|"
    r"have|hope|really|"
    r"just|so|fucking|fuckin|personally|come|coming|(?:find|get|hunt|catch|track|beat|"
    r"punch|take|follow) (?:you|him|her|them)(?: down)?|go|over|and|there|find|then|"
    r"literally|ll|"
    r"be|i|happily|gladly|hereby|ought|try)){0,7} \Z"
)
_LETS = expression(
    rf"(?:\A\W*|\b(?:let{APOSTROPHE}s|lets|go|should|must|gotta|gonna|someone|please|"
    r"somebody|just|"
    r"to|and) )(?:all )?\Z"
)
_HARM = expression(rf"\w+ (?:the (?:shit|hell|fuck|crap|life) out of )?(?:{SOMEBODY})")
_HARM_YOU = expression(r"\w+ (?:you|u|ur|ya|yall|your|y'all)\b")
_PEOPLE = (
    r"(?:people|person|man|men|woman|women|girl|girls|boy|boys|kids?|child|children|"
    r"bitch\w*|family|"
    r"wife|husband|boss|teacher|cops?|police|jews?|muslims?|blacks?|whites?|gays?|niggers?|"
    r"immigrants?|migrants?|refugees?|foreigners?|mexicans?|arabs?|asians?|"
    r"christians?|liberals?|republicans?|democrats?|guy|guys|fuckers?|bastards?|"
    r"motherfuckers?|idiots?|mom|mother|dad|father|son|"
    r"daughter|brother|sister|parents|neighbou?rs?|students|ass|face|president|politicians?|ones?|"
    r"scum|pigs|animals|faggots?|of (?:them|you|us)|him|her)\b"
)
_HARM_OTHERS = expression(
    r"\w+ (?:him|her|them|em|everyone|everybody|yourself|(?:all |every |these |those |"
    r"that |this |the |my |his |"
    rf"their |your |her )+(?:\w+ )?{_PEOPLE})"
)
_PLACES = expression(
    r"bomb (?:the|a|this|that|your|my|their|every)? ?(?:\w+ )?(?:airport|school|"
    r"office|building|church|mosque|synagogue|house|city|stadium|mall|hospital|"
    r"embassy|concert|train|subway|station|place|university|parade|market)\b"
)
_IN_PLAY = expression(
    r"\b(?:in (?:the |this |a )?(?:game|minecraft|fortnite|gta|mario|call of duty|cod|"
    r"chess|poker|match|"
    r"debate|race|movie|dream)|at (?:chess|poker|tennis|golf|ping|smash|mario|fifa|"
    r"monopoly|scrabble)|"
    r"with (?:laughter|kindness|love)|boss fight|level|joke|laugh\w*|photo\w*|picture|"
    r"camera|email|"
    r"text|message|process\w*|thread|high five|hug|record|traffic|odds|hearts?|eggs?|"
    r"egg whites|batter|cream|butter|dough|records?|glass ceiling|system|vibe|mood|"
    r"character|"
    r"story|novel|npc|monster|dragon|zombies?|goblins?|orcs?|elden|skyrim|zelda|"
    r"pokemon|hitman|dark souls|roblox|sims|dungeon)\b"
)
_ASKING = expression(
    r"\b(?:how (?:to|do|can|could|would|should|many)|(?:can|should|could|do|did|may|"
    r"would) i|where|what|why|want to know)\b"
)
_DESERVE = expression(
    r"\b(?:should|deserves? to|needs? to|must|ought to|gotta|got to|has to|have to|better|to|"
    r"wanna see (?:you|him|her|them)|want (?:you|him|her|them)|hope (?:you|u|he|she|"
    r"they)|gets?|get|"
    r"(?:you|u|he|she|they|your \w+) (?:gets?|is|are))(?: (?:all|just|be|get|to|"
    r"fucking|publicly|slowly|so|hard|"
    r"brutally|the|one|to be|literally|have been|have|really|all be))* \Z"
)
_SOMEONE = expression(
    r"\b(?:you|u|ur|he|she|they|them|him|her|people|all|every\w*|those|these|who|your)\b"
)
_WISH = expression(
    r"\b(?:i |we |really |just |honestly )?(?:hope|wish|pray|praying|hoping|wishing|"
    r"want|cant wait (?:for|till|until)|"
    r"can't wait (?:for|till|until)) (?:that )?(?:you|u|ur|he|she|they|your|his|her|"
    r"their|all|every\w*|"
    r"those|these)(?: \w+){0,4} \Z"
)
_GO = expression(
    r"(?:(?:\A\W*|\b(?:please|just|and|you just|can you|why don't you|should|you can|"
    r"you) )(?:all )?(?:go|fuck off and|"
    r"crawl off and|hurry up and)(?: and)? |\b(?:let (?:them|him|her|em)|should|"
    r"deserves? to|need to|"
    r"must|ought to) (?:all |just |fucking |slowly )*)\Z"
)


def insult(place: Place, score: float) -> Judgement | None:
    """Of a word that is nothing by itself: who is called so?"""
    size = len(place.word)
    left = place.left[-70:]
    if _AIMED.search(left):
        found = None if _NOT_MEANT.search(left[-40:]) else Judgement("harassment", score, size)
    elif _MYSELF.search(left):
        return None
    elif place.word not in _THINGS and _OF_OTHERS.search(left):
        found = Judgement("harassment", 0.45, size)
    else:
        found = _bare(place)
    return None if found is None or is_denounced(place) else found


def _bare(place: Place) -> Judgement | None:
    """Of an insult that is all there is."""
    size, left = len(place.word), place.left
    if place.behind.strip(" .!?") or place.word in _THINGS:
        return None
    if left.endswith(", "):
        return Judgement("harassment", 0.6, size)
    return Judgement("harassment", 0.4, size) if _ITSELF.search(left) else None


_THINGS = frozenset(
    {
        "dog",
        "dogs",
        "cow",
        "rat",
        "rats",
        "monkey",
        "monkeys",
        "pig",
        "pigs",
        "snake",
        "worm",
        "ape",
        "apes",
        "trash",
        "joke",
        "garbage",
        "monster",
        "filth",
        "fat",
        "ugly",
        "stupid",
        "dumb",
        "failure",
        "clown",
        "disgusting",
    }
)  # said of much that is no person


def is_aimed(place: Place) -> bool:
    """Whether a word that is bad by itself is said to someone."""
    return bool(_AIMED.search(place.left[-70:])) and not _NOT_MEANT.search(place.left[-40:])


def violence(place: Place, score: float) -> Judgement | None:
    """Of a deed: that it is announced or called for."""
    right = place.right
    if _IN_PLAY.search(right) or _ASKING.search(place.left):
        return None
    if _WILL.search(place.left):
        if harm := _HARM_YOU.match(right):
            return Judgement("threat", round(score + 0.1, 2), harm.end())
        if harm := _HARM_OTHERS.match(right):
            return Judgement("threat", score, harm.end())
        if place.word == "bomb" and (harm := _PLACES.match(right)):
            return Judgement("threat", score, harm.end())
    if _LETS.search(place.left) and (harm := _HARM_OTHERS.match(right)):
        return Judgement("threat", round(score - 0.2, 2), harm.end())
    return None


def victim(place: Place, score: float) -> Judgement | None:
    """Of what is done to people: that it should be."""
    left = place.left
    if _DESERVE.search(left) and _SOMEONE.search(left) and not _IN_PLAY.search(left + place.right):
        return Judgement("threat", round(score - 0.1, 2), len(place.word))
    return None


def death(place: Place, score: float) -> Judgement | None:
    """Of death and illness: that they are wished to someone."""
    if (_WISH.search(place.left) or _GO.search(place.left)) and not _NEGATED.search(place.left):
        return Judgement("threat", score, len(place.word))
    return None


_NEGATED = expression(r"\b(?:never|no|not|don't|dont|won't|doesn't|nobody|no one|if)\b")


_OWN = expression(
    r"\b(?:i|i'm|im|i've|ive|i'd|me|my|myself|how|ways?|methods?|best|easiest|quickest|"
    r"painless\w*)\b"
)


def is_own(place: Place) -> bool:
    """Whether a sentence about suicide is about the writer, or asks for the means."""
    return "suicid" not in place.word or bool(_OWN.search(place.left + place.word))


_OF_A_THING = expression(
    r"\b(?:it|it's|its|this|that|printer|computer|phone|car|app|movie|film|software|"
    r"code|game|product|machine|laptop|website|company|service|book|thing)\b"
)


def is_of_a_thing(place: Place) -> bool:
    """Whether `piece of …` is said of what has no feelings."""
    heaped = place.word.startswith(("piece", "pile", "pieces"))
    return heaped and bool(_OF_A_THING.search(place.left[-40:]))
