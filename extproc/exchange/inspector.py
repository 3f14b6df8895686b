"""The inspection of one whole body, ready to be run here or elsewhere."""

from extproc.dialects import registry
from extproc.dialects.base import Dialect
from extproc.exchange.events import Headers
from extproc.exchange.headers import Kind, check_readable, kind
from extproc.guardrail.guardrail import Guardrail, Inspection
from extproc.model.errors import BodyError
from extproc.model.values import Action, Direction, Verdict


def inspect(
    guardrail: Guardrail,
    dialect: Dialect,
    direction: Direction,
    headers: Headers,
    body: bytes,
    caller: str,
    max_body: int,
) -> Inspection:
    """Raises BodyError when the body cannot be inspected."""
    if len(body) > max_body:
        message = f"the body is larger than {max_body} bytes; send less"
        raise BodyError("body_too_large", message)
    if direction is Direction.RESPONSE and not body:
        return Inspection(Verdict(Action.ALLOW, 0.0, guardrail.policy.name), None, 0)
    check_readable(headers)
    body_kind = kind(headers)
    if body_kind is Kind.TEXT and _is_not_json(dialect, direction, body):
        return guardrail.inspect_text(direction, body, caller)
    # A known API reads JSON whatever the content type says, and so does its provider.
    if body_kind in (Kind.JSON, Kind.TEXT) or dialect.name != registry.FALLBACK:
        return guardrail.inspect_json(dialect, direction, body, caller)
    message = "a body of this content type cannot be inspected; send JSON"
    raise BodyError("unsupported_content_type", message)


def _is_not_json(dialect: Dialect, direction: Direction, body: bytes) -> bool:
    """Whether a body that is declared as text is just that: JSON is read with its escapes."""
    known_request = direction is Direction.REQUEST and dialect.name != registry.FALLBACK
    return not known_request and not body.lstrip().startswith((b"{", b"["))
