"""How far a long run is, on stderr: a bar for people, a line now and then for logs."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from extproc.app.scan import Progress

_LINE_SECONDS = 10.0


class Meter:
    """Shows lines done, their rate and the time that is left; call it with each progress."""

    def __init__(self, name: str, console: Console) -> None:
        self._name = name
        self._console = console
        self._start = self._told = time.monotonic()
        self._bar = Bar(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.percentage:3.0f}%  {task.fields[said]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(name, total=1.0, said="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        said = f"{progress.stood + progress.done:,} lines, {self.rate(progress.done):,.0f}/s"
        self._bar.update(self._task, completed=progress.fraction, said=said)
        if not self._console.is_terminal and now - self._told > _LINE_SECONDS:
            self._told = now
            left = (now - self._start) * (1 - progress.fraction) / max(progress.fraction, 1e-9)
            line = f"{self._name}: {progress.fraction:.0%}, {said}, {left:.0f} s left"
            self._console.print(line, markup=False, soft_wrap=True)

    def rate(self, done: int) -> float:
        """Lines a second."""
        return done / max(time.monotonic() - self._start, 1e-9)
