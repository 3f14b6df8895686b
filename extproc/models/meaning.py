"""What a text means: shipped classifiers over its embedding, and topics by example sentences."""

import json
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from extproc.detectors.slow import Deadline
from extproc.model.values import Finding
from extproc.models.each_text import EachText
from extproc.models.embedding import PASSAGE, SENTENCE, Embedder
from extproc.models.texts import join

_LEAST = 0.3  # of a score that any policy judges


class Head:
    """A logistic classifier of embeddings. `bench/meaning.py` fits it and writes its file."""

    def __init__(self, name: str) -> None:
        file = resources.files("extproc.models").joinpath("heads", f"{name}.json")
        about = json.loads(file.read_text())
        self._weights = np.array(about["weights"], np.float32)
        self._threshold = float(about["threshold"])

    def score(self, vector: NDArray[Any]) -> float:
        """0 to 1; one half where 1 % of benign prompts is reached."""
        margin = float(vector @ self._weights) - self._threshold
        return float(1 / (1 + np.exp(-margin)))


class MeaningDetector(EachText):
    """Finds windows of a text; those in a row of one type are one finding."""

    is_joint = False

    def __init__(
        self,
        embedder: Embedder,
        classifiers: Sequence[str],
        topics: Mapping[str, Sequence[str]],
        threshold: float,
        families: Mapping[str, str],
    ) -> None:
        self._embedder = embedder
        self._heads = {name: Head(name) for name in classifiers}
        self._topics = {name: embedder.sentences(texts) for name, texts in topics.items()}
        self._threshold = threshold
        self._families = families

    def _findings(self, text: str, deadline: Deadline) -> list[Finding]:
        found: dict[str, list[Finding]] = {}
        judges = ((PASSAGE, self._classified, self._heads), (SENTENCE, self._alike, self._topics))
        for size, judge, wanted in judges:
            windows = self._embedder.windows(text, deadline, size) if wanted else ()
            for window, vector in windows:
                for name, score in judge(vector):
                    finding = Finding(name, self._families[name], *window.span, round(score, 4))
                    join(found.setdefault(name, []), finding)
        return [finding for findings in found.values() for finding in findings]

    def _classified(self, vector: NDArray[Any]) -> list[tuple[str, float]]:
        scores = [(name, head.score(vector)) for name, head in self._heads.items()]
        return [(name, score) for name, score in scores if score >= _LEAST]

    def _alike(self, vector: NDArray[Any]) -> list[tuple[str, float]]:
        """Topics with an example that is enough like it."""
        scores = [(name, float((topic @ vector).max())) for name, topic in self._topics.items()]
        return [(name, min(score, 1.0)) for name, score in scores if score >= self._threshold]
