"""LiteLLM's proxy with its built-in content filter, on the same upstream, and ours beside it.

`make bench-peers` installs it into `.peers/`. Its filter gets the built-in patterns for what our
default policy looks for, and masks in both directions, as ours redacts.
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import machine
from bench.load import KEY, Whole, check_filter, post
from bench.processes import ROOT, Child, Stack, Upstream, answers, free_port
from bench.rows import PROMPT, Row, Say, pids, whole

_PYTHON = ROOT / ".peers" / "bin" / "python"
_CONNECTIONS = (1, 16)
_PATTERNS = (
    *("us_ssn", "email", "us_phone", "ipv4", "ipv6"),
    *("credit_card", "iban"),
    *("aws_access_key", "github_token", "slack_token", "generic_api_key"),
)
_RUN = "from litellm import run_server; run_server()"
_OFFLINE = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOG": "ERROR",
    "LITELLM_MASTER_KEY": KEY,
}


class LiteLLM(Child):
    """The proxy, one worker."""

    def __init__(self, directory: Path, upstream: Upstream) -> None:
        if not _PYTHON.exists():
            raise RuntimeError("LiteLLM is not installed; run: make bench-peers")
        port = free_port()
        self._base = f"http://127.0.0.1:{port}"
        self.chat_url = f"{self._base}/v1/chat/completions"
        file = directory / "litellm.yaml"
        file.write_text(json.dumps(_configuration(upstream.url)))  # JSON is YAML
        command = [str(_PYTHON), "-c", _RUN, "--config", str(file)]
        command += ["--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
        super().__init__(command, directory / "litellm.log", _OFFLINE)
        self.wait_until(lambda: answers(f"{self._base}/health/liveliness"))


def rows(ours: Stack, upstream: Upstream, rounds: int, seconds: float, say: Say) -> Iterator[Row]:
    """Both in turns, so that both meet the same minutes of the machine."""
    assert ours.processor is not None
    with tempfile.TemporaryDirectory(prefix="b-") as folder:
        say("starting litellm")
        proxy = LiteLLM(Path(folder), upstream)
        peers = (
            ("litellm", "filter", proxy.chat_url, {"processor": proxy.pid}),
            (ours.name, ours.policy, ours.gateway.chat_url, pids(ours, upstream)),
        )
        try:
            for _, _, url, _ in peers:
                check_filter(url, upstream)
                post(url, PROMPT, 4, 2, {})
            for connections in _CONNECTIONS:
                runs: dict[str, list[Whole]] = {name: [] for name, *_ in peers}
                for number in range(rounds):
                    say(f"peers: round {number + 1}, {connections} connections")
                    for name, _, url, timed in peers:
                        runs[name].append(post(url, PROMPT, connections, seconds, timed))
                for name, policy, _, timed in peers:
                    yield {
                        "kind": "peer",
                        "name": name,
                        "policy": policy,
                        "connections": connections,
                        **whole(runs[name]),
                        "rss_mib": round(machine.resident_mib(timed["processor"]), 1),
                    }
        finally:
            proxy.stop()


def _configuration(upstream: str) -> dict[str, object]:
    patterns = [
        {"pattern_type": "prebuilt", "pattern_name": name, "action": "MASK"} for name in _PATTERNS
    ]
    provider = {"model": "openai/gpt-4o", "api_base": f"{upstream}/v1", "api_key": "sk-bench"}
    content_filter = {
        "guardrail": "litellm_content_filter",
        "mode": ["pre_call", "post_call"],
        "default_on": True,
        "patterns": patterns,
    }
    return {
        "model_list": [{"model_name": "gpt-4o", "litellm_params": provider}],
        "guardrails": [{"guardrail_name": "filter", "litellm_params": content_filter}],
    }
