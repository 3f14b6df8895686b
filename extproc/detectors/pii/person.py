"""Names of persons, by lists of names and by what stands beside them.

A *run* is words with capitals in a row: `Dear Dr. Anna van der Berg`. Within a run, titles,
greetings and ordinary words part it into *segments*, each of which is a name or is not. That is
decided from the segment, the words before the run and the bytes just behind it.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from extproc.detectors.compiler import Compiler
from extproc.detectors.pii import cues, telling, values
from extproc.detectors.pii.context import BEFORE, Context, context_of
from extproc.detectors.pii.names import CERTAIN, FIGURES, FIRST, LAST, NAME, OFTEN, WORD, kind_of
from extproc.detectors.pii.scores import Token, score
from extproc.detectors.pii.tails import beginnings, ends_in_small_words, last_small_word
from extproc.detectors.recognizer import Finder, Found

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
_ARTICLES = rb"al|el|ul|as|ad|ar"
_PART = rb"(?:(?:%s) |(?:%s)-|[dl]%s)" % (cues.PARTICLES, _ARTICLES, _APOSTROPHE)
_PARTS = rb"(?:(?=[a-z])%s{1,3})?" % _PART
_RUN = re.compile(rb"(?<![A-Za-z0-9_])%s(?:%s%s%s)*+" % (_TOKEN, _LINK, _PARTS, _TOKEN))
_TOKENS = re.compile(rb"(?:%s)" % _TOKEN)
_RUN_START = re.compile(rb"[A-Z\xc3-\xc5](?<![A-Za-z0-9_].)", re.DOTALL)
# What may follow a run at the end of a text and still belong to it.
_OPEN = re.compile(
    rb"\.? {0,2}%s{0,3}%s['\xe2\x80\x99-]{0,3}\Z"
    % (_PART, beginnings(b"|".join((cues.PARTICLES, _ARTICLES, b"d|l")).split(b"|")))
)

_CAPITAL_LETTER = re.compile(rb"[A-Z\xc3-\xc5]")
_CODE_BEHIND = re.compile(
    rb"[0-9_(\[{=/$@]|\\[A-Za-z]|\.[A-Za-z0-9_(]|::|:[A-Za-z]|->|-[0-9]|'[a-rt-zA-Z]"
)
_NO_CODE = (b" ", b",", b"\n", b"")
_NUMBER_BEHIND = re.compile(rb",? ?[0-9]")
_NEAR = 24  # bytes that are sooner looked at than passed over
_SHORT = 128  # bytes in which it is quicker to look for a capital than for names

_PARTICLES = frozenset(cues.PARTICLES.split(b"|"))
# Makes a line end of every byte that stands in no run.
_PARTED = bytes(
    byte if byte >= 0x80 or chr(byte).isalpha() or byte in b" '.-" else 10 for byte in range(256)
)
_KEPT = 4096  # runs whose judgement is remembered: texts repeat themselves


def _tokens(run: bytes) -> list[Token]:
    if run.isalpha():
        return [Token(0, len(run), run, kind_of(run))]
    tokens = []
    for match in _TOKENS.finditer(run):
        word = match[0]
        if word.endswith(b"."):
            word = word[:-1]
        tokens.append(Token(match.start(), match.end(), word, kind_of(word)))
    return tokens


def _plain_name(run: bytes) -> bool:
    """Whether it is nothing but a certain given and family name, as most are."""
    first, _, last = run.partition(b" ")
    return (
        CERTAIN.get(first, 0) & (FIRST | OFTEN) == FIRST
        and CERTAIN.get(last, 0) & (LAST | OFTEN) == LAST
        and last not in cues.NOT_AFTER
        and run not in FIGURES
    )


def _names(data: bytes, start: int, end: int) -> Iterable[Found]:
    """The names in one run, in order."""
    if end - start > _LONGEST_RUN:
        return ()
    if start > 1 and data[start - 2 : start - 1].isdigit() and _NUMBER_BEHIND.match(data, end):
        return ()  # a street between two numbers
    run = data[start:end]
    if not _may_be(run):
        return ()
    context = context_of(data, start)
    code = data[end : end + 1] not in _NO_CODE and _CODE_BEHIND.match(data, end) is not None
    names = _judged(run, context, code_behind=code, owner=data.startswith(b"'s", end))
    if not names:
        return ()
    return [Found("person", start + first, start + last, score) for first, last, score in names]


@lru_cache(_KEPT)
def _may_be(run: bytes) -> bool:
    """Whether it is more than one word that is ordinary."""
    return not run.isalpha() or kind_of(run) != WORD


@lru_cache(_KEPT)
def _judged(
    run: bytes, context: Context, *, code_behind: bool, owner: bool
) -> tuple[tuple[int, int, float], ...]:
    """Where names begin and end in a run, and how sure they are."""
    if _plain_name(run):
        return ((0, len(run), 0.85),)
    names = []
    for segment, cue in _segments(_tokens(run), context.cue):
        alone = len(segment) == 1
        at_end = segment[-1].end == len(run)
        if alone and ((context.code and not segment[0].start) or (code_behind and at_end)):
            continue
        owns = alone and not cue and owner and at_end
        certainty = _certainty(segment, "beside" if owns else cue)
        first, last = segment[0], segment[-1]
        if not FIGURES.isdisjoint((run[first.start : last.end], run[first.start :])):
            certainty = min(certainty, 0.4)
        if certainty:
            names.append((first.start, last.end, certainty))
    return tuple(names)


def _segments(tokens: list[Token], cue: str) -> Iterator[tuple[list[Token], str]]:
    """Parts of a run that may be names, each with the cue before it."""
    segment: list[Token] = []
    for token in tokens:
        word = token.word
        if segment and (word in cues.SUFFIXES or _surname(segment, token)):
            segment.append(token)
            continue
        if not segment and word in cues.GREETINGS:
            cue = "greeting"
            continue
        parting = _parting(token)
        if segment and word in cues.NOT_AFTER:
            segment, cue = [], ""
        elif parting is None:
            segment.append(token)
        else:
            if segment:
                yield segment, cue
            segment, cue = [], parting
    if segment:
        yield segment, cue


def _parting(token: Token) -> str | None:
    """The cue that a word is which belongs to no name, or None for one that may."""
    word = token.word
    if word in cues.TITLES:
        return "title"
    if word in cues.NOT_BEFORE:
        return "thing"
    if word == b"The":
        return "the"
    if word in cues.NOT_NAMES or (token.kind == WORD and (not token.initial or word == b"I")):
        return "role" if word.lower() in cues.ROLES else ""
    return None


def _surname(segment: list[Token], token: Token) -> bool:
    """Whether a Hill or a Park that follows is a person's: behind nothing but a given name."""
    return (
        token.kind & LAST != 0
        and token.word in cues.NOT_AFTER
        and all(before.initial or before.surely_first for before in segment)
    )


def _certainty(segment: list[Token], cue: str) -> float:
    """How sure it is that a segment is a name; takes off it what is none."""
    if len(segment) > 1 and segment[-1].word == b"A":
        del segment[-1]
    if len(segment) > 1 and segment[0].word in cues.VERBS and segment[1].kind == FIRST:
        del segment[0]
        cue = ""
    words = [token.word for token in segment if not token.initial]
    if len(segment) > 5 or cue == "thing" or all(word in cues.SUFFIXES for word in words):
        return 0.0
    if cue == "the" and len(segment) == 1:
        return 0.0
    if cue not in _LOUD and all(map(bytes.isupper, words)):
        return 0.0
    return score(segment, cue)


_LOUD = frozenset({"title", "strong", "name", "role", "weak", "introduction", "greeting"})


def _last_first(data: bytes, start: int, between: int) -> Found | None:
    """`Smith, John A.`, but not two names of a list. The family name ends at `between`."""
    behind = between + 2
    if behind - start > _LONGEST_RUN or data.endswith(b", ", 0, start):
        return None
    follower = _RUN.match(data, behind)
    if follower is None:
        return None
    end = follower.end()
    if end - behind > _LONGEST_RUN or data.startswith(b",", end):
        return None
    if not _reversed(data[start:between], follower[0]):
        return None
    return Found("person", start, end, 0.75)


@lru_cache(_KEPT)
def _reversed(family_run: bytes, given_run: bytes) -> bool:
    """Whether two runs are a family name and given names."""
    family, given = _tokens(family_run), _tokens(given_run)
    if len(given) > 3 or not (len(family) == 1 or all(t.kind & LAST for t in family)):
        return False
    return _belong(family[0], given[0])


def _belong(family: Token, given: Token) -> bool:
    if not given.kind & FIRST or family.kind & NAME == FIRST or given.kind & family.kind & WORD:
        return False
    shouted = family.word.isupper() and len(family.word) > 2
    return shouted or family.kind == LAST or (given.kind == FIRST and family.kind & LAST != 0)


class PersonFinder(Finder):
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

    def prepare(self, compiler: Compiler) -> None:
        """Compile the search for names."""
        telling.SEARCH.prepare(compiler)

    def find(self, data: bytes, start: int) -> Iterable[Found]:
        """Names in folded text, in order."""
        first_value = max(0, start - values.LONGEST)
        if len(data) - start <= _SHORT and not _CAPITAL_LETTER.search(data, start):
            if data.isascii() and not values.near(data, first_value):
                return ()
            found = list(values.find(data, first_value))
        else:
            places, keys = telling.places(data, max(0, start - self.context))
            found = _in_runs(data, places) if places else []
            if keys or not data.isascii():
                found += values.find(data, first_value, (k for k in keys if k >= first_value))
        return sorted((name for name in found if name.start >= start), key=_order)

    def unfinished(self, data: bytes, start: int) -> int:
        """Where the run begins that may still grow, or of which it shows later what it is."""
        size = len(data)
        begin = max(0, size - self.longest - _LONGEST_RUN)
        if not values.near(data, begin) and ends_in_small_words(data):
            return size
        place = values.unfinished(data, begin)
        runs = list(_runs(data, last_small_word(data, begin)))
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


def _in_runs(data: bytes, places: list[int]) -> list[Found]:
    """Names in the runs that hold one of `places`, or begin shortly behind one."""
    found: list[Found] = []
    done = 0  # up to here runs are looked at
    for place in places:
        reach = place + BEFORE
        if reach < done:
            continue
        seek = done if place <= done + _NEAR else max(done, _run_from(data, place))
        while match := _RUN_START.search(data, seek, reach + 2):
            start = match.start()
            if start > reach:
                break
            run = _RUN.match(data, start)
            if run is None:
                seek = start + 1
                continue
            done = seek = run.end()
            if seek <= place:
                continue
            if data.startswith(b", ", seek) and (joined := _last_first(data, start, seek)):
                done = seek = joined.end
                found.append(joined)
            else:
                found += _names(data, start, seek)
    return found


def _runs(data: bytes, begin: int) -> Iterator[re.Match[bytes]]:
    """The runs that begin from `begin` on."""
    while match := _RUN_START.search(data, begin):
        run = _RUN.match(data, match.start())
        begin = run.end() if run else match.end()
        if run:
            yield run


def _run_from(data: bytes, place: int) -> int:
    """Where no run goes on from before, at `place` or not far before it."""
    least = max(0, place - _REACH)
    blank = place - 1
    if data[blank:place] == b" ":
        word = data[max(least, data.rfind(b" ", least, blank) + 1) : blank]
        if word.isalpha() and word.islower() and word not in _PARTICLES:
            return place
    return least + data[least:place].translate(_PARTED).rfind(b"\n") + 1
