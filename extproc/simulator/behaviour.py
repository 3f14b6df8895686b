"""What the simulator answers: the model's name decides, so that any SDK can drive it."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

LEAK = (
    "Here is what the file says about the customer. Jane Roe asks to be reached at "
    "jane.roe@example.com after six. Her social security number is 123-45-6789 and the card on "
    "file is 4111 1111 1111 1111, valid until next spring. Shall I draft a reply to her?"
)

PROSE = """\
The lighthouse stands where the river meets the sea, on a low cape of grey stone. Fishermen built \
the first tower from driftwood and tar, and it burned within a year. The second was made of brick, \
and it has watched over the harbour ever since.

In summer the keeper opens the door to visitors, who climb the narrow stairs and look out over the \
water. On a clear day they can see three islands and, with some luck, the ferry that connects \
them. In winter the path is closed, and only gulls keep the lamp company.

Nobody lives there now. The lamp is electric and the fog horn listens to the weather by itself, \
but on windy nights people in the village still look up to see whether the light is turning."""

REFUSAL = "I'm sorry, but I can't help with that."

MODELS = (
    "sim-echo",
    "sim-leaky",
    "sim-prose",
    "sim-slow",
    "sim-drop",
    "sim-tool",
    "sim-refuse",
    "sim-fail-429",
    "sim-fail-500",
    "sim-fail-503",
)
"""Models that the simulator lists; `sim-fail-` takes any other status from 400 to 599 as well."""

_FAIL = re.compile(r"sim-fail-([45]\d\d)")


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the answer depends on, read from a request of any provider."""

    model: str
    said: str  # the last text of the user
    tokens: int  # of all texts in the request
    tools: Sequence[str] = ()  # names of the tools on offer
    choices: int = 1
    stream: bool = False


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call the model asks for; `arguments` is a JSON object."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says and how it is delivered; pauses in seconds."""

    text: str
    refused: bool = False
    tool: ToolCall | None = None
    pause_before: float = 0.0
    pause_between: float = 0.0
    dropped: bool = False  # the connection dies half-way

    def choice(self, index: int) -> "Answer":
        """The answer as choice number `index`: told apart, so that a mix-up would show."""
        if index == 0 or self.tool is not None:
            return self
        return replace(self, text=f"{self.text} (choice {index + 1})")


@dataclass(frozen=True, slots=True)
class Failure:
    """The provider answers with an error status."""

    status: int
    message: str
    retry_after: int | None = None  # seconds


def behave(prompt: Prompt) -> Answer | Failure:
    """Decide by the model's name; an unknown one echoes."""
    name = prompt.model.rpartition("/")[2]
    if failing := _FAIL.fullmatch(name):
        status = int(failing[1])
        retry_after = 1 if status == 429 else None
        return Failure(status, f"The simulator answers {status}, as {name} asks.", retry_after)
    echo = f"You said: {prompt.said}" if prompt.said else "You sent no text."
    match name:
        case "sim-leaky":
            return Answer(LEAK)
        case "sim-prose":
            return Answer(PROSE)
        case "sim-refuse":
            return Answer(REFUSAL, refused=True)
        case "sim-slow":
            return Answer(echo, pause_before=0.5, pause_between=0.05)
        case "sim-drop":
            return Answer(echo, dropped=True)
        case "sim-tool":
            arguments = json.dumps({"text": prompt.said}, ensure_ascii=False, separators=(",", ":"))
            tool = ToolCall(prompt.tools[0] if prompt.tools else "look_up", arguments)
            return Answer("", tool=tool)
        case _:
            return Answer(echo)
