"""Guards that decide on messages: `decision`, `threat_type`, `confidence`, redacted messages."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any

from extproc.detectors.slow import Deadline, DetectorError, Failure, Labels, Text, checked
from extproc.model.values import Direction, Finding
from extproc.remote.http import HttpClient

_WORD = re.compile(r"\w+|\s+|[^\w\s]")
_MOST_PAIRS = 1 << 20  # of words that are compared; the time is bounded by it


class GuardDetector:
    """A block is a finding of the last text, a redaction one of each place that it changed."""

    is_joint = True

    def __init__(self, client: HttpClient, labels: Labels) -> None:
        self._client = client
        self._labels = labels

    def detect(
        self, texts: Sequence[Text], direction: Direction, deadline: Deadline
    ) -> list[list[Finding]]:
        """The labels are its types of threat."""
        messages = [{"role": text.role or "user", "content": text.text} for text in texts]
        sent = {"messages": messages, "direction": direction.value}
        answer = self._client.post(sent, deadline)
        found: list[list[Finding]] = [[] for _ in texts]
        match answer:
            case {"decision": "allow"}:
                return found
            case {"decision": "block", "threat_type": str(threat), "confidence": score}:
                start, end, sure = checked(0, 0, score, len(texts[-1].text))
                blocked = self._labels.finding(threat, start, end, sure)
                found[-1] += [blocked] if blocked is not None else []
                return found
            case {"decision": "redact", "threat_type": str(threat), "confidence": score}:
                redacted = _contents(answer.get("redacted_messages"), len(texts))
                for index, (text, other) in enumerate(zip(texts, redacted, strict=True)):
                    for start, end in differences(text.text, other):
                        _, _, sure = checked(0, 0, score, len(text.text))
                        changed = self._labels.finding(threat, start, end, sure)
                        found[index] += [changed] if changed is not None else []
                return found
        raise DetectorError(Failure.BAD_ANSWER, "no decision, threat_type or confidence")

    def close(self) -> None:
        self._client.close()


def _contents(messages: Any, count: int) -> list[str]:
    match messages:
        case [*items] if len(items) == count:
            contents = [item.get("content") for item in items if isinstance(item, dict)]
            texts = [content for content in contents if isinstance(content, str)]
            if len(texts) == count:
                return texts
    raise DetectorError(Failure.BAD_ANSWER, "not as many redacted messages as were sent")


def differences(text: str, other: str) -> Iterator[tuple[int, int]]:
    """Spans of `text` that stand otherwise in `other`; where it only has more, nothing."""
    if text == other:
        return
    first = 0
    ours, theirs = _WORD.findall(text), _WORD.findall(other)
    while first < min(len(ours), len(theirs)) and ours[first] == theirs[first]:
        first += 1
    last = 0
    while last < min(len(ours), len(theirs)) - first and ours[-1 - last] == theirs[-1 - last]:
        last += 1
    ours, theirs = ours[first : len(ours) - last], theirs[first : len(theirs) - last]
    origin = sum(map(len, _WORD.findall(text)[:first]))
    if len(ours) * len(theirs) > _MOST_PAIRS:
        yield origin, origin + sum(map(len, ours))
        return
    places = [origin]
    for word in ours:
        places.append(places[-1] + len(word))
    for kind, start, end, _, _ in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if kind in ("replace", "delete"):
            yield places[start], places[end]
