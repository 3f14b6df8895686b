"""The inspection of one whole body, ready to be run here or elsewhere."""

from dataclasses import dataclass

from extproc.dialects import registry
from extproc.dialects.base import Dialect
from extproc.exchange.events import Headers
from extproc.exchange.headers import Kind, check_readable, kind
from extproc.guardrail.guardrail import Guardrail, Inspection
from extproc.model.errors import BodyError
from extproc.model.values import Action, Direction, Verdict


@dataclass(slots=True)
class Inspector:
    """Call it for the inspection. Raises BodyError when the body cannot be inspected."""

    guardrail: Guardrail
    dialect: Dialect
    direction: Direction
    headers: Headers
    body: bytes
    caller: str
    max_body: int

    def __call__(self) -> Inspection:
        if len(self.body) > self.max_body:
            message = f"the body is larger than {self.max_body} bytes; send less"
            raise BodyError("body_too_large", message)
        if self.direction is Direction.RESPONSE and not self.body:
            return Inspection(Verdict(Action.ALLOW, 0.0, self.guardrail.policy.name), None, 0)
        check_readable(self.headers)
        body_kind = kind(self.headers)
        if body_kind is Kind.TEXT and self._is_not_json():
            return self.guardrail.inspect_text(self.direction, self.body, self.caller)
        # A known API reads JSON whatever the content type says, and so does its provider.
        if body_kind in (Kind.JSON, Kind.TEXT) or self.dialect.name != registry.FALLBACK:
            return self.guardrail.inspect_json(self.dialect, self.direction, self.body, self.caller)
        message = "a body of this content type cannot be inspected; send JSON"
        raise BodyError("unsupported_content_type", message)

    def _is_not_json(self) -> bool:
        """Whether a body that is declared as text is just that: JSON is read with its escapes."""
        known_request = (
            self.direction is Direction.REQUEST and self.dialect.name != registry.FALLBACK
        )
        return not known_request and not self.body.lstrip().startswith((b"{", b"["))
