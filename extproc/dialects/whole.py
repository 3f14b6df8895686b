"""APIs whose whole bodies are described by their shapes alone."""

from collections.abc import Callable
from typing import Any

from extproc.dialects.base import StreamReader
from extproc.dialects.walk import Reading, Shape, read
from extproc.model.errors import BodyError
from extproc.model.values import Refusal, Usage


def _no_stream(_media_type: str) -> StreamReader | None:
    return None


class WholeBodies:
    """The dialect of an API by its shapes.

    `error` writes an error of its provider, `usage` reads what was counted, and `stream` gives a
    reader for streams of a media type, where there are any.
    """

    def __init__(
        self,
        name: str,
        request: Shape,
        response: Shape,
        error: Callable[[Refusal], bytes],
        usage: Callable[[Any], Usage | None],
        stream: Callable[[str], StreamReader | None] = _no_stream,
    ) -> None:
        self.name = name
        self._request = request
        self._response = response
        self._error = error
        self._usage = usage
        self._stream = stream

    def request(self, document: Any) -> Reading:
        if not isinstance(document, dict):
            raise BodyError("not_an_object", "the body is no JSON object; send one")
        return read(document, self._request, role="user")

    def response(self, document: Any) -> Reading:
        return read(document, self._response, role="assistant")

    def usage(self, document: Any) -> Usage | None:
        return self._usage(document)

    def stream(self, media_type: str) -> StreamReader | None:
        return self._stream(media_type)

    def error(self, refusal: Refusal) -> bytes:
        return self._error(refusal)
