"""Logs as one JSON object a line."""

import asyncio
import json
import logging
import select
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TextIO

import orjson

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "taskName"}


class EventRecord(logging.LogRecord):
    """Events of which there are very many, with the time of each: one record for a batch.

    Told apart by their fields, so nobody asks where in the code they were made. Looking that up is
    most of what an ordinary record costs, and the way through the handlers most of the rest.
    """

    def __init__(
        self, logger: str, message: str, events: Sequence[tuple[float, Mapping[str, object]]]
    ) -> None:
        self.__dict__ = {**_EVENT, "name": logger, "msg": message, "created": events[-1][0]}
        self.events = events


_EVENT = vars(logging.makeLogRecord({"levelno": logging.INFO, "levelname": "INFO"}))


class JsonFormatter(logging.Formatter):
    """Fields: timestamp (RFC 3339, UTC), level, service, message, and whatever `extra` brings.

    Of an exception only its type and place are written: its text may quote content.
    `fields` are in every line.
    """

    def __init__(self, **fields: object) -> None:
        super().__init__()
        self._fields = fields

    def format(self, record: logging.LogRecord) -> str:
        if isinstance(record, EventRecord):
            about: dict[str, object] = {"level": "info", "service": "extproc"}
            about |= {"message": record.msg, **self._fields}
            lines = [{"timestamp": _timestamp(at), **about, **its} for at, its in record.events]
            return "\n".join(map(_json, lines))
        line: dict[str, object] = {
            "timestamp": _timestamp(record.created),
            "level": record.levelname.lower(),
            "service": "extproc",
            "message": _message(record),
            **self._fields,
        }
        line.update({k: v for k, v in vars(record).items() if k not in _STANDARD})
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
        return _json(line)


def _json(line: dict[str, object]) -> str:
    try:
        return orjson.dumps(line, default=str).decode()
    except TypeError:  # a lone surrogate, e.g. of a file name that is not UTF-8
        return json.dumps(line, default=str)


class LineHandler(logging.StreamHandler[TextIO]):
    """Writes the lines of one turn of the event loop together, and without a loop at once."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._lines: list[str] = []
        self._loop: asyncio.AbstractEventLoop | None = None  # that has been asked to flush

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._lines += self.format(record).split("\n")  # lines of JSON hold none
        except Exception:  # noqa: BLE001 - logging's own way with what cannot be written
            self.handleError(record)
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
            return
        if loop is not self._loop:
            self._loop = loop
            loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write what waits; also called at exit."""
        self.acquire()
        try:
            self._loop = None
            lines, self._lines = self._lines, []
            for text in _whole_writes(lines):
                self.stream.write(text)
                self.stream.flush()
        finally:
            self.release()


def _whole_writes(lines: list[str]) -> Iterator[str]:
    """Lines in pieces that a pipe takes whole, since other workers write to it too."""
    piece: list[str] = []
    size = 0
    for line in lines:
        width = len(line.encode("utf-8", "replace")) + 1
        if piece and size + width > select.PIPE_BUF:
            yield "\n".join((*piece, ""))
            piece, size = [], 0
        piece.append(line)
        size += width
    if piece:
        yield "\n".join((*piece, ""))


def _timestamp(created: float) -> str:
    return _stamp(int(created * 1000))


@lru_cache(maxsize=1)  # lines that are written together are often of one moment
def _stamp(milliseconds: int) -> str:
    """RFC 3339 with milliseconds."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")


def _message(record: logging.LogRecord) -> str:
    """The message; with an exception its first line, since asyncio quotes the exception below."""
    message = record.getMessage()
    return message.partition("\n")[0] if record.exc_info else message


def configure(level: str, **fields: object) -> None:
    """Send all logs to stderr as JSON, with `fields` in every line."""
    handler = LineHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(**fields))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("grpc").setLevel(logging.WARNING)
    logging.getLogger("hpack").setLevel(logging.WARNING)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
