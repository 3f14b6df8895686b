"""Amazon Bedrock's CountTokens and ApplyGuardrail.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html,
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ApplyGuardrail.html
"""

from typing import Any

from extproc.dialects import bedrock_errors
from extproc.dialects import bedrock_shapes as shapes
from extproc.dialects.walk import TOKEN, Media, Shape
from extproc.dialects.whole import WholeBodies
from extproc.model.values import Usage


def _usage(_document: Any) -> Usage | None:
    """No model has answered."""
    return None


_GUARDED: Shape = {
    "source": TOKEN,
    "outputScope": TOKEN,
    "content": {"*": shapes.GUARDED},
}
COUNT_TOKENS = WholeBodies(
    "bedrock_count_tokens",
    # A body for InvokeModel is in base64 here; no model answers to it.
    {"input": {"converse": shapes.REQUEST, "invokeModel": {"body": Media("encoded_body")}}},
    {"inputTokens": TOKEN},
    bedrock_errors.error,
    _usage,
)
APPLY_GUARDRAIL = WholeBodies(
    "bedrock_apply_guardrail",
    _GUARDED,
    {"action": TOKEN, "usage": None},
    bedrock_errors.error,
    _usage,
)
