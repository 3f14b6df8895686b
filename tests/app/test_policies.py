"""The policy in force follows its file, and a broken edit changes nothing."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from extproc.app.policies import PolicyInForce, load_policy
from extproc.model.errors import InputError
from extproc.redaction.operators import Redactor
from extproc.telemetry.telemetry import Telemetry

POLL = 0.005


def text(name: str) -> str:
    head = "apiVersion: extproc.dev/v1\nkind: Policy\n"
    return f"{head}metadata: {{name: {name}}}\nspec: {{preset: none}}\n"


class Watched(Telemetry):
    """Telemetry that hands out what became of each attempt to load a policy."""

    def __init__(self) -> None:
        super().__init__()
        self.results: asyncio.Queue[str] = asyncio.Queue()

    def reload(self, result: str) -> None:
        super().reload(result)
        self.results.put_nowait(result)


Attempt = Callable[[], Awaitable[str]]
Use = Callable[[PolicyInForce, Attempt], Awaitable[None]]


def following(file: Path, use: Use) -> None:
    """Follow `file` and give `use` the policy and a way to wait for the next attempt."""

    async def main() -> None:
        telemetry = Watched()
        policy = PolicyInForce(file, Redactor(b"k"), telemetry)
        assert await telemetry.results.get() == "loaded"
        follower = asyncio.create_task(policy.follow(POLL))

        async def attempt() -> str:
            result = asyncio.create_task(telemetry.results.get())
            await asyncio.wait({result, follower}, timeout=60, return_when=asyncio.FIRST_COMPLETED)
            if follower.done():
                result.cancel()
                await follower  # it must never end by itself
            assert result.done(), "nothing was loaded"
            return result.result()

        try:
            await use(policy, attempt)
        finally:
            follower.cancel()

    asyncio.run(main())


def test_without_a_file_the_default_preset_is_in_force() -> None:
    policy = PolicyInForce(None, Redactor(b"k"), Telemetry())
    assert policy.guardrail.policy == load_policy(None)
    assert policy.guardrail.policy.name == "default"


def test_without_a_file_there_is_nothing_to_follow() -> None:
    asyncio.run(PolicyInForce(None, Redactor(b"k"), Telemetry()).follow(POLL))


def test_an_edit_is_in_force_when_it_was_loaded(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(text("first"))

    async def use(policy: PolicyInForce, attempt: Attempt) -> None:
        before = policy.guardrail
        file.write_text(text("second"))
        assert await attempt() == "loaded"
        assert policy.guardrail.policy.name == "second"
        assert before.policy.name == "first"  # what is under way keeps its policy

    following(file, use)


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"kind: [",
        b"kind: Policy\n",
        b"\xff\xfe",
        b"{[a]: b}",
        b"metadata: {name: 2026-13-45}",
        b"&a {x: *a}",
        b"x: " + b"[" * 3000,
        (text("a") + "---\n" + text("a")).encode(),
    ],
    ids=lambda value: repr(value[:24]),
)
def test_a_broken_edit_keeps_the_last_good_policy(tmp_path: Path, broken: bytes) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(text("good"))

    async def use(policy: PolicyInForce, attempt: Attempt) -> None:
        file.write_bytes(broken)
        assert await attempt() == "refused"
        assert policy.guardrail.policy.name == "good"
        assert str(file) in policy.last_error
        file.write_text(text("better"))
        assert await attempt() == "loaded"
        assert policy.guardrail.policy.name == "better"
        assert policy.last_error == ""

    following(file, use)


def test_a_file_that_goes_away_keeps_the_last_good_policy(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(text("good"))

    async def use(policy: PolicyInForce, attempt: Attempt) -> None:
        file.unlink()
        assert await attempt() == "refused"
        assert policy.guardrail.policy.name == "good"
        file.write_text(text("back"))
        assert await attempt() == "loaded"

    following(file, use)


def test_a_link_that_is_swapped_behind_the_path_is_an_edit(tmp_path: Path) -> None:
    """As Kubernetes updates a ConfigMap: policy.yaml -> ..data/policy.yaml, ..data -> a folder."""
    for number in (1, 2):
        (tmp_path / f"..{number}").mkdir()
        (tmp_path / f"..{number}" / "policy.yaml").write_text(text(f"version-{number}"))
    (tmp_path / "..data").symlink_to("..1")
    file = tmp_path / "policy.yaml"
    file.symlink_to("..data/policy.yaml")

    async def use(policy: PolicyInForce, attempt: Attempt) -> None:
        assert policy.guardrail.policy.name == "version-1"
        (tmp_path / "..new").symlink_to("..2")
        (tmp_path / "..new").replace(tmp_path / "..data")
        assert await attempt() == "loaded"
        assert policy.guardrail.policy.name == "version-2"

    following(file, use)


def test_writing_the_same_again_is_no_edit(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(text("same"))

    async def use(policy: PolicyInForce, attempt: Attempt) -> None:
        before = policy.guardrail
        file.write_text(text("same"))
        os.utime(file, (1, 1))
        file.with_name("other.yaml").write_text("x")
        file.write_text(text("other"))
        assert await attempt() == "loaded"
        assert policy.guardrail is not before
        assert policy.guardrail.policy.name == "other"

    following(file, use)


def test_a_first_policy_that_is_broken_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("kind: Policy\n")
    with pytest.raises(InputError, match="apiVersion is missing"):
        PolicyInForce(file, Redactor(b"k"), Telemetry())


def test_a_processor_takes_several_policies_for_what_they_match(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    match = "preset: none, maxRiskScore: 0.25, match: {headers: {x-team: [sales]}}"
    file.write_text(text("mesh") + "---\n" + text("team").replace("preset: none", match))
    guardrails = PolicyInForce(file, Redactor(b"k"), Telemetry()).guardrail
    assert guardrails.policy.name == "mesh"
    chosen = guardrails.select({"x-team": "sales"})
    assert (chosen.policy.name, chosen.policy.max_risk_score) == ("mesh+team", 0.25)
    assert guardrails.select({"x-team": "sales"}) is chosen
    assert guardrails.select({"x-team": "other"}).policy.name == "mesh"


def test_what_takes_one_policy_says_so(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(text("a") + "---\n" + text("b"))
    with pytest.raises(InputError, match="holds 2 policies; name a file with one"):
        load_policy(file)
