"""Errors of Amazon Bedrock, whole and at the end of a stream."""

from typing import Any

from extproc.dialects import document as json_document
from extproc.dialects.event_stream import head_of
from extproc.dialects.framing import Frame
from extproc.dialects.refusal import facts, message
from extproc.model.values import Refusal

# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#errors
_EXCEPTIONS = {403: "AccessDeniedException", 502: "ServiceUnavailableException"}
_OTHER_EXCEPTION = "ValidationException"
_IN_STREAM = "modelStreamErrorException"
_EXCEPTION_HEAD = head_of(
    exception_type=_IN_STREAM, content_type="application/json", message_type="exception"
)


def error(refusal: Refusal) -> bytes:
    """The body of an error. SDKs look for its kind in `code` or `__type`, by their language."""
    kind = _EXCEPTIONS.get(refusal.status, _OTHER_EXCEPTION)
    return json_document.write({**_object(refusal), "__type": kind, "code": kind})


def error_event(refusal: Refusal) -> Frame:
    """The message that ends a stream in an error."""
    told = {**_object(refusal), "originalStatusCode": refusal.status}
    return Frame(json_document.write(told), head=_EXCEPTION_HEAD)


def _object(refusal: Refusal) -> dict[str, Any]:
    known = facts(refusal)
    kind = known.pop("code")
    return {
        "message": message(refusal),
        "type": kind,
        **known,
        "request_id": refusal.request_id,
    }
