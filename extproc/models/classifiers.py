"""Classifiers that a user brings: a folder with model.onnx, tokenizer.json and config.json."""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from extproc.detectors.slow import Deadline, Labels
from extproc.model.errors import InputError
from extproc.model.values import Finding
from extproc.models.each_text import EachText
from extproc.models.session import Model
from extproc.models.texts import Window, join, load_tokenizer, windows

_WINDOW = 256  # tokens, special ones included; fewer where the model reads fewer
_OVERLAP = 4  # a quarter of a window is read twice
_BATCH = 8


class _Classifier(EachText):
    """Windows of texts through a model; `labels` are the words of its outputs."""

    is_joint = False

    def __init__(self, directory: Path, wanted: Mapping[str, str], labels: Labels) -> None:
        config = _read_config(directory)
        self._tokenizer = load_tokenizer(directory)
        self._model = Model(directory / "model.onnx", self._tokenizer)
        self._words = _words(config, directory)
        self._labels = labels
        self._is_multiple = config.get("problem_type") == "multi_label_classification"
        most = config.get("max_position_embeddings", _WINDOW)
        self._size = min(_WINDOW, most) - self._model.special
        known = {_plain(word) for word in self._words} | set(self._words)
        for word in wanted:
            if word not in known:
                has = ", ".join(sorted(known))
                raise InputError(f"{directory}: has no label {word!r}; use some of {has}")

    def _scores(self, text: str, deadline: Deadline) -> Iterator[tuple[Window, NDArray[Any]]]:
        """Windows of a text with the probability of each label, of a text or of each token."""
        step = max(1, self._size - self._size // _OVERLAP)
        cut = windows(self._tokenizer, text, self._size, step, deadline)
        while batch := list(islice(cut, _BATCH)):
            deadline.check()
            outputs = self._model.run(batch)
            yield from zip(batch, _probabilities(outputs, multiple=self._is_multiple), strict=True)


class TextClassifier(_Classifier):
    """One label for each window; windows in a row that agree are one finding."""

    def _findings(self, text: str, deadline: Deadline) -> list[Finding]:
        found: dict[str, list[Finding]] = {}
        count = 0
        for window, scores in self._scores(text, deadline):
            count += 1
            for word, score in zip(self._words, scores, strict=True):
                finding = self._labels.finding(word, *window.span, float(score))
                if finding is not None:
                    join(found.setdefault(finding.type, []), finding)
        every = [finding for findings in found.values() for finding in findings]
        if count == 1:  # of all of the text, blanks around it included
            every = [finding._replace(start=0, end=len(text)) for finding in every]
        return every


class TokenClassifier(_Classifier):
    """A label for each token, `B-PER`, `I-PER` or `PER`; a run of one label is one finding."""

    def _findings(self, text: str, deadline: Deadline) -> list[Finding]:
        tokens = self._tokens(text, deadline)
        runs: list[tuple[str, int, int, list[float]]] = []
        for (start, end), (word, score) in sorted(tokens.items()):
            label, begins = _plain(word), word.startswith(("B-", "S-", "U-"))
            last = runs[-1] if runs else None
            goes_on = last is not None and last[0] == label and not text[last[2] : start].strip()
            inside = last is not None and last[2] == start  # the rest of one word
            if last is not None and goes_on and (inside or not begins):
                runs[-1] = (label, last[1], end, [*last[3], score])
            else:
                runs.append((label, start, end, [score]))
        spans = [(label, *_whole_words(text, a, b), float(np.mean(s))) for label, a, b, s in runs]
        found = [self._labels.finding(*span) for span in spans]
        return [finding for finding in found if finding is not None]

    def _tokens(self, text: str, deadline: Deadline) -> dict[tuple[int, int], tuple[str, float]]:
        """Label and probability by span; of a token that two windows show, where it stands deeper.

        A model knows least of what stands at an edge.
        """
        best: dict[tuple[int, int], tuple[int, str, float]] = {}
        for window, scores in self._scores(text, deadline):
            size = len(window.ids)
            for index, span in enumerate(window.offsets):
                depth = min(index, size - 1 - index)
                if span not in best or depth > best[span][0]:
                    chosen = int(scores[index].argmax())
                    best[span] = depth, self._words[chosen], float(scores[index][chosen])
        return {
            span: (word, score)
            for span, (_, word, score) in best.items()
            if word != "O" and span[0] < span[1]
        }


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    while start > 0 and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while 0 < end < len(text) and text[end].isalnum() and text[end - 1].isalnum():
        end += 1
    return start, end


def _plain(word: str) -> str:
    """A label without the letter that says where in a name a token stands."""
    is_marked = len(word) > 2 and word[1] in "-_" and word[0] in "BIESLU"
    return word[2:] if is_marked else word


def _probabilities(outputs: NDArray[Any], *, multiple: bool) -> NDArray[Any]:
    """Of logits: of each label by itself, or of all together."""
    values = outputs.astype(np.float64)
    if multiple:
        return np.asarray(1 / (1 + np.exp(-values)))
    values = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(values / values.sum(axis=-1, keepdims=True))


def _read_config(directory: Path) -> dict[str, Any]:
    file = directory / "config.json"
    try:
        config = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: cannot be read ({error}); export the model with it") from error
    if not isinstance(config, dict):
        raise InputError(f"{file}: is no configuration of a model; export the model with it")
    return config


def _words(config: Mapping[str, Any], directory: Path) -> list[str]:
    match config.get("id2label"):
        case {**labels} if labels:
            return [str(labels[str(index)]) for index in range(len(labels)) if str(index) in labels]
    raise InputError(f"{directory}/config.json: has no id2label; add the names of the labels")
