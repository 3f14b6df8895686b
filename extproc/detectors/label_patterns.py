"""Names of values, as prose, forms, JSON, assignments and tables put them before a value."""

from extproc.detectors.recognizer import Span

# One short word, as in `cvv code` or `iban is`. More would cost much to compile, and any word in
# `cvv_word` would make a stream wait at every blank (see `quiet`).
_WORD = r"(?: [a-z]{2,6}|[_\-]?(?:number|num|no|code))?"
_SEPARATOR = r"[^A-Za-z0-9]{1,8}"


def labelled(words: str) -> str:
    """The pattern of one of `words` with what may stand between it and its value.

    `words` is an alternation, for a caseless recognizer. `labelled("cvv")` matches all but the
    value of `CVV: 123`, `"cvv_code": "123"`, `cvv is 123`, `| CVV | 123` and `<cvv>123`.
    """
    return rf"(?:{words}){_WORD}{_SEPARATOR}"


def labelled_word(words: str) -> str:
    """The same before values that are letters, too: what parts them is no part of a word."""
    return rf"(?:{words}){_WORD}'?[^A-Za-z0-9._%+'\-][^A-Za-z0-9]{{0,6}}"


def part(candidate: str, start: int, end: int, score: float) -> Span:
    """The span of `candidate[start:end]`: scanners count in bytes."""
    if candidate.isascii():
        return Span(start, end, score)
    begin = len(candidate[:start].encode())
    return Span(begin, begin + len(candidate[start:end].encode()), score)
