"""Every recognizer there is, and the words by which a policy may name them."""

from extproc.detectors import injection, pci, pii, secrets

RECOGNIZERS = (
    *pii.RECOGNIZERS,
    *pci.RECOGNIZERS,
    *secrets.RECOGNIZERS,
    *injection.RECOGNIZERS,
)

TYPES: dict[str, str] = {recognizer.type: recognizer.family for recognizer in RECOGNIZERS}
"""Entity type to family."""

FAMILIES = frozenset(TYPES.values())
