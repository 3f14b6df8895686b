"""JSON Web Tokens, signed (RFC 7519) or encrypted (RFC 7516)."""

import base64
import binascii
import json

from extproc.detectors.recognizer import Recognizer, Span


def _jwt(candidate: str) -> Span | None:
    """The first part must be a JSON object with `alg`."""
    header = candidate.partition(".")[0]
    try:
        decoded = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    except (binascii.Error, ValueError):
        return None
    if not isinstance(decoded, dict) or "alg" not in decoded:
        return None
    return Span(0, len(candidate), 0.95)


_JWT = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0."
    "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
)
_PART = r"[A-Za-z0-9_\-]"

RECOGNIZERS = (
    Recognizer(
        type="jwt",
        family="secrets",
        patterns=(rf"(?:eyJ|ewo){_PART}{{8,}}(?:\.{_PART}*){{1,2}}\.{_PART}{{8,}}",),
        longest=16384,
        refine=_jwt,
        examples=("Bearer " + _JWT, "eyJhbGciOiJkaXIifQ..c3VjaGFuaXY.Y2lwaGVydGV4dA"),
        near_misses=("eyJhbGciOiJIUzI1NiJ9", "eyJabcdefghij.abcdefghij.abcdefghij"),
    ),
)
