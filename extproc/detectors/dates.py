"""Dates as people and programs write them, for detectors that know what a date is of."""

import re
from typing import NamedTuple

from extproc.detectors.normal import NormalText

# For each month its names and abbreviations: English, German, French, Spanish, Italian,
# Portuguese, Dutch, Scandinavian, Polish, Czech, Croatian, Romanian, Hungarian, Finnish, Turkish,
# Indonesian, Russian, Ukrainian, Greek. Case endings are those of dates.
_NAMES = (
    (
        "jan january januar janner janv janvier ene enero gen gennaio janeiro januari stycznia "
        "sty ledna siječnja ianuarie januára január tammikuuta ocak янв января січня ιανουαρίου"
    ),
    (
        "feb february februar fév févr février febrero febbraio fev fevereiro februari lutego lut "
        "února veljače februarie februára február helmikuuta şubat фев февраля лютого φεβρουαρίου"
    ),
    (
        "mar march mär märz mrz mars marzo março maart mrt marca března ožujka martie március "
        "maaliskuuta mart maret мар марта березня μαρτίου"
    ),
    (
        "apr april avr avril abr abril aprile kwietnia kwi dubna travnja aprilie apríla április "
        "huhtikuuta nisan апр апреля квітня απριλίου"
    ),
    (
        "may mai mayo mag maggio maio mei maj maja května svibnja mája május toukokuuta mayıs мая "
        "травня μαΐου"
    ),
    (
        "jun june juni juin junio giu giugno junho czerwca cze června lipnja iunie júna június "
        "kesäkuuta haziran июн июня червня ιουνίου"
    ),
    (
        "jul july juli juil juillet julio lug luglio julho lipca lip července srpnja iulie júla "
        "július heinäkuuta temmuz июл июля липня ιουλίου"
    ),
    (
        "aug august août aout ago agosto augustus augusti sierpnia sie srpna kolovoza augusta "
        "augusztus elokuuta ağustos agustus авг августа серпня αυγούστου"
    ),
    (
        "sep sept september septembre septiembre set settembre setembro wrzesnia wrz września "
        "září rujna septembrie septembra szeptember syyskuuta eylül сен сентября вересня "
        "σεπτεμβρίου"
    ),
    (
        "oct october okt oktober octobre octubre ott ottobre out outubro października paź října "
        "listopada octombrie októbra október lokakuuta ekim окт октября жовтня οκτωβρίου"
    ),
    (
        "nov november novembre noviembre novembro listopadu lis studenoga noiembrie novembra "
        "marraskuuta kasım ноя ноября листопада νοεμβρίου"
    ),
    (
        "dec december dez dezember décembre dic diciembre dicembre dezembro grudnia gru prosince "
        "prosinca decembrie decembra joulukuuta aralık desember дек декабря грудня δεκεμβρίου"
    ),
)


def _months() -> dict[str, int]:
    return {
        NormalText(name).data.decode(): number
        for number, names in enumerate(_NAMES, 1)
        for name in names.split()
    }


_MONTHS = _months()
_FIRST_YEAR, _LAST_YEAR = 1880, 2060

_SEPARATOR = r" ?([-/.]) ?"
_DAY = r"(?P<{0}>[0-3]?[0-9])(?:st|nd|rd|th|er|o|a|\.)?"
_OF = r"(?: ?(?:of|de|di|del|den|do|da) |[ ,./'\-]{0,3})"
_WORD = r"(?P<{0}>[^\W\d_]{{3,13}})\.?"
_SIGN = r"[^\x00-\x7f]{1,3}"  # of Chinese, Japanese, Korean
_DATES = re.compile(
    "(?<![A-Za-z0-9])(?:"
    + "|".join(
        (
            rf"(?P<y1>\d{{4}}){_SEPARATOR}(?P<m1>\d\d?) ?\2 ?(?P<d1>\d\d?)",
            rf"(?P<a2>\d\d?){_SEPARATOR}(?P<b2>\d\d?) ?\6 ?(?P<y2>\d{{4}}|\d\d)",
            rf"(?P<y3>\d{{4}}){_SIGN} ?(?P<m3>\d\d?){_SIGN} ?(?P<d3>\d\d?)(?:{_SIGN})?",
            r"(?P<eight>\d{8})",
            rf"{_DAY.format('d5')}{_OF}{_WORD.format('w5')}{_OF}(?P<y5>\d{{4}}|\d\d)",
            rf"{_WORD.format('w6')}[ \-/]{_DAY.format('d6')}[ ,./'\-]{{1,3}}(?P<y6>\d{{4}}|\d\d)",
            rf"(?P<y7>\d{{4}})[ ,.\-/]{{1,3}}{_WORD.format('w7')}[ .\-/]{{1,2}}(?P<d7>\d\d?)",
            r"(?P<a8>\d\d?) (?P<b8>\d\d?) (?P<y8>\d{4})",
        )
    )
    + r")(?![0-9])(?!(?:st|nd|rd|th)\b)",
    re.IGNORECASE,
)


class FoundDate(NamedTuple):
    """A date within a text."""

    start: int
    end: int


def find_date(text: str, start: int = 0) -> FoundDate | None:
    """The first date in folded `text` from `start` on that a calendar could hold."""
    for match in _DATES.finditer(text, start):
        if _is_date({name: value for name, value in match.groupdict().items() if value}):
            return FoundDate(*match.span())
    return None


def _is_date(parts: dict[str, str]) -> bool:
    """By the last digit of the names the form: year, month and day, or two of which one is each."""
    if "eight" in parts:
        digits = parts["eight"]
        return _fits(digits[:4], digits[4:6], digits[6:]) or _fits_either(
            digits[4:], digits[:2], digits[2:4]
        )
    named = {name[0]: value for name, value in parts.items()}
    if "w" in named:
        month = _MONTHS.get(named["w"].lower())
        return month is not None and _fits(named["y"], str(month), named["d"])
    if "a" in named:
        return _fits_either(named["y"], named["a"], named["b"])
    return _fits(named["y"], named["m"], named["d"])


def _fits_either(year: str, first: str, second: str) -> bool:
    return _fits(year, first, second) or _fits(year, second, first)


def _fits(year: str, month: str, day: str) -> bool:
    possible = len(year) == 2 or _FIRST_YEAR <= int(year) <= _LAST_YEAR
    return possible and 1 <= int(month) <= 12 and 1 <= int(day) <= 31
