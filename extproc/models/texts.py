"""Long texts as windows of tokens, since a model reads only so many at once."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tokenizers import Tokenizer

from extproc.detectors.slow import Deadline
from extproc.model.errors import InputError
from extproc.model.values import Finding

_SLICE = 20_000  # characters that are cut into tokens at once, so that a deadline is kept


class Window(NamedTuple):
    """Some tokens in a row with the code points that each stands for in the whole text."""

    ids: list[int]
    offsets: list[tuple[int, int]]

    @property
    def span(self) -> tuple[int, int]:
        return self.offsets[0][0], self.offsets[-1][1]


def load_tokenizer(directory: Path) -> Tokenizer:
    """The tokenizer of a model, without its own ways of cutting. Raises InputError."""
    file = directory / "tokenizer.json"
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises nothing narrower
        raise InputError(f"{file}: is no tokenizer ({error}); export one") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def windows(
    tokenizer: Tokenizer, text: str, size: int, step: int, deadline: Deadline
) -> Iterator[Window]:
    """Windows of at most `size` tokens; each begins `step` tokens after the one before it."""
    for origin in range(0, len(text), _SLICE):
        deadline.check()
        encoded = tokenizer.encode(text[origin : origin + _SLICE], add_special_tokens=False)
        ids = encoded.ids
        offsets = [(origin + start, origin + end) for start, end in encoded.offsets]
        for first in range(0, len(ids), step):
            yield Window(ids[first : first + size], offsets[first : first + size])
            if first + size >= len(ids):
                break


def join(findings: list[Finding], finding: Finding) -> None:
    """Add what was found in a window to what was found in those before it, of the same type."""
    last = findings[-1] if findings else None
    if last is not None and finding.start <= last.end:
        score = max(last.score, finding.score)
        findings[-1] = last._replace(end=max(last.end, finding.end), score=score)
    else:
        findings.append(finding)
