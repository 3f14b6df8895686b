"""The command line: help that teaches, exit codes, errors of one line."""

import gzip
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from extproc import __version__
from extproc.cli.commands import app
from extproc.detectors.catalog import FAMILIES, TYPES
from tests.cli.running import Done, Run

SSN = "123-45-6789"
GOOD = (
    "apiVersion: extproc.dev/v1\nkind: Policy\nmetadata: {name: ids}\n"
    "spec: {preset: none, rules: [{name: ids, detect: [us_ssn, email_address], action: redact}]}\n"
)
COMMANDS = ["run", "serve", "check", "scan", "types", "explain", "diff", "test", "schema", "report"]


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "policy.yaml"
    file.write_text(GOOD)
    return file


def environment(**changes: str) -> dict[str, str]:
    bare = {k: v for k, v in os.environ.items() if not k.startswith(("EXTPROC", "COV_"))}
    return bare | changes


def program(*arguments: object, **variables: str) -> Done:
    """The program as a process of its own."""
    command = [sys.executable, "-m", "extproc", *map(str, arguments)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment(**variables),
    )
    return Done(done.returncode, done.stdout, done.stderr)


# Help


def help_of(*command: str) -> str:
    result = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert result.exit_code == 0
    return result.output


def test_help_names_every_command() -> None:
    text = help_of()
    for command in COMMANDS:
        assert command in text


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("run", ["--upstream", "--policy", "--port", "simulator", "Ctrl-C", "base URLs"]),
        ("serve", ["EXTPROC_", "EXTPROC_CONFIG"]),
        ("check", ["FILE", "line", "Exit code 1"]),
        ("types", ["FAMILY", "--json", "detect", "example"]),
        ("scan", ["INPUT.jsonl", "--output", "--policy", "--direction", "code points", "verdict"]),
        ("report", ["FILE", "--output", "--csv", "no network", "Example: "]),
        ("schema", ["yaml-language-server", "editors", "Example: "]),
        ("test", ["FILE", "PolicyTest", "pytest", "exit code", "Example: "]),
        ("diff", ["OLD", "--on", "--show-text", "--exit-code", "content", "Example: "]),
        ("explain", ["TEXT|-", "--role", "--json", "strictness", "rollout", "Example: "]),
        ("scan", ["--resume", "--workers", "--column", "OpenAI batch", "parquet", "Example: "]),
    ],
)
def test_help_of_a_command_teaches_it(command: str, words: list[str]) -> None:
    text = " ".join(help_of(command).split())
    for word in words:
        assert word in text


def test_the_short_form_of_help_is_known() -> None:
    assert CliRunner().invoke(app, ["-h"]).exit_code == 0


def test_the_version_is_told(run: Run) -> None:
    assert run("--version") == Done(0, f"extproc {__version__}\n", "")


# Usage


@pytest.mark.parametrize(
    "arguments",
    [
        ["unknown"],
        ["check"],
        ["scan"],
        ["scan", "in.jsonl"],
        ["scan", "in.jsonl", "-o", "out.jsonl", "--direction", "sideways"],
        ["scan", "in.jsonl", "-o", "out.jsonl", "--workers", "0"],
        ["run", "--port", "0"],
        ["run", "--port", "70000"],
        ["run", "--port", "x"],
        ["serve", "extra"],
        ["types", "two", "words"],
        ["types", "nothing_like_this"],
        ["types", "--json", "nothing_like_this"],
        ["--unknown"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_code_2(run: Run, arguments: list[str]) -> None:
    assert run(*arguments).code == 2


# Check


def test_a_good_file_is_exit_code_0(run: Run, policy: Path) -> None:
    assert run("check", policy) == Done(0, f"{policy}: valid: ids (1 rules)\n", "")


def test_a_bad_file_is_exit_code_1_and_one_line_a_mistake(run: Run, policy: Path) -> None:
    policy.write_text(GOOD.replace("redact", "deny").replace("preset: none", "preset: paranoid"))
    done = run("check", policy)
    assert (done.code, done.out) == (1, "")
    assert [line.split(": ")[0] for line in done.err.splitlines()] == [f"{policy}:4"] * 2


def test_good_and_bad_files_are_all_told(run: Run, policy: Path, tmp_path: Path) -> None:
    bad, missing = tmp_path / "bad.yaml", tmp_path / "missing.yaml"
    bad.write_text("")
    done = run("check", bad, policy, missing)
    assert done.code == 1
    assert done.out == f"{policy}: valid: ids (1 rules)\n"
    assert len(done.err.splitlines()) == 2


# Types


def test_families_are_listed_with_what_they_are_for(run: Run) -> None:
    done = run("types")
    rows = {line.split()[0]: line.split()[1] for line in done.out.splitlines()[: len(FAMILIES)]}
    assert rows == {family: str([*TYPES.values()].count(family)) for family in FAMILIES}
    assert "extproc types FAMILY" in done.out


def test_the_types_of_a_family_are_listed_with_an_example(run: Run) -> None:
    first, *rows = run("types", "pci").out.splitlines()
    assert first == "pci"
    listed = dict(row.split(maxsplit=1) for row in rows)
    assert listed.keys() == {name for name, family in TYPES.items() if family == "pci"}
    assert listed["cvv"] == "CVV: 123"


def test_types_are_listed_by_a_part_of_their_name(run: Run) -> None:
    lines = run("types", "Driver License").out.splitlines()
    assert lines[0] == "pii"
    assert [line.split()[0] for line in lines[1:]] == ["driver_license", "us_driver_license"]


def test_a_word_that_no_type_has_is_told_what_is_like_it(run: Run) -> None:
    assert "try credit_card" in run("types", "creditcards").err
    assert "extproc types" in run("types", "qqqq").err


def test_all_types_are_listed_as_json(run: Run) -> None:
    rows = [json.loads(line) for line in run("types", "--json").out.splitlines()]
    assert {row["type"]: row["family"] for row in rows} == TYPES
    assert {row["type"] for row in rows if not row["example"]} == {"sexual_minors"}
    assert max(len(row["example"]) for row in rows) <= 72


def test_a_selection_is_listed_as_json(run: Run) -> None:
    assert run("types", "--json", "aws_access").out == (
        '{"type": "aws_access_key_id", "family": "secrets", "example": "AKIA…"}\n'
    )


# Scan

TEXTS = ["hi", f"😀 It is {SSN}", "é jane@example.com", "👨\u200d👩 " + SSN]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    file = tmp_path / "corpus.jsonl"
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS))
    return file


def results(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.mark.parametrize("compressed", [False, True])
def test_a_scan_from_end_to_end(
    run: Run, policy: Path, corpus: Path, tmp_path: Path, compressed: bool
) -> None:
    source, output = corpus, tmp_path / "out.jsonl"
    if compressed:
        source = tmp_path / "corpus.jsonl.gz"
        source.write_bytes(gzip.compress(corpus.read_bytes()))
    done = run("scan", source, "--policy", policy, "-o", output)
    assert done.code == 0
    assert "4 judged: 1 allow, 3 redact" in done.err
    assert [result["text"] for result in results(output)] == [
        "hi",
        "😀 It is [US_SSN]",
        "é [EMAIL_ADDRESS]",
        "👨\u200d👩 [US_SSN]",
    ]


def test_offsets_of_a_scan_are_code_points(
    run: Run, policy: Path, corpus: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out.jsonl"
    run("scan", corpus, "-p", policy, "-o", output)
    for text, result in zip(TEXTS, results(output), strict=True):
        findings = result["findings"]
        assert isinstance(findings, list)
        found = [text[finding["start"] : finding["end"]] for finding in findings]
        assert found in ([], [SSN], ["jane@example.com"])
        assert bool(found) is (result["verdict"] == "redact")


def test_a_scan_as_answers_uses_the_rules_for_answers(
    run: Run, policy: Path, corpus: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out.jsonl"
    policy.write_text(GOOD.replace("action: redact", "action: redact, on: [response]"))
    run("scan", corpus, "-p", policy, "-o", output)
    assert {result["verdict"] for result in results(output)} == {"allow"}
    run("scan", corpus, "-p", policy, "-o", output, "--direction", "response")
    assert {result["verdict"] for result in results(output)} == {"allow", "redact"}


def test_a_bad_line_is_exit_code_1_with_file_and_line(
    run: Run, policy: Path, corpus: Path, tmp_path: Path
) -> None:
    corpus.write_text('{"text": "hi"}\n{"text": 7}\n')
    done = run("scan", corpus, "-p", policy, "-o", tmp_path / "out.jsonl")
    assert done.code == 1
    assert f"{corpus}:2: write " in done.err.replace("\n", "")


def test_bad_lines_do_not_stop_a_scan_unless_it_is_strict(
    run: Run, policy: Path, corpus: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out.jsonl"
    corpus.write_text('{"text": 7}\n{"text": "hi"}\n')
    done = run("scan", corpus, "-p", policy, "-o", output)
    assert (done.code, [result.get("verdict") for result in results(output)]) == (
        1,
        [None, "allow"],
    )
    assert "1 judged: 1 allow; 1 cannot be judged" in done.err
    done = run("scan", corpus, "-p", policy, "-o", output, "--strict")
    assert (done.code, results(output)) == (1, [])
    assert done.err.startswith(f"{corpus}:1: write ")


def test_a_scan_is_resumed(run: Run, policy: Path, corpus: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    run("scan", corpus, "-p", policy, "-o", output)
    whole = output.read_bytes()
    output.write_bytes(whole[:-5])
    done = run("scan", corpus, "-p", policy, "-o", output, "--resume")
    assert "1 judged: 1 redact; 3 stood already" in done.err
    assert output.read_bytes() == whole


def test_a_scan_of_a_table_by_a_column(run: Run, policy: Path, tmp_path: Path) -> None:
    source, output = tmp_path / "in.csv", tmp_path / "out.jsonl"
    source.write_text(f"id,question\n1,It is {SSN}\n")
    assert run("scan", source, "-p", policy, "-o", output, "--column", "question").code == 0
    assert [result["text"] for result in results(output)] == ["It is [US_SSN]"]


def test_a_scan_that_is_interrupted_says_how_to_go_on(policy: Path, tmp_path: Path) -> None:
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"text": "hi"}\n' * 300_000)
    command = ["scan", source, "-p", policy, "-o", output, "--workers", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "extproc", *map(str, command)],
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        start_new_session=True,
    )
    while not output.exists() or not output.stat().st_size:
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (
        130,
        f"stopped; what is in {output} stands: go on with --resume\n",
    )
    assert all(result["verdict"] == "allow" for result in results(output))


def test_a_corpus_that_is_missing_is_exit_code_1(run: Run, policy: Path, tmp_path: Path) -> None:
    done = run("scan", tmp_path / "none.jsonl", "-p", policy, "-o", tmp_path / "out.jsonl")
    assert done.code == 1
    assert "no such file" in done.err
    assert not (tmp_path / "out.jsonl").exists()


def test_an_output_that_cannot_be_written_is_exit_code_1(
    run: Run, policy: Path, corpus: Path, tmp_path: Path
) -> None:
    done = run("scan", corpus, "-p", policy, "-o", tmp_path / "none" / "out.jsonl")
    assert done.code == 1
    assert "name a file that can be written" in done.err


def test_a_policy_that_is_broken_is_exit_code_1(
    run: Run, policy: Path, corpus: Path, tmp_path: Path
) -> None:
    policy.write_text("kind: Policy\n")
    done = run("scan", corpus, "-p", policy, "-o", tmp_path / "out.jsonl")
    assert done.code == 1
    assert f"{policy}:1: " in done.err


@pytest.mark.parametrize("through_link", [False, True])
def test_a_scan_never_overwrites_its_corpus(
    run: Run, policy: Path, corpus: Path, tmp_path: Path, through_link: bool
) -> None:
    before = corpus.read_bytes()
    output = corpus
    if through_link:
        output = tmp_path / "link.jsonl"
        output.symlink_to(corpus)
    done = run("scan", corpus, "-p", policy, "-o", output)
    assert corpus.read_bytes() == before
    assert done.code in (1, 2)


# Serve


@pytest.fixture
def directory() -> Iterator[Path]:
    """A folder with a short path: that of a unix socket has at most 103 bytes."""
    path = Path(tempfile.mkdtemp(prefix="x"))
    yield path
    shutil.rmtree(path)


def test_wrong_settings_are_exit_code_1_and_all_told() -> None:
    done = program("serve", EXTPROC_LISTEN="x", EXTPROC_MAX_STREAMS="0", EXTPROC_NEW="1")
    assert (done.code, done.out) == (1, "")
    assert sorted(line.split(" ")[0].rstrip(":") for line in done.err.splitlines()) == [
        "EXTPROC_LISTEN",
        "EXTPROC_MAX_STREAMS",
        "EXTPROC_NEW",
    ]


@pytest.mark.parametrize("setting", ["EXTPROC_LISTEN", "EXTPROC_ADMIN_LISTEN"])
def test_a_taken_port_is_exit_code_3(policy: Path, setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        variables = {
            "EXTPROC_LISTEN": "127.0.0.1:0",
            "EXTPROC_ADMIN_LISTEN": "127.0.0.1:0",
            "EXTPROC_POLICY": str(policy),
            setting: f"127.0.0.1:{taken.getsockname()[1]}",
        }
        done = program("serve", **variables)
    assert done.code == 3
    last = done.err.splitlines()[-1]
    assert f"choose another {setting}" in last
    assert "Traceback" not in done.err


def test_a_gateway_port_that_is_taken_is_exit_code_3(policy: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = program("run", "--port", port, "--policy", policy)
    assert done.code == 3
    assert done.err.splitlines()[-1] == f"port {port} is taken; choose another with --port"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_answers_until_it_is_told_to_stop(
    policy: Path, directory: Path, number: signal.Signals
) -> None:
    variables = {
        "EXTPROC_LISTEN": f"unix:{directory}/sub/x.sock",
        "EXTPROC_ADMIN_LISTEN": "127.0.0.1:0",
        "EXTPROC_POLICY": str(policy),
        "EXTPROC_DRAIN_SECONDS": "1",
    }
    command = [sys.executable, "-m", "extproc", "serve"]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env=environment(**variables)
    ) as process:
        assert process.stderr is not None
        line = {"message": ""}
        try:
            while line["message"] != "serving":
                line = json.loads(process.stderr.readline())
            ready = httpx.get(f"http://127.0.0.1:{line['admin_port']}/health/ready")
            assert ready.status_code == 200
            assert (directory / "sub" / "x.sock").is_socket()
        finally:
            process.send_signal(number)
            rest = process.stderr.read().splitlines()
    assert process.returncode == 0
    assert [json.loads(text)["message"] for text in rest] == ["draining", "stopped"]
