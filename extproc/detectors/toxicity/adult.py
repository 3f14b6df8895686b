"""What is fit for adults only, and what is fit for nobody, since there are children in it."""

from extproc.detectors.toxicity.place import Judgement, Place, expression

_MINOR = expression(
    r"\b(?:child|children|kids?|minors?|underage|under-age|preteens?|pre-teens?|"
    r"toddlers?|little (?:girl|boy)s?|schoolgirls?|school girls?|"
    r"(?:[1-9]|1[0-7]) ?-?(?:yo|y/o|yrs?|years?)[ -]?(?:old)?s?|(?:ten|eleven|twelve|"
    r"thirteen|fourteen|fifteen|sixteen|nine|eight|seven|six|five)[- ]year[- ]olds?|"
    r"lolis?|shota|"
    r"young (?:girl|boy)s?|infants?|(?:my|his|her|your) (?:young |"
    r"little )?(?:daughter|stepdaughter|niece)|middle school\w*|elementary school\w*|"
    r"teenagers?|teen (?:girl|boy)s?)\b"
)
_CARE = expression(
    r"\b(?:educat\w*|abus\w*|protect\w*|prevent\w*|report\w*|teach\w*|talk\w*|"
    r"explain\w*|assault\w*|laws?|legal|illegal\w*|crimes?|safe\w*|traffick\w*|"
    r"parent\w*|filter\w*|block\w*|survivor\w*|offend\w*|health|harass\w*|exploit\w*|"
    r"same[- ]sex|pregnan\w*|history|statu\w+|paint\w+|"
    r"museum|found|caught|saw|walk\w*|bath|breastfe\w*|diaper\w*|doctor|medical|"
    r"arrest\w*|charg\w+|convict\w*|victim\w*|watch\w*|addict\w*|stop|policy|"
    r"detect\w*|normal|mole rats?|"
    r"ask\w*|worried|concern\w*|should i|appropriate\w*|age|development|puberty|how do i|have)\b"
)
_ORDER = expression(
    r"\b(?:write|tell|create|generate|draw|make|describe|give|roleplay|role-play|"
    r"role play|send|want|show|let's|continue|paint|produce|compose|share|pretend|"
    r"simulate|act out)\b"
)
_LEWD_WORK = expression(
    r"\S+(?: \S+){0,3}? (?:stor(?:y|ies)|scenes?|fan ?fic\w*|fan fiction|"
    r"role-?play\w*|rp|content|images?|pictures?|pics?|photo\w*|videos?|chat|poem|"
    r"dialogue|conversation|novel|sex|"
    r"tale|script|encounter|fantas\w+|acts?|selfies?|massage|text|messages?|"
    r"with (?:me|you|him|her|a|my))\b|sex with (?:me|my|her|him|you|a |an )|"
    r"sex (?:scene|stor)|porn stor|nudes\b"
)
_ART = expression(
    r"\b(?:art history|venus|michelangelo|painting|sculpture|renaissance|figure drawing|"
    r"museum|mole rat|ambition|eye|singularity|truth|statue|david|naked (?:eye|juice|cake|"
    r"short))\b"
)
_ABOUT = expression(r"\b(?:about|against|on|regarding|without|not|avoid\w*|detect\w*|history)\b")


def lewd(place: Place, score: float) -> Judgement | None:
    """Of what is for adults only: that children are in it, or that somebody wants it made."""
    sentence = place.left + place.right
    if _MINOR.search(sentence) and not _CARE.search(sentence):
        return Judgement("sexual_minors", 0.85, len(place.word))
    if _ORDER.search(place.left) and _LEWD_WORK.match(place.right) and not _ART.search(sentence):
        if _ABOUT.search(place.left[-30:]) or _CARE.search(sentence):
            return None
        return Judgement("sexual", score, len(place.word))
    return None


def has_minor(place: Place) -> bool:
    """Whether a child is in the sentence, and it is not about protecting children."""
    sentence = place.left + place.right
    return bool(_MINOR.search(sentence)) and not _CARE.search(sentence)


_REPORTED = expression(
    r"\b(?:arrest\w*|charg\w+|convict\w*|possession|sentenc\w*|police|court|laws?|"
    r"legal|illegal|report\w*|detect\w*|prevent\w*|protect\w*|"
    r"combat\w*|fight\w*|victims?|ban|banned|scandal|investigat\w*|abuse material|"
    r"policy|policies|classifier|filter\w*|moderat\w*|against|stop\w*|accus\w*|"
    r"crimes?)\b"
)


def is_reported(place: Place) -> bool:
    """Whether the sentence is of the courts, or of keeping such things off."""
    return bool(_REPORTED.search(place.left + place.right))
