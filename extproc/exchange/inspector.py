"""The inspection of one whole body, ready to be run here or elsewhere."""

import re
from collections.abc import Callable
from functools import partial

from extproc.dialects import registry
from extproc.dialects.base import Dialect
from extproc.dialects.codings import decode
from extproc.dialects.contents import Body, read_file, read_form, read_lines, read_text
from extproc.exchange.events import Headers
from extproc.exchange.headers import Kind, check_readable, codings, kind, media_type
from extproc.guardrail.guardrail import Guardrail, Inspection
from extproc.model.errors import BodyError
from extproc.model.values import Action, Direction, Verdict
from extproc.redaction.pseudonyms import Pseudonyms

# Clients of streams do not look at the content type, and some of JSON skip or decode what stands
# before it.
_EVENT = re.compile(rb"(?:\A(?:\xef\xbb\xbf)?|[\r\n])data:[ \t]*[{\[]")
_FIRST = 4096  # bytes of a file in which a stream would begin; a log of one may follow
_BEFORE_JSON = b" \t\r\n\0\xef\xbb\xbf"


def inspect(
    guardrail: Guardrail,
    dialect: Dialect,
    direction: Direction,
    headers: Headers,
    body: bytes,
    caller: str,
    max_body: int,
    pseudonyms: Pseudonyms | None = None,
) -> Inspection:
    """Raises BodyError when the body cannot be inspected."""
    if len(body) > max_body:
        message = f"the body is larger than {max_body} bytes; send less"
        raise BodyError("body_too_large", message)
    if direction is Direction.RESPONSE and not body:
        return Inspection(Verdict(Action.ALLOW, 0.0, guardrail.policy.name), None, 0)
    if "content-encoding" in headers and (coded := codings(headers)):
        if direction is Direction.REQUEST and guardrail.ignores(direction):
            return guardrail.uninspected()
        plain = decode(body, coded, max_body)
        headers = {name: value for name, value in headers.items() if name != "content-encoding"}
        return _decoded(
            inspect(guardrail, dialect, direction, headers, plain, caller, max_body, pseudonyms),
            plain,
        )
    check_readable(headers)
    if direction is Direction.RESPONSE and _is_bare_text(headers, body):
        return guardrail.inspect_body(direction, partial(_read_answer, body), caller, pseudonyms)
    body_kind = kind(headers)
    if body_kind is Kind.JSON and dialect.name != registry.UPLOAD:
        return guardrail.inspect_json(dialect, direction, body, caller, pseudonyms)
    reader = _reader(dialect, direction, headers, body, body_kind)
    if reader is not None:
        return guardrail.inspect_body(direction, reader, caller, pseudonyms)
    # A known API reads JSON whatever the content type says, and so does its provider.
    if body_kind is Kind.TEXT or dialect.name not in registry.ANY_CONTENT:
        return guardrail.inspect_json(dialect, direction, body, caller, pseudonyms)
    message = "a body of this content type cannot be inspected; send JSON"
    raise BodyError("unsupported_content_type", message)


def _is_bare_text(headers: Headers, body: bytes) -> bool:
    """Whether an answer is words without a content type, as `Accepted` of MCP servers.

    No object, list or string of JSON begins with a letter, in any encoding.
    """
    return "content-type" not in headers and body[:1].isalpha()


def _decoded(inspection: Inspection, plain: bytes) -> Inspection:
    """What becomes of a compressed body, given what became of what it stands for.

    It passes uncompressed even where nothing changed: what was inspected is then what arrives,
    however the receiver decodes, and also where it does not look at the header and would read the
    compressed bytes themselves (some are JSON as well).
    """
    if inspection.waits is not None:
        return inspection._replace(waits=partial(_uncoded, inspection.waits, plain))
    return _uncoded(lambda: inspection, plain)


def _uncoded(inspected: Callable[[], Inspection], plain: bytes) -> Inspection:
    inspection = inspected()
    return inspection if inspection.body is not None else inspection._replace(body=plain)


def _reader(
    dialect: Dialect, direction: Direction, headers: Headers, body: bytes, body_kind: Kind
) -> Callable[[str], Body] | None:
    """How a body is read that is more, or less, than one JSON document."""
    requested = direction is Direction.REQUEST
    is_json_api = dialect.name not in registry.ANY_CONTENT
    may_be_json = body.lstrip(_BEFORE_JSON).startswith((b"{", b"["))
    if requested and dialect.name == registry.UPLOAD:
        return partial(read_file, body, "")
    if requested and body_kind is Kind.FORM:
        # Even for an API of JSON: what begins with a boundary is JSON for nobody.
        return partial(read_form, body, headers["content-type"])
    if requested and is_json_api:
        return None
    if body_kind is Kind.LINES:
        return partial(read_lines, body)
    if body_kind is Kind.TEXT and not may_be_json:
        return partial(read_text if requested else _read_answer, body)
    if not is_json_api and (body_kind is Kind.TEXT or dialect.name != registry.FALLBACK):
        within = len(body) if body_kind is Kind.TEXT else _FIRST
        if not requested and _EVENT.search(body, 0, within):
            raise _misdeclared()
        return partial(read_file, body, media_type(headers))
    if body_kind is Kind.OTHER and not requested and not may_be_json:
        raise BodyError("unscanned_content", "the answer is of a kind that cannot be inspected")
    return None


def _read_answer(body: bytes, role: str) -> Body:
    """An answer that is plain text. Raises BodyError `not_utf8` or `unscanned_stream`."""
    if _EVENT.search(body):
        raise _misdeclared()
    return read_text(body, role)


def _misdeclared() -> BodyError:
    message = "a stream that is declared as something else cannot be inspected"
    return BodyError("unscanned_stream", message)
