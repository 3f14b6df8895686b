"""What models of this package have in common."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from extproc.detectors.slow import Deadline, Text
from extproc.model.values import Direction, Finding


class EachText(ABC):
    """A detector that judges every text by itself, in both directions alike."""

    def detect(
        self,
        texts: Sequence[Text],
        direction: Direction,  # noqa: ARG002 - it judges texts alike
        deadline: Deadline,
    ) -> list[list[Finding]]:
        """See `SlowDetector`."""
        return [self._findings(text.text, deadline) for text in texts]

    def close(self) -> None:  # noqa: B027 - there is nothing to close
        """See `SlowDetector`."""

    @abstractmethod
    def _findings(self, text: str, deadline: Deadline) -> list[Finding]:
        """What a text holds. Raises DetectorError when the deadline is over."""
