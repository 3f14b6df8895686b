"""The commands to live with policies. Each imports what it needs only when it runs."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from extproc.model.values import Direction
from extproc.policy.document import Environment

tools = typer.Typer()

PolicyFile = Annotated[
    Path | None,
    typer.Option("--policy", "-p", metavar="FILE", help="Policy document; default: the preset."),
]
_Direction = Annotated[Direction, typer.Option(help="Judge the texts as requests or as responses.")]
_Environment = Annotated[
    Environment, typer.Option("--environment", "-e", help="Which of the policy's environments.")
]
_Column = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Column of a table; default: text or prompt."),
]
_Workers = Annotated[
    int | None, typer.Option(min=1, max=256, help="Processes; default: one a core.")
]
_INTERRUPTED = 130  # as shells have it


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@tools.command(
    epilog="Example: extproc scan prompts.jsonl.gz -p policy.yaml -o judged.jsonl --resume"
)
def scan(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT.jsonl",
            help='Lines {"text"}, {"path","body"} or of an OpenAI batch; also .gz, CSV, parquet.',
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="OUT.jsonl", help="Results.")],
    policy: PolicyFile = None,
    environment: _Environment = "production",
    direction: _Direction = Direction.REQUEST,
    column: _Column = None,
    workers: _Workers = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on behind the lines that stand in the output.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at the first line that cannot be judged.")
    ] = False,
) -> None:
    """Judge a corpus of any size offline, on all cores, in constant memory.

    Each output line has verdict, risk_score, findings (offsets in code points) and redacted text,
    in the order of the input. A line that cannot be judged is told, and has {"error", "line"} in
    its place; the exit code is then 1. A text may have a `role`, a line a `customer_id`, by which
    rollouts are decided.
    """
    from extproc.app.corpus import Corpus
    from extproc.app.offline import Source
    from extproc.cli.scanning import scan_with_progress

    try:
        fine = scan_with_progress(
            Corpus(source, column),
            output,
            Source(policy, environment),
            direction,
            workers=workers or _cores(),
            resume=resume,
            strict=strict,
        )
    except KeyboardInterrupt:
        typer.echo(f"stopped; what is in {output} stands: go on with --resume", err=True)
        raise typer.Exit(_INTERRUPTED) from None
    if not fine:
        raise typer.Exit(1)


@tools.command(epilog="Example: extproc explain 'My SSN is 123-45-6789' -p policy.yaml")
def explain(
    text: Annotated[
        str, typer.Argument(metavar="TEXT|-", help="The text, or - for standard input.")
    ],
    policy: PolicyFile = None,
    environment: _Environment = "production",
    direction: _Direction = Direction.REQUEST,
    role: Annotated[
        str, typer.Option(metavar="ROLE", help="Who says it; default: user, or assistant.")
    ] = "",
    caller: Annotated[
        str, typer.Option(metavar="ID", help="The customer for whom rollouts are decided.")
    ] = "",
    host: Annotated[str, typer.Option(metavar="NAME", help="Choose policies by host.")] = "",
    path: Annotated[str, typer.Option(metavar="PATH", help="Choose policies by path.")] = "",
    header: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Choose policies by a header.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same for programs.")] = False,
) -> None:
    """Say what a policy makes of a text, and why.

    For each finding: its span and score, which rule decides, and why not another one: below the
    strictness, another role or direction, a rollout that only observes, a rule before it, a surer
    value around it. The risk score as a sum, and the text that passes.
    """
    from rich.console import Console

    from extproc.app.batch import CALLER
    from extproc.app.explain import explain as explained
    from extproc.app.offline import Source
    from extproc.cli.explaining import as_json as to_json
    from extproc.cli.explaining import show

    text = sys.stdin.read() if text == "-" else text
    text = text.encode("utf-8", "replace").decode()  # as a terminal may give it
    headers = {":authority": host, ":path": path}
    for pair in header or ():
        name, _, value = pair.partition("=")
        headers[name.lower()] = value
    guardrail = Source(policy, environment).guardrails().select(headers)
    explanation = explained(text, guardrail, direction, role, caller or CALLER)
    if as_json:
        typer.echo(json.dumps(to_json(explanation), ensure_ascii=False))
    else:
        show(explanation, text, Console(highlight=False))


@tools.command(
    epilog="Example: extproc diff policy.yaml stricter.yaml --on traffic.jsonl --exit-code"
)
def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The policy in force.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The policy that may replace it.")],
    source: Annotated[
        Path,
        typer.Option("--on", metavar="TRAFFIC.jsonl", help="Lines as `extproc scan` takes them."),
    ],
    environment: _Environment = "production",
    direction: _Direction = Direction.REQUEST,
    column: _Column = None,
    workers: _Workers = None,
    show_text: Annotated[
        bool, typer.Option("--show-text", help="Print the lines of examples, with their content.")
    ] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 if there is a difference.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The same for programs.")] = False,
) -> None:
    """Say what a policy change would have done to recorded traffic.

    How many lines go from which verdict to which, findings by rule before and after, and a few
    changed lines by their number.
    """
    from rich.console import Console

    from extproc.app.corpus import Corpus
    from extproc.app.diff import difference
    from extproc.app.offline import Source
    from extproc.cli.diffing import as_json as to_json
    from extproc.cli.diffing import show
    from extproc.cli.meter import Meter

    corpus = Corpus(source, column)
    with Meter(source.name, Console(stderr=True, highlight=False)) as meter:
        found = difference(
            Source(old, environment),
            Source(new, environment),
            corpus,
            direction,
            workers=workers or _cores(),
            show_text=show_text,
            tell=meter,
        )
    if as_json:
        typer.echo(json.dumps(to_json(found)))
    else:
        show(found, Console(highlight=False))
    if exit_code and found.changed:
        raise typer.Exit(1)


@tools.command(epilog="Example: extproc test policy.policy-test.yaml")
def test(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="YAML with kind: PolicyTest.")
    ],
) -> None:
    """Try policies on texts and bodies with what must become of them.

    What came out otherwise is shown case by case; the exit code is then 1. docs/tools.md has the
    form of a file. pytest collects `*.policy-test.yaml` by itself where extproc is installed.
    """
    from rich.console import Console

    from extproc.cli.testing import run_tests

    if not run_tests(files, Console(highlight=False), Console(stderr=True, highlight=False)):
        raise typer.Exit(1)


@tools.command(epilog="Example: extproc schema > policy.schema.json")
def schema() -> None:
    """Print the JSON Schema of policies, for editors.

    They complete and check a policy that names it in its first line:
    `# yaml-language-server: $schema=policy.schema.json`.
    """
    from extproc.detectors.catalog import TYPES
    from extproc.policy.schema import schema as schema_of

    typer.echo(json.dumps(schema_of(TYPES), indent=1))


@tools.command(epilog="Example: extproc report judged.jsonl audit.log -o report.html --csv tables")
def report(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE…", help="Output of `extproc scan`, or a processor's log; also .gz."
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE.html", help="The page.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--csv", metavar="DIR", help="A CSV file for each table.")
    ] = None,
) -> None:
    """Make one page of what became of traffic, with plots; also CSV.

    Verdicts, findings by type, rules, risk scores, latency, customers, and what was not looked at
    and why. The page has no content of traffic, and needs no network and no scripts.
    """
    from extproc.cli.reporting import write_report

    if output is None and folder is None:
        raise typer.BadParameter("name a page with -o, or a folder with --csv")
    typer.echo(write_report(files, output, folder), err=True)
