"""Tests of policies as people see them."""

from pathlib import Path

from rich.console import Console
from rich.text import Text

from extproc.app.cases import trials
from extproc.model.errors import InputError


def run_tests(files: list[Path], console: Console, errors: Console) -> bool:
    """Try all cases, print those that fail, and return whether none did."""
    passed = failed = 0
    broken = False
    for file in files:
        try:
            found = trials(file)
        except InputError as error:
            errors.print(Text(str(error)), soft_wrap=True)
            broken = True
            continue
        for trial in found:
            try:
                mismatches = trial.run()
            except InputError as error:
                errors.print(Text(str(error)), soft_wrap=True)
                broken = True
                continue
            if not mismatches:
                passed += 1
                continue
            failed += 1
            head = Text(f"{trial.file}:{trial.line}: {trial.case.name}", "bold red")
            console.print(head, soft_wrap=True)
            for mismatch in mismatches:
                console.print(Text(f"  {mismatch}"), soft_wrap=True)
    console.print(f"{passed} passed, {failed} failed")
    return not (failed or broken)
