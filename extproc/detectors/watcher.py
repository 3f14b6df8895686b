"""Detection in a text that arrives in pieces, with the same findings as in the whole text."""

from extproc.detectors.normal import NormalText, folded_size, last_visible
from extproc.detectors.scanner import Memory, Scanner
from extproc.model.errors import BodyError
from extproc.model.values import Finding

_SPARE = 1024  # characters beyond twice the longest match that may wait


class Watcher:
    """Follows one stream of text.

    Positions are code points from the start of the stream. For every way to cut a text into
    pieces, the findings reported are those of `Scanner.find` on the whole, in the same order.
    Raises BodyError `too_complex`.
    """

    __slots__ = (
        "_before",
        "_memory",
        "_origin",
        "_scanner",
        "_settled",
        "_start",
        "_window",
    )

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self._before = ""  # what stands left of the window, for assertions; never reported
        self._window = ""  # text that a match may still begin in, with its context
        self._start = 0  # position of the window
        self._origin = 0  # offset of `_before` in the folded stream, in bytes
        self._memory: Memory = {}
        self._settled = 0  # everything before this position is decided

    def feed(self, text: str, *, final: bool = False) -> tuple[int, list[Finding]]:
        """Take the next piece; return how far the text is decided, and the new findings.

        Every finding that begins before the returned position is complete and was reported; it
        may end behind it. With `final` the whole text is decided.
        """
        before = self._before
        normal = NormalText(before + self._window + text)
        origin = self._start - len(before)
        if final:
            findings = self._scanner.find(normal)
            cut = context = len(normal.original)
        else:
            findings, cut, context = self._scanner.find_until_unfinished(
                normal, self._memory, self._origin
            )
            if len(normal.original) - context > _SPARE + 2 * self._scanner.longest:
                # Characters that fold to nothing could prolong an open match without end.
                message = "text holds too many invisible characters; send it without them"
                raise BodyError("too_complex", message)
        earlier = self._settled
        self._settled = settled = max(earlier, origin + cut)
        self._keep(normal.original, max(context, len(before)))
        if not findings:
            return settled, []
        return settled, [
            Finding(f.type, f.family, f.start + origin, f.end + origin, f.score)
            for f in findings
            if earlier <= f.start + origin < settled
        ]

    def _keep(self, text: str, context: int) -> None:
        """Keep of `text`, which is `_before` and window, a window from `context` on.

        One visible character before it stays as its context.
        """
        self._window = text[context:]
        gone = text[:context]
        if context > len(self._before):
            self._start += context - len(self._before)
            self._before = last_visible(gone)
            self._origin += folded_size(gone) - folded_size(self._before)
