"""Random texts in random pieces: a stream must give the findings of the whole.

    python -m eval.cuts --texts 10000        (make cuts) exit 1 with the texts that differ

Texts are made of what detectors find and nearly find, of disguised values, and of the corpora.
"""

import argparse
import random
import sys
import time
from collections.abc import Sequence

from eval.corpus import load
from eval.disguises import ALL
from extproc.detectors import catalog
from extproc.detectors.normal import NormalText
from extproc.detectors.scanner import Scanner
from extproc.detectors.watcher import Watcher
from extproc.model.errors import BodyError
from extproc.model.values import Finding

_BETWEEN = (" ", " ", "\n", ", ", ": ", "", '"', " is ", "é", "\u200b", "…")
_SIZES = (1, 3, 8, 40, 200)
_SHOWN = 5


def texts(seed: int) -> "Texts":
    """Random texts, the same for a seed."""
    examples = [
        text for each in catalog.DETECTORS for text in (*each.examples, *each.near_misses) if text
    ]
    documents = [document.text for document in load().every() if document.text]
    return Texts(random.Random(seed), examples, documents)


class Texts:
    """Makes one text after the other."""

    def __init__(
        self, chance: random.Random, examples: Sequence[str], documents: Sequence[str]
    ) -> None:
        self._chance = chance
        self._examples = examples
        self._documents = documents
        self._disguises = list(ALL.values())

    def next(self) -> str:
        """A text of one to six parts."""
        parts = [self._part() for _ in range(self._chance.randint(1, 6))]
        return "".join(part + self._chance.choice(_BETWEEN) for part in parts)

    def _part(self) -> str:
        chance = self._chance
        kind = chance.random()
        if kind < 0.5:
            return chance.choice(self._examples)[:400]
        if kind < 0.7:
            return chance.choice(self._disguises)(chance.choice(self._examples)[:60])
        document = chance.choice(self._documents)
        start = chance.randrange(len(document))
        return document[start : start + chance.randint(5, 200)]


def whole(scanner: Scanner, text: str) -> list[Finding] | None:
    """What is found; None where the text is refused."""
    try:
        return scanner.find(NormalText(text))
    except BodyError:
        return None


def pieces(scanner: Scanner, text: str, chance: random.Random) -> list[Finding] | None:
    """The same in a stream that is cut at random."""
    watcher, findings, longest = Watcher(scanner), list[Finding](), chance.choice(_SIZES)
    try:
        while text:
            size = chance.randint(1, longest)
            piece, text = text[:size], text[size:]
            if not piece.isascii() or watcher.feed_plain(piece) is None:
                findings += watcher.feed(piece)[1]
        return findings + watcher.feed("", final=True)[1]
    except BodyError:
        return None


def main() -> None:
    parser = argparse.ArgumentParser(prog="eval.cuts", description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=10_000, help="how many (default 10,000)")
    parser.add_argument("--seed", type=int, default=1, help="of the texts and of the cuts")
    arguments = parser.parse_args()
    scanner, source = catalog.scanner(catalog.TYPES), texts(arguments.seed)
    chance, begun, shown = random.Random(arguments.seed), time.monotonic(), time.monotonic()
    found = 0
    different: list[str] = []
    for number in range(1, arguments.texts + 1):
        text = source.next()
        expected = whole(scanner, text)
        found += len(expected or ())
        if pieces(scanner, text, chance) != expected:
            different.append(text)
        if time.monotonic() - shown > 5:
            shown = time.monotonic()
            print(f"{number:,} texts, {len(different)} differ", file=sys.stderr, flush=True)
    seconds = time.monotonic() - begun
    print(
        f"{arguments.texts:,} texts, {found:,} findings, {len(different)} differ, {seconds:.0f} s"
    )
    for text in different[:_SHOWN]:
        print(repr(text))
    sys.exit(bool(different))


if __name__ == "__main__":
    main()
