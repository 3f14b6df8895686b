"""Every recognizer there is, and the words by which a policy may name them."""

from extproc.detectors import code, injection, pci, phi, pii, secrets, toxicity

RECOGNIZERS = (
    *pii.RECOGNIZERS,
    *phi.RECOGNIZERS,
    *pci.RECOGNIZERS,
    *secrets.RECOGNIZERS,
    *injection.RECOGNIZERS,
    *toxicity.RECOGNIZERS,
    *code.RECOGNIZERS,
)

TYPES: dict[str, str] = {
    name: recognizer.family for recognizer in RECOGNIZERS for name in recognizer.types
}
"""Entity type to family."""

FAMILIES = frozenset(TYPES.values())
