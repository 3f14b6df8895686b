"""Values that must never pass, and the places in provider documents where people's text stands."""

import copy
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

EMAIL = "canary.jane@corp-example.com"
SSN = "123-45-6789"
CARD = "4111 1111 1111 1111"
KEY = "AKIAIOSFODNN7EXAMPLE"
VALUES = (EMAIL, SSN, CARD, KEY)
TEXT = f"Mail {EMAIL}, SSN {SSN}, card {CARD}, key {KEY}."
REDACTED = "Mail [EMAIL_ADDRESS], SSN [US_SSN], card [CREDIT_CARD], key [AWS_ACCESS_KEY_ID]."

# All that is left out: identifiers and words from fixed lists, media, and data that only the
# provider can read. `*` is any list index. Every other string is text, wherever it stands.
NOT_TEXT_IN_RESPONSES = (
    r"id|object|model|provider|service_tier|system_fingerprint|request_id|obfuscation|x_groq\.id",
    r"choices\.\*\.(finish_reason|native_finish_reason)",
    r"choices\.\*\.(message|delta)\.(role|channel|audio\.id|audio\.data)",
    r"choices\.\*\.(message|delta)\.tool_calls\.\*\.(id|type)",
    r"choices\.\*\.(message|delta)\.(content|executed_tools)\.\*\.(type|thinking\.\*\.type)",
    r"choices\.\*\.(message|delta)\.reasoning_details\.\*\.(type|id|format|data|signature)",
    r"choices\.\*\.(message|delta)\.(extra_content\.google\.)?thought_signature",
)
# A value with any separators, or none. A longer number is another one.
_SPELLINGS = {
    value: re.compile(
        rb"(?<![0-9])%b(?![0-9])"
        % rb"[^0-9A-Za-z]*".join(
            b"%c" % letter for letter in value.encode() if chr(letter).isalnum()
        )
    )
    for value in VALUES
}


def leaks(data: bytes) -> list[str]:
    """The canary values in `data`, as written or with other separators."""
    return sorted(value for value, spelling in _SPELLINGS.items() if spelling.search(data))


def leaks_in(document: Any) -> list[str]:
    """The canary values in the strings, names and numbers of a JSON document."""
    return leaks("\n".join(scalars(document)).encode())


def scalars(value: Any) -> Iterator[str]:
    """Every name, string and number of a document."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from scalars(item)
    elif isinstance(value, list):
        for item in value:
            yield from scalars(item)
    elif value is not None:
        yield str(value)


def is_text(path: str, excluded: tuple[str, ...]) -> bool:
    return not any(re.fullmatch(pattern, path) for pattern in excluded)


def planted(
    document: Any,
    text: str,
    excluded: tuple[str, ...],
) -> Any:
    """A copy with `text` at the end of every string that people could read or write."""

    def plant(value: Any, path: str) -> Any:
        name = path.rpartition(".")[2]
        if isinstance(value, dict):
            return {
                key: plant(item, f"{path}.{key}" if path else key) for key, item in value.items()
            }
        if isinstance(value, list):
            return [plant(item, f"{path}.*") for item in value]
        if not is_text(path, excluded):
            return value
        if not isinstance(value, str):
            return value
        return planted_arguments(value, text) if name == "arguments" else f"{value} {text}"

    return plant(copy.deepcopy(document), "")


def planted_arguments(arguments: str, text: str, write: Callable[[Any], str] = json.dumps) -> str:
    """JSON in a string, with `text` at the end of every string inside; elsewhere as plain text."""
    try:
        inner = json.loads(arguments)
    except ValueError:
        return f"{arguments} {text}"
    if not isinstance(inner, dict | list):
        return f"{arguments} {text}"
    return write(planted({"planted": text, "given": inner}, text, ("planted",)))


def spelled_out(value: Any) -> str:
    """JSON in which half of the characters stand as escapes, as a provider is free to write it."""

    def escaped(match: re.Match[str]) -> str:
        return "".join(
            f"\\u{ord(character):04x}" if index % 2 else character
            for index, character in enumerate(match[0])
        )

    spelled = json.dumps(value, ensure_ascii=False)
    return _STRING.sub(lambda match: re.sub(r"[@A-Z0-9-]{2,}", escaped, match[0]), spelled)


_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
