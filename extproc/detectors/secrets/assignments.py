r"""Passwords and secrets by the name that they are assigned to: `DB_PASSWORD=…`, `"apiKey": "…"`.

A pattern begins at the part of a name that tells, so that `db_password`, `dbPassword` and
`PASSWORD` are one, and `values` says of what follows whether it is a secret or stands for one.
"""

import re

from extproc.detectors.recognizer import Recognizer, Span
from extproc.detectors.secrets import values
from extproc.detectors.secrets.formats import issued

# A pattern each: Hyperscan seeks one literal quickly, and a choice of them in one pattern slowly.
_PASSWORDS = ("pass(?:w(?:or)?d|wort|phrase|code)?", "pwd")
_SECRETS = ("secret", "token", "credentials?", "auth(?:orization)?", r"api[_.\- ]?key")
_KEYS = (r"access[_.\- ]?key", r"secret[_.\- ]?key", "key(?:_base)?")
_ABROAD = ("kennwort", "contrasena", "clave", "senha", r"mot\s?de\s?passe")

# Between name and value: the name may end a string or an index, or `value` stand between them
# where name and value are two fields.
_IS = r"[0-9]*[\\\"'\])]*(?:,?\s+[\"']?value[\"']?\s?[:=]|\s*[:=>,(!]=?>?)[ \x09]*"
_SAYS = r"[ \x09]+(?:(?:is|ist|lautet|es|est|e):?[ \x09]+)?"

_CALLED = r"(?:[A-Za-z&.]+\s*[=(]\s*)?"  # token: str = "…", password = Secret("…")
_QUOTED = r"\\?[\"'`][^\"'`\x0d\x0a]+[\"'`]"
_BARE = r"[A-Za-z0-9!#$%&*+\-./:=?@^_~|]"
# What ends a bare value tells a word from a call; a value has one end, so it is judged once.
_END = r"(?:[^A-Za-z0-9!#$%&*+\-./:=?@^_~|]|$)"


def _assigned(name: str) -> str:
    """The expression for the ways to give what is called `name` a value."""
    return (
        rf"{name}(?:{_IS}(?:{_CALLED}{_QUOTED}|{_BARE}{{3,}}{_END})"
        rf"|{_SAYS}[\"'`]?{_BARE}{{4,}}{_END})"
    )


def _lean(name: str) -> str:
    says = r"[ \x09]+(?:es|est|lautet|ist|e):?[ \x09]+"
    return rf"{name}(?:[\"']?\s*[:=][ \x09]*|{says})[\"']?{_BARE}{{4,}}{_END}"


_PARTS = re.compile(
    rf"(?P<name>{'|'.join((*_PASSWORDS, *_KEYS, *_SECRETS, *_ABROAD))})"
    rf"(?P<is>(?:{_IS})(?:(?P<called>[A-Za-z&.]+\s*[=(])\s*(?=\\?[\"'`]))?|{_SAYS})"
    rf"(?P<quote>\\?[\"'`]?)(?P<value>.*)",
    re.DOTALL | re.IGNORECASE,
)
_QUOTED_VALUE = re.compile(r"(?P<value>.*?)\\?[\"'`].?$", re.DOTALL)
_BARE_VALUE = re.compile(rf"(?P<value>{_BARE}*)(?P<end>.?)", re.DOTALL)
_SCHEME = re.compile(r"(?:pass|env|file|plain|basic|bearer|token|apikey)[: ]\s?", re.IGNORECASE)
_OF_CODE = frozenset("([{\\<`")
# Behind a mere word: where it is an argument, `f(password=word)`, and where a sentence goes on.
_GOES_ON = {False: frozenset("),"), True: frozenset(" )")}
_TRAILING = ".,:;!?"


def _value(candidate: str, judge: values.Judge) -> Span | None:
    parts = _PARTS.match(candidate)
    if parts is None:
        return None
    style = values.style(parts["is"], quoted=bool(parts["quote"]), called=parts["called"])
    start = parts.end("quote")
    match = (_QUOTED_VALUE if parts["quote"] else _BARE_VALUE).match(candidate, start)
    if match is None:
        return None
    value = match["value"]
    if not parts["quote"]:
        if match["end"] and match["end"] in _OF_CODE and not parts["is"].endswith(">"):
            return None
        if value.isalpha() and match["end"] in _GOES_ON[":" in parts["is"]]:
            return None
        value = value.partition("&")[0] if "=" in parts["is"] else value
        value = value.rstrip(_TRAILING) if " " in parts["is"] else value
    scheme = _SCHEME.match(value)
    if scheme:
        start, value = start + scheme.end(), value[scheme.end() :]
    if not value or value.startswith("eyJ") or issued(value) is not None:
        return None  # told by a recognizer that knows more
    score = judge(value, parts["name"].lower(), style)
    return Span(start, start + len(value), score) if score else None


def _password(candidate: str) -> Span | None:
    return _value(candidate, values.password)


def _secret(candidate: str) -> Span | None:
    return _value(candidate, values.secret)


RECOGNIZERS = (
    Recognizer(
        type="password",
        family="secrets",
        patterns=(*map(_assigned, _PASSWORDS), *map(_lean, _ABROAD)),
        longest=200,
        refine=_password,
        whole_word=False,  # DB_PASSWORD and dbPassword are names, too
        caseless=True,
        examples=(
            "DB_PASSWORD=zq8cx204502",
            '"password": "ueqentxdngu",',
            "my password is hunter22 now",
            "mysql --password s3cr3tPw!",
            "mein Passwort lautet Zq8!xyz7",
            '<add key="DbPassword" value="Zq8!xyz7"/>',
            '{"key": "password", "value": "zq8cx204"}',
            'password="#MS0ja8po%OV"',
            "<password>Zq8!xyz7</password>",
            "Server=db;User Id=sa;Password=Zq8!xyz7;",
        ),
        near_misses=(
            "password: string",
            "password = get_password(user)",
            'password="${DB_PASSWORD}"',
            "the password is incorrect",
            "password: ********",
            "password: !Ref MasterPassword",
            'password = "prefix_{0}"',
            "password: @Password",
            'password = "your-password-here"',
        ),
    ),
    Recognizer(
        type="generic_secret",
        family="secrets",
        patterns=tuple(map(_assigned, (*_SECRETS, *_KEYS))),
        longest=300,
        refine=_secret,
        whole_word=False,
        caseless=True,
        examples=(
            "SECRET_KEY=91f830qtyiuuy16m-45ayir",
            "apiToken: 'd11e54f78be84a'",
            "secret_key_base: 9717be5e215d848db92c07d63bcf7c44",
            "access_key = TJDcLz6GQlYLA8CxThn0wxlX",
            '{\\"token\\": \\"9142d6f86ef11a23d7be1e\\"}',
            "GET /raw?private_token=d11e54f78be84a&ref=master",
        ),
        near_misses=(
            'token = os.environ["TOKEN"]',
            "secret: ((vault/secret))",
            "api_key=YOUR_API_KEY",
            "key = value",
            "access_key = key_of_customer",
            "cache-key: linux-node-12345678",
        ),
    ),
)
