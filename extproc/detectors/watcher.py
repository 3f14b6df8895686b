"""Detection in a text that arrives in pieces, with the same findings as in the whole text."""

from extproc.detectors.matcher import Seen
from extproc.detectors.normal import NormalText, folded_size, last_visible
from extproc.detectors.patterns import Memory
from extproc.detectors.scanner import Scanner
from extproc.detectors.views.encoded import run_length
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
        "_escape",
        "_left",
        "_memory",
        "_origin",
        "_run",
        "_scanner",
        "_settled",
        "start",
        "window",
    )

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self._escape = ""  # a backslash at the end: what it stands for, the next character says
        self._before = ""  # what stands left of the window, for assertions; never reported
        self._left = b""  # the same, folded and longer, for finders and decoders
        self._run = 0  # how many characters of a run of base64 stand there
        self.window = ""  # text that a match may still begin in, with its context
        self.start = 0  # its position
        self._origin = 0  # offset of `_before` in the folded stream, in bytes
        self._memory: Memory = {}
        self._settled = 0  # everything before this position is decided

    def feed(self, text: str, *, final: bool = False) -> tuple[int, list[Finding]]:
        """Take the next piece; return how far the text is decided, and the new findings.

        Every finding that begins before the returned position is complete and was reported; it
        may end behind it. With `final` the whole text is decided.
        """
        text, self._escape = self._escape + text, ""
        if text.endswith("\\") and not final:
            text, self._escape = text[:-1], "\\"
        before = self._before
        normal = NormalText(before + self.window + text)
        origin = self.start - len(before)
        seen = Seen(self._left, folded_size(before), self._run)
        if final:
            findings = self._scanner.find(normal, seen)
            cut = context = len(normal.original)
        else:
            findings, cut, context = self._scanner.find_until_unfinished(
                normal, self._memory, self._origin, seen
            )
            if len(normal.original) - context > _SPARE + 2 * self._scanner.longest:
                # Characters that fold to nothing could prolong an open match without end.
                message = "text holds too many invisible characters; send it without them"
                raise BodyError("too_complex", message)
        earlier = self._settled
        self._settled = settled = max(earlier, origin + cut)
        self._keep(normal, max(context, len(before)))
        if not findings:
            return settled, []
        return settled, [
            Finding(f.type, f.family, f.start + origin, f.end + origin, f.score)
            for f in findings
            if earlier <= f.start + origin < settled
        ]

    def feed_plain(self, text: str) -> str | None:
        """What a piece decides, as text, where it and all that waits need no scan.

        None where that is not so, or where the piece is not as JSON writes it; nothing has
        happened then.
        """
        before = self._before
        if self._escape or self._settled != self.start:
            return None
        whole = before + self.window + text
        place = self._scanner.last_plain_word(whole, Seen(self._left, len(before), self._run))
        if place is None:
            return None
        self._memory.clear()
        gone = len(before)
        if place <= gone:
            self.window = whole[gone:]
            return ""
        decided = whole[gone:place]
        self._remember(decided.encode())
        self._before = whole[place - 1]
        self.window = whole[place:]
        self.start = self._settled = self.start + place - gone
        self._origin += place - 1
        return decided

    def _keep(self, normal: NormalText, context: int) -> None:
        """Keep of a text, which is `_before` and window, a window from `context` on.

        One visible character before it stays as its context.
        """
        text, before = normal.original, self._before
        self.window = text[context:]
        if context > len(before):
            gone = text[:context]
            behind = len(normal.data) - folded_size(self.window)
            self._remember(normal.data[folded_size(before) : behind])
            self.start += context - len(before)
            self._before = last_visible(gone)
            self._origin += folded_size(gone) - folded_size(self._before)

    def _remember(self, gone: bytes) -> None:
        run = run_length(gone)
        self._run = run + self._run if run == len(gone) else run
        self._left = (self._left + gone)[-self._scanner.context :]
