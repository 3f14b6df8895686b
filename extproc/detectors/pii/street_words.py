"""Where the words stand that an address has: one quick search, so that numbers elsewhere are left.

What is told is more than what there is: address.py looks closely.
"""

import re
from collections.abc import Iterator

from extproc.detectors.pii.search import Search

_BEFORE = 140  # bytes from a number to the end of its street's name
_BEHIND = 72  # bytes from the first word of a street to its number

_STREETS = (
    "Street St Avenue Ave Road Rd Boulevard Blvd Lane Ln Terrace Crescent Cres Gdns Parkway Pkwy "
    "Hwy Cir Trl Mews Nagar Marg Turnpike Broadway Drive Dr Way Place Pl Square Sq Court Ct Circle "
    "Row Hill Rise Walk Plaza Loop Pike Crossing Trail Highway Close Gardens Grove Av Quay Alley "
    "Park View Ter"
)
_ROMANCE_STREETS = (
    r"[Rr]ue RUE [Aa]venue [Aa]v\. [Bb]oulevard [Bb]d\.? [Pp]lace [Aa]llee [Cc]hemin [Ii]mpasse "
    r"[Rr]oute [Qq]uai [Cc]ours [Ss]quare [Rr]ua [Cc]alle"
)
_BEFORE_NUMBER = (
    r"[Ss]tra(?:ss|\xc3\x9f)e [Ss]tr\.? gasse [Ww]eg [Aa]llee [Pp]latz damm [Ss]traat [Ll]aan "
    r"gracht [Pp]lein plantsoen dijk singel [Vv]ej vagen gatan veien vegen gata stigen bakken "
    r"vegur katu kuja polku gade kade Ring Caddesi Cad\. Sokak Sok\. utca ut u\. tie "
    r"[Bb]ox BOX Postfach Postbus Apartado Postale Postboks"
)
_BEFORE_NAME = (
    r"Calle C/ Avenida Avda Av\. Paseo Plaza Carrera Carretera Camino Rua Travessa Via Viale "
    r"Piazza Corso Largo Vicolo Leoforos Odos [Uu]l\. [Uu]lica Jalan Jl\."
)
# Behind a number, with words between.
_NUMBER_FIRST = (
    *(rf" {word}\b" for word in _STREETS.split()),
    *(rf" {word}[ \-][0-9A-Z]" for word in ("Sector", "Block", "Phase")),
    *(rf"{word}\.? [0-9]" for word in ("Apt", "Suite")),
    *(rf" {word} " for word in _ROMANCE_STREETS.split()),
)
# Before a number, with nothing between, so that the match ends with its first digit.
_NUMBER_NEXT = (
    *(rf"{word},? (?:[Nn](?:o|r|\xc2\xba)?[.:]? ?)?[0-9]" for word in _BEFORE_NUMBER.split()),
    r"(?:Apt|APT|Suite|SUITE)\.? #?[0-9]",
)
# Before a number, with words between.
_NUMBER_LAST = _BEFORE_NAME.split()
_LABELS = (
    b"ddr",
    b"DDR",
    b"Adres",
    b"adres",
    b"treet",
    b"esidence",
    b"hip to",
    b"nschrift",
    b"ireccion",
    b"ndirizzo",
    b"ndereco",
    b"omicilio",
)
_NUMBER = re.compile(rb"[0-9](?<![0-9A-Za-z.].)", re.DOTALL)

# By pattern: how far before and behind the end of a match numbers may stand.
_PATTERNS = (
    *((pattern, _BEFORE, 0) for pattern in _NUMBER_FIRST),
    *((pattern, 1, 0) for pattern in _NUMBER_NEXT),
    *((pattern, 0, _BEHIND) for pattern in _NUMBER_LAST),
)
_WINDOWS = tuple((before, behind) for _, before, behind in _PATTERNS)


def has_label(data: bytes, begin: int) -> bool:
    """Whether a word of `address: ` and the like stands in `data` behind `begin`."""
    tail = data[begin:]
    if b":" not in tail and b"=" not in tail and b" is " not in tail:
        return False
    for label in _LABELS:  # noqa: SIM110 - any() takes twice as long, for each piece of a stream
        if label in tail:
            return True
    return False


SEARCH = Search((*(pattern for pattern, _, _ in _PATTERNS), *map(bytes.decode, _LABELS)))


def near(data: bytes, begin: int) -> tuple[list[int], list[int]]:
    """Where numbers begin that have a word beside them, and where labels do, from `begin`."""
    hits = SEARCH.ends(data[begin:] if begin else data)
    if not hits:
        return [], []
    windows, labels = [], []
    for end, number in hits:
        place = end + begin
        if number < len(_WINDOWS):
            before, behind = _WINDOWS[number]
            windows.append((place - before, place + behind))
        else:
            labels.append(place - len(_LABELS[number - len(_WINDOWS)]))
    windows.sort()
    return list(_numbers(data, begin, windows)), labels


def _numbers(data: bytes, begin: int, windows: list[tuple[int, int]]) -> Iterator[int]:
    """Where numbers begin in windows that may overlap."""
    done = begin
    for first, end in windows:
        if end > done:
            for number in _NUMBER.finditer(data, max(first, done), end):
                yield number.start()
            done = end
