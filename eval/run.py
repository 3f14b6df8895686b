"""Detection on the corpora: one table for each family, and a comparison with what is recorded.

    python -m eval.run                        everything, 2 to 4 minutes on two cores
    python -m eval.run --record               the same, and keep the figures as the record
    python -m eval.run --only detection       one part: detection, evasions, times or worst
    python -m eval.run --misses FILE.jsonl    write down all that is missed or wrongly found
    python -m eval.run --strictness strict    with another threshold; compared with nothing

Exit code 1 when a figure is worse than the recorded one. Times are shown and never fail a run.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from bench import machine
from eval import evasions, output, worst
from eval.corpus import Corpora, Document, load
from eval.counting import percentile
from eval.detection import Detector, Pool, pieces, pool
from eval.output import Results
from eval.rows import Measured, Row

_PARTS = ("detection", "evasions", "times", "worst")
_PIECES = 60  # of 2 KB, of each source
_P50, _P99 = 60, 150  # µs for 2 KB
_MODERATE = "moderate"
_console = Console(stderr=True, highlight=False)


class Run:
    """One run: which parts, how strictly."""

    def __init__(self, parts: set[str], strictness: str, *, everything: bool) -> None:
        self._parts = parts
        self._strictness = strictness
        self._sample = None if everything else evasions.SAMPLE
        self.misses: list[Row] = []

    def measure(self, corpora: Corpora) -> Results:
        """All the parts that are wanted."""
        results: Results = {}
        columns = (
            TextColumn("{task.description:<12}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=_console) as bar:
            tasks = {part: bar.add_task(part, total=None) for part in _PARTS if part in self._parts}
            if self._parts & {"detection", "evasions"}:
                with pool(self._strictness) as processes:
                    results |= self._detect(corpora, processes, bar, tasks)
            # Alone on the machine, as far as it goes.
            detector = Detector(self._strictness)
            if "times" in self._parts:
                results["times"] = _times(detector, corpora, bar, tasks["times"])
            if "worst" in self._parts:
                task = tasks["worst"]
                bar.update(task, total=len([*worst.texts(), *worst.examples()]))
                results["worst"] = list(worst.rows(detector, lambda n: bar.advance(task, n)))
        return results

    def _detect(
        self, corpora: Corpora, processes: Pool, bar: Progress, tasks: dict[str, TaskID]
    ) -> Results:
        texts = [document.text for document in corpora.every()]
        task = tasks["detection"] if "detection" in tasks else tasks["evasions"]
        bar.update(task, total=len(texts))
        found = processes.find(texts, lambda n: bar.advance(task, n))
        measured = Measured(corpora, found)
        results: Results = {}
        if "detection" in self._parts:
            results["detection"] = list(measured.rows())
            self.misses = measured.misses
        if "evasions" in self._parts:
            task = tasks["evasions"]
            chosen = evasions.sample(evasions.positives(measured), self._sample)
            bar.reset(task, total=sum(1 for _ in evasions.tasks_of(chosen)))
            results["evasions"] = evasions.rows(chosen, processes, lambda n: bar.advance(task, n))
        return results


def _times(detector: Detector, corpora: Corpora, bar: Progress, task: TaskID) -> list[Row]:
    """For texts of each source, joined and cut to 2 KB."""
    sources: dict[str, list[Document]] = {}
    for document in corpora.every():
        sources.setdefault(document.source, []).append(document)
    bar.update(task, total=len(sources))
    taken: dict[str, list[float]] = {}
    for source, documents in sources.items():
        texts = pieces((document.text for document in documents), _PIECES)
        detector.microseconds(texts[:3])  # the first looks are slower
        taken[source] = detector.microseconds(texts)
        bar.advance(task)
    benign = {document.source for document in corpora.benign}
    all_benign = _time_row("benign prompts, all", [t for s in benign for t in taken[s]])
    holds = all_benign["p50"] <= _P50 and all_benign["p99"] <= _P99
    rows = [_time_row(source, times) for source, times in taken.items() if len(times) > 1]
    return [all_benign | {"verdict": "holds" if holds else "MISSED"}, *rows]


def _time_row(source: str, taken: list[float]) -> dict[str, Any]:
    p50, p99 = (round(percentile(taken, percent), 1) for percent in (50, 99))
    return {"source": source, "n": len(taken), "p50": p50, "p99": p99}


def main() -> None:
    parser = argparse.ArgumentParser(prog="eval.run", description=__doc__.splitlines()[0])
    parser.add_argument("--record", action="store_true", help="keep the figures as the record")
    parser.add_argument("--only", metavar="PART,…", help=f"some of {', '.join(_PARTS)}")
    parser.add_argument("--all", action="store_true", help="disguise every positive, not a sample")
    parser.add_argument("--misses", type=Path, metavar="FILE", help="write what is wrong there")
    parser.add_argument("--strictness", choices=("permissive", "moderate", "strict"))
    arguments = parser.parse_args()
    parts = set(arguments.only.split(",")) if arguments.only else set(_PARTS)
    if unknown := parts - set(_PARTS):
        parser.error(f"no part is called {', '.join(sorted(unknown))}; use {', '.join(_PARTS)}")
    strictness = arguments.strictness or _MODERATE
    if arguments.record and strictness != _MODERATE:
        parser.error("only what a moderate policy finds is recorded; leave --strictness out")
    run = Run(parts, strictness, everything=arguments.all)
    facts = machine.facts()
    results = run.measure(load())
    print(output.markdown(results))
    if arguments.misses:
        arguments.misses.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in run.misses))
    before = output.recorded()
    kept = before if arguments.record else {}
    file = output.save({**kept, "machine": facts, **results}, record=arguments.record)
    _console.print(f"written to {file}", markup=False)
    if arguments.record or strictness != _MODERATE:
        return
    if falls := list(output.falls(results, before)):
        print("worse than recorded in eval/results.json:", *falls, sep="\n  ", file=sys.stderr)
        print("if that is meant, record anew: make eval ARGS=--record", file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main()
