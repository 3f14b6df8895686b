"""Detection as `extproc scan` does it, with a policy that flags whatever there is, on all cores."""

import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

import orjson

from extproc.app.batch import judge_line
from extproc.detectors.catalog import FAMILIES, TYPES
from extproc.guardrail.guardrail import Guardrail
from extproc.model.errors import BodyError
from extproc.model.values import Action, Direction, Finding
from extproc.policy.document import Metadata, PolicyDocument, Rule, Spec
from extproc.policy.policy import build
from extproc.redaction.operators import Redactor

PIECE = 2048  # characters of a text that is timed
_CHUNK = 64  # texts that a process is given at once
_REPEATS = 5

Found = list[Finding]


class Detector:
    """A guardrail that flags every family. `strictness` is a policy's: moderate is from 0.5 on."""

    def __init__(self, strictness: str = "moderate") -> None:
        spec = Spec.model_validate({"preset": "none", "strictness": strictness})
        rule = Rule(name="all", detect=sorted(FAMILIES), action=Action.FLAG)
        document = PolicyDocument(
            apiVersion="extproc.dev/v1",
            kind="Policy",
            metadata=Metadata(name="eval"),
            spec=spec.model_copy(update={"rules": [rule]}),
        )
        self._guardrail = Guardrail(build(document, TYPES), Redactor(b"eval"))

    def find(self, text: str) -> Found:
        """What `extproc scan` finds in a line. Raises BodyError as it does."""
        line = orjson.dumps({"text": text})
        return [
            Finding(f["type"], TYPES[f["type"]], f["start"], f["end"], f["score"])
            for f in judge_line(line, self._guardrail, Direction.REQUEST)["findings"]
        ]

    def seconds(self, text: str) -> tuple[float, str]:
        """CPU time of one look by the synchronous tier, and a code where the text is refused."""
        body, refused = text.encode(), ""
        start = time.thread_time()
        try:
            self._guardrail.inspect_text(Direction.REQUEST, body, "eval")
        except BodyError as error:
            refused = error.code
        return time.thread_time() - start, refused

    def microseconds(self, texts: Iterable[str]) -> list[float]:
        """Of each text, the median of several looks."""
        return [
            statistics.median(self.seconds(text)[0] for _ in range(_REPEATS)) * 1e6
            for text in texts
        ]


def pieces(texts: Iterable[str], most: int) -> list[str]:
    """The texts joined and cut into pieces of 2 KB, at most so many."""
    found: list[str] = []
    waiting, size = [], 0
    for text in texts:
        waiting.append(text)
        size += len(text) + 1
        if size > PIECE:
            found.append("\n".join(waiting)[:PIECE])
            waiting, size = [], 0
            if len(found) == most:
                break
    return found


class Pool:
    """Detectors in processes, one for each core."""

    def __init__(self, executor: ProcessPoolExecutor) -> None:
        self._executor = executor

    def find(self, texts: Sequence[str], advance: Callable[[int], None]) -> list[Found]:
        """What stands in each text; `advance` is told how many more are done."""
        chunks = [texts[start : start + _CHUNK] for start in range(0, len(texts), _CHUNK)]
        found: list[Found] = []
        for chunk in self._executor.map(_find, chunks):
            found += chunk
            advance(len(chunk))
        return found


@contextmanager
def pool(strictness: str) -> Iterator[Pool]:
    """Start the processes, and stop them at the end."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(cores, spawn, _start, (strictness,)) as executor:
        yield Pool(executor)


_detectors: list[Detector] = []  # of this process


def _start(strictness: str) -> None:
    _detectors[:] = [Detector(strictness)]


def _find(texts: Sequence[str]) -> list[Found]:
    return [_detectors[0].find(text) for text in texts]
