"""Logs as one JSON object a line."""

import json
import logging
import sys
from datetime import UTC, datetime

import orjson

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "taskName"}


class JsonFormatter(logging.Formatter):
    """Fields: timestamp (RFC 3339, UTC), level, service, message, and whatever `extra` brings.

    Of an exception only its type and place are written: its text may quote content.
    `fields` are in every line.
    """

    def __init__(self, **fields: object) -> None:
        super().__init__()
        self._fields = fields

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(
                timespec="milliseconds"
            ),
            "level": record.levelname.lower(),
            "service": "extproc",
            "message": _message(record),
            **self._fields,
        }
        line.update({k: v for k, v in vars(record).items() if k not in _STANDARD})
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
        try:
            return orjson.dumps(line, default=str).decode()
        except TypeError:  # a lone surrogate, e.g. of a file name that is not UTF-8
            return json.dumps(line, default=str)


def _message(record: logging.LogRecord) -> str:
    """The message; with an exception its first line, since asyncio quotes the exception below."""
    message = record.getMessage()
    return message.partition("\n")[0] if record.exc_info else message


def configure(level: str, **fields: object) -> None:
    """Send all logs to stderr as JSON, with `fields` in every line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(**fields))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("grpc").setLevel(logging.WARNING)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
