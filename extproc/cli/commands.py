"""The commands and their help. Each imports what it needs only when it runs."""

import json
from pathlib import Path
from typing import Annotated

import typer

from extproc import __version__
from extproc.cli.tools import PolicyFile, tools

app = typer.Typer(
    name="extproc",
    help="Policy sidecar for LLM traffic: an Envoy external processor that allows, flags, "
    "redacts or blocks what goes to and comes from LLM providers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(tools)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"extproc {__version__}")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options of all commands."""


@app.command()
def run(
    upstream: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Send all traffic there; default: a built-in simulator."),
    ] = None,
    policy: PolicyFile = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Gateway port; default: 10000, or a free one."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Processes that judge; default: EXTPROC_WORKERS, or 1."),
    ] = None,
    envoy: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Envoy, 1.36 or newer; default: the one installed."),
    ] = None,
) -> None:
    """Run the whole gateway on this machine: Envoy, the processor and a provider simulator.

    Prints the base URLs for your SDKs and examples to paste. Stop it with Ctrl-C.
    """
    import uvloop

    from extproc.app.local import Options
    from extproc.app.local import run as run_gateway
    from extproc.cli.console import announce, progress, show_judgements

    show_judgements()
    options = Options(upstream, policy, port, workers, envoy)
    uvloop.run(run_gateway(options, progress, announce))


@app.command()
def serve() -> None:
    """Run the processor alone, as a container does.

    Settings come from EXTPROC_* variables or from the YAML file that EXTPROC_CONFIG names; see
    docs/settings.md.
    """
    from extproc.app.serving import serve as run_processor

    run_processor()


@app.command(hidden=True)
def worker(
    number: int,
    console: Annotated[bool, typer.Option("--console", help="Write for people.")] = False,
) -> None:
    """Be one of the workers of `serve` or `run`, which start this with their orders."""
    import uvloop

    from extproc.app.worker import take_orders, work

    orders, channel = take_orders()
    if console:
        from extproc.cli.console import show_judgements

        show_judgements()
    else:
        from extproc.telemetry.logs import configure

        configure(orders.settings.log_level, worker=number)
    raise typer.Exit(uvloop.run(work(number, orders, channel)))


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Policies or settings.")],
) -> None:
    """Validate policies and settings files.

    Every mistake is shown with file, line and what to write instead. Exit code 1 if there is one.
    """
    from extproc.app.check import check_file
    from extproc.model.errors import InputError

    failed = False
    for file in files:
        try:
            typer.echo(f"{file}: {check_file(file)}")
        except InputError as error:
            typer.echo(str(error), err=True)
            failed = True
    if failed:
        raise typer.Exit(1)


@app.command()
def types(
    word: Annotated[
        str, typer.Argument(metavar="[FAMILY|TEXT]", help="A family, or a part of a type's name.")
    ] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="One object a line: type, family, example.")
    ] = False,
) -> None:
    """List what rules can name under `detect`: families, and their entity types with an example.

    Without a word it lists the families. With --json it lists all types.
    """
    from extproc.app.types import listed
    from extproc.cli.console import show_families, show_types
    from extproc.model.errors import InputError

    if not word and not as_json:
        show_families()
        return
    try:
        rows = listed(word)
    except InputError as error:
        raise typer.BadParameter(str(error)) from None
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row._asdict(), ensure_ascii=False))
    else:
        show_types(rows)
