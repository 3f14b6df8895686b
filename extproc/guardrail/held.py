"""Streamed text that waits for slow detectors: held back in windows, released as each is judged.

Where windows end depends on the text alone, so that chunking does not matter. To feed it blocks, so
that must be done where waiting keeps nobody else waiting.
"""

import re
from collections.abc import Sequence

from extproc.detectors.slow import Text
from extproc.dialects.document import write
from extproc.guardrail.bodies import edited
from extproc.guardrail.filters import Context, Filter
from extproc.guardrail.slow import Asking, Failed, Slow, preview
from extproc.model.values import Action, Direction, Finding, Format, Path, Segment

_LEAST = 200  # characters of a window, unless the text ends
_MOST = 600
_CONTEXT = 200  # characters before a window that are shown with it
_SENTENCE_END = re.compile(r"[.!?。！？]\s|\n")  # noqa: RUF001 - ends of sentences
_SPACE = re.compile(r"\s")


class Waiting:
    """Asks about the texts of one stream and waits for the answers."""

    def __init__(
        self, slow: Slow, askings: Sequence[Asking], caller: str, context: Context
    ) -> None:
        self._slow = slow
        self._askings = askings
        self._caller = caller
        self._context = context
        self.failed: list[Failed] = []

    def hold(self, filtered: Filter, path: Path, segment: Segment) -> Filter:
        """The same filter, whose text is judged before it passes; itself where no rule asks."""
        text = Text("any", segment.role)
        if not any(asking.wants(text) for asking in self._askings):
            return filtered
        whole = Segment(path, "", segment.format, segment.role)
        return HeldFilter(filtered, whole, self, self._context)

    def find_whole(
        self, segments: Sequence[Segment], found: Sequence[list[Finding]]
    ) -> dict[int, list[Finding]]:
        """What is found in texts that pass at once; `found` is what the fast lane says of them."""
        judge = self._slow.judge(Direction.RESPONSE, self._caller)
        texts = preview(segments, found, self._context._replace(judge=judge))
        return self.find(texts) if texts is not None else {}

    def find(self, texts: Sequence[Text]) -> dict[int, list[Finding]]:
        """What is found, by the index of the text. A failure is judged as its rules say."""
        questions = self._slow.ask(self._askings, texts, Direction.RESPONSE)
        heard = self._slow.hear(questions, texts, self._caller)
        for failed in heard.failed:
            self._context.judge.refuse(failed.action or Action.ALLOW, failed.reason)
            self.failed.append(failed)
        return heard.findings


class HeldFilter:
    """A filter behind another. JSON in a string is one window, whatever its length."""

    __slots__ = ("_before", "_context", "_filtered", "_held", "_segment", "_waiting")

    def __init__(
        self, filtered: Filter, segment: Segment, waiting: Waiting, context: Context
    ) -> None:
        self._filtered = filtered
        self._segment = segment
        self._waiting = waiting
        self._context = context
        self._before = ""  # the end of what was judged last
        self._held = ""

    @property
    def waiting(self) -> bool:
        return bool(self._held) or self._filtered.waiting

    @property
    def rest(self) -> str:
        return self._held + self._filtered.rest

    def feed(self, text: str, *, final: bool = False) -> str:
        judge = self._context.judge
        self._held += self._filtered.feed(text, final=final)
        passed: list[str] = []
        while not judge.blocked() and (end := self._window(final=final)):
            window, self._held = self._held[:end], self._held[end:]
            passed.append(self._judged(window))
        return "".join(passed)

    def feed_plain(self, text: str) -> str | None:  # noqa: ARG002 - as Filter has it
        return None

    def look(self) -> None:
        self._filtered.look()

    def _window(self, *, final: bool) -> int:
        """Where the next window ends; 0 where that is not known yet."""
        held = self._held
        if self._segment.format is Format.JSON:
            return len(held) if final else 0
        sentence = _SENTENCE_END.search(held, _LEAST, _MOST)
        if sentence is not None:
            return sentence.end()
        if len(held) > _MOST:
            spaces = [space.end() for space in _SPACE.finditer(held, _LEAST, _MOST)]
            return spaces[-1] if spaces else _MOST
        return len(held) if final else 0

    def _judged(self, window: str) -> str:
        """What passes of a window; nothing of one that a rule blocks."""
        before = self._before
        self._before = (before + window)[-_CONTEXT:]
        found = self._waiting.find([Text(before + window, self._segment.role)]).get(0, [])
        judge = self._context.judge
        if judge.blocked():
            return ""
        size, origin = len(window), len(before)
        if self._segment.format is Format.JSON:
            own = [finding._replace(start=0, end=size) for finding in found]
        else:
            own = [
                finding._replace(start=max(finding.start - origin, 0), end=finding.end - origin)
                for finding in found
                if finding.end > origin
            ]
        own.sort(key=lambda finding: (finding.start, -finding.end))
        passed = edited(window, own, self._segment, self._context)
        if judge.blocked():
            return ""
        is_json = self._segment.format is Format.JSON
        return write(passed).decode() if is_json and passed != window else passed
