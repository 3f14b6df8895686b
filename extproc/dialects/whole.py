"""APIs whose bodies are always whole, and described by their shapes alone."""

from collections.abc import Callable
from typing import Any

from extproc.dialects.walk import Reading, Shape, read
from extproc.model.errors import BodyError
from extproc.model.values import Refusal, Usage


class WholeBodies:
    """The dialect of an API by its shapes. It has no streams.

    `error` writes an error of its provider, `usage` reads what was counted.
    """

    def __init__(
        self,
        name: str,
        request: Shape,
        response: Shape,
        error: Callable[[Refusal], bytes],
        usage: Callable[[Any], Usage | None],
    ) -> None:
        self.name = name
        self._request = request
        self._response = response
        self._error = error
        self._usage = usage

    def request(self, document: Any) -> Reading:
        if not isinstance(document, dict):
            raise BodyError("not_an_object", "the body is no JSON object; send one")
        return read(document, self._request, role="user")

    def response(self, document: Any) -> Reading:
        return read(document, self._response, role="assistant")

    def usage(self, document: Any) -> Usage | None:
        return self._usage(document)

    def stream(self, media_type: str) -> None:  # noqa: ARG002 - part of the protocol
        return None

    def error(self, refusal: Refusal) -> bytes:
        return self._error(refusal)
