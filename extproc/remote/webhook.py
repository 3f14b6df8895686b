"""Our own JSON over HTTP; docs/detectors.md has the form of question and answer."""

from collections.abc import Sequence
from typing import Any

from extproc.detectors.slow import Deadline, DetectorError, Failure, Labels, Text, checked
from extproc.model.values import Direction, Finding
from extproc.remote.http import HttpClient


class WebhookDetector:
    """Says findings with label, score, and start and end in code points (none: the whole text)."""

    is_joint = False

    def __init__(self, client: HttpClient, labels: Labels) -> None:
        self._client = client
        self._labels = labels

    def detect(
        self, texts: Sequence[Text], direction: Direction, deadline: Deadline
    ) -> list[list[Finding]]:
        asked = [{"text": text.text, "role": text.role} for text in texts]
        match self._client.post({"direction": direction.value, "texts": asked}, deadline):
            case {"results": [*results]} if len(results) == len(texts):
                return [
                    self._findings(result, text.text)
                    for result, text in zip(results, texts, strict=True)
                ]
        raise DetectorError(Failure.BAD_ANSWER, "no result for each text")

    def close(self) -> None:
        self._client.close()

    def _findings(self, result: Any, text: str) -> list[Finding]:
        match result:
            case {"findings": [*items]}:
                found = [self._finding(item, text) for item in items]
                return [finding for finding in found if finding is not None]
        raise DetectorError(Failure.BAD_ANSWER, "a result without findings")

    def _finding(self, item: Any, text: str) -> Finding | None:
        match item:
            case {"label": str(label), "score": score}:
                span = checked(item.get("start", 0), item.get("end", 0), score, len(text))
                return self._labels.finding(label, *span)
        raise DetectorError(Failure.BAD_ANSWER, "a finding without label or score")
