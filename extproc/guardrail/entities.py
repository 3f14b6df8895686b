"""Entities of a policy's own, made into recognizers and tried on their author's examples."""

from collections.abc import Iterator

from extproc.detectors import custom
from extproc.detectors.compiler import Compiler
from extproc.detectors.normal import NormalText
from extproc.detectors.recognizer import Recognizer
from extproc.detectors.scanner import Scanner
from extproc.model.errors import PatternError
from extproc.policy.entities import Entity

Problem = tuple[tuple[str | int, ...], str]
"""Where in an entity a mistake is, and what to write instead."""


def recognizer_of(entity: Entity) -> Recognizer:
    """Raises PatternError."""
    return custom.recognizer(
        entity.name,
        entity.patterns,
        entity.words,
        family=entity.family,
        score=entity.score,
        ignore_case=entity.ignore_case,
        whole_word=entity.whole_word,
    )


def problems_of(entity: Entity) -> list[Problem]:
    """Every mistake in `entity`."""
    if not entity.patterns and not entity.words:
        return [((), f"{entity.name} looks for nothing; give it words or patterns")]
    unusable = list(_unusable(entity))
    return unusable or list(_untrue(entity))


def _unusable(entity: Entity) -> Iterator[Problem]:
    """Each by itself, so that each mistake is told where it stands."""
    for field, texts in (("patterns", entity.patterns), ("words", entity.words)):
        for index, text in enumerate(texts):
            try:
                alone = entity.model_copy(update={"patterns": [], "words": [], field: [text]})
                made = recognizer_of(alone)
                if field == "patterns":  # a word always compiles
                    Scanner([made])
            except PatternError as error:
                yield (field, index), str(error)


def _untrue(entity: Entity) -> Iterator[Problem]:
    scanner = Scanner([recognizer_of(entity)], Compiler())
    for index, text in enumerate(entity.examples):
        if not scanner.find(NormalText(text)):
            message = f"{entity.name} is not found in {text!r}; correct the example or the pattern"
            yield ("examples", index), message
    for index, text in enumerate(entity.near_misses):
        if scanner.find(NormalText(text)):
            message = f"{entity.name} is found in {text!r}; narrow the pattern"
            yield ("nearMisses", index), message
