"""The official client of OpenAI, brought to a data plane."""

from typing import Self

import openai

from tests.dataplane.harness import Stack


class Sdk:
    """The official client with its own retries, and how often it went over the wire."""

    def __init__(self, running: Stack) -> None:
        self.attempts = 0
        transport = openai.DefaultHttpxClient(
            trust_env=False, event_hooks={"request": [self._count]}
        )
        self.client = openai.OpenAI(
            api_key="any",
            base_url=f"{running.gateway.url}/openai/v1",
            http_client=transport,
            max_retries=2,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def _count(self, _request: object) -> None:
        self.attempts += 1
