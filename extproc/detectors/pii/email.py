"""E-mail addresses."""

from extproc.detectors.recognizer import Recognizer, Span

_MAX_LOCAL_PART = 64  # RFC 5321, 4.5.3.1.1


def _email(candidate: str) -> Span | None:
    """The pattern takes any run before the @; an address has at most 64 characters there."""
    at = candidate.rindex("@")
    start = max(0, at - _MAX_LOCAL_PART)
    while candidate[start] in ".-":
        start += 1
    if start == at or ".." in candidate[at:]:
        return None
    return Span(start, len(candidate), 0.95)


RECOGNIZERS = (
    Recognizer(
        type="email_address",
        family="pii",
        patterns=(r"[A-Za-z0-9._%+\-]+@(?:[A-Za-z0-9\-]+\.)+[A-Za-z]{2,24}",),
        longest=320,
        refine=_email,
        whole_word=False,  # the pattern takes every character an address may begin with
        needs="@",
        examples=("write to jane.doe+x@mail.example.co.uk today", "<a@b.io>", "JANE@EXAMPLE.COM"),
        near_misses=("see @jane on example.com", "a@b", "x@y..com"),
    ),
)
