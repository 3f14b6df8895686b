"""Several policies in one processor: each exchange is judged by those that match it."""

from collections.abc import Iterator

import pytest

from tests.dataplane.canaries import SSN
from tests.dataplane.harness import CHAT, Stack, policy, stack
from tests.dataplane.recorder import Recorder, document

MESH = policy(
    {"name": "ssn", "detect": ["us_ssn"], "action": "redact"},
    {"name": "iban", "detect": ["iban"], "action": "redact", "overridable": True},
    name="mesh",
)
SALES = policy(
    {"name": "ssn", "detect": ["us_ssn"], "action": "allow"},
    {"name": "iban", "detect": ["iban"], "action": "allow"},
    name="sales",
    match={"paths": ["/openai/*"], "headers": {"x-team": ["sales-*"]}},
)
STRICT = policy(
    {"name": "no-ssn", "detect": ["us_ssn"], "action": "block"},
    name="strict",
    match={"headers": {"x-team": ["audit"]}},
)
IBAN = "DE89370400440532013000"
TEXT = f"{SSN} and {IBAN}"


@pytest.fixture(scope="module")
def running(recorder: Recorder) -> Iterator[Stack]:
    with stack(recorder, f"{MESH}\n---\n{SALES}\n---\n{STRICT}\n") as started:
        yield started


@pytest.mark.parametrize(
    ("team", "name", "arrived"),
    [
        (None, "mesh", "[US_SSN] and [IBAN]"),
        ("support", "mesh", "[US_SSN] and [IBAN]"),
        ("sales-emea", "mesh+sales", f"[US_SSN] and {IBAN}"),
        ("audit", "mesh+strict", None),
    ],
)
def test_all_that_match_hold(
    running: Stack, team: str | None, name: str, arrived: str | None
) -> None:
    headers = {} if team is None else {"x-team": team}
    request = {"model": "m", "messages": [{"role": "user", "content": TEXT}]}
    with running.recorder.answering(document({"choices": []})) as received:
        response = running.client.post(CHAT, json=request, headers=headers)
    assert response.headers["x-extproc-policy"] == name
    assert response.status_code == (403 if arrived is None else 200)
    contents = [one.json["messages"][0]["content"] for one in received]
    assert contents == ([] if arrived is None else [arrived])
