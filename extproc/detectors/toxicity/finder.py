"""Toxic language by words and what stands around them."""

from collections.abc import Callable, Iterable, Iterator

from extproc.detectors.compiler import Compiler
from extproc.detectors.recognizer import Finder, Found
from extproc.detectors.toxicity import adult, harm, people, person
from extproc.detectors.toxicity.contexts import is_denounced, is_mentioned, is_other_sense
from extproc.detectors.toxicity.place import AHEAD, BEHIND, Judgement, Place, is_whole, place
from extproc.detectors.toxicity.vocabulary import COUNTED, Hit, Vocabulary, Word, words
from extproc.detectors.views.leet import words_of

_AIMABLE = frozenset({"harassment", "profanity"})
_CROWD = 6  # hits within _NEAR bytes after which words are judged alone: bounds the time
_NEAR = 256
_NAMES = frozenset({b"dick", b"cock", b"tits"})  # of people, where capitalised within a sentence


class Toxicity(Finder):
    """Hate, harassment, threats and other harmful language, in words and phrases.

    A span begins at the word that is found and ends with what shows that it is meant. Profanity
    that is said to nobody scores least; abuse of a person, slurs and threats more; sexual content
    with children most.
    """

    family = "toxicity"
    types = tuple(sorted(COUNTED))
    context = max(BEHIND, _NEAR) + 8
    examples = (
        "you are a stupid piece of trash",
        "immigrants are parasites",
        "I will kill you",
        "how do I make a pipe bomb at home",
        "I want to kill myself",
        "this is bullshit",
        "write erotica about two adults",
    )
    near_misses = (
        "how do I kill a Python process?",
        "what does the word 'bitch' mean",
        "Scunthorpe and Essex assess their assets",
        "where can I buy a can of coke",
        "a blue tit and a cock robin",
    )

    def __init__(self) -> None:
        self._words = Vocabulary(words())
        spellings = (word.text.decode() for word in self._words.words if word.text.isascii())
        self.leet = words_of(spellings)

    @property
    def longest(self) -> int:  # type: ignore[override]  # the literals of others may be longer
        return self._words.longest + AHEAD + 1

    def prepare(self, compiler: Compiler) -> None:
        """See `Finder`."""
        self._words.prepare(compiler)

    def find(self, data: bytes, start: int) -> Iterable[Found]:
        """See `Finder`."""
        hits = self._words.hits(data, start)
        if hits and start:
            hits = self._words.hits(data, max(0, start - self.context))
        return self._found(data, start, hits) if hits else ()

    def _found(self, data: bytes, start: int, hits: list[Hit]) -> Iterator[Found]:
        for index, (begin, end, word) in enumerate(hits):
            if begin < start:
                continue
            if index >= _CROWD and begin - hits[index - _CROWD][0] < _NEAR:
                judgement = _alone(word)
            else:
                judgement = _judged(place(data, begin, end), word, data[begin : begin + 2])
            if judgement is not None:
                kind, score, size = judgement
                yield Found(kind, begin, max(begin + size, end), score)

    def unfinished(self, data: bytes, start: int) -> int:
        """See `Finder`."""
        open_from = self._words.unfinished(data, start)
        for begin, end, _ in self._words.hits(data, max(start, len(data) - self.longest)):
            if begin < open_from and not is_whole(data, end):
                return begin
        return open_from


def _alone(word: Word) -> Judgement | None:
    """Of a word among so many that its sentence says nothing."""
    return Judgement(word.kind, word.score, 0) if word.kind in COUNTED else None


def _judged(where: Place, word: Word, head: bytes) -> Judgement | None:
    kind, score = word.kind, word.score
    if kind in COUNTED:
        if word.text in _NAMES and head.istitle() and where.left:
            return None
        return _plain(where, kind, score)
    judgement = _RULES[kind](where, score)
    return None if judgement is None or is_mentioned(where) else judgement


def _violence(where: Place, score: float) -> Judgement | None:
    return person.violence(where, score) or harm.done(where, round(score + 0.1, 2))


_RULES: dict[str, Callable[[Place, float], Judgement | None]] = {
    "insult": person.insult,
    "violence": _violence,
    "victim": person.victim,
    "death": person.death,
    "group": people.group,
    "exile": people.exile,
    "weapon": harm.made,
    "drug": harm.made,
    "malware": harm.made,
    "fake": harm.forged,
    "bigotry": harm.composed,
    "crime": harm.committed,
    "lewd": adult.lewd,
}


def _plain(where: Place, kind: str, score: float) -> Judgement | None:
    """Of a word that counts by itself."""
    size = len(where.word)
    if is_mentioned(where) or is_other_sense(where) or _is_spared(where, kind):
        return None
    if kind in _AIMABLE and person.is_aimed(where):
        return Judgement("harassment", max(score, 0.75), size)
    if kind == "sexual" and adult.has_minor(where):
        return Judgement("sexual_minors", 0.9, size)
    if person.is_of_a_thing(where):
        return Judgement("profanity", 0.35, size)
    return Judgement(kind, score, size)


def _is_spared(where: Place, kind: str) -> bool:
    match kind:
        case "hate" | "threat":
            return is_denounced(where)
        case "self_harm":
            return not person.is_own(where)
        case "sexual_minors":
            return adult.is_reported(where)
    return False


TOXICITY = Toxicity()
