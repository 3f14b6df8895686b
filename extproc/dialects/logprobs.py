"""Log-probabilities as OpenAI gives them: a list that spells a text out token by token."""

from typing import Any

from extproc.dialects.walk import APART, TOKEN, Repeat, Shape

TOKENS: Shape = {
    "*": {
        "token": APART,
        "logprob": TOKEN,
        "bytes": None,
        "top_logprobs": {"*": {"token": None, "logprob": TOKEN, "bytes": None}},
    }
}
"""The shape of one such list, whose chosen tokens `spelled` joins."""


def spelled(entries: Any) -> str:
    """The text of the tokens that were chosen, not of the alternatives, which are never one."""
    if isinstance(entries, dict):  # the shape fits it as well
        entries = list(entries.values())
    return "".join(
        entry["token"]
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, dict) and isinstance(entry.get("token"), str)
    )


LOGPROBS = Repeat(TOKENS, spelled)
