"""A model in onnxruntime, on one core."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from extproc.model.errors import InputError
from extproc.models.texts import Window


class Model:
    """Runs windows of tokens through an ONNX model; takes what the usual exports take as inputs.

    Raises InputError for one that cannot be loaded. Safe to use from several threads.
    """

    def __init__(self, source: bytes | Path, tokenizer: Tokenizer) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4  # it says what is wrong in the exception, too
        try:
            self._session = onnxruntime.InferenceSession(
                source if isinstance(source, bytes) else str(source),
                options,
                providers=["CPUExecutionProvider"],
            )
        except Exception as error:  # the library raises nothing narrower
            raise InputError(
                f"{source!s:.200}: is no ONNX model that can be run; {error}"
            ) from error
        self._names = {each.name for each in self._session.get_inputs()}
        unknown = self._names - {"input_ids", "attention_mask", "token_type_ids"}
        if "input_ids" not in self._names or unknown:
            takes = ", ".join(sorted(self._names))
            raise InputError(
                f"{source!s:.200}: takes {takes}; export it with input_ids, attention_mask and, "
                "where it needs them, token_type_ids"
            )
        self._before, self._after = _special(tokenizer)

    @property
    def special(self) -> int:
        """Tokens that are put around each window."""
        return len(self._before) + len(self._after)

    def run(self, windows: Sequence[Window]) -> NDArray[Any]:
        """The first output for windows, without that of special tokens where it is per token.

        What stands beyond the end of a shorter window means nothing.
        """
        rows = [[*self._before, *window.ids, *self._after] for window in windows]
        width = max(map(len, rows))
        ids = np.zeros((len(rows), width), np.int64)
        mask = np.zeros_like(ids)
        for index, row in enumerate(rows):
            ids[index, : len(row)] = row
            mask[index, : len(row)] = 1
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        fed = {name: inputs[name] for name in self._names}
        output = np.asarray(self._session.run(None, fed)[0])
        return output[:, len(self._before) :] if output.ndim == 3 else output


def _special(tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """What the tokenizer puts before and behind a text."""
    encoded = tokenizer.encode("a")
    own = [index for index, is_special in enumerate(encoded.special_tokens_mask) if not is_special]
    if not own:
        return [], []
    return encoded.ids[: own[0]], encoded.ids[own[-1] + 1 :]
