"""Names of persons, by lists of names and by what stands beside them.

A *run* is words with capitals in a row: `Dear Dr. Anna van der Berg`. Within a run, titles,
greetings and ordinary words part it into *segments*, each of which is a name or is not. That is
decided from the segment, the words before the run and the bytes just behind it.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain, pairwise
from typing import NamedTuple

from extproc.detectors.pii import cues, values
from extproc.detectors.pii.context import BEFORE, context_of
from extproc.detectors.pii.names import CERTAIN, FIGURES, FIRST, LAST, NAME, OFTEN, WORD, kind_of
from extproc.detectors.pii.tails import ends_in_small_words
from extproc.detectors.recognizer import Found

_LONGEST_RUN = 80  # bytes; longer ones are headings, shouting or lists, and hold no name
_LONGEST_WORD = 160
_REACH = 2 * _LONGEST_RUN + _LONGEST_WORD  # from here on runs are seen whole, or are too long
_BEHIND = 3  # bytes behind a run that are looked at

_CAPITAL = rb"(?:[A-Z]|\xc3[\x86\x90\x98\x9e]|\xc4\x90|\xc5[\x81\x92])"
_LETTERS = rb"[A-Za-z]{0,30}+(?:[\xc3-\xca][\x80-\xbf][A-Za-z]{0,30}+){0,3}+"
_APOSTROPHE = rb"(?:'|\xe2\x80\x99)"
_WORD = rb"%s%s(?:(?:%s%s|-(?:[A-Za-z]))%s){0,2}+" % (
    _CAPITAL,
    _LETTERS,
    _APOSTROPHE,
    _CAPITAL,
    _LETTERS,
)
_DOTTED = (
    rb"(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|Sra|Srta|Rev|Capt|Sgt|Lt|Col|Gen|Hon|Mme|Mlle|Sig|Dhr"
    rb"|Mevr|MR|MRS|MS|DR)\.(?:-[A-Z]\.)?"
)
_TOKEN = rb"(?:%s|%s)" % (_DOTTED, _WORD)
_LINK = rb"(?:(?<=\.) {0,2}| {1,2})"
_PART = rb"(?:(?:%s) |(?:al|el|ul|as|ad|ar)-|[dl]%s)" % (cues.PARTICLES, _APOSTROPHE)
_PARTS = rb"(?:(?=[a-z])%s{1,3})?" % _PART
_RUN = re.compile(rb"(?<![A-Za-z0-9_])%s(?:%s%s%s)*+" % (_TOKEN, _LINK, _PARTS, _TOKEN))
_TOKENS = re.compile(rb"(?:%s)" % _TOKEN)
# What may follow a run at the end of a text and still belong to it.
_OPEN = re.compile(rb"\.? {0,2}%s{0,3}[a-z]{0,6}['\xe2\x80\x99-]{0,3}\Z" % _PART)

_CAPITAL_LETTER = re.compile(rb"[A-Z\xc3-\xc5]")
_LATIN = re.compile(rb"[\xc3-\xca]")  # letters that folding leaves
_CAPITALISED = re.compile(rb"[A-Z][A-Za-z]+")
_CODE_BEHIND = re.compile(
    rb"[0-9_(\[{=/$@]|\\[A-Za-z]|\.[A-Za-z0-9_(]|::|:[A-Za-z]|->|-[0-9]|'[a-rt-zA-Z]"
)
_NUMBER_BEHIND = re.compile(rb",? ?[0-9]")
_NAME = re.compile(rb"name")
_HINTS = frozenset().union(
    cues.TITLES,
    cues.GREETINGS,
    (b"Name", b"NAME", b"Patient", b"PATIENT", b"Thank"),
    (word.capitalize() for word in cues.CLOSINGS | cues.ROLES | cues.NAME_KEYS if word != b"you"),
)


class _Token(NamedTuple):
    start: int
    end: int
    word: bytes  # without a dot
    kind: int  # 0 where it is not known

    @property
    def initial(self) -> bool:
        return len(self.word) == 1 or self.word[1:2] == b"."


def _tokens(data: bytes, run: re.Match[bytes]) -> list[_Token]:
    text = run[0]
    if text.isalpha():
        return [_Token(*run.span(), text, kind_of(text))]
    tokens = []
    for match in _TOKENS.finditer(data, *run.span()):
        word = match[0]
        if word.endswith(b"."):
            word = word[:-1]
        tokens.append(_Token(match.start(), match.end(), word, kind_of(word)))
    return tokens


def _plain_name(run: re.Match[bytes]) -> bool:
    """Whether it is nothing but a certain given and family name, as most are."""
    first, _, last = run[0].partition(b" ")
    return (
        CERTAIN.get(first, 0) & (FIRST | OFTEN) == FIRST
        and CERTAIN.get(last, 0) & (LAST | OFTEN) == LAST
        and last not in cues.NOT_AFTER
        and run[0] not in FIGURES
    )


def _names(data: bytes, run: re.Match[bytes]) -> Iterator[Found]:
    """The names in one run, in order."""
    start, end = run.span()
    if end - start > _LONGEST_RUN:
        return
    if start > 1 and data[start - 2 : start - 1].isdigit() and _NUMBER_BEHIND.match(data, end):
        return  # a street between two numbers
    if _plain_name(run):
        yield Found("person", start, end, 0.85)
        return
    tokens = _tokens(data, run)
    if len(tokens) == 1 and tokens[0].kind == WORD:
        return
    cue, code = context_of(data, start)
    segment: list[_Token] = []
    for token in tokens:
        word = token.word
        if segment and word in cues.SUFFIXES:
            segment.append(token)
        elif word in cues.TITLES:
            yield from _judged(segment, cue, code)
            segment, cue, code = [], "title", False
        elif segment and word in cues.NOT_AFTER and not _surname(segment, token):
            segment, cue = [], ""
        elif word in cues.NOT_BEFORE:
            yield from _judged(segment, cue, code)
            segment, cue = [], "thing"
        elif word == b"The":
            yield from _judged(segment, cue, code)
            segment, cue = [], "the"
        elif not segment and word in cues.GREETINGS:
            cue = "greeting"
        elif token.kind == WORD and not (token.initial and word != b"I") or word in cues.NOT_NAMES:
            yield from _judged(segment, cue, code)
            segment, cue = [], "role" if word.lower() in cues.ROLES else ""
        else:
            segment.append(token)
    behind = _CODE_BEHIND.match(data, end) is not None
    if behind and len(segment) == 1:
        return
    if len(segment) == 1 and not cue and data[end : end + 2] == b"'s":
        cue = "beside"
    yield from _judged(segment, cue, code)


def _surname(segment: list[_Token], token: _Token) -> bool:
    """Whether a Hill or a Park that follows is a person's: behind nothing but a given name."""
    given = all(
        before.initial or before.kind & WORD == 0 < before.kind & FIRST for before in segment
    )
    return given and token.kind & LAST != 0


def _judged(segment: list[_Token], cue: str, code: bool) -> Iterator[Found]:
    """The name that a segment is, if it is one."""
    while segment and segment[-1].kind == 0 and segment[-1].initial and segment[-1].word == b"A":
        segment = segment[:-1]
    if len(segment) > 1 and segment[0].word in cues.VERBS and segment[1].kind == FIRST:
        segment, cue = segment[1:], ""
    if not segment or len(segment) > 5 or cue == "thing":
        return
    if all(token.initial or token.word in cues.SUFFIXES for token in segment):
        return
    shouted = all(token.word.isupper() for token in segment if not token.initial)
    if shouted and cue not in _LOUD or cue == "the" and len(segment) == 1:
        return
    score = _score(segment, cue)
    if code and len(segment) == 1:
        return
    if b" ".join(token.word for token in segment[-3:]) in FIGURES:
        score = min(score, 0.4)
    if score:
        yield Found("person", segment[0].start, segment[-1].end, score)


_LOUD = frozenset({"title", "strong", "name", "role", "weak", "introduction", "greeting"})


def _score(segment: list[_Token], cue: str) -> float:
    """How sure it is that a segment is a name; 0 where it is none."""
    names = [token for token in segment if not token.initial and token.word not in cues.SUFFIXES]
    known = [token for token in names if token.kind & NAME]
    several = len(segment) > 1
    if cue == "title":
        return 0.85
    if cue in ("strong", "introduction"):
        return 0.85 if known else 0.6
    bare = _bare_score(segment, names, cue)
    if cue == "name":
        return max(bare, 0.7 if several and known else 0.45 if known or len(names) > 1 else 0)
    if cue == "role":
        return max(bare, 0.7 if known else 0.55 if len(names) > 1 else 0.4)
    if cue == "weak":
        return max(bare, 0.6 if several and known else 0.4 if known else 0)
    if cue in ("greeting", "closing", "presentation", "named"):
        return max(bare, 0.6 if known and names[0].kind & FIRST else 0.5 if known else 0.4)
    return bare


def _bare_score(segment: list[_Token], names: list[_Token], cue: str) -> float:
    first, last = segment[0], names[-1]
    if len(segment) == 1:
        if first.kind & FIRST and not first.kind & WORD:
            return 0.55 if cue else 0.5
        return 0
    if first.initial:
        return 0.65 if last.kind & LAST and not last.kind & WORD else 0.4 if last.kind & LAST else 0
    if first.kind & FIRST:
        certain = not first.kind & WORD
        if segment[-1].initial or segment[-1].kind & LAST:
            if certain:
                return 0.85
            if first.kind & OFTEN:
                return 0.7
            return 0 if last.kind & WORD or last is first else 0.7
        return 0.7 if certain else 0.6 if last.kind == FIRST else 0
    if first.kind & LAST:  # as Chinese, Hungarians and registers write them
        if first.kind & WORD:
            return 0.55 if last.kind == LAST else 0
        return 0.6 if last.kind & NAME else 0
    if len(first.word) > 2 and first.word.isupper():
        return 0
    return 0.5 if last.kind == LAST or last.kind == NAME else 0


def _last_first(
    data: bytes, run: re.Match[bytes], follower: re.Match[bytes] | None
) -> Found | None:
    """`Smith, John A.`, but not two names of a list."""
    start, between = run.span()
    if follower is None or not data.startswith(b", ", between):
        return None
    behind, end = follower.span()
    if behind != between + 2 or behind - start > _LONGEST_RUN:
        return None
    if end - behind > _LONGEST_RUN or data[end : end + 1] == b"," or data.endswith(b", ", 0, start):
        return None
    last, first = _tokens(data, run), _tokens(data, follower)
    if len(last) > 1 and not all(t.kind & LAST for t in last) or len(first) > 3:
        return None
    if last[0].kind & FIRST and not last[0].kind & LAST or not first[0].kind & FIRST:
        return None
    shouted = last[0].word.isupper() and len(last[0].word) > 2
    if not (shouted or last[0].kind == LAST or first[0].kind == FIRST and last[0].kind & LAST):
        return None
    if first[0].kind & WORD and last[0].kind & WORD:
        return None
    return Found("person", start, end, 0.75)


class PersonFinder:
    """Finds names of persons; see the module."""

    family = "pii"
    types = ("person",)
    context = _REACH + _LONGEST_RUN + 2 * BEFORE
    longest = 2 * _LONGEST_RUN + 16
    examples = (
        "ask Jessica Nygaard about it",
        "Dear Ms. Abernathy,",
        "my name is john carter and I call again",
        '{"first_name": "zeynep"}',
        "Patient: KOWALCZYK, Barbara J.",
        "signed by Harold Winthrop III",
        "she met Donald van der Voet in May",
        "2,Ingrid,Halvorsen,Bergen",
        "Hi Mark, are you there?",
        "Dr. Okonkwo was on call",
        "Claimant: \u660e\u7f8e \u52a0\u85e4",
        "Sincerely,\nPriya Raman",
    )
    near_misses = (
        "Will Mark come in May? I Hope so.",
        "a flight from Austin to San Francisco on Sunday",
        "class Jordan(Base): import Julia",
        "the Mayo Clinic, Jackson County and the Robert Wood Johnson Hospital",
        "Parkinson disease, Glasgow Coma Scale 15, Foley catheter",
        "Ruby on Rails, Django, Jackson and Jenkins",
        "my name is not important",
        '{"name": "get_weather", "type": "string"}',
        "Hello World, Dear Customer, Hi there",
        "New York, Paris Hilton Hotel, Grace Church",
        "Romeo met Juliet at Victoria Station",
    )

    def find(self, data: bytes, start: int) -> Iterable[Found]:
        """Names in folded text, in order."""
        begin = max(0, start - self.context)
        found = list(values.find(data, max(0, start - values.LONGEST)))
        if _CAPITAL_LETTER.search(data, start) and (places := _places(data, begin)):
            found += _in_runs(data, places)
        return sorted((name for name in found if name.start >= start), key=_order)

    def unfinished(self, data: bytes, start: int) -> int:
        """Where the run begins that may still grow, or of which it shows later what it is."""
        size = len(data)
        begin = max(0, size - self.longest - _LONGEST_RUN)
        if not values.near(data, begin) and ends_in_small_words(data):
            return size
        place = values.unfinished(data, begin)
        runs = list(_RUN.finditer(data, begin))
        if not runs:
            return max(start, place)
        run = runs[-1]
        end = run.end()
        if end + _BEHIND > size or _OPEN.match(data, end):
            if end - run.start() <= _LONGEST_RUN:
                place = min(place, run.start())
            if len(runs) > 1 and data[runs[-2].end() : run.start()] == b", ":
                place = min(place, runs[-2].start())
        return max(start, place)


def _order(found: Found) -> tuple[int, int]:
    return found.start, found.end


def _places(data: bytes, begin: int) -> list[int]:
    """Where words stand that tell of a name. A run that has none, in or before it, is none."""
    places = []
    words = _CAPITALISED.findall(data, begin)
    if not (CERTAIN.keys().isdisjoint(words) and _HINTS.isdisjoint(words)):
        for match in _CAPITALISED.finditer(data, begin):
            word = match[0]
            if word in CERTAIN or word in _HINTS:
                places.append(match.start())
    if b"name" in data:
        places += [match.start() for match in _NAME.finditer(data, begin)]
    if not data.isascii():
        places += [match.start() for match in _LATIN.finditer(data, begin)]
    return sorted(places)


def _in_runs(data: bytes, places: list[int]) -> Iterator[Found]:
    """Names in the runs that hold one of `places`, or begin shortly behind one."""
    first = 0
    for index, place in enumerate(places, 1):
        if index == len(places) or places[index] - _REACH > place + BEFORE:
            yield from _near(data, places[first:index])
            first = index


def _near(data: bytes, places: list[int]) -> Iterator[Found]:
    runs = _RUN.finditer(data, max(0, places[0] - _REACH))
    waiting = iter(places)
    place = next(waiting)
    joined: Found | None = None
    for run, follower in pairwise(chain(runs, (None,))):
        if run is None:
            return
        start, end = run.span()
        while place < start - BEFORE:
            if (place := next(waiting, -1)) < 0:
                return
        if joined is not None:
            joined = None
        elif place < end:
            joined = _last_first(data, run, follower)
            yield from (joined,) if joined else _names(data, run)
