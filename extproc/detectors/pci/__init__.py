"""Payment data."""

from extproc.detectors.pci import (
    bank_account,
    card_expiry,
    cards,
    crypto_wallet,
    cvv,
    iban,
    swift_bic,
    track_data,
)

RECOGNIZERS = (
    *cards.RECOGNIZERS,
    *cvv.RECOGNIZERS,
    *card_expiry.RECOGNIZERS,
    *track_data.RECOGNIZERS,
    *iban.RECOGNIZERS,
    *swift_bic.RECOGNIZERS,
    *bank_account.RECOGNIZERS,
    *crypto_wallet.RECOGNIZERS,
)
