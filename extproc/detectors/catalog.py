"""Every recognizer and finder there is, and the words by which a policy may name them."""

from collections.abc import Iterable

from extproc.detectors import code, injection, pci, phi, pii, secrets, toxicity
from extproc.detectors.compiler import IN_MEMORY, Compiler
from extproc.detectors.recognizer import Finder, Recognizer
from extproc.detectors.scanner import Scanner

RECOGNIZERS = (
    *pii.RECOGNIZERS,
    *phi.RECOGNIZERS,
    *pci.RECOGNIZERS,
    *secrets.RECOGNIZERS,
    *injection.RECOGNIZERS,
    *toxicity.RECOGNIZERS,
    *code.RECOGNIZERS,
)

FINDERS: tuple[Finder, ...] = (
    *pii.FINDERS,
    *phi.FINDERS,
    *injection.FINDERS,
    *toxicity.FINDERS,
)

DETECTORS: tuple[Recognizer | Finder, ...] = (*RECOGNIZERS, *FINDERS)

TYPES: dict[str, str] = {name: detector.family for detector in DETECTORS for name in detector.types}
"""Entity type to family."""

FAMILIES = frozenset(TYPES.values())


def scanner(
    types: Iterable[str], compiler: Compiler = IN_MEMORY, own: Iterable[Recognizer] = ()
) -> Scanner:
    """A scanner that finds what is of `types`, by these detectors and by a policy's `own`."""
    wanted = frozenset(types)
    return Scanner(
        (item for item in (*RECOGNIZERS, *own) if not wanted.isdisjoint(item.types)),
        compiler,
        finders=(item for item in FINDERS if not wanted.isdisjoint(item.types)),
        types=wanted,
    )
