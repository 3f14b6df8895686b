r"""Private keys in text form: PEM (RFC 7468), OpenSSH, PGP, PuTTY.

A PEM key may stand in JSON or code, with `\n` for its line ends and quotes around its lines, and
may be cut off before its end.
"""

import base64
import re

from extproc.detectors.recognizer import Recognizer, Span

_BEGIN = r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----"
_END = r"-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----"
_LEAST = 40  # characters of a body; less is an ellipsis

# As Kubernetes keeps them: the whole in base64.
_TITLES = ("", "RSA ", "EC ", "DSA ", "OPENSSH ", "ENCRYPTED ")
_BEGINS = [base64.b64encode(f"-----BEGIN {t}PRIVATE KEY".encode()).decode() for t in _TITLES]
_BEGIN_ENCODED = "|".join(begin[: len(begin.rstrip("=")) // 4 * 4] for begin in _BEGINS)

_HEAD = re.compile(r"-----BEGIN[^-]*-----")
_BODY = re.compile(r"[A-Za-z0-9+/=]")


def _pem(candidate: str) -> Span | None:
    head = _HEAD.match(candidate)
    if head is None:
        return None
    body = candidate[head.end() :].partition("-----END")[0]
    size = len(_BODY.findall(body))
    if size < _LEAST or len(set(body)) < 12:
        return None
    return Span(0, len(candidate), 0.99)


_LINES = "MIIEpAIBAAKCAQEAvx1Zq0hW8mYd2Lr5TnK9sPqUcE3bJfGa"
_PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{_LINES}\n-----END RSA PRIVATE KEY-----"
_PGP = (
    "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2.0.22 (GNU/Linux)\n\n"
    f"{_LINES}\n-----END PGP PRIVATE KEY BLOCK-----"
)

RECOGNIZERS = (
    Recognizer(
        type="private_key",
        family="secrets",
        patterns=(
            rf"{_BEGIN}[A-Za-z0-9+/=\s\\:,.()@<>_\-\"'{{}}]*{_END}",
            rf"{_BEGIN}(?:[\s\\rn\"'+,]+[A-Za-z0-9+/=]{{16,}})+",  # cut off before its end
            rf"(?:{_BEGIN_ENCODED})[A-Za-z0-9+/]{{40,}}={{0,2}}",
            r"PuTTY-User-Key-File-[0-9]: [A-Za-z0-9\-]+\s+Encryption: [a-z0-9\-]+\s",
        ),
        longest=16384,
        refine=lambda text: _pem(text) if text.startswith("---") else Span(0, len(text), 0.95),
        examples=(
            _PEM,
            f"-----BEGIN PRIVATE KEY-----\n{_LINES}",
            f'"key": "-----BEGIN PRIVATE KEY-----\\n{_LINES}\\n-----END PRIVATE KEY-----\\n"',
            _PGP,
            f"tls.key: {base64.b64encode(_PEM.encode()).decode()}",
            "PuTTY-User-Key-File-2: ssh-rsa\r\nEncryption: none\r\nComment: x",
        ),
        near_misses=(
            "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
            "-----BEGIN RSA PRIVATE KEY-----...-----END RSA PRIVATE KEY-----",
            "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSURDVENDQWZHZ0F3SUJBZ0lVZkh6Qg==",
        ),
    ),
)
