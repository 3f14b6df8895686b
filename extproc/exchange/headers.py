"""What headers say about a body and its sender."""

import hashlib
import re
from enum import Enum

from extproc.dialects import multipart
from extproc.dialects.codings import named as named_codings
from extproc.dialects.contents import LINE_TYPES, SUBTITLE_TYPES, is_json
from extproc.exchange.events import Headers
from extproc.model.errors import BodyError

_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+=-]{0,127}")

_STILL_HTTP = ("h2c", "http/", "tls/")  # what some clients offer with every request


class Kind(Enum):
    """How a body can be read."""

    JSON = "json"
    TEXT = "text"
    EVENTS = "event_stream"
    LINES = "json_lines"
    FORM = "form"
    OTHER = "other"


def kind(headers: Headers) -> Kind:
    """Kind of the body by its content type; a body without one is taken for JSON."""
    content_type = headers.get("content-type", "")
    if content_type == "application/json":  # nearly always
        return Kind.JSON
    named = media_type(headers)
    if not named or is_json(named):
        return Kind.JSON
    if named == "text/event-stream":
        return Kind.EVENTS
    if named.startswith("text/") or named in SUBTITLE_TYPES:
        return Kind.TEXT
    if named in LINE_TYPES:
        return Kind.LINES
    if named == multipart.MEDIA_TYPE:
        return Kind.FORM
    return Kind.OTHER


def media_type(headers: Headers) -> str:
    """The content type in lower case and without parameters, or ""."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def check_readable(headers: Headers) -> None:
    """Raise BodyError `charset` where the headers say that the body is not UTF-8."""
    content_type = headers.get("content-type", "")
    if ";" not in content_type:
        return
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        charset = value.strip().strip('"').lower()
        if name.strip().lower() == "charset" and charset not in ("utf-8", "utf8", "us-ascii"):
            raise BodyError("charset", "the body is not declared as UTF-8; send charset=utf-8")


def codings(headers: Headers) -> tuple[str, ...]:
    """How the body is compressed. Raises BodyError `content_encoding` where that is not known."""
    return named_codings(headers.get("content-encoding", ""))


def is_upgrade(headers: Headers) -> bool:
    """Whether the connection shall become one that carries anything: a WebSocket, a tunnel."""
    if headers.get(":method") == "CONNECT" or ":protocol" in headers:
        return True
    wanted = (name.strip().lower() for name in headers.get("upgrade", "").split(","))
    return any(name and not name.startswith(_STILL_HTTP) for name in wanted)


def safe_name(headers: Headers, header: str) -> str:
    """A caller's own name for something, or "" where it might be content: it goes into the log."""
    value = headers.get(header, "")
    return value if value and _SAFE_NAME.fullmatch(value) else ""


def caller_credential(headers: Headers) -> str:
    """A name for the caller by its key, which is not kept."""
    for name in ("authorization", "x-api-key", "api-key", "x-goog-api-key"):
        if name in headers:
            return hashlib.blake2b(headers[name].encode(), digest_size=8).hexdigest()
    return ""


def content_length(headers: Headers) -> int:
    """Announced length of the body in bytes, or 0."""
    value = headers.get("content-length", "")
    return int(value) if value.isascii() and value.isdigit() else 0
