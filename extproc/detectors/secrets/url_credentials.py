"""Names and passwords in URLs: `scheme://name:password@host` (RFC 3986, 3.2.1)."""

import re

from extproc.detectors.label_patterns import part
from extproc.detectors.recognizer import Recognizer, Span

_USER_INFO = re.compile(r"://([^\s/:@]*):([^\s/@]+)@")
# What documentation writes for a password; a variable is none either.
_PLACEHOLDER = re.compile(
    r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|changeme|example|your[-_]?.*|my[-_]?pass.*|x+|\*+"
    r"|\.+|[<{\[$%].*|.*[>}\]])$",
    re.IGNORECASE,
)


def _url_credentials(candidate: str) -> Span | None:
    match = _USER_INFO.search(candidate)
    if match is None:
        return None
    placeholder = _PLACEHOLDER.match(match[2])
    return part(candidate, match.start(1), match.end(2), 0.4 if placeholder else 0.9)


RECOGNIZERS = (
    Recognizer(
        type="url_credentials",
        family="secrets",
        patterns=(r"[A-Za-z0-9]://[^\s/:@\"'<>]*:[^\s/@\"'<>]+@[A-Za-z0-9\[]",),
        longest=400,
        refine=_url_credentials,
        whole_word=False,
        needs="@",
        examples=(
            "postgres://app:hunter2@db.example.com/x",
            "redis://:s3cr3t-Value@10.0.0.4:6379/0",
            "git clone https://jane:ghx_12345@git.example.com/a/b.git",
        ),
        near_misses=(
            "https://example.com:8080/@jane",
            "ssh://git@example.com/x",
            "http://host:80 a@b.io",
        ),
    ),
)
