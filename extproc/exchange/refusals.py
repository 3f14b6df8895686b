"""What a caller is told in place of an answer, and with which status.

Never a status that SDKs take for a reason to retry, except where the provider is at fault.
"""

from extproc.model.errors import BodyError
from extproc.model.values import Direction, Refusal

# Codes of what is wrong with a request body, and the status that says so; 400 otherwise.
_REQUEST_STATUS = {
    "body_too_large": 413,
    "decompression_bomb": 413,
    "content_encoding": 415,
    "charset": 415,
    "unsupported_content_type": 415,
    "unknown_api": 403,
    "unscanned_websocket": 403,
}
_BLOCKED = 403
_BAD_GATEWAY = 502


def of_body(
    error: BodyError, direction: Direction, request_id: str, calls: tuple[str | int, ...] = ()
) -> Refusal:
    """A body that cannot be inspected under a policy that enforces something."""
    if direction is Direction.REQUEST:
        status = _REQUEST_STATUS.get(error.code, 400)
        return Refusal(status, error.code, str(error), request_id)
    refused_kind = error.code.startswith("unscanned_")
    return Refusal(
        _BLOCKED if refused_kind else _BAD_GATEWAY,
        error.code,
        f"the provider's answer cannot be inspected: {error}",
        request_id,
        calls=calls,
    )


def of_stream(request_id: str, calls: tuple[str | int, ...] = ()) -> Refusal:
    """A stream that cannot be inspected any further."""
    message = "the provider's stream cannot be inspected any further and was ended"
    return Refusal(_BAD_GATEWAY, "unreadable_stream", message, request_id, calls=calls)
