"""JSON of an API that has no dialect of its own: every string of it is read as text."""

from typing import Any

from extproc.dialects import document as json_document
from extproc.dialects.base import StreamReader
from extproc.dialects.openai_chat import error_object
from extproc.dialects.walk import Reading, read
from extproc.model.values import Refusal, Usage


class GenericJson:
    """The fallback. Its streams are unknown, so they cannot be inspected."""

    name = "generic_json"

    def request(self, document: Any) -> Reading:
        return read(document, None, role="user")

    def response(self, document: Any) -> Reading:
        return read(document, None, role="assistant")

    def usage(self, document: Any) -> Usage | None:  # noqa: ARG002 - part of the protocol
        return None

    def stream(self, media_type: str) -> StreamReader | None:  # noqa: ARG002
        return None

    def error(self, refusal: Refusal) -> bytes:
        return json_document.write(error_object(refusal))
