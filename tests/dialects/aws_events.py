"""Messages of AWS event streams, written by hand and read by botocore."""

import base64
import json
import struct
from binascii import crc32
from typing import Any

from botocore.eventstream import EventStreamBuffer

EVENT = {":content-type": "application/json", ":message-type": "event"}


def header(name: bytes, kind: int, value: bytes) -> bytes:
    """One header; strings and bytes are given their length."""
    length = struct.pack(">H", len(value)) if kind in (6, 7) else b""
    return bytes([len(name)]) + name + bytes([kind]) + length + value


def headers(values: dict[str, str]) -> bytes:
    return b"".join(header(name.encode(), 7, text.encode()) for name, text in values.items())


def prelude(size: int, head_size: int) -> bytes:
    lengths = struct.pack(">II", size, head_size)
    return lengths + struct.pack(">I", crc32(lengths))


def message(payload: bytes, head: bytes = b"") -> bytes:
    """One message with the right lengths and checksums."""
    start = prelude(len(head) + len(payload) + 16, len(head)) + head + payload
    return start + struct.pack(">I", crc32(start))


def event(kind: str, value: Any) -> bytes:
    """An event of that kind, as Bedrock sends it."""
    head = headers({":event-type": kind, **EVENT})
    return message(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(), head)


def part(value: Any) -> bytes:
    """A chunk of InvokeModelWithResponseStream that holds `value`."""
    inner = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return event("chunk", {"bytes": base64.b64encode(inner).decode(), "p": "abcdefghij"})


def understood(data: bytes) -> list[tuple[dict[str, Any], bytes]]:
    """Headers and payloads as botocore reads them."""
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    return [(message.headers, message.payload) for message in buffer]


def events(data: bytes) -> list[tuple[str, Any]]:
    """Kind and document of every message; chunks are unwrapped."""
    found = []
    for names, payload in understood(data):
        value = json.loads(payload)
        if "bytes" in value:
            value = json.loads(base64.b64decode(value["bytes"]))
        found.append((names.get(":event-type") or names[":exception-type"], value))
    return found
