"""What a supervisor and its workers tell each other: one line of JSON for each message.

The supervisor writes its orders, and `DRAIN` when a worker is to end. A worker also drains when the
channel ends without it: the supervisor has died.
"""

from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel

from extproc.admin.app import Check
from extproc.app.settings import GivenSettings, Settings

DRAIN = b"drain\n"


class Orders(BaseModel):
    """The settings of a worker, and the folder to count in."""

    metrics: Path
    values: dict[str, Any]

    @classmethod
    def of(cls, settings: Settings, metrics: Path) -> Self:
        """Orders with the settings as the supervisor read them, secrets included."""
        values = settings.model_dump(mode="json")
        if settings.redaction_key is not None:
            values["redaction_key"] = settings.redaction_key.get_secret_value()
        return cls(metrics=metrics, values=values)

    @property
    def settings(self) -> Settings:
        """The settings, whatever the environment and the file say by now."""
        return GivenSettings(**self.values)


class Report(BaseModel):
    """A sign of life from a worker that serves, or why it cannot (with its exit code)."""

    checks: list[Check] = []
    failure: str = ""
    exit_code: int = 0


def line(message: BaseModel) -> bytes:
    """A message as it is sent."""
    return message.model_dump_json().encode() + b"\n"
