"""`extproc types`: what can stand under `detect`, with what each looks like."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from extproc.detectors.catalog import DETECTORS, FAMILIES, TYPES
from extproc.detectors.compiler import IN_MEMORY
from extproc.detectors.normal import NormalText
from extproc.detectors.pii.national_table import NATIONAL_IDS
from extproc.detectors.recognizer import Finder, Recognizer
from extproc.detectors.secrets.formats import FORMATS
from extproc.model.errors import InputError
from extproc.policy.policy import names_like

PURPOSES: Mapping[str, str] = {
    "pii": "personal data: names, addresses, contacts, numbers of persons in some sixty countries",
    "network": "addresses of the web",
    "phi": "health data: record and plan numbers, prescribers, codes, conditions of a person",
    "pci": "payment data: cards, accounts, wallets",
    "secrets": "credentials: keys and tokens by their issuer, passwords, private keys",
    "injection": "attacks on instructions, also from documents and tools",
    "jailbreak": "attempts to talk a model out of its rules",
    "toxicity": "hate, harassment, threats, sexual and illicit content, self-harm",
    "code": "what harms where it runs: markup, SQL, shell",
}
"""What each family is for, in the order in which they are listed."""

_LONGEST = 72  # characters of an example


class Listed(NamedTuple):
    """An entity type. `example` is empty where none is fit to be shown."""

    type: str
    family: str
    example: str


def families() -> dict[str, int]:
    """How many types each family has."""
    counted = list(TYPES.values())
    return {family: counted.count(family) for family in PURPOSES}


def listed(word: str = "") -> list[Listed]:
    """The types of a family, or those with `word` in their name; all where it is empty.

    Raises InputError where there are none.
    """
    wanted = word.strip().lower().replace("-", "_").replace(" ", "_")
    names = [
        name
        for name, family in TYPES.items()
        if (family == wanted if wanted in FAMILIES else wanted in name)
    ]
    if not names:
        alike = names_like(wanted, {*TYPES, *FAMILIES})
        remedy = f"try {', '.join(alike)}" if alike else "`extproc types` names the families"
        raise InputError(f"no entity type has {word!r} in its name; {remedy}")
    shown = _examples()
    order = list(PURPOSES)
    rows = [Listed(name, TYPES[name], shown.get(name, "")) for name in names]
    return sorted(rows, key=lambda row: (order.index(row.family), row.type))


@cache
def _examples() -> Mapping[str, str]:
    """For each type the first example of a detector that is of this type.

    Numbers and keys that stand in a table have none: they are shown by their name or prefix.
    """
    found: dict[str, str] = {}
    for detector in DETECTORS:
        for example in detector.examples:
            for name in _types_in(example, detector):
                found.setdefault(name, _one_line(example))
    for number in NATIONAL_IDS:
        found.setdefault(number.type, f"{number.labels[0]} …")
    for key in FORMATS:
        found.setdefault(key.type, f"{key.prefixes[0]}…")
    return found


def _types_in(example: str, detector: Recognizer | Finder) -> Iterator[str]:
    """What the detector finds in its example, without what it takes to compile all patterns."""
    text = NormalText(example)
    if len(detector.types) == 1:
        yield from detector.types
    elif not isinstance(detector, Recognizer):
        detector.prepare(IN_MEMORY)
        found = list(detector.find(text.data, 0))
        if found:
            yield max(found, key=lambda each: each.score).type
    elif detector.refine is not None:
        flags = re.IGNORECASE if detector.caseless else re.NOFLAG
        for pattern in detector.patterns:
            for match in re.finditer(pattern, text.folded(0, len(text.data)), flags):
                span = detector.refine(match[0])
                if span is not None:
                    yield span.type or detector.type


def _one_line(example: str) -> str:
    line = " ".join(example.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
