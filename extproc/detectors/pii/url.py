"""Addresses of pages, in a family of their own: a policy for personal data keeps links."""

from extproc.detectors.recognizer import Recognizer, Span

_PAIRS = {")": "(", "]": "[", "}": "{"}


def _url(candidate: str) -> Span | None:
    """Without the punctuation of the sentence around it: a bracket that the URL opens is its."""
    end = len(candidate)
    while end:
        last = candidate[end - 1]
        opening = _PAIRS.get(last)
        if last in ".,;:!?'*_" or (
            opening and candidate.count(last, 0, end) > candidate.count(opening, 0, end)
        ):
            end -= 1
        else:
            break
    host = candidate[:end].partition("://")[2] or candidate[:end].partition("www.")[2]
    return Span(0, len(candidate[:end].encode()), 0.95) if len(host) > 2 else None


_REST = r"[^\s<>\"'`|\\^\x00-\x1f]"

RECOGNIZERS = (
    Recognizer(
        type="url",
        family="network",
        patterns=(
            # Every end is reported, so only those count that a word or its closing bracket has.
            rf"(?:https?|ftp|wss?)://{_REST}+(?:\b|[/)=#~+\-])",
            # Short ones without a path are words to a stream (see `quiet`).
            r"www\.[A-Za-z0-9\-.]{11,}\b",
            rf"www\.[A-Za-z0-9\-.]+/(?:{_REST}*(?:\b|[/)=#~+\-]))?",
        ),
        longest=2048,
        refine=_url,
        caseless=True,
        examples=(
            "see https://example.com/a?b=c#d.",
            "(http://example.com/x_(y))",
            "www.example.co.uk/",
            "www.example.com",
            "ftp://files.example.com",
            "http://localhost:8080/",
        ),
        near_misses=("https://", "www.", "example.com", "http:// x"),
    ),
)
