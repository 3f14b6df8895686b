"""Whether what is given to a name that promises a secret is one, or a word, reference or code."""

import re
from collections import Counter
from collections.abc import Callable
from enum import Enum
from importlib import resources
from math import log2


class Style(Enum):
    """How a value was written, which says how likely it is that it is meant literally."""

    QUOTED = "quoted"  # "value"
    CONFIG = "config"  # NAME=value, name: value, <name>value
    CODE = "code"  # name = value: more often the name of a variable
    CALL = "call"  # name = word("value"): more often the name of something
    PROSE = "prose"  # the name is value
    TOLD = "told"  # the name is "value"
    BESIDE = "beside"  # --name value, name value


Judge = Callable[[str, str, Style], float]
"""From a value, its name in lower case and its style to how sure it is that it is a secret."""


def style(is_: str, *, quoted: bool, called: str | None) -> Style:
    """By what stands between name and value."""
    if called and called.endswith("("):
        return Style.CALL
    if quoted and "value" in is_.lower():  # {"key": name, "value": value}
        return Style.QUOTED
    if quoted and is_.strip("\\\"')] \t").startswith((",", "(", ">", "!=", "==")):
        return Style.CALL
    sign = is_.strip("\\\"')] \t\r\n")
    if quoted:
        return Style.QUOTED if sign and not sign.isalpha() else Style.TOLD
    if not sign:
        return Style.BESIDE
    if sign.rstrip(":").isalpha() and sign[0].isalpha() and "value" not in sign:
        return Style.PROSE
    if sign.startswith((":=", "==", "!=", "+=", "(", ",")) or (sign in "=>" and " " in is_):
        return Style.CODE
    return Style.CONFIG


def _read() -> frozenset[str]:
    text = resources.files(__package__).joinpath("words.txt").read_text("ascii")
    return frozenset(" ".join(x for x in text.splitlines() if not x.startswith("#")).split())


_WORDS = _read()
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+[0-9]{0,3}|[0-9]+")
_REFERENCE = re.compile(
    r"^(?:[$<{(\[]|[%#@&*](?!(?=\S*[a-z])(?=\S*[A-Z])(?=\S*[0-9])\S{8})|!(?:Ref|Sub|GetAtt|ImportValue)"
    r"|\\|process\.|os\.|env[.:]|vault:|arn:|ref:|secrets?\.|self\.|this\."
    r"|https?:|ftp:|file:|\.{1,2}/|/|~/)"
    r"|[$#]\{|\{\w*\}|\{\{|\}\}|%[sdv]|\$\(|<[\w ./-]+>|&lt;|\[[A-Z]|\w\(\)|->|::|xxx|XXX"
    r"|\*\*\*|\.\.\.|___|^-+$"
)
_FILE = re.compile(
    r"(?:\.(?:pem|crt|cer|p12|pfx|jks|key|txt|json|ya?ml|xml|html?|css|js|jsx|ts|tsx|py|rb|go|java|php"
    r"|sh|md|csv|png|jpe?g|gif|svg|ico|woff2?|com|org|net|io|dev|local|cfg|conf|ini|properties|example))$",
    re.IGNORECASE,
)
_PATH = re.compile(r"^[\w.@~-]*(?:/[\w.@-]+)+/?$")
_CHAIN = re.compile(r"^[A-Za-z_$][\w$]*(?:[.?:]{1,2}[A-Za-z_$][\w$]*)+$")
_IDENTIFIER = re.compile(r"^[A-Za-z_$][\w$-]*$")
_VERSION = re.compile(r"^v?\d+(?:\.\d+)+[\w.+-]*$|^0[bo][0-7_]+$")
_UUID = re.compile(r"^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$")
_HEX = re.compile(r"^(?:0x)?(?:[0-9a-f]+|[0-9A-F]+)$")
_PRINTED = re.compile(r"^[!-~]+$")
_UNPRONOUNCEABLE = re.compile(r"[bcdfghjklmnpqrstvwxz]{5}", re.IGNORECASE)


def stands_for_one(value: str) -> bool:
    """Whether it is a placeholder, a reference, a file, or made of the words of `_WORDS`."""
    if _REFERENCE.search(value) or _FILE.search(value) or len(set(value)) < 4:
        return True
    parts = _PART.findall(value)
    letters = [part.lower() for part in parts if not part.isdigit()]
    known = [part for part in letters if _is_known(part)]
    if letters and len(known) == len(letters):
        return all(len(part) <= 4 for part in parts if part.isdigit())
    return len(known) * 2 >= max(len(letters), 3)


def _is_known(part: str) -> bool:
    """Whether it is one of the words; hexadecimal digits hold `a` by chance."""
    word = part.rstrip("0123456789")
    return len(word) > 1 and (part in _WORDS or word in _WORDS)


def is_reference(value: str) -> bool:
    """Whether it only says where the value is, or that there is one."""
    return _REFERENCE.search(value) is not None


def _is_code(value: str) -> bool:
    return bool(_CHAIN.match(value) and not _random(value)) or bool(_VERSION.match(value))


def entropy(value: str) -> float:
    """Bits for a character, by how often each occurs in `value`."""
    size = len(value)
    return -sum(n / size * log2(n / size) for n in Counter(value).values())


def _random(value: str) -> bool:
    """Whether a part of it has digits among its letters, other than a number at its end."""
    return any(map(_RANDOM.search, _SEPARATORS.split(value))) or len(_TURN.findall(value)) >= _TURNS


_SEPARATORS = re.compile(r"[^A-Za-z0-9]+")
_RANDOM = re.compile(r"[0-9][A-Za-z]+[0-9]+[A-Za-z]|[A-Za-z][0-9]{5,}|[0-9]{3,}[A-Za-z]{3}")
_TURN = re.compile(r"[0-9](?=[A-Za-z])|[A-Za-z](?=[0-9])")
_TURNS = 4  # between letters and digits


_VAGUE = frozenset({"key", "auth"})
_LONG = 16
_HASH = 24
_LITERAL = (Style.QUOTED, Style.CONFIG)


def secret(value: str, name: str, how: Style) -> float:
    """How sure it is that `value` is a key or token, 0 where it is not one."""
    if len(value) < 8 or not _PRINTED.match(value) or stands_for_one(value) or _is_code(value):
        return 0.0
    if not any(map(str.isalpha, value)) or (how is Style.CODE and _CHAIN.match(value)):
        return 0.0
    if name in _VAGUE and not _is_long(value, how):
        return 0.0
    if _UUID.match(value):
        return 0.5 if name not in _VAGUE else 0.0
    if not any(map(str.isdigit, value)):
        return 0.5 if how in _LITERAL and _is_gibberish(value) else 0.0
    if how not in _LITERAL and (len(value) < 14 or not _random(value)):
        return 0.0
    return _likeness(value, how)


def _is_long(value: str, how: Style) -> bool:
    """Whether it is long enough for a name that may also be that of an entry or of a person."""
    if _HEX.match(value):
        return len(value) >= _HASH
    return len(value) >= (_LONG if how in _LITERAL else 2 * _LONG)


def _is_gibberish(value: str) -> bool:
    lower = len(value) >= 12 and value.isalpha() and value.islower()
    return lower and _UNPRONOUNCEABLE.search(value) is not None


def _likeness(value: str, how: Style) -> float:
    """How much a value with letters and digits is like what a generator brings forth."""
    if _HEX.match(value):
        return 0.8 if len(value) >= _HASH else 0.55 if len(value) >= 12 else 0.0
    if _random(value):
        return 0.8 if len(value) >= _LONG and entropy(value) >= 3 else 0.55
    if _PATH.match(value) and value.count("/") > 1:
        return 0.0
    quoted = how is Style.QUOTED and len(value) >= _LONG
    return 0.45 if quoted and entropy(value) > 3.6 else 0.0


_OPENS_NOTHING = re.compile(r"[A-Za-z0-9!@#%^&*_+/=~?-]")
_WEAK = re.compile(
    r"^(?:pass|passwd|password|secret|admin|root|welcome|p@ssw0rd)[0-9!@#$%*]{3,}$", re.IGNORECASE
)
_NAMES = re.compile(r"pass|pwd|secret|token", re.IGNORECASE)
_VERB = re.compile(r"^(?:get|set|is|has|on|handle|validate|check|to|use|reset)[A-Z_]|(?:ed|ing)$")


def password(value: str, name: str, how: Style) -> float:
    """How sure it is that `value` is a password, 0 where it is not one."""
    if not 4 <= len(value) <= 100 or not _PRINTED.match(value) or _is_code(value):
        return 0.0
    if not _OPENS_NOTHING.match(value) or (stands_for_one(value) and not _WEAK.match(value)):
        return 0.0
    has_digit = any(map(str.isdigit, value))
    if name == "pass" and (how not in _LITERAL or (not has_digit and how is not Style.QUOTED)):
        return 0.0
    if not any(map(str.isalpha, value)):
        return 0.45 if len(value) >= 6 and how in _LITERAL else 0.0
    special = any(not c.isalnum() and c not in "_-./:" for c in value)
    if has_digit or special:
        return _mixed(value, how, special=special) if has_digit or how in _LITERAL else 0.0
    if how not in (*_LITERAL, Style.TOLD) or _VERB.search(value) or _NAMES.search(value):
        return 0.0
    return 0.5 if _IDENTIFIER.match(value) and value[1:].islower() else 0.4


def _mixed(value: str, how: Style, *, special: bool) -> float:
    """The same for one with digits or other characters than letters."""
    if how in (Style.CODE, Style.CALL):
        return 0.7 if special or _random(value) else 0.0
    if how in (Style.PROSE, Style.BESIDE):
        return 0.7 if len(value) >= 5 else 0.0
    return 0.7 if len(value) >= 6 else 0.5
