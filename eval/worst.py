"""Texts made to be slow: milliseconds for a megabyte, and how time grows from a quarter to it."""

import base64
import html
import random
import signal
import urllib.parse
from collections.abc import Callable, Iterator

from eval.detection import Detector
from eval.rows import Row
from extproc.detectors.catalog import DETECTORS

MEGABYTE = 1 << 20
MOST_MS = 100  # of a megabyte
MOST_GROWTH = 5  # of the time, where the text is four times as long
_SIZES = (MEGABYTE // 16, MEGABYTE // 4, MEGABYTE)
_PATIENCE = 1.0  # seconds, beyond which four times as much is not tried
_LONG = 0.3  # seconds, beyond which noise matters little
_MOST = 3.0  # seconds of one look, then it is given up
_SHOWN = 10  # recognizers, the slowest

_UNITS = [
    *("a", "0", "@", ".", "-", "A", "<", " ", "=", "/", "\\", "\n", "\u00e9", "\u200b"),
    *("%41", "%25", "&#65;", "&amp;", "a ", "1 ", "one ", "0x41", "\\u0041", '{"a":'),
]


def texts() -> Iterator[tuple[str, Callable[[int], str]]]:
    """Name, and how to write so many characters of it."""
    for unit in _UNITS:
        yield f"{unit!r} over and over", _repeated(unit)
    yield "base64 of base64 of base64 …", lambda size: _nested(size, _base64)
    yield "URL of URL of URL …", lambda size: _nested(size, urllib.parse.quote)
    yield "HTML of HTML of HTML …", lambda size: _nested(size, html.escape)
    yield "base64 of noise", lambda size: _base64(_noise(size).decode("latin-1"))[:size]
    yield "hex of noise", lambda size: _noise(size // 2).hex()
    yield "short words of base64", _words


def _repeated(unit: str) -> Callable[[int], str]:
    return lambda size: (unit * (size // len(unit) + 1))[:size]


def _nested(size: int, encode: Callable[[str], str]) -> str:
    text = "%<&a 4111 1111 1111 1111>"
    while len(text) < size:
        text = encode(text * 2)
    return text[:size]


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _noise(size: int) -> bytes:
    return random.Random(5).randbytes(size)


def _words(size: int) -> str:
    word = " " + _base64("jane@example.com 078-05-1120")
    return _repeated(word)(size)


def rows(detector: Detector, advance: Callable[[int], None]) -> Iterator[Row]:
    """A row of each text, and of the detectors whose examples take longest."""
    for name, write in texts():
        yield _measure(detector, name, write)
        advance(1)
    slow: list[tuple[float, str, Callable[[int], str]]] = []
    for name, write in examples():
        slow.append((_look(detector, write(_SIZES[0]))[0], name, write))
        advance(1)
    slow.sort(key=lambda entry: entry[0], reverse=True)
    for _, name, write in slow[:_SHOWN]:
        yield _measure(detector, name, write)


def examples() -> list[tuple[str, Callable[[int], str]]]:
    """The first example of each detector, over and over: a candidate in every few characters."""
    return [
        (f"{detector.types[0]}: its example", _repeated(detector.examples[0] + " "))
        for detector in DETECTORS
    ]


def _measure(detector: Detector, name: str, write: Callable[[int], str]) -> Row:
    """Four times as much each time, for as long as that is bearable."""
    taken: list[float] = []
    for size in _SIZES:
        text = write(size)
        seconds, note = _look(detector, text)
        taken.append(seconds)
        if seconds > _PATIENCE:
            break
    milliseconds = seconds * 1000 * MEGABYTE / size
    growth = taken[-1] / taken[-2] if len(taken) > 1 else None
    linear = growth is None or growth <= MOST_GROWTH or milliseconds < MOST_MS / 10
    return {
        "text": name,
        "note": note or None,
        "ms_per_mb": round(milliseconds, 1),
        "measured_kb": size >> 10,
        "growth": growth and round(growth, 1),
        "verdict": "holds" if linear and milliseconds < MOST_MS else "MISSED",
    }


def _look(detector: Detector, text: str) -> tuple[float, str]:
    """The better of two looks, and why the text is refused if it is."""

    def give_up(_signal: int, _frame: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGPROF, give_up)  # CPU time, so that a busy machine does not matter
    signal.setitimer(signal.ITIMER_PROF, _MOST)
    try:
        first = detector.seconds(text)
        return first if first[0] > _LONG else min(first, detector.seconds(text))
    except TimeoutError:
        return _MOST, "given up, takes longer"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
