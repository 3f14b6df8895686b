"""Whether what is assigned to a name that promises a secret is one, or a word, a reference, code."""

import re
from collections import Counter
from collections.abc import Callable
from enum import Enum
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


# Of these a value is made that only stands for a secret, or that is not one at all.
_WORDS = frozenset(
    """
    a abc access account actual add admin alias all an and any api app apikey application are array
    auth authorization authentication bar base base64 bearer bool boolean bytes cert change changed
    changing char check class client code config confirm confirmation const content correct
    credential credentials current data database db default demo dev disabled does dummy empty
    enabled encoded encrypted encryption enter env environment error example expected expired fake
    false field file final foo for forgot form from function generate generated get give given good
    has hash hashed header here hidden hint id in incorrect input insert int invalid is it json jwt
    key keys label length list local login long match min minimum missing mock model must my name
    need needed new nil no nonce none not null number object old on one only open optional or
    original pass passcode passphrase passwd password passwords pattern payload placeholder please
    plain post private process prod production prompt protected provided public pwd random read
    redacted reference refresh repeat replace request required reset response root salt same sample
    secret secrets secure self server service session set show silly simple some somesecret sort
    staging static store str string strong submit system temp test tester testing text that the this
    to todo token tokens true type undefined unknown update updated url use used user username using
    val valid value values var variable verify via void weak what when will with wrong yes you your
    yourself bad nice wrong first last second another other more secretkey mypassword mypass mytoken
    mysecret testpassword testtoken nopassword keyring void number unset off auto always never want
    sha256 sha1 md5 bcrypt hmac rsa aes hex utf8 ascii latin1 basic digest oauth oauth2 aws gcp azure
    github gitlab google docker bot slack openai async await return lambda import print echo read
    credhub component module props state context param params args options option int64 int32 float
    double decimal date datetime uuid guid regex email phone address inherit manual ignore allow
    deny strict lax include omit same-origin password1 pass1 test1 test123 user1 key1 value1 foobar
    foobaz lorem ipsum obligatorio requerido requis erforderlich obligatoire vergessen olvidada
    """.split()  # noqa: SIM905
)
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+[0-9]{0,3}|[0-9]+")
_REFERENCE = re.compile(
    r"^(?:[$<{(\[%#@&*]|\\|process\.|os\.|env[.:]|vault:|arn:|ref:|secrets?\.|self\.|this\."
    r"|https?:|ftp:|file:|\.{1,2}/|/|~/)"
    r"|[$#]\{|\{\{|\}\}|%[sdv]|\$\(|<[\w ./-]+>|&lt;|\[[A-Z]|\w\(\)|->|::|xxx|XXX|\*\*\*|\.\.\.|___|^-+$"
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
_TOKEN = re.compile(r"^[A-Za-z0-9+/=_\-.~%!@#$^&*|:]+$")
_PRINTED = re.compile(r"^[!-~]+$")
_UNPRONOUNCEABLE = re.compile(r"[bcdfghjklmnpqrstvwxz]{5}", re.IGNORECASE)
_KINDS = re.compile(r"[a-z]+|[A-Z]+|[0-9]+|[^A-Za-z0-9]+")
_SEQUENCE = re.compile(r"abcdefgh|01234567|12345678|ABCDEFGH")


def stands_for_one(value: str) -> bool:
    """Whether it is a placeholder, a reference, a file, or made of the words of `_WORDS`."""
    if _REFERENCE.search(value) or _FILE.search(value) or len(set(value)) < 4:
        return True
    parts = _PART.findall(value)
    letters = [part.lower() for part in parts if not part.isdigit()]
    known = [part for part in letters if part in _WORDS or part.rstrip("0123456789") in _WORDS]
    if letters and len(known) == len(letters):
        return all(len(part) <= 4 for part in parts if part.isdigit())
    return len(known) * 2 >= max(len(letters), 3)


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


def secret(value: str, name: str, how: Style) -> float:
    """How sure it is that `value` is a key or token, 0 where it is not one."""
    if len(value) < 8 or not _PRINTED.match(value) or stands_for_one(value) or _is_code(value):
        return 0.0
    if how is Style.CODE and _CHAIN.match(value):
        return 0.0
    if name in _VAGUE and len(value) < (_LONG if how in _LITERAL else 2 * _LONG):
        return 0.0
    if _UUID.match(value):
        return 0.5 if name not in _VAGUE else 0.0
    has_digit = any(map(str.isdigit, value))
    if not any(map(str.isalpha, value)):
        return 0.0
    if not has_digit:
        gibberish = len(value) >= 12 and value.isalpha() and value.islower() and _UNPRONOUNCEABLE.search(value)
        return 0.5 if gibberish and how in _LITERAL else 0.0
    if how in (Style.CODE, Style.CALL, Style.PROSE, Style.BESIDE) and (len(value) < 14 or not _random(value)):
        return 0.0
    if how in (Style.BESIDE, Style.PROSE) and _PATH.match(value) and "/" in value:
        return 0.0
    if _HEX.match(value) and name in _VAGUE and len(value) < _HASH:
        return 0.0
    if _HEX.match(value):
        return 0.8 if len(value) >= 24 else 0.55 if len(value) >= 12 else 0.0
    if _PATH.match(value) and value.count("/") > 1 and not _random(value):
        return 0.0
    if not _random(value):
        return 0.45 if how is Style.QUOTED and len(value) >= 16 and entropy(value) > 3.6 else 0.0
    return 0.8 if len(value) >= 16 and entropy(value) >= 3 else 0.55


_VAGUE = frozenset({"key", "auth"})
_LONG = 16
_HASH = 24
_LITERAL = (Style.QUOTED, Style.CONFIG)


def password(value: str, name: str, how: Style) -> float:
    """How sure it is that `value` is a password, 0 where it is not one."""
    if not 4 <= len(value) <= 100 or not _PRINTED.match(value):
        return 0.0
    if _OPENS_NOTHING.match(value) is None or _is_code(value):
        return 0.0
    if stands_for_one(value) and not _WEAK.match(value):
        return 0.0
    has_digit = any(map(str.isdigit, value))
    has_letter = any(map(str.isalpha, value))
    special = any(not c.isalnum() and c not in "_-./:" for c in value)
    if how in (Style.CODE, Style.CALL) and not (has_digit and (special or _random(value))):
        return 0.0
    if not has_letter:
        return 0.45 if len(value) >= 6 and how in _LITERAL else 0.0
    if name == "pass" and (how not in _LITERAL or (not has_digit and how is not Style.QUOTED)):
        return 0.0
    if has_digit or special:
        if how in (Style.PROSE, Style.BESIDE):
            return 0.7 if has_digit and len(value) >= 5 else 0.0
        return 0.7 if len(value) >= 6 else 0.5
    if how in (Style.PROSE, Style.BESIDE) or _VERB.search(value) or _NAMES.search(value):
        return 0.0
    if how in (*_LITERAL, Style.TOLD):
        return 0.5 if _IDENTIFIER.match(value) and value[1:].islower() else 0.4
    return 0.0


_OPENS_NOTHING = re.compile(r"[A-Za-z0-9!@#%^&*_+/=~?-]")
_WEAK = re.compile(r"^(?:pass|passwd|password|secret|admin|root|welcome|p@ssw0rd)[0-9!@#$%*]{3,}$", re.IGNORECASE)
_NAMES = re.compile(r"pass|pwd|secret|token", re.IGNORECASE)
_VERB = re.compile(r"^(?:get|set|is|has|on|handle|validate|check|to|use|reset)[A-Z_]|(?:ed|ing)$")
