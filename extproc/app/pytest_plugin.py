"""Collects tests of policies, `*.policy-test.yaml`, as items of pytest."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from extproc.app.cases import Mismatch, Trial

_SUFFIXES = (".policy-test.yaml", ".policy-test.yml")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "PolicyTestFile | None":
    """One file of cases."""
    if file_path.name.endswith(_SUFFIXES):
        return PolicyTestFile.from_parent(parent, path=file_path)
    return None


class PolicyTestFile(pytest.File):
    """Its cases by their names."""

    def collect(self) -> "Iterator[PolicyCase]":
        from extproc.app.cases import trials
        from extproc.model.errors import InputError

        try:
            found = trials(self.path)
        except InputError as error:
            raise self.CollectError(str(error)) from None
        for trial in found:
            yield PolicyCase.from_parent(self, name=trial.case.name, trial=trial)


class PolicyCase(pytest.Item):
    """One case. It fails with what came out otherwise."""

    def __init__(self, *, trial: "Trial", **more: object) -> None:
        super().__init__(**more)  # type: ignore[arg-type]
        self._trial = trial

    def runtest(self) -> None:
        mismatches = self._trial.run()
        if mismatches:
            raise _FailedError(mismatches)

    def repr_failure(  # type: ignore[override]
        self, excinfo: pytest.ExceptionInfo[BaseException]
    ) -> object:
        from extproc.model.errors import InputError

        if isinstance(excinfo.value, _FailedError | InputError):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self._trial.line - 1, self.name


class _FailedError(Exception):
    """A case that came out otherwise."""

    def __init__(self, mismatches: "list[Mismatch]") -> None:
        super().__init__("\n".join(map(str, mismatches)))
