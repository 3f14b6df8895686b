"""What stands in the place of a redacted value."""

import hashlib
import hmac
from collections.abc import Iterable

from extproc.model.values import Edit
from extproc.redaction.pseudonyms import Pseudonyms


class Redactor:
    """The redaction operators. `key` makes hashes useless to whoever does not have it.

    Pseudonyms are more than an operator: they are remembered while an exchange lasts.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def replacement(self, operator: str, entity_type: str, value: str) -> str:
        """Text to put in the place of `value`.

        mask     letters and digits become *      `123-45-6789` -> `***-**-****`
        replace  the type in brackets             -> `[US_SSN]`
        hash     the type and a keyed hash        -> `[US_SSN:9f86d081884c7d65]`
        remove   nothing
        """
        match operator:
            case "mask":
                return "".join("*" if character.isalnum() else character for character in value)
            case "replace":
                return f"[{entity_type.upper()}]"
            case "hash":
                digest = hmac.digest(self._key, value.encode("utf-8", "replace"), hashlib.sha256)
                return f"[{entity_type.upper()}:{digest[:8].hex()}]"
            case "remove":
                return ""
        raise ValueError(f"no redaction operator {operator!r}")

    def pseudonyms(self, tenant: str) -> Pseudonyms:
        """Those of an exchange of one tenant; another tenant's are others."""
        tenant_key = hmac.digest(self._key, b"tenant\0" + tenant.encode(), hashlib.sha256)
        return Pseudonyms(tenant_key)


def apply(text: str, edits: Iterable[Edit]) -> str:
    """Rewrite `text`. `edits` come in order and do not overlap."""
    pieces: list[str] = []
    position = 0
    for edit in edits:
        pieces += text[position : edit.start], edit.replacement
        position = edit.end
    pieces.append(text[position:])
    return "".join(pieces)
