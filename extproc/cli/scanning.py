"""A scan as people see it: progress, lines that could not be judged, what came of it."""

from pathlib import Path

from rich.console import Console

from extproc.app.corpus import Corpus
from extproc.app.offline import Source
from extproc.app.scan import judging, scan, told
from extproc.cli.meter import Meter
from extproc.model.values import Direction

_errors = Console(stderr=True, highlight=False)


def scan_with_progress(
    corpus: Corpus,
    output: Path,
    policy: Source,
    direction: Direction,
    *,
    workers: int,
    resume: bool,
    strict: bool,
) -> bool:
    """Scan behind a progress bar; return whether all lines could be judged."""
    judge = judging(policy, direction)
    with Meter(corpus.path.name, _errors) as meter:
        summary = scan(
            corpus, output, judge, workers=workers, resume=resume, strict=strict, tell=meter
        )
        total = summary.verdicts.total()
        rate = meter.rate(total)
    for problem in summary.problems:
        _say(told(corpus.path, problem))
    if summary.bad > len(summary.problems):
        _say(f"… and {summary.bad - len(summary.problems)} more lines that cannot be judged")
    parts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(summary.verdicts.items()))
    stood = f"; {summary.stood} stood already" if summary.stood else ""
    bad = f"; {summary.bad} cannot be judged" if summary.bad else ""
    _say(f"{total} judged: {parts or 'none'}{stood}{bad} ({rate:,.0f}/s)")
    return not summary.bad


def _say(line: str) -> None:
    _errors.print(line, markup=False, soft_wrap=True)
