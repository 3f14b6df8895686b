"""gRPC messages in the bytes of a stream: a flag, a length, the message."""

from extproc.transport.call import INTERNAL, RESOURCE_EXHAUSTED, UNIMPLEMENTED, Status

HEAD_SIZE = 5

_COMPRESSED = Status(UNIMPLEMENTED, "compressed messages are not supported; send them uncompressed")
_UNKNOWN_FLAGS = Status(INTERNAL, "a message with unknown flags")
_TOO_LARGE = Status(RESOURCE_EXHAUSTED, "the message is larger than allowed")


class MessageReader:
    """Puts messages together. `fault` says why no more can be read, if so.

    `held` are the bytes of a message that is not whole yet.
    """

    __slots__ = ("_max_message", "_partial", "_wanted", "fault", "held")

    def __init__(self, max_message: int) -> None:
        self._max_message = max_message
        self._partial = bytearray()
        self._wanted = HEAD_SIZE  # size at which `_partial` is worth a look
        self.fault: Status | None = None
        self.held = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes; return the messages that they complete."""
        if self.held:
            self._partial += data
            self.held = len(self._partial)
            if self.held < self._wanted:
                return []
            data = bytes(self._partial)
            self._partial.clear()
            self.held = 0
        elif len(data) >= HEAD_SIZE and not data[0]:
            end = HEAD_SIZE + int.from_bytes(data[1:HEAD_SIZE])
            if end == len(data) <= self._max_message:  # nearly always
                return [data[HEAD_SIZE:]]
        return self._split(data)

    def _split(self, data: bytes) -> list[bytes]:
        messages: list[bytes] = []
        place, size = 0, len(data)
        self._wanted = HEAD_SIZE
        while size - place >= HEAD_SIZE:
            start = place + HEAD_SIZE
            length = int.from_bytes(data[place + 1 : start])
            self.fault = self._fault(data[place], length)
            if self.fault is not None:
                return messages
            if start + length > size:
                self._wanted = HEAD_SIZE + length
                break
            place = start + length
            messages.append(data[start:place])
        self._partial += data[place:]
        self.held = size - place
        return messages

    def _fault(self, flag: int, length: int) -> Status | None:
        if flag:
            return _COMPRESSED if flag == 1 else _UNKNOWN_FLAGS
        return _TOO_LARGE if length > self._max_message else None
