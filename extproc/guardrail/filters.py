"""Redaction of a text that arrives in pieces.

A filter takes pieces of the original and gives back pieces of what may pass. For every way to cut
the original, the concatenation of what it gives back is the same.
"""

from typing import NamedTuple, Protocol

from extproc.detectors.scanner import Scanner
from extproc.detectors.watcher import Watcher
from extproc.model.values import Action, Finding, Path
from extproc.policy.judge import Judge
from extproc.redaction.operators import Redactor
from extproc.redaction.pseudonyms import Marking, Pseudonyms, is_own
from extproc.redaction.styles import STYLES

_MOST_PASSED = 400  # characters that pass before they are looked at


class Scanners(NamedTuple):
    """Detection for one direction: what text must wait for, and what is only noted."""

    holding: Scanner | None
    observing: Scanner | None


class Context(NamedTuple):
    """What the filters of one body or stream share. Without `pseudonyms` none are given."""

    scanners: Scanners
    judge: Judge
    redactor: Redactor
    pseudonyms: Pseudonyms | None = None
    is_answer: bool = False

    @property
    def restoring(self) -> Pseudonyms | None:
        """The pseudonyms that this answer may hold, if there are any."""
        return self.pseudonyms if self.is_answer and self.pseudonyms else None

    def replacement(self, operator: str, entity_type: str, value: str) -> str:
        """Text to put in the place of what was found."""
        if operator not in STYLES:
            return self.redactor.replacement(operator, entity_type, value)
        if self.pseudonyms is None:
            return self.redactor.replacement("replace", entity_type, value)
        given = self.pseudonyms.hide if self.is_answer else self.pseudonyms.replace
        return given(operator, entity_type, value)


class Piece(NamedTuple):
    """A stretch of the original, by position, and what passes in its place (None: itself)."""

    start: int
    end: int
    replacement: str | None


class Filter(Protocol):
    """A redacting filter."""

    @property
    def waiting(self) -> bool:
        """Whether something that was fed has not passed."""
        ...

    @property
    def rest(self) -> str:
        """What was fed and has not passed, unjudged."""
        ...

    def feed(self, text: str, *, final: bool = False) -> str:
        """Take the next piece of the original; return what may pass now.

        After a block has been judged nothing more passes.
        """
        ...

    def feed_plain(self, text: str) -> str | None:
        """The same for a piece that needs no scan, and sooner; None where it may need one.

        The piece must be one that JSON writes as it is.
        """
        ...

    def look(self) -> None:
        """Judge what has passed and was not looked at yet, since it is only to be noted."""
        ...


class Redaction:
    """The decisions on one growing text, as pieces in order, and the text that has none yet."""

    __slots__ = (
        "_context",
        "_holding",
        "_observing",
        "_origin",
        "_passed",
        "_path",
        "_role",
        "_sent",
        "_text",
    )

    def __init__(self, context: Context, path: Path, role: str) -> None:
        scanners = context.scanners
        self._context = context
        self._path = path
        self._role = role
        self._holding = Watcher(scanners.holding) if scanners.holding else None
        self._observing = Watcher(scanners.observing) if scanners.observing else None
        self._passed = ""  # what `_observing` has yet to see
        self._sent = 0  # position up to which pieces were given out
        self._text = ""  # from _origin on, which is at most _sent
        self._origin = 0

    @property
    def undecided(self) -> str:
        """What was fed and is in no piece."""
        return self._text[self._sent - self._origin :]

    def original(self, start: int, end: int) -> str:
        """What stands at positions within the pieces that `feed` returned last."""
        return self._text[start - self._origin : end - self._origin]

    def feed(self, text: str, *, final: bool = False) -> list[Piece]:
        judge = self._context.judge
        pieces: list[Piece] = []
        self._text = self._text[self._sent - self._origin :] + text
        self._origin = self._sent
        if judge.blocked():
            return pieces
        self._passed += text
        self.look(final=final)
        ready = self._origin + len(self._text)
        if self._holding is not None:
            ready, findings = self._holding.feed(text, final=final)
            for finding in findings:
                if self._is_own(finding):
                    continue
                judged = judge.decide(finding, self._path, self._role)
                if judge.blocked():
                    self._pass_until(finding.start, pieces)
                    return pieces
                if judged is not None and judged.action is Action.REDACT:
                    self._pass_until(finding.start, pieces)
                    self._redact(judged.operator, finding.type, finding.end, pieces)
        if not judge.blocked():
            self._pass_until(ready, pieces)
        return pieces

    def feed_plain(self, text: str) -> str | None:
        """What passes for a piece that needs no scan (see Watcher.feed_plain), or None."""
        watcher = self._holding
        # What was redacted last may reach into what the watcher has not decided.
        if watcher is None or watcher.start != self._sent:
            return None
        passed = watcher.feed_plain(text)
        if passed is not None:
            self._sent = self._origin = watcher.start
            self._text = watcher.window
            self._passed += text
            if len(self._passed) > _MOST_PASSED:
                self.look()
        return passed

    def look(self, *, final: bool = False) -> None:
        """Judge what is only to be noted. It changes nothing, so it can wait for more."""
        passed, self._passed = self._passed, ""
        if self._observing is not None and (passed or final):
            for finding in self._observing.feed(passed, final=final)[1]:
                self._context.judge.decide(finding, self._path, self._role)

    def _is_own(self, finding: Finding) -> bool:
        """Whether what was found is a value that the caller sent."""
        if self._context.restoring is None:
            return False
        return is_own(self.original(max(finding.start, self._origin), finding.end))

    def _pass_until(self, position: int, pieces: list[Piece]) -> None:
        if position > self._sent:
            pieces.append(Piece(self._sent, position, None))
            self._sent = position

    def _redact(self, operator: str, entity_type: str, end: int, pieces: list[Piece]) -> None:
        if end > self._sent:
            value = self.original(self._sent, end)
            replacement = self._context.replacement(operator, entity_type, value)
            pieces.append(Piece(self._sent, end, replacement))
            self._sent = end


class TextFilter:
    """A filter for plain text."""

    __slots__ = ("_marking", "_redaction")

    def __init__(self, context: Context, path: Path, role: str) -> None:
        self._redaction = Redaction(context, path, role)
        restoring = context.restoring
        self._marking = Marking(restoring) if restoring is not None else None

    @property
    def waiting(self) -> bool:
        return bool(self.rest)

    @property
    def rest(self) -> str:
        unmarked = self._marking.rest if self._marking is not None else ""
        return self._redaction.undecided + unmarked

    def feed(self, text: str, *, final: bool = False) -> str:
        redaction = self._redaction
        if self._marking is not None:
            text = "".join(piece.text for piece in self._marking.feed(text, final=final))
        passed = [
            redaction.original(start, end) if replacement is None else replacement
            for start, end, replacement in redaction.feed(text, final=final)
        ]
        return "".join(passed)

    def feed_plain(self, text: str) -> str | None:
        marking = self._marking
        if marking is None:
            return self._redaction.feed_plain(text)
        passed = self._redaction.feed_plain(text) if marking.is_plain(text) else None
        if passed is not None:
            marking.follow(text)
        return passed

    def look(self) -> None:
        self._redaction.look()


class RestoringFilter:
    """A filter behind all others, which brings back the values of the caller."""

    __slots__ = ("_filtered", "_pseudonyms")

    def __init__(self, filtered: Filter, pseudonyms: Pseudonyms) -> None:
        self._filtered = filtered
        self._pseudonyms = pseudonyms

    @property
    def waiting(self) -> bool:
        return self._filtered.waiting

    @property
    def rest(self) -> str:
        return self._pseudonyms.restore(self._filtered.rest)

    def feed(self, text: str, *, final: bool = False) -> str:
        return self._pseudonyms.restore(self._filtered.feed(text, final=final))

    def feed_plain(self, text: str) -> str | None:
        passed = self._filtered.feed_plain(text)
        return passed if passed is None else self._pseudonyms.restore(passed)

    def look(self) -> None:
        self._filtered.look()
