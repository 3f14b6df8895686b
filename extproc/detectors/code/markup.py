"""Markup that runs a script where an answer is shown as HTML."""

from extproc.detectors.recognizer import Recognizer, Span

_EVENTS = (
    r"on(?:error|load|click|focus|blur|toggle|begin|start|input|change|submit|pageshow|wheel|scroll|"
    r"mouse(?:over|enter|move|down|up)|key(?:down|up|press)|pointer(?:over|enter|down)|"
    r"animation(?:start|end)|transitionend|hashchange|message|resize)"
)
_TAGS = (
    r"(?:img|svg|body|video|audio|details|input|a|div|span|p|iframe|marquee|object|math|style|select|"
    r"textarea|button|form|link|meta|embed|image|table|td|h1)"
)


def _markup(candidate: str) -> Span:
    """A tag for scripts is common in honest answers about HTML; what hides a script is less so."""
    tag = candidate.lower().startswith(("<script", "<iframe", "<object", "<embed"))
    return Span(0, len(candidate), 0.5 if tag else 0.7)


RECOGNIZERS = (
    Recognizer(
        type="dangerous_markup",
        family="code",
        patterns=(
            r"<(?:script|iframe|object|embed)[\s>/]",
            rf"<{_TAGS}[\s/][^<>]*{_EVENTS}\s?=",
            r"(?:href|src|action|data)\s?=\s?[\x22']?\s?javascript:",
            r"\]\(\s?(?:javascript|vbscript):",
            r"data:text/html[;,]",
            r"srcdoc\s?=",
        ),
        longest=300,
        refine=_markup,
        whole_word=False,
        caseless=True,
        examples=(
            "<script>alert(1)</script>",
            '<img src=x onerror="alert(1)">',
            "<svg/onload=alert(1)>",
            "<a href='javascript:alert(1)'>x</a>",
            "[x](javascript:alert(1))",
            "data:text/html;base64,PHNjcmlwdD4=",
            "<iframe src=//evil.example>",
        ),
        near_misses=(
            "the <b>script</b> of the film",
            "<description>",
            "button.onclick = handler",
            "JavaScript: the good parts",
            '<img src="a.png" alt="on load">',
        ),
    ),
)
