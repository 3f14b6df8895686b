"""Names that have no capital: typed in a hurry, or of a script that knows none.

They are found behind `my name is` and as the values of keys such as `first_name`.
"""

import re
from collections.abc import Iterable, Iterator

from extproc.detectors.pii.context import context_of
from extproc.detectors.pii.cues import PARTICLES
from extproc.detectors.pii.names import FIRST, NAME, WORD, kind_of
from extproc.detectors.recognizer import Found

_SMALL = re.compile(
    rb"[Nn](?:ame|AME)[\"']?(?: is| was|'s)?[ \t]{0,2}(?:[:=]>?)?>?[ \t]{0,2}([\"']?)"
    rb"(?=([a-z]{1,20}(?:[ '-][a-z]{1,20}){0,4}))"
)
# Letters of scripts without capitals, and those that look like Latin ones and are folded to them.
_FOREIGN_WORD = rb"[A-Za-z\x80-\xbf]{0,8}[\xcd-\xe1\xe3-\xed][A-Za-z\x80-\xed'-]{0,39}"
_FOREIGN = re.compile(
    rb"[:=>] {0,2}[\"']?(%s(?: %s){0,2})([\n\r\"'|<,;]|\Z)" % (_FOREIGN_WORD, _FOREIGN_WORD)
)
KEYS = (b"name", b"Name", b"NAME")
_ASCII = bytes(range(0x80))
_FOREIGN_LETTER = re.compile(rb"[\xcd-\xe1\xe3-\xed]")
_FOREIGN_OPEN = re.compile(rb"[:=>] {0,2}[\"']?([A-Za-z\x80-\xed' -]{1,160})\Z")
_CODE_BEHIND = re.compile(rb"[A-Za-z0-9_(]|[.\[/@][A-Za-z0-9]")
_PARTICLE = re.compile(rb"(?:%s)" % PARTICLES)
LONGEST = 160


def find(data: bytes, start: int, keys: Iterable[int] | None = None) -> Iterator[Found]:
    """Such names from `start` on. `keys` are where one of KEYS begins, if that is known."""
    if keys is None:
        keys = _keys(data, start) if near(data, start) else ()
    for key in keys:
        match = _SMALL.match(data, key)
        if match and (found := _small(data, match)):
            yield found
    if data.isascii() or not _FOREIGN_LETTER.search(data.translate(None, _ASCII)):
        return
    for match in _FOREIGN.finditer(data, start):
        if context_of(data, match.start(1)).cue in ("strong", "name", "role", "weak"):
            yield Found("person", match.start(1), match.end(1), 0.6)


def near(data: bytes, start: int) -> bool:
    """Whether a key or a phrase stands in `data` that such a name may follow."""
    tail = data[start:] if start else data
    return b"name" in tail or b"Name" in tail or b"NAME" in tail


def _keys(data: bytes, start: int) -> Iterator[int]:
    for key in KEYS:
        place = data.find(key, start)
        while place >= 0:
            yield place
            place = data.find(key, place + len(key))


def _small(data: bytes, match: re.Match[bytes]) -> Found | None:
    quote, value = match.groups()
    words = value.split(b" ")
    kind = kind_of(words[0].capitalize())
    if not kind & NAME or (kind & WORD and not kind & FIRST and not quote):
        return None
    cue = context_of(data, match.start(2)).cue
    if cue not in ("strong", "introduction", "name"):
        return None
    if cue == "name" and (kind & WORD or not (quote and kind & FIRST)):
        return None
    end = place = match.start(2)
    for index, word in enumerate(words):
        place += len(word)
        kind = kind_of(word.capitalize())
        known = kind & NAME and (index < 2 or quote or not kind & WORD)
        if known or (kind == 0 and index and quote):
            end = place
        elif not (index and _PARTICLE.fullmatch(word)):
            break
        place += 1
    if _CODE_BEHIND.match(data, end):
        return None
    return Found("person", match.start(2), end, 0.6 if cue != "name" else 0.5)


def unfinished(data: bytes, start: int) -> int:
    """Where the last value begins that is still being written, or the end."""
    size = len(data)
    matches = filter(None, (_SMALL.match(data, key) for key in _keys(data, start)))
    place = max((m.start(2) for m in matches if m.end(2) + 2 > size), default=size)
    if not data.isascii() and (foreign := _FOREIGN_OPEN.search(data, start)):
        place = min(place, foreign.start(1))
    return place
