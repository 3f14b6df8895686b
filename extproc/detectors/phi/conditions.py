"""Health conditions of a person: a disease, and the words that say that somebody has it."""

import re
from collections.abc import Iterator
from importlib.resources import files

from extproc.detectors.labels import Labelled
from extproc.detectors.recognizer import Span

# A field of a form or record, or a sentence on one patient.
_OF_PATIENT = (
    *("diagnosis", "primary diagnosis", "patient has", "patient suffers from", "dx", "pt has"),
    *("patient with a history of", "patient was diagnosed with", "was diagnosed with", "pmh"),
    *("has been diagnosed with", "medical history", "past medical history", "known case of"),
    *("tested positive for", "admitted with", "admitted for", "medical condition"),
    *("being treated for", "first diagnosed with", "health condition", "medical conditions"),
)
# The same words are said of people in general.
_OF_ANYBODY = ("diagnosed with", "suffers from", "suffering from", "history of", "hx of")

_NAMES = [
    line
    for line in (files(__package__) / "conditions.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
]
_BY_WORD: dict[str, list[str]] = {}
for _name in sorted(_NAMES, key=len, reverse=True):
    _BY_WORD.setdefault(re.split(r"[ \-/']", _name)[0], []).append(_name)

_WORDS = re.compile(r"[a-z0-9]+")
_FARTHEST = 40  # characters between a label and a condition
_SENTENCE_END = re.compile(r"[.;!?]\s|\n\s*\n")


def _conditions(text: str, score: float) -> Iterator[Span]:
    """The conditions in the rest of the sentence, the longest name at each place."""
    lower = text.lower().replace("\u2019", "'")
    end = _SENTENCE_END.search(lower)
    stop, last = end.start() if end else len(lower), 0
    for word in _WORDS.finditer(lower, 0, stop):
        if word.start() < last or word.start() - last > _FARTHEST:
            continue
        for name in _BY_WORD.get(word[0], ()):
            last_place = word.start() + len(name)
            if lower.startswith(name, word.start()) and not lower[last_place:][:1].isalpha():
                last = last_place
                yield Span(word.start(), last_place, score)
                break


def _of_patient(_label: str, text: str) -> Iterator[Span]:
    yield from _conditions(text, 0.75)


def _of_anybody(_label: str, text: str) -> Iterator[Span]:
    yield from _conditions(text, 0.4)


LABELLED = (
    Labelled(
        types=("health_condition",),
        labels=_OF_PATIENT,
        read=_of_patient,
        digits=False,
        examples=(
            "Diagnosis: Congestive Heart Failure",
            "The patient has type 2 diabetes and hypertension",
            "She was diagnosed with breast cancer in May",
            '{"diagnosis": "Hypothyroidism"}',
        ),
        near_misses=("diagnosis is a process", "what is diabetes?", "medical history of Rome"),
    ),
    Labelled(
        types=("health_condition",),
        labels=_OF_ANYBODY,
        read=_of_anybody,
        digits=False,
        examples=("people diagnosed with asthma", "a history of stroke"),
        near_misses=("history of Rome. Asthma is bad", "suffers from lag"),
    ),
)
