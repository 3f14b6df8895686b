"""Leetspeak: words with digits and signs for the letters that look like them."""

import re
from collections.abc import Iterable, Iterator

from extproc.detectors.views.view import View, itself

_SIGNS = "0134578@$!|+"
_AS_I = str.maketrans(_SIGNS, "oieastbasiit")
_AS_L = str.maketrans(_SIGNS, "oleastbasllt")
_ENDS = "!|+"  # of a sentence or a column rather than of a word

TRIGGERS = (
    r"[A-Za-z][0134578@$!|+]{1,4}[A-Za-z]",
    r"(?:^|[^0-9A-Za-z])[0134578@$!|+]{1,3}[A-Za-z]{2}",
    r"[A-Za-z]{2}[0134578$]{1,3}(?:[^0-9A-Za-z]|$)",
)
"""One of them is in every text with such a word."""

_LEET = re.compile("|".join(TRIGGERS))
_RUN = re.compile(r"[0134578@$!|+]+")
_REST = re.compile(r"[A-Za-z0-9@$!|+]+")
LONGEST = 24
"""Characters of a word."""
_NEAR = 16  # characters behind a known word in which all others are taken for leetspeak, too
CONTEXT = 2 * LONGEST
"""Characters of a stream that decide how the next is read."""

_OPEN = re.compile(r"(?:[A-Za-z0-9]*[0134578@$!|+]){1,16}[A-Za-z0-9]*\Z")

# Where these are in leetspeak, so is what follows.
_COMMON = (
    "about after all always and another answer any are ask back bad because been before being best "
    "better big black both but call can come could did different does dont down each else end ever "
    "every everyone everything fact find first for from full gay get girl give going good great "
    "guy has hate have help her here him his honest how into its itself just keep know last let "
    "life like little look made make man many may means men might more most much must myself need "
    "never new next not nothing now off old one only open order other our out over own people "
    "person please put really request right said same say see send she should show since some "
    "something still stop such take talk tell than that the their them then there these they thing "
    "think this those time told too try two under until upon use user very want was way were what "
    "when where which white who whole why will with without woman women word words work world "
    "would write yes you your yours yourself"
)

_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}")
_ENDING = re.compile(r"(?<=[a-z]{2})(?:ings?|ed|e?s|e|ly|ers?)\Z")


def words_of(phrases: Iterable[str]) -> frozenset[str]:
    """The words in phrases or patterns, to be looked for in leetspeak."""
    return frozenset(word.lower() for phrase in phrases for word in _WORD.findall(phrase))


class Leet:
    """Reads what spells one of `words`, whatever its ending, and what stands right behind it."""

    def __init__(self, words: Iterable[str]) -> None:
        self._stems = frozenset(map(_stem, (*words, *_COMMON.split())))

    def view(self, text: str, before: str = "") -> View | None:
        """`text` with letters for digits and signs, character for character; None without any.

        `before` are the last `CONTEXT` characters that stand before it in a stream.
        """
        parts: list[str] = []
        behind = len(before)
        whole = before + text
        for start, end, read in self._read(whole):
            if end > behind:
                first = max(start, behind)
                parts += whole[behind:first], read[first - start :]
                behind = end
        return View("".join((*parts, whole[behind:])), itself) if parts else None

    def _read(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Words of leetspeak, and how they are read."""
        done = reach = 0
        for run in _RUN.finditer(text):
            start, end = run.span()
            if start < done or (start >= reach and not _touches_letter(text, start, end)):
                continue
            start -= len(_word_at_end(text[max(done, start - LONGEST) : start]))
            rest = _REST.match(text, end)
            done = rest.end() if rest else end
            word = text[start:done]
            known = self._known(word) if _LEET.search(word) else None
            if known is not None:
                reach = done + _NEAR
                yield start, done, known
            elif start < reach and done - start <= LONGEST:
                yield start, done, self._known(word) or word.translate(_AS_I)

    def _known(self, word: str) -> str | None:
        """The word that it spells: a 1 is an i or an l, or an i where it begins the word."""
        if not 2 < len(word) <= LONGEST:
            return None
        first = "i" if word[0] == "1" else word[0]
        for read in (word.translate(_AS_I), (first + word[1:]).translate(_AS_L)):
            if _stem(read.lower()) in self._stems:
                return read
        stripped = word.strip(_ENDS)
        inner = self._known(stripped) if stripped != word and _RUN.search(stripped) else None
        return None if inner is None else word.replace(stripped, inner, 1)


def unfinished(text: str) -> int:
    """Where the last word of `text` begins if it may become one of leetspeak, else its end."""
    match = _OPEN.search(text, max(0, len(text) - LONGEST))
    return len(text) if match is None else match.start()


def _touches_letter(text: str, start: int, end: int) -> bool:
    return (start > 0 and text[start - 1].isalpha()) or text[end : end + 1].isalpha()


def _word_at_end(text: str) -> str:
    rest = _REST.match(text[: -LONGEST - 1 : -1])
    return rest[0][::-1] if rest else ""


def _stem(word: str) -> str:
    return _ENDING.sub("", word)
