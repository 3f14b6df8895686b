"""The commands to live with policies. Each imports what it needs only when it runs."""

import os
from pathlib import Path
from typing import Annotated

import typer

from extproc.model.values import Direction

tools = typer.Typer()

PolicyFile = Annotated[
    Path | None,
    typer.Option("--policy", "-p", metavar="FILE", help="Policy document; default: the preset."),
]
_Direction = Annotated[Direction, typer.Option(help="Judge the texts as requests or as responses.")]
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
    from extproc.cli.scanning import scan_with_progress

    try:
        fine = scan_with_progress(
            Corpus(source, column),
            output,
            policy,
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
