"""One HTTP/2 connection that carries gRPC calls, without its wire: bytes in, bytes out.

RFC 9113 for the frames, and the gRPC mapping on HTTP/2 for what they hold.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from extproc.transport.call import (
    INTERNAL,
    OK,
    RESOURCE_EXHAUSTED,
    Call,
    Reply,
    Status,
    Work,
)
from extproc.transport.native import frames, headers
from extproc.transport.native.frames import ConnectionFaultError, ErrorCode, StreamFaultError
from extproc.transport.native.messages import HEAD_SIZE
from extproc.transport.native.patience import Patience
from extproc.transport.native.stream import Stream

OpenCall = Callable[[str, int], Call | Status]
"""Opens a call by its path and stream; a Status is the answer to one that is not taken."""

_GRPC = b"application/grpc"

_WORTH_A_FRAME = 1024  # bytes; a peer that grants less at a time is not waited for without end
_TOO_MUCH = Status(RESOURCE_EXHAUSTED, "too many large messages at once; try again")
_MEAGRE = 256  # bytes; whole frames are larger, and so are windows that we grant
_MOST_CONTINUATIONS = 16
_MOST_SETTINGS = 32  # of one frame; six are defined
_STREAMS_A_FRAME = 64  # open streams whose windows change for the price of one more frame
_REMEMBERED = 4096
_PING_OF_END = b"extproc\0"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one connection may take. Sizes are bytes."""

    max_message: int
    max_streams: int = 4096
    stream_window: int = 1 << 20
    connection_window: int = 16 << 20  # at least 65,535
    max_unsent: int = 1 << 20  # of one stream; beyond it the peer may send no more on it
    max_unread: int = 512 << 20  # of all streams, in messages that are not whole yet
    max_held: int = 32 << 20  # of all streams, in work and unsent; beyond it no window is granted
    patience: int = 1000  # frames that bring nothing, in `patience_seconds`
    patience_seconds: float = 10.0


class Connection:
    """The server's side of a connection.

    Whatever `receive`, `resume`, `push` and the others return is to be written, in order. It
    raises nothing: what the peer does wrong becomes frames and, at worst, `closing`.
    """

    def __init__(
        self,
        open_call: OpenCall,
        bounds: Bounds,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_call = open_call
        self._bounds = bounds
        self._heads = headers.HeadReader()
        self._streams: dict[int, Stream] = {}
        self._cut: dict[int, None] = {}  # streams that were over before the peer had ended them
        self._out: list[bytes] = []
        self._work: list[tuple[int, Work]] = []
        self._rest = b""
        self._last = 0  # the highest stream that the peer has opened
        self._most_streams = bounds.max_streams
        self._sendable = frames.INITIAL_WINDOW
        self._receivable = bounds.connection_window
        self._ungranted = 0
        self._unread = 0  # bytes of messages that are not whole yet
        self._abandoned: list[int] = []
        self._peer_window = frames.INITIAL_WINDOW  # of a stream that begins
        self._peer_frame = frames.MAX_FRAME_SIZE
        self._blocked: dict[int, Stream] = {}  # streams with a backlog
        self._block: _Block | None = None  # a header block that CONTINUATION frames complete
        self._ends = False  # no stream is taken any more
        self._patience = Patience(bounds.patience, bounds.patience_seconds, clock)
        # All streams may be cut at once, for example when a load balancer before Envoy restarts.
        self._cuts = Patience(bounds.max_streams, bounds.patience_seconds, clock)
        self.established = False
        """Whether the peer has shown that it speaks HTTP/2."""
        self.closing = False
        """Whether the connection is to be closed once everything is written."""
        self.fault = ""
        """Why the connection was ended, if the peer broke a rule."""

    @property
    def open_streams(self) -> int:
        return len(self._streams)

    # What happens to the connection

    def start(self) -> bytes:
        """The server's preface."""
        bounds = self._bounds
        said = frames.settings(
            (frames.HEADER_TABLE_SIZE, 0),
            (frames.MAX_CONCURRENT_STREAMS, bounds.max_streams),
            (frames.INITIAL_WINDOW_SIZE, bounds.stream_window),
            (frames.MAX_HEADER_LIST_SIZE, headers.MAX_LIST_SIZE),
        )
        more = bounds.connection_window - frames.INITIAL_WINDOW
        return said + frames.window_update(0, more) if more else said

    def receive(self, data: bytes) -> bytes:
        """Take bytes of the peer."""
        if self.closing:
            return b""
        if self._rest:
            data = self._rest + data
            self._rest = b""
        try:
            self._read(data)
        except ConnectionFaultError as fault:
            self._fail(fault)
        return self._written()

    def resume(self, number: int, result: object) -> bytes:
        """Bring the outcome of work to the stream that handed it out."""
        stream = self._streams.get(number)
        if stream is None or self.closing:
            return b""
        stream.waiting = False
        self._perform(stream, stream.call.resume(result))
        if not stream.waiting:
            stream.at_work = 0
        self._read_inbox(stream)
        self._grant(stream, 0)
        self._grant_connection()
        return self._written()

    def push(self, number: int, reply: Reply) -> bytes:
        """Send what a call says without having been asked."""
        stream = self._streams.get(number)
        if stream is None or self.closing:
            return b""
        self._perform(stream, reply)
        return self._written()

    def take_work(self) -> list[tuple[int, Work]]:
        """Work that was handed out since the last time, with the stream that waits for it."""
        work, self._work = self._work, []
        return work

    def take_abandoned(self) -> list[int]:
        """Streams that were over before their work was, since the last time."""
        abandoned, self._abandoned = self._abandoned, []
        return abandoned

    def announce_end(self) -> bytes:
        """Tell the peer to open no more streams; those on their way are still taken."""
        if self.closing or self._ends:
            return b""
        self._out.append(frames.goaway(frames.MAX_STREAM, ErrorCode.NO_ERROR))
        self._out.append(frames.frame(frames.PING, 0, 0, _PING_OF_END))
        return self._written()

    def refuse_new(self) -> bytes:
        """Take no more streams, and close when the last one is done."""
        if self.closing or self._ends:
            return b""
        self._ends = True
        self._out.append(frames.goaway(self._last, ErrorCode.NO_ERROR))
        self._close_if_done()
        return self._written()

    def close(self) -> None:
        """The connection is gone; so are its calls."""
        self.closing = True
        streams = list(self._streams.values())
        self._streams.clear()
        self._blocked.clear()
        self._work.clear()
        for stream in streams:
            if stream.waiting:
                self._abandoned.append(stream.number)
            stream.call.close()

    def _written(self) -> bytes:
        out = self._out
        data = out[0] if len(out) == 1 else b"".join(out)
        out.clear()
        return data

    def _fail(self, fault: ConnectionFaultError) -> None:
        self.fault = f"{fault.code.name}: {fault}"
        self._out.append(frames.goaway(self._last, fault.code, str(fault)))
        self.close()

    def _close_if_done(self) -> None:
        if self._ends and not self._streams:
            self.closing = True

    # Frames

    def _read(self, data: bytes) -> None:
        """Take every whole frame of `data` and keep the rest."""
        place = 0
        if not self.established:
            place = self._read_preface(data)
            if not self.established:
                return
        size = len(data)
        unpack, head_size = frames.FRAME_HEAD.unpack_from, frames.HEAD_SIZE
        while size - place >= head_size:
            high, low, kind, flags, number = unpack(data, place)
            length = high << 8 | low
            if length > frames.MAX_FRAME_SIZE:
                message = "a frame larger than SETTINGS_MAX_FRAME_SIZE"
                raise ConnectionFaultError(ErrorCode.FRAME_SIZE_ERROR, message)
            end = place + head_size + length
            if end > size:
                break
            number &= frames.MAX_STREAM
            payload = data[place + head_size : end]
            try:
                if kind == frames.DATA and number and self._block is None:  # nearly always
                    self._on_data(flags, number, payload)
                else:
                    self._take(kind, flags, number, payload)
            except StreamFaultError as fault:
                self._patience.lose()
                if fault.stream in self._streams:
                    self._cuts.lose()
                self._reset(fault.stream, fault.code)
            place = end
            if self.closing:
                return
        self._rest = data[place:]

    def _read_preface(self, data: bytes) -> int:
        """Where the frames begin. The first must be SETTINGS."""
        start = data[: len(frames.PREFACE)]
        if not frames.PREFACE.startswith(start):
            raise ConnectionFaultError(ErrorCode.PROTOCOL_ERROR, "no HTTP/2 preface")
        first = len(frames.PREFACE)
        if len(data) < first + frames.HEAD_SIZE:
            self._rest = data
            return 0
        if data[first + 3] != frames.SETTINGS or data[first + 4] & frames.ACK:
            raise ConnectionFaultError(ErrorCode.PROTOCOL_ERROR, "the first frame is not SETTINGS")
        self.established = True
        return first

    def _take(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        if self._block is not None:
            self._on_continuation(kind, flags, number, payload)
            return
        handler = self._HANDLERS.get(kind)
        if handler is None:
            self._patience.lose()  # of an extension that was not agreed upon
            return
        frames.check(kind, number, len(payload))
        handler(self, flags, number, payload)

    # DATA

    def _on_data(self, flags: int, number: int, payload: bytes) -> None:
        size = len(payload)
        self._charge_connection(size)
        stream = self._streams.get(number)
        last = flags & frames.END_STREAM
        if stream is None or stream.ended:
            self._refuse_data(number, stream)
            if last:
                self._cut.pop(number, None)
            return
        stream.receivable -= size
        if stream.receivable < 0:
            raise StreamFaultError(number, ErrorCode.FLOW_CONTROL_ERROR)
        if flags & frames.PADDED:
            payload = frames.unpadded(frames.PADDED, payload)
        if not payload and not last:
            self._patience.lose()
        if stream.expected is not None:
            self._count_down(stream, len(payload), last)
        if payload:
            self._collect(stream, payload)
        if last:
            self._on_end(stream)
        else:
            self._grant(stream, size)

    def _collect(self, stream: Stream, payload: bytes) -> None:
        """Take the next bytes of a stream's messages."""
        if stream.status is not None:
            self._patience.lose()
            return
        reader = stream.reader
        held = reader.held
        messages = reader.feed(payload)
        self._unread += reader.held - held
        if not messages and len(payload) < _MEAGRE:
            self._patience.lose()
        for message in messages:
            self._patience.regain()
            if stream.waiting:
                stream.inbox.append(message)
            elif stream.status is None:
                self._deliver(stream, message)
        fault = reader.fault or (_TOO_MUCH if self._unread > self._bounds.max_unread else None)
        if fault is not None and stream.status is None:
            self._perform(stream, Reply([], status=fault))

    def _deliver(self, stream: Stream, message: bytes) -> None:
        reply = stream.call.receive(message)
        if reply.work is not None:
            stream.at_work = len(message)
        self._perform(stream, reply)

    def _refuse_data(self, number: int, stream: Stream | None) -> None:
        if self._is_idle(number):
            raise ConnectionFaultError(ErrorCode.PROTOCOL_ERROR, "DATA on an idle stream")
        self._patience.lose()
        if stream is not None or number not in self._cut:
            raise StreamFaultError(number, ErrorCode.STREAM_CLOSED)

    @staticmethod
    def _count_down(stream: Stream, size: int, last: int) -> None:
        left = (stream.expected or 0) - size
        if left < 0 or (last and left):
            raise StreamFaultError(stream.number, ErrorCode.PROTOCOL_ERROR)
        stream.expected = left

    def _read_inbox(self, stream: Stream) -> None:
        """Go on with what came while work was out."""
        while stream.inbox and not stream.waiting and stream.status is None:
            self._deliver(stream, stream.inbox.popleft())
        if stream.ended and not stream.waiting and not stream.inbox:
            self._half_close(stream)

    def _on_end(self, stream: Stream) -> None:
        stream.ended = True
        if stream.number not in self._streams:  # its call had enough
            self._cut.pop(stream.number, None)
        elif stream.reader.held and stream.status is None:
            status = Status(INTERNAL, "the call ended within a message")
            self._perform(stream, Reply([], status=status))
        elif not stream.waiting:
            self._half_close(stream)

    def _half_close(self, stream: Stream) -> None:
        if stream.status is None and stream.number in self._streams:
            self._perform(stream, stream.call.half_close())

    # Windows of what the peer sends

    def _charge_connection(self, size: int) -> None:
        """Count against the connection's window."""
        self._receivable -= size
        if self._receivable < 0:
            raise ConnectionFaultError(ErrorCode.FLOW_CONTROL_ERROR, "more DATA than granted")
        self._ungranted += size
        self._grant_connection()

    def _grant_connection(self) -> None:
        """Give window back, unless all streams together keep too much.

        What they keep is done or read without more of the peer's DATA, so that this ends. That of
        messages which are not whole yet would not, and has a bound of its own.
        """
        if 2 * self._ungranted < self._bounds.connection_window:
            return
        held = sum(stream.held for stream in self._streams.values())
        if held <= self._bounds.max_held:
            self._out.append(frames.window_update(0, self._ungranted))
            self._receivable += self._ungranted
            self._ungranted = 0

    def _grant(self, stream: Stream, size: int) -> None:
        """Give window back, unless the call is behind with its work or the peer with reading."""
        stream.ungranted += size
        if 2 * stream.ungranted < self._bounds.stream_window or stream.ended:
            return
        if stream.waiting or stream.inbox or stream.unsent > self._bounds.max_unsent:
            return
        if stream.number not in self._streams:
            return
        self._out.append(frames.window_update(stream.number, stream.ungranted))
        stream.receivable += stream.ungranted
        stream.ungranted = 0

    # HEADERS and CONTINUATION

    def _on_headers(self, flags: int, number: int, payload: bytes) -> None:
        if number % 2 == 0:
            raise ConnectionFaultError(ErrorCode.PROTOCOL_ERROR, "HEADERS on no client's stream")
        fragment = frames.unpadded(flags, payload)
        if flags & frames.END_HEADERS:
            self._on_block(number, fragment, bool(flags & frames.END_STREAM))
        else:
            self._block = _Block(number, bytearray(fragment), bool(flags & frames.END_STREAM))

    def _on_continuation(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        block = self._block
        if block is None or kind != frames.CONTINUATION or number != block.number:
            raise ConnectionFaultError(ErrorCode.PROTOCOL_ERROR, "CONTINUATION out of place")
        block.data += payload
        block.pieces += 1
        if len(block.data) > headers.MAX_LIST_SIZE or block.pieces > _MOST_CONTINUATIONS:
            raise ConnectionFaultError(ErrorCode.ENHANCE_YOUR_CALM, "headers without an end")
        if flags & frames.END_HEADERS:
            self._block = None
            self._on_block(number, bytes(block.data), block.ends)

    def _on_stray_continuation(self, _flags: int, _number: int, _payload: bytes) -> None:
        raise ConnectionFaultError(ErrorCode.PROTOCOL_ERROR, "CONTINUATION out of place")

    def _on_block(self, number: int, block: bytes, ends: bool) -> None:  # noqa: FBT001 - a flag
        if number <= self._last:
            self._on_trailers(number, block, ends)
            return
        self._last = number
        head = self._heads.request(block)
        self._patience.lose()  # regained with the first message
        if head is None:
            raise StreamFaultError(number, ErrorCode.PROTOCOL_ERROR)
        if self._ends or len(self._streams) >= self._most_streams:
            raise StreamFaultError(number, ErrorCode.REFUSED_STREAM)
        if head.method != b"POST":
            self._answer_without_call(number, headers.NOT_POST, ends)
        elif not _is_grpc(head.content_type):
            self._answer_without_call(number, headers.NOT_GRPC, ends)
        else:
            self._open(number, head, ends)

    def _open(self, number: int, head: headers.RequestHead, ends: bool) -> None:  # noqa: FBT001
        call = self._open_call(head.path, number)
        if isinstance(call, Status):
            # The server's overload is not the peer's fault: the frames of this stream do not count.
            self._patience.regain()
            self._patience.regain()
            self._out.append(frames.headers(number, headers.ANSWER))
            self._answer_without_call(number, headers.trailers(call.code, call.message), ends)
            return
        bounds = self._bounds
        stream = Stream(number, call, self._peer_window, bounds.stream_window, bounds.max_message)
        stream.expected = head.content_length
        self._streams[number] = stream
        if ends:
            if stream.expected:
                raise StreamFaultError(number, ErrorCode.PROTOCOL_ERROR)
            self._on_end(stream)

    def _answer_without_call(self, number: int, block: bytes, ends: bool) -> None:  # noqa: FBT001
        self._out.append(frames.headers(number, block, end_stream=True))
        if not ends:
            self._leave_open(number)

    def _on_trailers(self, number: int, block: bytes, ends: bool) -> None:  # noqa: FBT001
        fine = self._heads.are_trailers(block)
        self._patience.lose()
        stream = self._streams.get(number)
        if stream is None:
            if number in self._cut:
                if ends:
                    del self._cut[number]
                return
            raise ConnectionFaultError(ErrorCode.STREAM_CLOSED, "HEADERS on a closed stream")
        if stream.ended:
            raise StreamFaultError(number, ErrorCode.STREAM_CLOSED)
        if not fine or not ends or stream.expected:
            raise StreamFaultError(number, ErrorCode.PROTOCOL_ERROR)
        self._on_end(stream)

    # Frames about streams and about the connection

    def _on_priority(self, _flags: int, number: int, payload: bytes) -> None:
        self._patience.lose()
        if len(payload) != 5:
            if self._is_idle(number):  # of which there is nothing to reset
                raise ConnectionFaultError(ErrorCode.FRAME_SIZE_ERROR, "PRIORITY of a wrong size")
            raise StreamFaultError(number, ErrorCode.FRAME_SIZE_ERROR)

    def _on_reset(self, _flags: int, number: int, _payload: bytes) -> None:
        if self._is_idle(number):
            raise ConnectionFaultError(ErrorCode.PROTOCOL_ERROR, "RST_STREAM on an idle stream")
        stream = self._streams.get(number)
        if stream is None:
            self._patience.lose()
            self._cut.pop(number, None)
        else:
            self._cuts.lose()
            self._forget(stream)

    def _is_idle(self, number: int) -> bool:
        """Whether the peer has not opened that stream, or never can: even ones are the server's."""
        return number > self._last or number % 2 == 0

    def _on_settings(self, flags: int, _number: int, payload: bytes) -> None:
        self._patience.lose()
        if flags & frames.ACK:
            if payload:
                raise ConnectionFaultError(ErrorCode.FRAME_SIZE_ERROR, "SETTINGS ACK with content")
            self._heads.forbid_table()
            return
        if len(payload) % 6:
            raise ConnectionFaultError(ErrorCode.FRAME_SIZE_ERROR, "SETTINGS of a wrong size")
        pairs = frames.read_settings(payload)
        if len(pairs) > _MOST_SETTINGS:
            raise ConnectionFaultError(ErrorCode.ENHANCE_YOUR_CALM, "SETTINGS without an end")
        for name, value in pairs:
            frames.check_setting(name, value)
        for name, value in dict(pairs).items():  # the last one counts
            self._apply(name, value)
        self._out.append(frames.frame(frames.SETTINGS, frames.ACK, 0))
        self._send_backlogs()

    def _apply(self, name: int, value: int) -> None:
        if name == frames.INITIAL_WINDOW_SIZE and value != self._peer_window:
            self._patience.lose(len(self._streams) // _STREAMS_A_FRAME)
            for stream in self._streams.values():
                stream.sendable += value - self._peer_window
                if stream.sendable > frames.MAX_WINDOW:
                    message = "a window beyond 2^31-1"
                    raise ConnectionFaultError(ErrorCode.FLOW_CONTROL_ERROR, message)
            self._peer_window = value
        if name == frames.SETTING_MAX_FRAME_SIZE:
            self._peer_frame = value

    def _on_push_promise(self, _flags: int, _number: int, _payload: bytes) -> None:
        raise ConnectionFaultError(ErrorCode.PROTOCOL_ERROR, "PUSH_PROMISE of a client")

    def _on_ping(self, flags: int, _number: int, payload: bytes) -> None:
        self._patience.lose()
        if not flags & frames.ACK:
            self._out.append(frames.frame(frames.PING, frames.ACK, 0, payload))
        elif payload == _PING_OF_END and not self._ends:
            self._ends = True
            self._out.append(frames.goaway(self._last, ErrorCode.NO_ERROR))
            self._close_if_done()

    def _on_goaway(self, _flags: int, _number: int, payload: bytes) -> None:
        if len(payload) < 8:
            raise ConnectionFaultError(ErrorCode.FRAME_SIZE_ERROR, "GOAWAY of a wrong size")
        self._ends = True
        self._close_if_done()

    def _on_window_update(self, _flags: int, number: int, payload: bytes) -> None:
        if number and self._is_idle(number):
            raise ConnectionFaultError(ErrorCode.PROTOCOL_ERROR, "WINDOW_UPDATE on an idle stream")
        self._patience.lose()
        increment = frames.read_long(payload)
        if number == 0:
            self._sendable += increment
            if not increment or self._sendable > frames.MAX_WINDOW:
                code = ErrorCode.FLOW_CONTROL_ERROR if increment else ErrorCode.PROTOCOL_ERROR
                raise ConnectionFaultError(code, "WINDOW_UPDATE of a wrong increment")
            self._send_backlogs()
            return
        stream = self._streams.get(number)
        if stream is None:
            return
        stream.sendable += increment
        if not increment or stream.sendable > frames.MAX_WINDOW:
            code = ErrorCode.FLOW_CONTROL_ERROR if increment else ErrorCode.PROTOCOL_ERROR
            raise StreamFaultError(number, code)
        self._send_backlog(stream)

    # Answers

    def _perform(self, stream: Stream, reply: Reply) -> None:
        if reply.messages:
            if not stream.answered:
                stream.answered = True
                self._out.append(frames.headers(stream.number, headers.ANSWER))
            for message in reply.messages:
                self._send(stream, message)
            self._patience.regain()
        if reply.work is not None:
            stream.waiting = True
            self._work.append((stream.number, reply.work))
        if reply.status is not None:
            stream.status = reply.status
            if not stream.backlog:
                self._end(stream)

    def _send(self, stream: Stream, message: bytes) -> None:
        size = len(message) + HEAD_SIZE
        if (
            size <= stream.sendable
            and size <= self._sendable
            and size <= self._peer_frame
            and not stream.backlog
        ):
            stream.sendable -= size
            self._sendable -= size
            self._out.append(frames.message(stream.number, message))
            return
        stream.queue(message)
        self._blocked[stream.number] = stream
        self._send_backlog(stream)

    def _send_backlogs(self) -> None:
        for stream in list(self._blocked.values()):
            if self._sendable <= 0:
                return
            self._send_backlog(stream)

    def _send_backlog(self, stream: Stream) -> None:
        """Send what the windows allow."""
        while stream.backlog:
            room = min(stream.sendable, self._sendable, self._peer_frame)
            if room <= 0:
                return
            data = stream.take(room)
            stream.sendable -= len(data)
            self._sendable -= len(data)
            if len(data) >= _WORTH_A_FRAME:
                self._patience.regain()
            self._out.append(frames.frame(frames.DATA, 0, stream.number, data))
        if self._blocked.pop(stream.number, None) is not None:
            if stream.status is not None:
                self._end(stream)
            else:
                self._grant(stream, 0)
            self._grant_connection()

    def _end(self, stream: Stream) -> None:
        """Send the status, and forget the stream."""
        status = stream.status or OK
        if not stream.answered:
            self._out.append(frames.headers(stream.number, headers.ANSWER))
        block = headers.trailers(status.code, status.message)
        self._out.append(frames.headers(stream.number, block, end_stream=True))
        if not stream.ended:
            self._leave_open(stream.number)
        self._forget(stream)

    def _leave_open(self, number: int) -> None:
        """Ignore what the peer still sends on a stream that is over."""
        if len(self._cut) >= _REMEMBERED:
            del self._cut[next(iter(self._cut))]
        self._cut[number] = None

    def _reset(self, number: int, code: ErrorCode) -> None:
        """Cut a stream; what the peer has on its way for it is ignored."""
        self._out.append(frames.reset(number, code))
        self._leave_open(number)
        if number in self._streams:
            self._forget(self._streams[number])

    def _forget(self, stream: Stream) -> None:
        del self._streams[stream.number]
        self._blocked.pop(stream.number, None)
        self._unread -= stream.reader.held
        if stream.waiting:
            self._abandoned.append(stream.number)
        stream.call.close()
        self._close_if_done()

    _HANDLERS: ClassVar[dict[int, Callable[["Connection", int, int, bytes], None]]] = {
        frames.DATA: _on_data,
        frames.HEADERS: _on_headers,
        frames.PRIORITY: _on_priority,
        frames.RST_STREAM: _on_reset,
        frames.SETTINGS: _on_settings,
        frames.PUSH_PROMISE: _on_push_promise,
        frames.PING: _on_ping,
        frames.GOAWAY: _on_goaway,
        frames.WINDOW_UPDATE: _on_window_update,
        frames.CONTINUATION: _on_stray_continuation,
    }


class _Block:
    """A header block on its way in several frames."""

    __slots__ = ("data", "ends", "number", "pieces")

    def __init__(self, number: int, data: bytearray, ends: bool) -> None:  # noqa: FBT001
        self.number = number
        self.data = data
        self.ends = ends
        self.pieces = 0


def _is_grpc(content_type: bytes) -> bool:
    return content_type == _GRPC or content_type.startswith((_GRPC + b"+proto", _GRPC + b";"))
