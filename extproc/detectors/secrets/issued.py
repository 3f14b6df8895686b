"""Credentials that name their issuer: cloud and provider keys, tokens, private keys."""

import base64
import binascii
import json
import re

from extproc.detectors.recognizer import Recognizer, Span

_TOKEN = 512  # longer than any key of a service below
_FAMILY = "secrets"


def _tail(pattern: str) -> "re.Pattern[str]":
    return re.compile(pattern + "$")


_AWS_SECRET = _tail(r"[A-Za-z0-9/+]{40}")
_AZURE_STORAGE = _tail(r"[A-Za-z0-9+/]{86}==")


def _aws_secret(candidate: str) -> Span | None:
    match = _AWS_SECRET.search(candidate)
    return Span(match.start(), match.end(), 0.95) if match else None


def _azure_storage(candidate: str) -> Span | None:
    match = _AZURE_STORAGE.search(candidate)
    return Span(match.start(), match.end(), 0.98) if match else None


def _jwt(candidate: str) -> Span | None:
    """The first part must be a JSON object with `alg` (RFC 7519)."""
    header = candidate.partition(".")[0]
    try:
        decoded = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    except (binascii.Error, ValueError):
        return None
    if not isinstance(decoded, dict) or "alg" not in decoded:
        return None
    return Span(0, len(candidate), 0.95)


def _with_digit_and_letter(candidate: str) -> Span | None:
    """`sk-` also begins ordinary hyphenated words; a key mixes letters and digits."""
    body = candidate[3:]
    if any(map(str.isdigit, body)) and any(map(str.isalpha, body)):
        return Span(0, len(candidate), 0.95)
    return None


_PEM_BEGIN = r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----"
_PEM_END = r"-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----"
_PEM_BODY = "MIIEpAIBAAKCAQEAvx1Zq0000000000000000000000000000000"
_PGP_KEY = (
    "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2.0.22 (GNU/Linux)\n\n"
    f"{_PEM_BODY}\n-----END PGP PRIVATE KEY BLOCK-----"
)
_JWT = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0."
    "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
)

RECOGNIZERS = (
    Recognizer(
        type="aws_access_key_id",
        family=_FAMILY,
        patterns=(r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b",),
        longest=20,
        score=0.95,
        examples=("key AKIAIOSFODNN7EXAMPLE",),
        near_misses=("AKIAIOSFODNN7EXAMPL", "XAKIAIOSFODNN7EXAMPLE"),
    ),
    Recognizer(
        type="aws_secret_access_key",
        family=_FAMILY,
        patterns=(r"secret_?(?:access_?)?key[\"']?\s{0,3}[=:]\s{0,3}[\"']?[A-Za-z0-9/+]{40}\b",),
        longest=72,
        refine=_aws_secret,
        whole_word=False,  # AWS_SECRET_ACCESS_KEY
        caseless=True,
        examples=("aws_secret_access_key = wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYab",),
        near_misses=("secret_key = changeme",),
    ),
    Recognizer(
        type="gcp_api_key",
        family=_FAMILY,
        patterns=(r"AIza[A-Za-z0-9_\-]{35}", r"ya29\.[A-Za-z0-9_\-]{20,}\b"),
        longest=_TOKEN,
        score=0.95,
        examples=("AIzaSyA1234567890abcdefghijklmnopqrstuv", "ya29.a0AfH6SMBx-1234567890abcd"),
        near_misses=("AIzaSyA1234567890", "ya29.short"),
    ),
    Recognizer(
        type="azure_storage_key",
        family=_FAMILY,
        patterns=(r"AccountKey=[A-Za-z0-9+/]{86}==",),
        longest=100,
        refine=_azure_storage,
        examples=("AccountName=x;AccountKey=" + "aB3+" * 21 + "aB==",),
        near_misses=("AccountKey=abc==",),
    ),
    Recognizer(
        type="azure_client_secret",
        family=_FAMILY,
        patterns=(r"[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.\-]{31,34}\b",),
        longest=40,
        score=0.95,
        examples=("abc8Q~0123456789abcdefghijklmnopqrstuvw",),
        near_misses=("abc8Q~tooshort",),
    ),
    Recognizer(
        type="github_token",
        family=_FAMILY,
        patterns=(r"gh[pousr]_[A-Za-z0-9]{36,}\b", r"github_pat_[A-Za-z0-9_]{40,}\b"),
        longest=_TOKEN,
        score=0.98,
        examples=("ghp_" + "a1B2" * 9, "github_pat_" + "A1b2_" * 16),
        near_misses=("ghp_short", "github_pat_short"),
    ),
    Recognizer(
        type="slack_token",
        family=_FAMILY,
        patterns=(
            r"xox[abeoprs]-[A-Za-z0-9\-]{10,}\b",
            r"hooks\.slack\.com/services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{20,}\b",
        ),
        longest=_TOKEN,
        score=0.95,
        examples=(
            "xoxb-123456789012-abcdefABCDEF",
            "https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx",
        ),
        near_misses=("xoxb-1", "hooks.slack.com/services/help"),
    ),
    Recognizer(
        type="stripe_key",
        family=_FAMILY,
        patterns=(r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,}\b", r"whsec_[A-Za-z0-9]{24,}\b"),
        longest=_TOKEN,
        score=0.97,
        examples=("sk_test_4eC39HqLyjWDarjtT1zdp7dc", "whsec_" + "a1B2" * 8),
        near_misses=("sk_test_short", "pk_live_4eC39HqLyjWDarjtT1zdp7dc"),
    ),
    Recognizer(
        type="anthropic_api_key",
        family=_FAMILY,
        patterns=(r"sk-ant-[a-z]{3,8}\d\d-[A-Za-z0-9_\-]{20,}\b",),
        longest=_TOKEN,
        score=0.98,
        examples=("sk-ant-api03-" + "aB3-" * 20 + "x",),
        near_misses=("sk-ant-api03-short",),
    ),
    Recognizer(
        type="openai_api_key",
        family=_FAMILY,
        patterns=(
            r"sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_\-]{20,}\b",
            r"sk-[A-Za-z0-9]{40,}\b",
        ),
        longest=_TOKEN,
        refine=_with_digit_and_letter,
        examples=("sk-proj-" + "aB3_" * 12 + "x", "sk-" + "a1B2" * 12),
        near_misses=("sk-learn", "sk-proj-short", "sk-" + "a" * 48),
    ),
    Recognizer(
        type="jwt",
        family=_FAMILY,
        patterns=(r"eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}\b",),
        longest=16384,
        refine=_jwt,
        examples=("Bearer " + _JWT,),
        near_misses=("eyJhbGciOiJIUzI1NiJ9", "eyJabcdefghij.abcdefghij.abcdefghij"),
    ),
    Recognizer(
        type="private_key",
        family=_FAMILY,
        patterns=(
            rf"{_PEM_BEGIN}[A-Za-z0-9+/=\s\\:,.()@<>_\-]*{_PEM_END}",
            rf"{_PEM_BEGIN}(?:[\s\\rn]+[A-Za-z0-9+/=]{{24,}})+",  # cut off before its end
        ),
        longest=16384,
        score=0.99,
        examples=(
            f"-----BEGIN RSA PRIVATE KEY-----\n{_PEM_BODY}\n-----END RSA PRIVATE KEY-----",
            f"-----BEGIN PRIVATE KEY-----\n{_PEM_BODY}",
            _PGP_KEY,
        ),
        near_misses=("-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",),
    ),
)
