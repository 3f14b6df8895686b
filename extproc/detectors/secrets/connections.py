"""Passwords in connection strings of databases, queues and file servers."""

import re

from extproc.detectors.recognizer import Recognizer, Span
from extproc.detectors.secrets import values

# Of http: see the URLs with credentials. A pattern each, see `assignments`.
_SCHEMES = (
    "sql",
    "postgres",
    "postgis",
    "mariadb",
    "mongodb",
    r"mongodb\+srv",
    "redis",
    "rediss",
    "amqps?",
    "ldaps?",
    "ftps?",
    "smtps?",
    "imaps?",
    "mqtts?",
    "clickhouse",
    "cloudinary",
    "snowflake",
    "kafka",
    "nats",
    "neo4j",
    "ssh",
)
_DRIVER = r"(?:\+[a-z0-9]+)?"

_USER_INFO = re.compile(r"://[^\s:/@]*:(?P<password>.*)@", re.DOTALL)
_EXAMPLES = frozenset(
    {"password", "pass", "passwd", "pwd", "secret", "user", "root", "admin", "test"}
)


def _password(candidate: str) -> Span | None:
    match = _USER_INFO.search(candidate)
    if match is None:
        return None
    password = match["password"]
    if values.is_reference(password):
        return None
    known = password.lower() in _EXAMPLES
    return Span(match.start("password"), match.end("password"), 0.4 if known else 0.95)


RECOGNIZERS = (
    Recognizer(
        type="connection_password",
        family="secrets",
        patterns=tuple(
            rf"{scheme}{_DRIVER}://[^\s:/@\"'<>]*:[^\s\"'<>]+@[A-Za-z0-9\[%*]"
            for scheme in _SCHEMES
        ),
        longest=400,
        refine=_password,
        whole_word=False,  # postgresql
        caseless=True,
        examples=(
            "postgresql://admin:Lpgi944onDmo0y1@192.168.0.8/my-application",
            "DATABASE_URL=mysql+pymysql://app:dzrk@localhost/db",
            "mongodb+srv://login:CPCdZH5k0F6dxQ9V@prince.mongodb.net/?w=majority",
            "redis://:p4ss@cache:6379/0",
        ),
        near_misses=(
            "postgres://localhost:5432/db",
            "amqp://user:*****@example.com",
            "mysql://user:${PASSWORD}@db/x",
            "redis://user:<password>@host",
        ),
    ),
)
