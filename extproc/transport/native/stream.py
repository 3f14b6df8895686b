"""One call and its place in the flow of bytes."""

from collections import deque

from extproc.transport.call import Call, Status
from extproc.transport.native.messages import HEAD_SIZE, MessageReader


class Stream:
    """The state of a stream that is open. Sizes and windows are bytes."""

    __slots__ = (
        "answered",
        "at_work",
        "backlog",
        "call",
        "ended",
        "expected",
        "inbox",
        "number",
        "reader",
        "receivable",
        "sendable",
        "status",
        "ungranted",
        "unsent",
        "waiting",
    )

    def __init__(
        self, number: int, call: Call, sendable: int, receivable: int, max_message: int
    ) -> None:
        self.number = number
        self.call = call
        self.sendable = sendable  # what the peer still takes
        self.receivable = receivable  # what the peer may still send
        self.ungranted = 0  # received, and not yet given back as window
        self.expected: int | None = None  # what content-length still announces
        self.reader = MessageReader(max_message)
        self.inbox: deque[bytes] = deque()  # messages that wait for the end of work
        self.waiting = False  # whether work is out
        self.at_work = 0  # bytes of the message that the work is about
        self.ended = False  # whether the peer has sent all
        self.answered = False  # whether the answer's headers were sent
        self.backlog: deque[memoryview] = deque()  # what waits for window
        self.unsent = 0  # bytes of `backlog`
        self.status: Status | None = None  # goes out behind `backlog`

    @property
    def held(self) -> int:
        """Bytes that wait for work to end, or for the peer to read."""
        return self.at_work + self.unsent + sum(map(len, self.inbox))

    def queue(self, message: bytes) -> None:
        """Let a message wait for window."""
        head = b"\0" + len(message).to_bytes(4)
        self.backlog.append(memoryview(head))
        self.backlog.append(memoryview(message))
        self.unsent += HEAD_SIZE + len(message)

    def take(self, room: int) -> bytes:
        """The next bytes that wait, at most `room`."""
        pieces = []
        while self.backlog and room:
            piece = self.backlog.popleft()
            if len(piece) > room:
                self.backlog.appendleft(piece[room:])
                piece = piece[:room]
            room -= len(piece)
            pieces.append(piece)
        data = b"".join(pieces)
        self.unsent -= len(data)
        return data
