"""How much a peer may ask of the server without sending anything of use."""

from collections.abc import Callable

from extproc.transport.native.frames import ConnectionFaultError, ErrorCode


class Patience:
    """Lost with frames that bring nothing, regained with messages.

    A flood of resets, pings, settings or empty frames ends the connection after `frames` of them,
    if they come within `seconds`; a connection that lives long may send as many over its life.
    """

    __slots__ = ("_clock", "_frames", "_left", "_seconds", "_since")

    def __init__(self, frames: int, seconds: float, clock: Callable[[], float]) -> None:
        self._frames = frames
        self._seconds = seconds
        self._clock = clock
        self._left = frames
        self._since = clock()

    def lose(self, frames: int = 1) -> None:
        """Count a frame that brings nothing. Raises ConnectionFaultError when it was one too many.

        The clock is read only then. `frames` is more than 1 for one that costs as much as several.
        """
        self._left -= frames
        if self._left >= 0:
            return
        now = self._clock()
        if now - self._since < self._seconds:
            message = "too many frames that bring nothing"
            raise ConnectionFaultError(ErrorCode.ENHANCE_YOUR_CALM, message)
        self._left = self._frames
        self._since = now

    def regain(self) -> None:
        """Count a message; it makes up for the frames that belong to it."""
        if self._left < self._frames:
            self._left += 2
