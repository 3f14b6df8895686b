"""`extproc scan`: a policy over a corpus of any size, on all cores, in constant memory."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import orjson

from extproc.app.batch import judge_line
from extproc.app.corpus import LONGEST_LINE, Corpus, Line, cut_torn_line
from extproc.app.offline import Guards, Source
from extproc.app.parallel import in_order
from extproc.model.errors import BodyError, InputError
from extproc.model.values import Direction

_MOST_PROBLEMS = 20  # that are told; all are counted


class Problem(NamedTuple):
    """A line that could not be judged."""

    line: int
    code: str
    message: str


@dataclass(slots=True)
class Progress:
    """How far a scan is. `fraction` of the input has been read; `stood` lines did so before."""

    stood: int = 0
    done: int = 0
    fraction: float = 0.0


@dataclass(slots=True)
class Summary:
    """What came of a scan: verdicts, and lines that could not be judged, the first few told."""

    verdicts: Counter[str]
    stood: int
    bad: int
    problems: list[Problem]


class _Judged(NamedTuple):
    """What came of a chunk: output lines, how often each verdict was given, what went wrong."""

    output: bytes
    verdicts: Counter[str]
    problems: list[Problem]


Judging = Callable[[], Callable[[list[Line]], _Judged]]


def scan(
    corpus: Corpus,
    output: Path,
    judge: Judging,
    *,
    workers: int = 1,
    resume: bool = False,
    strict: bool = False,
    tell: Callable[[Progress], None] = lambda _: None,
) -> Summary:
    """Judge every line of a corpus into a line of `output`, in order; `judge` is from `judging`.

    With `resume` the lines that stand in the output are not judged again. A line that cannot be
    judged has `{"error", "line"}` in its place; with `strict` it raises InputError, and what came
    before it stands. `tell` is told after each chunk.
    """
    if output.exists() and output.samefile(corpus.path):
        raise InputError(f"{output}: is the input; name another file")
    summary = Summary(Counter(), 0, 0, [])
    try:
        if resume:
            summary.stood = cut_torn_line(output)
        with output.open("ab" if resume else "wb") as target:
            progress = Progress(summary.stood)
            for judged in _results(corpus, judge, workers, summary.stood):
                if strict and judged.problems:
                    target.write(_before(judged))
                    raise InputError(told(corpus.path, judged.problems[0]))
                target.write(judged.output)
                target.flush()
                summary.verdicts += judged.verdicts
                summary.bad += len(judged.problems)
                room = _MOST_PROBLEMS - len(summary.problems)
                summary.problems += judged.problems[:room]
                progress.done = summary.verdicts.total() + summary.bad
                progress.fraction = corpus.fraction
                tell(progress)
    except OSError as error:
        raise InputError(f"{output}: {error.strerror}; name a file that can be written") from error
    return summary


def told(source: Path, problem: Problem) -> str:
    """A bad line, by its file and number, and what to write instead."""
    return f"{source}:{problem.line}: {problem.message}"


def judging(policy: Source, direction: Direction) -> Judging:
    """What makes the function that judges a chunk, in whatever process. Raises InputError."""
    # Its mistakes are told before anything is written, and others find its patterns compiled.
    policy.guardrails()
    return partial(_judge_of, policy, direction)


def _judge_of(policy: Source, direction: Direction) -> Callable[[list[Line]], _Judged]:
    return partial(_judge, policy.guardrails(), direction)


def _results(
    corpus: Corpus,
    judge: Judging,
    workers: int,
    stood: int,
) -> Iterator[_Judged]:
    with corpus:
        yield from in_order(corpus.chunks(stood), judge, workers)


def _judge(guardrails: Guards, direction: Direction, chunk: list[Line]) -> _Judged:
    lines: list[bytes] = []
    verdicts: Counter[str] = Counter()
    problems: list[Problem] = []
    for number, data in chunk:
        try:
            result = judge_line(_readable(data), guardrails, direction)
            verdicts[result["verdict"]] += 1
        except BodyError as error:
            problems.append(Problem(number, error.code, str(error)))
            result = {"error": error.code, "line": number}
        lines.append(orjson.dumps(result))
    lines.append(b"")
    return _Judged(b"\n".join(lines), verdicts, problems)


def _readable(data: bytes | None) -> bytes:
    if data is None:
        most = LONGEST_LINE >> 20
        raise BodyError("bad_line", f"has no text, or more than {most} MiB; put it right")
    return data


def _before(judged: _Judged) -> bytes:
    """The output lines before the first that is none."""
    lines = judged.output.splitlines(keepends=True)
    first = next(i for i, line in enumerate(lines) if line.startswith(b'{"error"'))
    return b"".join(lines[:first])
