"""ext_proc messages as Envoy sends them."""

import json
from typing import Any

from extproc.transport.pb import external_processor_pb2 as pb

JSON = (("content-type", "application/json"),)
POST = ((":method", "POST"), (":path", "/v1/chat/completions"), *JSON)
EVENTS = (("content-type", "text/event-stream"),)


def headers(
    side: str, pairs: tuple[tuple[str, str], ...], *, end: bool = False
) -> pb.ProcessingRequest:
    values = [pb.HeaderValue(key=key, raw_value=value.encode()) for key, value in pairs]
    message = pb.HttpHeaders(headers=pb.HeaderMap(headers=values), end_of_stream=end)
    if side == "request":
        return pb.ProcessingRequest(request_headers=message)
    return pb.ProcessingRequest(response_headers=message)


def body(side: str, data: Any, *, end: bool = True) -> pb.ProcessingRequest:
    content = data if isinstance(data, bytes) else json.dumps(data).encode()
    message = pb.HttpBody(body=content, end_of_stream=end)
    if side == "request":
        return pb.ProcessingRequest(request_body=message)
    return pb.ProcessingRequest(response_body=message)


def asking(text: str) -> pb.ProcessingRequest:
    return body("request", {"messages": [{"role": "user", "content": text}]})


def saying(text: str) -> pb.ProcessingRequest:
    return body("response", {"choices": [{"index": 0, "message": {"content": text}}]})
