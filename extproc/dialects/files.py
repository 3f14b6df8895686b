"""APIs that take or give files: what they say besides is JSON whose every string is text.

Forms and files themselves are read by `contents`, whatever the API.
"""

from typing import Any

from extproc.dialects import sse
from extproc.dialects.base import Dialect
from extproc.dialects.generic import GenericJson
from extproc.dialects.responses_stream import TypedStream
from extproc.dialects.walk import Media, Reading, Shape, read
from extproc.model.values import Refusal

# https://platform.openai.com/docs/api-reference/images
_RESPONSE: Shape = {"data": {"*": {"b64_json": Media("image"), "url": Media("file_url")}}}


class Files(GenericJson):
    """`api` is another API of the same provider, which says how errors look."""

    def __init__(self, name: str, api: Dialect) -> None:
        self.name = name
        self._api = api

    def response(self, document: Any) -> Reading:
        return read(document, _RESPONSE, role="assistant")

    def stream(self, media_type: str) -> TypedStream | None:
        return TypedStream() if media_type == sse.MEDIA_TYPE else None

    def error(self, refusal: Refusal) -> bytes:
        return self._api.error(refusal)
