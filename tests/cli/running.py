"""What tests of the command line share."""

from collections.abc import Callable
from typing import NamedTuple


class Done(NamedTuple):
    """An ended program."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]
