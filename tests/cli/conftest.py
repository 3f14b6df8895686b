"""The program, for tests of the command line."""

import sys

import pytest

from extproc.cli import main
from tests.cli.running import Done, Run


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The program inside this process."""

    def run(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["extproc", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        code = ended.value.code
        return Done(code if isinstance(code, int) else 0, captured.out, captured.err)

    return run
