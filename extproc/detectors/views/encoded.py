"""Text in base64 (RFC 4648, both alphabets) or hexadecimal digits."""

import binascii
import re
from collections.abc import Iterator

from extproc.detectors.views.view import Decoder, Place, Region, View

_LEAST = 12  # characters of a run; eight encoded digits have as many
_STEP, _MORE = 4096, 1024  # of a run: its steps, each with what follows; divisible by 4
_CHARACTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-"
_MARKED = bytes(ord("a") if byte in _CHARACTERS else ord(" ") for byte in range(256))
_LONG_RUN = b"a" * (_LEAST - 2)
_PADDING = b"=="
# Words of letters alone are as long; what encodes text mixes capitals and digits into it, or ends
# as only that does.
_MIXED = r"(?:[a-z][A-Z]|[A-Za-z][0-9]|[0-9][0-9])"
_SIGNS = (
    rf"{_MIXED}[A-Za-z0-9+/_\-]{{6}}",
    rf"[A-Za-z0-9+/_\-]{{6}}{_MIXED}",
    r"[A-Za-z0-9+/]{10}==?(?:[^A-Za-z0-9+/=]|$)",
)
_IS_MIXED = re.compile("|".join(_SIGNS).encode())
_SEGMENT = re.compile(rb"[A-Za-z0-9+_\-]{%d,}=*" % (_LEAST - 2))
_HOST = re.compile(rb"@[A-Za-z0-9]")
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2})+")
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_READABLE = re.compile(rb"[ -~]{10}")  # by chance in one of thirty steps of random bytes
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_CUT = re.compile(r"\A[\udc80-\udcff]{1,3}|[\udc80-\udcff]{1,3}\Z|[\t\n\r]")


class Encoded(Decoder):
    """Base64 and hexadecimal digits."""

    triggers = _SIGNS

    def regions(self, data: bytes, start: int, run: int, /) -> Iterator[Region]:
        for begin, end in _runs(data, start):
            first = begin + (-run % _STEP if begin == start else 0)
            for step in range(first, end, _STEP):
                last = min(step + _STEP + _MORE, end)
                yield from _read_one(data, step, last, step) or _read_segments(data, step, last)

    def unfinished(self, data: bytes, start: int, run: int, /) -> int:
        at = data.rfind(b"@", start)
        if at >= 0 and run_length(data[at + 1 :]) == len(data) - at - 1:
            data = data[:at]  # what is encoded may be the user of that host
        text = data.rstrip(b"=")[start:]
        last = len(text) - run_length(text)
        if last == 0 and run:
            last = -run % _STEP
        steps = (len(data) - start - last - _MORE) // _STEP
        return min(len(data), start + last + max(0, steps) * _STEP)


def _runs(data: bytes, start: int) -> Iterator[tuple[int, int]]:
    """Where runs from `start` on begin and end, with their padding: a search for one string."""
    marked = data[start:].translate(_MARKED) + b" "
    begin = marked.find(_LONG_RUN)
    while begin >= 0:
        end = marked.find(b" ", begin)
        behind = data[start + end : start + end + len(_PADDING)]
        padded = start + end + len(behind) - len(behind.lstrip(b"="))
        yield start + begin, padded
        begin = marked.find(_LONG_RUN, end)


def run_length(data: bytes) -> int:
    """How many characters at the end of `data` belong to one run."""
    return len(data) - len(data.rstrip(_CHARACTERS))


def _read_one(data: bytes, start: int, end: int, held: int) -> list[Region]:
    if end - start < _LEAST or not _IS_MIXED.search(data, start, end):
        return []
    run = data[start:end]
    view = _from_hex(run, start) or _from_base64(run, start)
    if view is None:
        return []
    host = _HOST.match(data, end)
    return [Region(start, end, _before_host(view, host[0].decode()) if host else view, held)]


def _before_host(view: View, host: str) -> View:
    """As `view`, with the beginning of a host behind it that makes it a user and a password."""
    size = len(view.text)

    def place(start: int, end: int) -> tuple[int, int]:
        return view.place(min(start, size - 1), min(end, size))

    return View(view.text + host, place)


def _read_segments(data: bytes, start: int, end: int) -> Iterator[Region]:
    """Those of a path, where only one may be encoded."""
    if data.find(b"/", start, end) >= 0:
        for segment in _SEGMENT.finditer(data, start, end):
            yield from _read_one(data, *segment.span(), start)


def _from_base64(run: bytes, begin: int) -> View | None:
    digits = run.rstrip(b"=").translate(_TO_STANDARD)
    digits = digits[: len(digits) - (len(digits) % 4 == 1)]
    try:
        decoded = binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))
    except binascii.Error:
        return None
    return _view(decoded, begin, lambda first, last: (first * 4 // 3, (last - 1) * 4 // 3 + 2))


def _from_hex(run: bytes, begin: int) -> View | None:
    if not _HEX.fullmatch(run):
        return None
    decoded = bytes.fromhex(run.decode("ascii"))
    return _view(decoded, begin, lambda first, last: (2 * first, 2 * last))


def _view(decoded: bytes, begin: int, place_of_bytes: Place) -> View | None:
    """The decoded bytes as text, where they hold text that is no chance.

    A step of a run may cut characters at its ends.
    """
    readable, by_byte = _READABLE.search(decoded), decoded.isascii()
    if readable is None and _CONTROL.search(decoded):  # nearly always, where it is no text
        return None
    text = decoded.decode(errors="surrogateescape")
    if readable is None and not _CUT.sub("", text).isprintable():
        return None

    def place(start: int, end: int) -> tuple[int, int]:
        if not by_byte:
            start, end = (len(text[:p].encode(errors="surrogateescape")) for p in (start, end))
        start, end = place_of_bytes(start, end)
        return begin + start, begin + end

    return View(text, place)
