"""Microseconds of the synchronous tier: 2 KB prompts whole, answers a token at a time."""

import gzip
import itertools
import json
import re
import time
from collections.abc import Callable, Iterable, Iterator

from bench.payloads import PROSE, TOKENS
from bench.processes import ROOT
from bench.rows import Row
from extproc.app.policies import load_policy
from extproc.detectors import catalog
from extproc.detectors.normal import NormalText
from extproc.detectors.scanner import Scanner
from extproc.detectors.watcher import Watcher
from extproc.model.values import Direction

_BENIGN = ROOT / "tests" / "corpus" / "prompts" / "benign.jsonl.gz"
_SIZE, _TEXTS, _TIMES = 2048, 400, 3
_TOKEN = re.compile(r"\s?\w+|\W")


def rows(say: Callable[[str], None]) -> Iterator[Row]:
    """For the types that the default policy looks for, and for all there are."""
    policy = load_policy(None)
    asked = {
        "default": (policy.watched(Direction.REQUEST), policy.holding(Direction.RESPONSE)),
        "all families": (frozenset(catalog.TYPES), frozenset(catalog.TYPES)),
    }
    benign = [NormalText(text) for text in _pieces(_prompts())]
    for name, (requested, answered) in asked.items():
        say(f"detection, {name}")
        whole, streamed = catalog.scanner(requested), catalog.scanner(answered)
        prose = [NormalText(PROSE[:_SIZE])] * 100
        yield _row(name, "2 KB of prose", _whole(whole, prose))
        yield _row(name, "2 KB of benign prompts", _whole(whole, benign))
        yield _row(name, "token of prose", _streamed(streamed, TOKENS))
        tokens = [token for text in benign[:40] for token in _TOKEN.findall(text.original)]
        yield _row(name, "token of benign prompts", _streamed(streamed, tokens))


def _row(policy: str, text: str, taken: list[float]) -> Row:
    ordered = sorted(taken)
    row: Row = {"kind": "detection", "policy": policy, "text": text, "n": len(taken)}
    for percent in (50, 99):
        row[f"us_p{percent}"] = round(
            ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], 1
        )
    return row


def _whole(scanner: Scanner, texts: Iterable[NormalText]) -> list[float]:
    """The best of a few times for each text, on the processor's own clock."""
    return [min(_microseconds(scanner, text) for _ in range(_TIMES)) for text in texts]


def _microseconds(scanner: Scanner, text: NormalText) -> float:
    started = time.thread_time_ns()
    scanner.find(text)
    return (time.thread_time_ns() - started) / 1000


def _streamed(scanner: Scanner, tokens: list[str]) -> list[float]:
    taken: list[list[float]] = []
    for _ in range(_TIMES):
        watcher, once = Watcher(scanner), list[float]()
        for token in tokens:
            started = time.thread_time_ns()
            if watcher.feed_plain(token) is None:
                watcher.feed(token)
            once.append((time.thread_time_ns() - started) / 1000)
        taken.append(once)
    return [min(times) for times in zip(*taken, strict=True)]


def _prompts() -> Iterator[str]:
    with gzip.open(_BENIGN, "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    # Every seventh from each start: sources stand one behind the other.
    return itertools.chain.from_iterable(texts[start::7] for start in range(7))


def _pieces(texts: Iterable[str]) -> list[str]:
    pieces, piece = list[str](), ""
    for text in texts:
        piece += text + "\n"
        if len(piece) >= _SIZE:
            pieces.append(piece[:_SIZE])
            piece = ""
        if len(pieces) == _TEXTS:
            break
    return pieces
