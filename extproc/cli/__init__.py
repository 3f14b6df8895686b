"""The command line. Every error is one line that says what to do."""

import sys

from extproc.cli.commands import app
from extproc.model.errors import InputError, SetupError


def main() -> None:
    """Run the command line. Exit codes: 0 fine, 1 input, 2 usage, 3 environment."""
    try:
        app()
    except InputError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except SetupError as error:
        print(error, file=sys.stderr)
        sys.exit(3)
