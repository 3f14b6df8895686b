"""Every line of the table of key formats finds keys made after it, in prose, code and JSON."""

import random
import re
import string

import pytest

from extproc.detectors import secrets
from extproc.detectors.normal import NormalText
from extproc.detectors.scanner import Scanner
from extproc.detectors.secrets.formats import FORMATS, Format
from extproc.detectors.secrets.formats import _read as read

SCANNER = Scanner(secrets.RECOGNIZERS)
RANDOM = random.Random(5)

_ANYTHING = string.ascii_letters + string.digits + string.punctuation
_ITEM = re.compile(r"(\[[^\]]+\]|\\.|[^\\(){}|?*+])(\{(\d+)(?:,(\d*))?\}|[?*+])?")


def made(expression: str) -> str:
    """A random string of the language of a body: classes, groups, choices and counts."""
    expression = re.sub(r"\(\?=(?:[^()]|\([^()]*\))*\)", "", expression)
    while match := re.search(r"\(\?:([^()]*)\)(\{(\d+)\}|\?)?", expression):
        count = int(match[3] or 1)
        options = [RANDOM.choice(match[1].split("|")) for _ in range(count)]
        expression = expression[: match.start()] + "".join(options) + expression[match.end() :]
    return "".join(map(_item, _ITEM.finditer(expression)))


def _item(match: "re.Match[str]") -> str:
    least = int(match[3]) if match[3] else 0 if match[2] in ("?", "*") else 3 if match[2] else 1
    members = [c for c in _ANYTHING if re.fullmatch(match[1], c)]
    return "".join(RANDOM.choices(members, k=least))


@pytest.mark.parametrize(
    ("line", "prefix"),
    [(line, prefix) for line in FORMATS for prefix in line.prefixes],
    ids=lambda value: value.type if isinstance(value, Format) else value,
)
def test_a_key_of_the_format_is_found(line: Format, prefix: str) -> None:
    keys = [prefix + made(line.body) for _ in range(20)]
    texts = [text for key in keys for text in (f"use {key}\n", f'{{"k": "{key}"}}', f"x={key}&y")]
    found = sum(bool(SCANNER.find(NormalText(text))) for text in texts)
    assert found >= 0.8 * len(texts)  # chance may make what looks like a picture of a key


def test_the_table_covers_many_services() -> None:
    assert len({line.type for line in read()}) >= 150
