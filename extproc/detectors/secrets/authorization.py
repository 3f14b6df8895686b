"""Credentials in HTTP headers and command lines: Basic and Bearer (RFC 7617, 6750), `curl -u`."""

import base64
import binascii
import re

from extproc.detectors.recognizer import Recognizer, Span
from extproc.detectors.secrets import values
from extproc.detectors.secrets.formats import issued

_LEAST = 12  # characters of a bearer token
_MIXED = re.compile(r"[0-9].*[A-Za-z].*[0-9]|[A-Za-z].*[0-9].*[A-Za-z]")


def _basic(candidate: str) -> Span | None:
    """A user and a password with a colon between them, in base64."""
    value = candidate.rsplit(maxsplit=1)[-1]
    if value.startswith("eyJ"):
        return None
    try:
        decoded = base64.b64decode(value + "=" * (-len(value) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    if ":" not in decoded or not decoded.isprintable():
        return None
    return Span(len(candidate) - len(value), len(candidate), 0.9)


def _bearer(candidate: str) -> Span | None:
    value = candidate.rsplit(maxsplit=1)[-1].rstrip(".:")
    if value.startswith("eyJ") or issued(value) is not None:
        return None  # told by a recognizer that knows more
    if len(value) < _LEAST or not _MIXED.search(value) or values.stands_for_one(value):
        return None
    start = candidate.rindex(value)
    return Span(start, start + len(value), 0.8)


_USER = re.compile(r".*?[ =]['\"]?(?P<user>[^\s\"':]*)['\"]?:['\"]?(?P<password>[^\s\"'`]+)")


def _user(candidate: str) -> Span | None:
    match = _USER.match(candidate)
    if match is None or match["user"].isdigit():  # user and group of `docker run`
        return None
    password = match["password"]
    score = values.password(password, "password", values.Style.CONFIG)
    return Span(match.start("password"), match.end("password"), score) if score else None


_OPTION = re.compile(r".*?\s-p ?['\"]?(?P<password>[^\s'\"`]+)")


def _option(candidate: str) -> Span | None:
    match = _OPTION.match(candidate)
    if match is None:
        return None
    score = values.password(match["password"], "password", values.Style.CONFIG)
    return Span(match.start("password"), match.end("password"), score) if score else None


_TYPED = r"[^\s\"'`]{4,}(?:[\s\"'`]|$)"
_VALUE = r"[A-Za-z0-9+/=_\-.~:|]"

RECOGNIZERS = (
    Recognizer(
        type="basic_credentials",
        family="secrets",
        patterns=(r"basic\s{1,2}[A-Za-z0-9+/]{8,}={0,2}",),
        longest=400,
        refine=_basic,
        caseless=True,
        examples=("Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",),
        near_misses=("Authorization: Basic foobarfoobar", "basic understanding"),
    ),
    Recognizer(
        type="bearer_token",
        family="secrets",
        patterns=(rf"bearer\s{{1,2}}{_VALUE}{{{_LEAST},}}", rf"ssws\s{_VALUE}{{{_LEAST},}}"),
        longest=2400,
        refine=_bearer,
        caseless=True,
        examples=(
            "Authorization: Bearer 85aa3995114bf1687536ae1ac1d8d9f8",
            "-H 'authorization: bearer mF_9.B5f-4.1JqM'",
        ),
        near_misses=("Bearer YOUR_ACCESS_TOKEN", "bearer authentication", "Bearer $TOKEN"),
    ),
    Recognizer(
        type="password",
        family="secrets",
        patterns=(
            r"(?:-u|--user)[ =]\s*[\"']?[A-Za-z0-9_.@\-]*[\"']?:[\"']?[^\s\"'`]{4,}(?:[\s\"'`]|$)",
        ),
        longest=200,
        refine=_user,
        whole_word=False,
        examples=("curl -k -u developer:yqDVtkqPECriaLRi https://x",),
        near_misses=("docker run -u 1000:1000 x", "curl -u user:password x", 'curl -u "$U:$P"'),
    ),
    Recognizer(
        type="password",
        family="secrets",
        patterns=(
            rf"sshpass -p ?[\"']?{_TYPED}",
            rf"mysql(?:dump|admin)?(?: -[hPuD] ?[A-Za-z0-9_.\-]+)+ -p[\"']?{_TYPED}",
        ),
        longest=200,
        refine=_option,
        whole_word=False,
        examples=(
            "sshpass -p '6LF@NggkGp' ssh deploy@web1",
            "mysql -h db -u root -phunter&3 shop",
        ),
        near_misses=("sshpass -p $PASS ssh web1", "mysql -u root -p shop", "mysql -u root -P 3307"),
    ),
)
