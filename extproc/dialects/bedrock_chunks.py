"""Chunks of Amazon Bedrock's InvokeModelWithResponseStream: a model's own events, in base64.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_PayloadPart.html
"""

import binascii
import re
from typing import Any

from extproc.dialects import document as json_document
from extproc.dialects.event_stream import EventStream, event_type, head_of
from extproc.dialects.framing import Frame
from extproc.dialects.walk import is_token
from extproc.model.errors import BodyError

_CHUNK = b"chunk"
_CHUNK_HEAD = head_of(event_type="chunk", content_type="application/json", message_type="event")
_PLAIN = re.compile(rb'\{"bytes":"([A-Za-z0-9+/=]*)"(?:,"p":"[!#-\[\]-~]{0,256}")?\}').fullmatch
_BESIDE = b": "  # of the line for what stands beside a model's event; no header's begins so


class Chunks(EventStream):
    """The data of a frame is what the model says; padding is left out of what is written again.

    A frame without a head becomes a chunk, and its lines, which name events, are left out.
    """

    def encode(
        self,
        data: bytes | None,
        lines: tuple[bytes, ...] = (),
        head: bytes = b"",
        *,
        first: bool = False,
    ) -> bytes:
        if not head:
            head, lines = _CHUNK_HEAD, ()
        if event_type(head) == _CHUNK:
            payload = {"bytes": binascii.b2a_base64(data or b"", newline=False).decode()}
            data = json_document.write(payload | _beside(lines))
            lines = tuple(line for line in lines if not line.startswith(_BESIDE))
        return super().encode(data, lines, head, first=first)

    def _frame(self, payload: bytes, head: bytes, raw: bytes) -> Frame:
        frame = super()._frame(payload, head, raw)
        if event_type(head) != _CHUNK:
            return frame
        plain = _PLAIN(payload)
        if plain is not None:
            return frame._replace(data=_decoded(plain[1]))
        document = json_document.parse(payload)
        if not isinstance(document, dict):
            raise BodyError("invalid_event", "a chunk of the stream is not a JSON object")
        data = _decoded(document.pop("bytes", ""))
        padding = document.get("p")
        if isinstance(padding, str) and is_token(padding):
            del document["p"]
        beside = (_BESIDE + json_document.write(document),) if document else ()
        return frame._replace(data=data, lines=(*frame.lines, *beside))


def _decoded(text: Any) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except (TypeError, ValueError):
        raise BodyError("invalid_event", "a chunk of the stream is not in base64") from None


def _beside(lines: tuple[bytes, ...]) -> dict[str, Any]:
    """The members that stood beside `bytes`, as far as they still are any."""
    for line in lines:
        if line.startswith(_BESIDE):
            try:
                document = json_document.parse(line.removeprefix(_BESIDE))
            except BodyError:
                continue
            if isinstance(document, dict):
                return document
    return {}
