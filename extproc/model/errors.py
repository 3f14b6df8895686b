"""Errors that name the culprit and the remedy in one line."""


class ExtprocError(Exception):
    """Base of all errors that extproc raises on purpose; its text is fit to be shown to a user."""


class InputError(ExtprocError):
    """The user's input is at fault (exit code 1)."""


class SetupError(ExtprocError):
    """The machine is at fault: a port is taken, Envoy is missing (exit code 3)."""


class PatternError(InputError):
    """A detection pattern cannot be used."""


class BodyError(ExtprocError):
    """A body cannot be read, so it cannot be inspected.

    `code` is a lower snake case word for clients and metrics, e.g. `invalid_json`.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ProtocolError(ExtprocError):
    """Envoy and the exchange disagree about what comes next; nothing may be forwarded."""


class ContractError(ProtocolError):
    """The ext_proc filter of Envoy is configured in a way that would leave gaps."""
