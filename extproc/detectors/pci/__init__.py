"""Payment data."""

from extproc.detectors.pci import cards, iban

RECOGNIZERS = (*cards.RECOGNIZERS, *iban.RECOGNIZERS)
