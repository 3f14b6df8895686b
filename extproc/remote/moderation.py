"""OpenAI's moderation, and what answers like it: POST /v1/moderations.

https://platform.openai.com/docs/api-reference/moderations
"""

from collections.abc import Sequence
from typing import Any

from extproc.detectors.slow import Deadline, DetectorError, Failure, Labels, Text, checked
from extproc.model.values import Direction, Finding
from extproc.remote.http import HttpClient


class ModerationDetector:
    """Its labels are the categories; a finding is of a whole text."""

    is_joint = False

    def __init__(self, client: HttpClient, model: str, labels: Labels) -> None:
        self._client = client
        self._model = model
        self._labels = labels

    def detect(
        self,
        texts: Sequence[Text],
        direction: Direction,  # noqa: ARG002 - it judges texts alike
        deadline: Deadline,
    ) -> list[list[Finding]]:
        document = {"model": self._model, "input": [text.text for text in texts]}
        match self._client.post(document, deadline):
            case {"results": [*results]} if len(results) == len(texts):
                return [
                    self._findings(result, text.text)
                    for result, text in zip(results, texts, strict=True)
                ]
        raise DetectorError(Failure.BAD_ANSWER, "no result for each input")

    def close(self) -> None:
        self._client.close()

    def _findings(self, result: Any, text: str) -> list[Finding]:
        match result:
            case {"category_scores": {**scores}}:
                found = [
                    self._labels.finding(str(category), *checked(0, 0, score, len(text)))
                    for category, score in scores.items()
                ]
                return _strongest([finding for finding in found if finding is not None])
        raise DetectorError(Failure.BAD_ANSWER, "a result without category_scores")


def _strongest(findings: list[Finding]) -> list[Finding]:
    """One finding of each type: several categories may mean one."""
    best: dict[str, Finding] = {}
    for finding in findings:
        if finding.type not in best or finding.score > best[finding.type].score:
            best[finding.type] = finding
    return list(best.values())
