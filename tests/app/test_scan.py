"""A policy over a corpus: in order, on several processes, and again from where it stopped."""

import json
from pathlib import Path
from typing import Any

import pytest

from extproc.app.corpus import Corpus
from extproc.app.offline import Source
from extproc.app.scan import Progress, Summary, judging, scan
from extproc.model.errors import InputError, SetupError
from extproc.model.values import Direction
from tests.guardrail.making import SSN

POLICY = (
    "apiVersion: extproc.dev/v1\nkind: Policy\nmetadata: {name: ids}\n"
    "spec: {preset: none, rules: [{name: ids, detect: [us_ssn, email_address], action: redact}]}\n"
)
TEXTS = ["hi", f"It is {SSN}", "ho", "a@b.io"]
REDACTED = ["hi", "It is [US_SSN]", "ho", "[EMAIL_ADDRESS]"]


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY)
    return file


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """More lines than one piece of work has."""
    file = tmp_path / "in.jsonl"
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS * 400))
    return file


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl"


def scanned(source: Path, output: Path, policy: Path, **options: Any) -> Summary:
    judge = judging(Source(policy), Direction.REQUEST)
    return scan(Corpus(source), output, judge, **options)


def results(output: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.read_text().splitlines()]


@pytest.mark.parametrize("workers", [1, 2])
def test_the_output_has_the_order_of_the_input(
    source: Path, output: Path, policy: Path, workers: int
) -> None:
    summary = scanned(source, output, policy, workers=workers)
    assert summary == Summary({"allow": 800, "redact": 800}, 0, 0, [])  # type: ignore[arg-type]
    assert [result["text"] for result in results(output)] == REDACTED * 400


def test_what_came_before_is_written_over(source: Path, output: Path, policy: Path) -> None:
    output.write_text("{}\n" * 5000)
    scanned(source, output, policy)
    assert len(results(output)) == 1600


@pytest.mark.parametrize("stands", [0, 1, 511, 512, 513, 1599, 1600])
@pytest.mark.parametrize("torn", [b"", b'{"verdict":"al'])
def test_a_scan_goes_on_where_it_stopped(
    source: Path, output: Path, policy: Path, stands: int, torn: bytes
) -> None:
    scanned(source, output, policy)
    whole = output.read_bytes()
    output.write_bytes(b"".join(whole.splitlines(keepends=True)[:stands]) + torn)
    summary = scanned(source, output, policy, resume=True)
    assert (summary.stood, summary.verdicts.total()) == (stands, 1600 - stands)
    assert output.read_bytes() == whole


def test_a_first_scan_may_be_told_to_resume(source: Path, output: Path, policy: Path) -> None:
    assert scanned(source, output, policy, resume=True).stood == 0
    assert len(results(output)) == 1600


def test_lines_that_cannot_be_judged_have_their_place_in_the_output(
    source: Path, output: Path, policy: Path
) -> None:
    source.write_text('{"text": "hi"}\n\n{"txt": "ho"}\n{\n{"text": "hu"}\n')
    summary = scanned(source, output, policy)
    assert results(output)[1:3] == [
        {"error": "bad_line", "line": 3},
        {"error": "invalid_json", "line": 4},
    ]
    assert [result.get("text") for result in results(output)] == ["hi", None, None, "hu"]
    assert (summary.bad, [problem.line for problem in summary.problems]) == (2, [3, 4])
    assert summary.problems[0].message.startswith("write ")


def test_of_many_bad_lines_all_are_counted_and_a_few_told(
    source: Path, output: Path, policy: Path
) -> None:
    source.write_text("{}\n" * 2000)
    summary = scanned(source, output, policy)
    assert (summary.bad, len(summary.problems)) == (2000, 20)


def test_a_strict_scan_stops_at_a_bad_line_and_what_came_before_stands(
    source: Path, output: Path, policy: Path
) -> None:
    source.write_text('{"text": "hi"}\n\n{"txt": "ho"}\n{"text": "hu"}\n')
    with pytest.raises(InputError) as caught:
        scanned(source, output, policy, strict=True)
    assert str(caught.value).startswith(f"{source}:3: write ")
    assert [result["text"] for result in results(output)] == ["hi"]


def test_a_message_about_a_bad_line_does_not_quote_it(
    source: Path, output: Path, policy: Path
) -> None:
    source.write_text(f'{{"text": "{SSN}}}\n')
    [problem] = scanned(source, output, policy).problems
    assert SSN not in problem.message
    assert SSN not in output.read_text()


def test_a_line_that_is_too_long_is_told(
    source: Path, output: Path, policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("extproc.app.corpus.LONGEST_LINE", 64)
    source.write_text(json.dumps({"text": "x" * 100}) + "\n")
    [problem] = scanned(source, output, policy).problems
    assert "more than 32 MiB" in problem.message


def test_progress_counts_lines_and_ends_at_the_end(
    source: Path, output: Path, policy: Path
) -> None:
    seen: list[Progress] = []
    scanned(source, output, policy, tell=lambda each: seen.append(Progress(each.stood, each.done)))
    assert [each.done for each in seen] == [512, 1024, 1536, 1600]
    last: list[float] = []
    scanned(source, output, policy, tell=lambda each: last.append(each.fraction))
    assert last[-1] == 1.0


def test_an_empty_file_has_no_results(source: Path, output: Path, policy: Path) -> None:
    source.write_text("")
    assert scanned(source, output, policy).verdicts.total() == 0
    assert output.read_text() == ""


def test_a_detector_that_cannot_be_built_is_told_before_anything_is_written(
    source: Path, output: Path, policy: Path
) -> None:
    detector = "{name: mod, kind: webhook, url: 'http://x/', apiKeyEnv: NO_SUCH_KEY}"
    policy.write_text(POLICY.replace("preset: none,", f"preset: none, detectors: [{detector}],"))
    with pytest.raises(InputError, match="NO_SUCH_KEY holds no key"):
        scanned(source, output, policy)
    assert not output.exists()


def test_a_worker_that_dies_is_told(source: Path, output: Path) -> None:
    with pytest.raises(SetupError, match="a worker died"):
        scan(Corpus(source), output, _dying, workers=2)


def test_what_a_worker_says_is_wrong_is_told(source: Path, output: Path) -> None:
    with pytest.raises(InputError, match="put it right"):
        scan(Corpus(source), output, _failing, workers=2)


def _dying() -> Any:
    import os

    os._exit(9)


def _failing() -> Any:
    raise SetupError("put it right")
