r"""Postal addresses: where a street, a box or a military post is named with its number.

Every number is looked at by itself. Streets are written number first (`12 Main St`, `12 rue de la
Paix`) or number last (`Hauptstrasse 12`, `Calle Mayor 45`). What follows of flat, town, region and
code belongs to the address where its form shows that: a town counts only before a code or region.
"""

import re
from collections.abc import Iterable, Iterator

from extproc.detectors.compiler import Compiler
from extproc.detectors.pii import street_words
from extproc.detectors.pii.tails import beginnings, ends_in_small_words, last_small_word
from extproc.detectors.recognizer import Finder, Found

_LONGEST = 200  # bytes of an address with all that follows
_BEFORE = 64  # bytes before a number in which its street is named
_VALUE = 100  # bytes of the value of a label
_MANY = 64  # numbers of which some may have the same text around them
_SHORT = 128  # bytes in which it is quicker to look for a digit than for words
_LABEL_REACH = 48  # bytes of a label and what stands between it and its value

_LETTER = rb"[A-Za-z'.\x80-\xf4-]"
_WORD = rb"[A-Z\xc3-\xc5]%s{0,24}+" % _LETTER
_NUMBER = rb"[0-9]{1,5}(?:[A-Za-z]|[/-][0-9]{1,4}[A-Za-z]?)?"
_GAP = rb"(?:,[ \n]{0,3}|[ \n]{1,3}|,?\n> ?)"
_FLAT_WORD = rb"(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Fl|Room|Rm|Bldg|Building|Shop|Level|#)"
_FLAT = rb"%s\.? {0,2}#?[A-Z]?-?[0-9]{0,5}[A-Za-z]?\b" % _FLAT_WORD
_STATE = (
    rb"(?:[A-Z]{2,3}\b|Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware"
    rb"|Florida|Georgia|Hawaii|Idaho|Illinois|Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine"
    rb"|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri|Montana|Nebraska|Nevada"
    rb"|New (?:Hampshire|Jersey|Mexico|York)|(?:North|South) (?:Carolina|Dakota)|Ohio|Oklahoma"
    rb"|Oregon|Pennsylvania|Rhode Island|Tennessee|Texas|Utah|Vermont|(?:West )?Virginia"
    rb"|Washington|Wisconsin|Wyoming|Ontario|Quebec|Alberta|Manitoba|Victoria|Queensland|Tasmania"
    rb"|England|Scotland|Wales|Ireland)"
)
_CODE = (
    rb"(?:[0-9]{5}(?:-[0-9]{3,4})?|[0-9]{4}(?: ?[A-Z]{2}\b)?|[0-9]{6}|[0-9]{3} ?[0-9]{3}"
    rb"|[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}|[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9])(?![0-9A-Za-z])"
)
_TOWN = rb"%s(?: %s){0,2}" % (_WORD, _WORD)
_TAIL = rb"(?:\.?%s%s)?(?:\.?%s(?:(?:%s%s){0,3}(?:%s%s)?%s|%s%s%s))?" % (
    *(_GAP, _FLAT),
    *(_GAP, _TOWN, _GAP, _STATE, _GAP, _CODE),
    *(_TOWN, _GAP, _STATE),
)
_FOREIGN_TAIL = (
    rb"(?:,? ?[0-9]{1,2}(?:o|\.|\xc2\xba|deg)[ ]?[A-Z]?\b)?(?:%s(?:[A-Z]{1,2}-)?%s(?: %s)?)?"
    % (
        *(_GAP, _CODE),
        _TOWN,
    )
)

_SURE = (
    rb"Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Terrace|Crescent|Cres|Gdns|Parkway"
    rb"|Pkwy|Hwy|Cir|Trl|Mews|Nagar|Marg|Turnpike|Broadway|Drive|Dr"
)
_DOUBTFUL = (
    rb"Way|Place|Pl|Square|Sq|Court|Ct|Circle|Row|Hill|Rise|Walk|Plaza|Loop|Pike|Crossing|Trail"
    rb"|Highway|Close|Gardens|Grove|Av|Quay|Alley|Park|View|Ter"
)
_NUMBER_FIRST = re.compile(
    rb"%s,? (?:(?:(?:[A-Z0-9\xc3-\xc5]%s{0,24}+) ){1,4}?(?:(?P<sure>%s)|(?P<doubtful>%s))\b(?!')"
    rb"(?: (?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\b)?|(?P<block>(?:Sector|Block"
    rb"|Phase)[ -][0-9A-Z]{1,4}\b)"
    rb"|(?P<loose>%s(?: %s){0,3})(?=(?:,? |,?\n[ >]{0,2})(?:Apt|Suite)\.? [0-9]))"
    rb"(?P<tail>%s)" % (_NUMBER, _LETTER, _SURE, _DOUBTFUL, _WORD, _WORD, _TAIL)
)
_FRENCH = re.compile(
    rb"[0-9]{1,4}(?: ?bis| ?ter)?,? (?:[Rr]ue|RUE|[Aa]venue|[Aa]v\.|[Bb]oulevard|[Bb]d\.?"
    rb"|[Pp]lace|[Aa]llee|[Cc]hemin"
    rb"|[Ii]mpasse|[Rr]oute|[Qq]uai|[Cc]ours|[Ss]quare|[Rr]ua|[Cc]alle) (?:(?:de la|de l'|des|de"
    rb"|du|d'|la|le|les) ?)?"
    rb"%s(?:[ -](?:(?:de la|de|du|des|et|d') ?)?%s){0,3}(?P<tail>%s)"
    % (_WORD, _WORD, _FOREIGN_TAIL)
)
_COMPOUND = (
    rb"%s(?:stra(?:ss|\xc3\x9f)e|str\.?|gasse|weg|allee|platz|damm|straat|laan|gracht|plein"
    rb"|plantsoen|dijk|singel|vej"
    rb"|vagen|gatan|veien|vegen|gata|stigen|bakken|vegur|katu|kuja|polku|gade|kade)"
    % rb"[A-Z\xc3-\xc5][A-Za-z\x80-\xf4-]{2,24}?"
)
_OF = rb"(?:(?:de las|de los|de la|del|della|delle|dei|de|dos|das|do|da|di|van de|van der|van) )?"
_NUMBER_LAST = re.compile(
    rb"(?<![A-Za-z0-9])(?:(?P<compound>%s)|(?P<two>%s (?:Stra(?:ss|\xc3\x9f)e|Str\.|Allee|Platz"
    rb"|Weg|Ring|Straat|Laan|Plein|Vej"
    rb"|Caddesi|Cad\.|Sokak|Sok\.|utca|ut|u\.|tie))"
    rb"|(?P<romance>(?:Calle|C/|Avenida|Avda\.?|Av\.|Paseo|Plaza|Carrera|Carretera|Camino|Rua"
    rb"|Travessa|Via|Viale"
    rb"|Piazza|Corso|Largo|Vicolo|Leoforos|Odos|[Uu]l\.|[Uu]lica|Jalan|Jl\.) ?%s%s(?: %s%s){0,3})"
    rb"|(?P<box>(?:P\.? ?O\.? ?Box|PO BOX|P\.O\. BOX|Post Office Box|Postfach|Postbus|Apartado"
    rb"|Casella Postale|Postboks"
    rb"|(?:PSC|Unit|CMR) [0-9]{3,5},? Box)))"
    rb",? (?:[Nn](?:o|r|\xc2\xba)?[.:]? ?)?\Z" % (_COMPOUND, _WORD, _OF, _WORD, _OF, _WORD)
)
_WORD_FOLLOWS = re.compile(rb"[0-9]{1,5}[A-Za-z0-9/-]{0,6},? [A-Za-z\xc3-\xc5]")
_NAMED_BEFORE = re.compile(
    rb"(?:(?<![A-Za-z0-9])[A-Z\xc3-\xc5]%s*+|\b(?:utca|ut|u\.|tie|bus)),? (?:[Nn](?:o|r"
    rb"|\xc2\xba)?[.:]? ?)?\Z" % _LETTER
)
# The Free Software Foundation, whose address stands at the head of many a source file.
_PUBLISHER = re.compile(rb"51 Franklin St|59 Temple Pl|675 Mass Ave")
_AFTER_LAST = re.compile(rb"%s\b(?P<tail>%s)" % (_NUMBER, _FOREIGN_TAIL))
_BEFORE_FLAT = re.compile(rb"(?<![A-Za-z0-9])(?:[0-9]{1,5},? )?%s(?: %s){0,3} \Z" % (_WORD, _WORD))
_AFTER_FLAT = re.compile(rb"%s(?:,? |,?\n[ >]{0,2})(?:Apt|Suite)\.? [0-9]{1,4}\b" % _NUMBER)
_AFTER_LOOSE = re.compile(rb"%s%s" % (_NUMBER, _TAIL))
_FRAGMENT = re.compile(rb"(?<![A-Za-z0-9])(?:Apt|APT|Suite|SUITE)\.? #?\Z")
_AFTER_BOX = re.compile(rb"[0-9]{1,6}\b(?:[, \n]{1,2}[AFD]PO,? A[AEP],? [0-9]{5}|%s)" % _TAIL)
_FLAT_BEFORE = re.compile(
    rb"(?<![A-Za-z0-9])%s\.? {0,2}[0-9]{1,5}[A-Za-z]?,? \Z|\b[A-Z]-?\Z" % _FLAT_WORD
)
_LABEL_NAME = (
    rb"(?:ddress(?:[ _-]?line)?[ _-]?[12]?|ddr|treet|[Aa]dresse|nschrift|ireccion|omicilio"
    rb"|ndirizzo|[Aa]dres|ndereco"
    rb"|esidence|hip to|DDRESS)(?:[\"']? {0,2}[:=]>?[ \n]{0,2}[\"']?| is (?:now )?)"
)
_CHARACTER = rb"[^\n\r\"<>|;{}@=]"
_LABEL = re.compile(rb"%s(?=(?P<value>[0-9A-Za-z]%s{4,%d}))" % (_LABEL_NAME, _CHARACTER, _VALUE))
_LABEL_OPEN = re.compile(rb"%s(?P<value>%s{0,%d})\Z" % (_LABEL_NAME, _CHARACTER, _VALUE))
_VALUE_FORM = re.compile(
    rb"(?:[A-Z]-?)?[0-9]{1,5}[A-Za-z]?(?:[/-][0-9]{1,4})?,? (?:[A-Za-z][A-Za-z\x80-\xf4.'-]*,?"
    rb" ?){1,6}"
    rb"|[A-Za-z][A-Za-z\x80-\xf4.' -]{2,40},? [0-9]{1,5}[A-Za-z]?(?![0-9:./-])"
)
_VALUE_END = re.compile(
    rb"\.\s|\s(?:and|but|please|can|so|phone|tel|email|for|because)\b|\.?\s*\Z", re.IGNORECASE
)
_NOT_STREET = re.compile(
    rb"(?:[Ii][Pp]|[Mm][Aa][Cc]|mail|[Ww]eb|URL|url|[Mm]emory|allet|[Ee]thernet"
    rb"|[Hh]ost)[ _-]?[AaDd]\Z"
)
_DIGITS = re.compile(rb"[0-9]{1,6}")
_DIGIT = re.compile(rb"[0-9]")
# What a text may end with of which an address may still come, or which may still go on.
_SMALL_PARTS = (
    rb"bis|ter|rue|avenue|av\.|boulevard|bd|bd\.|place|allee|chemin|impasse|route|quai|cours"
    rb"|square|rua|calle|de la|de las|de los|de|des|del|della|delle|dei|dos|das|do|da|di|du|la|le"
    rb"|les|et|van|van de|van der|d'|l'|n|n\.|no|nr|bus|utca|ut|u|tie"
)
_OPEN = re.compile(
    rb"(?<![A-Za-z0-9])(?:[A-Z\xc3-\xc5#]|[0-9]|ul?)(?:[A-Za-z0-9\x80-\xf4.'/:#-]"
    rb"|[ ,\n>]{1,5}(?=[A-Z0-9\xc3-\xc5#]|(?:%s)(?![a-z])|%s\Z))*+\Z"
    % (_SMALL_PARTS, beginnings(re.split(rb"[| ]", _SMALL_PARTS.replace(rb"\.", b"."))))
)
_ROW = re.compile(rb"(?<![A-Za-z0-9])[0-9]+[ ,\n>]+(?=[0-9]+[ ,\n>]+[0-9])")  # as in tables


class AddressFinder(Finder):
    """Finds postal addresses; see the module."""

    family = "pii"
    types = ("street_address",)
    context = _LONGEST + _BEFORE
    longest = _LONGEST
    examples = (
        "at 1420 Fulton Avenue last night",
        "ship it to 77 Rosewood Terrace, Apt 4B, Brooklyn, NY 11201",
        "Flat 3, 17 Albert Road, London SW1A 2AA",
        "in der Lindenallee 5a, 50968 K\u00f6ln",
        "Berliner Stra\u00dfe 12",
        "24 bis avenue Victor Hugo, 69006 Lyon",
        "Calle Mayor 45, 3\u00ba B, 28013 Madrid",
        "Via Garibaldi 33, 20121 Milano",
        "Keizersgracht 241, 1016 EA Amsterdam",
        "18 Collins Street, Melbourne VIC 3000",
        "P.O. Box 3321, Fairbanks, AK 99701",
        "PSC 8950, Box 4847\nAPO AP 62737",
        "my address is 92 eusebio davila, corner shop",
    )
    near_misses = (
        "2 people on the Street",
        "Wall Street fell 5 percent",
        "Chapter 12 and iPhone 15",
        "IP address: 10.0.0.1",
        "email address: john5@example.com",
        "in Spring 2021, May 12",
        "Foundation, Inc., 51 Franklin Street, Fifth Floor, Boston",
    )

    def prepare(self, compiler: Compiler) -> None:
        """Compile the search for words of streets."""
        street_words.SEARCH.prepare(compiler)

    def find(self, data: bytes, start: int) -> Iterable[Found]:
        """Addresses in folded text, in order."""
        if len(data) - start <= _SHORT and not _DIGIT.search(data, start):
            return ()
        begin = max(0, start - _LABEL_REACH)
        places, labels = street_words.near(data, begin)
        if not (places or labels):
            return ()
        found = set(_beside(data, [place for place in places if place >= start]))
        for place in labels:
            if label := _LABEL.match(data, place):
                found.update(_labelled(data, label))
        return sorted((address for address in found if address.start >= start), key=_order)

    def unfinished(self, data: bytes, start: int) -> int:
        """Where an address begins that may still go on, or words of which one may come."""
        size = len(data)
        begin = max(0, size - _LONGEST)
        labels = street_words.has_label(data, begin)
        if not labels and ends_in_small_words(data):
            return size
        place = size
        if open_ := _OPEN.search(data, last_small_word(data, begin)):
            place = open_.start()
            for match in _ROW.finditer(data, place):
                place = match.end()
        if labels and (label := _LABEL_OPEN.search(data, begin)):
            place = min(place, label.start("value"))
        return max(start, place)


def _order(found: Found) -> tuple[int, int]:
    return found.start, -found.end


def _number_first(data: bytes, match: re.Match[bytes]) -> Iterator[Found]:
    if (match["block"] and not match["tail"]) or _PUBLISHER.match(match[0]):
        return
    place = match.start()
    before = _FLAT_BEFORE.search(data, max(0, place - 20), place)
    score = 0.9 if match["tail"] else 0.4 if match["doubtful"] else 0.75
    yield Found("street_address", before.start() if before else place, match.end(), score)


def _beside(data: bytes, places: list[int]) -> Iterator[Found]:
    """Addresses that have their number at one of `places`: crafted text repeats itself."""
    if len(places) < _MANY:
        for place in places:
            yield from _at(data, place)
        return
    known: dict[tuple[int, bytes], list[Found]] = {}
    for place in places:
        left = max(0, place - _BEFORE - 1)
        key = place - left, data[left : place + _LONGEST + 1]
        found = known.get(key)
        if found is None:
            found = known[key] = [
                address._replace(start=address.start - place, end=address.end - place)
                for address in _at(data, place)
            ]
        for name, begin, end, score in found:
            yield Found(name, begin + place, end + place, score)


def _at(data: bytes, place: int) -> Iterator[Found]:
    """Addresses that have their number at `place`."""
    if _WORD_FOLLOWS.match(data, place, place + 16):
        if match := _NUMBER_FIRST.match(data, place, place + _LONGEST):
            yield from _number_first(data, match)
            return
        if match := _FRENCH.match(data, place, place + _LONGEST):
            yield Found("street_address", place, match.end(), 0.85)
            return
    if place and data[place - 1] in b" .:#":
        if fragment := _FRAGMENT.search(data, max(0, place - 8), place):
            end = _DIGITS.match(data, place)
            yield Found("street_address", fragment.start(), end.end() if end else place, 0.5)
        elif _NAMED_BEFORE.search(data, max(0, place - 30), place):
            yield from _number_last(data, place)


def _number_last(data: bytes, place: int) -> Iterator[Found]:
    begin, end = max(0, place - _BEFORE), place + _LONGEST - _BEFORE
    if _AFTER_FLAT.match(data, place, end):
        before = _BEFORE_FLAT.search(data, begin, place)
        after = _AFTER_LOOSE.match(data, place, end)
        if before and after:
            yield Found("street_address", before.start(), after.end(), 0.8)
    if before := _NUMBER_LAST.search(data, begin, place):
        box = before["box"]
        after = (_AFTER_BOX if box else _AFTER_LAST).match(data, place, end)
        if after:
            sure = box or before["compound"] or after["tail"]
            yield Found("street_address", before.start(), after.end(), 0.85 if sure else 0.7)


def _labelled(data: bytes, label: re.Match[bytes]) -> Iterator[Found]:
    """The value of a label, where it has the form of an address."""
    start, end = label.span("value")
    if not _DIGIT.search(data, start, end):
        return
    if _NOT_STREET.search(data, max(0, label.start() - 12), label.start() + 1):
        return
    stop = _VALUE_END.search(data, start, end)
    end = stop.start() if stop else end
    if _VALUE_FORM.match(data, start, end):
        yield Found("street_address", start, end, 0.7)
