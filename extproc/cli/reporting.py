"""A report, written where it is wanted."""

from datetime import UTC, datetime
from pathlib import Path

from extproc.app.corpus import Corpus
from extproc.app.report.page import page
from extproc.app.report.tables import tables, write_csv
from extproc.app.report.totals import read
from extproc.model.errors import InputError


def write_report(files: list[Path], output: Path | None, folder: Path | None) -> str:
    """Write the page and the CSV files, and say what they are about."""
    if output is not None and any(output.exists() and output.samefile(file) for file in files):
        raise InputError(f"{output}: is an input; name another file")
    totals = read(Corpus(file) for file in files)
    if not totals.bodies:
        names = ", ".join(map(str, files))
        raise InputError(f"{names}: no bodies; name output of `extproc scan`, or a processor's log")
    made = tables(totals)
    if output is not None:
        html = page(totals, made, [file.name for file in files], datetime.now(UTC))
        try:
            output.write_text(html, encoding="utf-8")
        except OSError as error:
            message = f"{output}: {error.strerror}; name a file that can be written"
            raise InputError(message) from error
    if folder is not None:
        write_csv(made, folder)
    return f"{totals.bodies:,} bodies, {totals.findings.total():,} findings"
