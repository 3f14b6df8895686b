"""Entities of a policy's own, as its author writes them: words, or patterns."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from extproc.policy.slow import TypeName

_Pattern = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
_Text = Annotated[str, StringConstraints(min_length=1, max_length=10_000)]


class Entity(BaseModel):
    """A type that only this policy knows.

    It is found in `examples` and not in `nearMisses`; a policy for which that is not so is refused.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    name: TypeName
    family: TypeName = "custom"
    words: list[_Pattern] = Field(default=[], max_length=10_000)
    patterns: list[_Pattern] = Field(default=[], max_length=100)
    score: float = Field(default=0.9, gt=0, le=1)
    ignore_case: bool = Field(default=True, alias="ignoreCase")
    whole_word: bool = Field(default=True, alias="wholeWord")
    examples: list[_Text] = Field(default=[], max_length=100)
    near_misses: list[_Text] = Field(default=[], max_length=100, alias="nearMisses")
