"""The command line. Every error is one line that says what to do."""

import sys

from extproc.model.errors import InputError, SetupError


def main() -> None:
    """Run the command line. Exit codes: 0 fine, 1 input, 2 usage, 3 environment."""
    try:
        if sys.argv[1:] == ["serve"]:
            # What people see is a sixth of the memory of a processor, and of its start.
            from extproc.app.serving import serve

            serve()
        else:
            from extproc.cli.commands import app

            app()
    except InputError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except SetupError as error:
        print(error, file=sys.stderr)
        sys.exit(3)
