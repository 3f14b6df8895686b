"""Business identifier codes of banks (ISO 9362), where they are named so."""

import re

from extproc.detectors.label_patterns import labelled_word
from extproc.detectors.recognizer import Recognizer, Span

_CODE = re.compile(r"[A-Z]{4}([A-Z]{2})[A-Z0-9]{2}(?:[A-Z0-9]{3})?$")
# Countries and territories of ISO 3166-1, and Kosovo.
_CODES = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR "
    "BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ "
    "EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW "
    "GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY "
    "KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV "
    "MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY "
    "QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG "
    "TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA "
    "ZM ZW"
)
_COUNTRIES = frozenset(_CODES.split())


_LABEL = r"(?:swift|bic)(?:[ /_\-]{1,3}(?:bic|swift))?(?:[ _\-]?code)?"


def _bic(candidate: str) -> Span | None:
    match = _CODE.search(candidate)
    if match is None or match[1] not in _COUNTRIES:
        return None
    if match[0].isalpha() and candidate[: match.start()].isupper() and ":" not in candidate:
        return None  # words of a headline
    start = len(candidate[: match.start()].encode())
    return Span(start, start + len(match[0]), 0.85)


RECOGNIZERS = (
    Recognizer(
        type="swift_bic",
        family="pci",
        patterns=(rf"\b{labelled_word(_LABEL)}[A-Z]{{6}}[A-Z0-9]{{2}}(?:[A-Z0-9]{{3}})?",),
        longest=72,
        refine=_bic,
        caseless=True,
        examples=(
            "SWIFT: DEUTDEFF500",
            "BIC/SWIFT code: NEDSZAJJ",
            '"bic": "COBADEFFXXX"',
            "the BIC is BNPAFRPP",
        ),
        near_misses=("SWIFT STANDARDS", "swift response", "BIC: DEUTXXFF", "swift: deutdeff"),
    ),
)
