"""What a connection takes of an attacker before it ends, or what it keeps if it does not."""

import pytest

from extproc.transport.native.connection import Bounds
from tests.transport.making import asking
from tests.transport.native import wire
from tests.transport.native.attacks import ATTACKS, SERVED, Attack, exchange
from tests.transport.native.conversations import REQUEST
from tests.transport.native.peer import Peer
from tests.transport.native.wire import data, headers, message, request

PATIENCE = 300
STREAMS = 2000  # as many as may be reset at once
LARGE = asking("x " * 40_000).SerializeToString()
MIB = 1 << 20


def bounds(**more: int) -> Bounds:
    return Bounds(max_message=MIB, max_streams=STREAMS, patience=PATIENCE, **more)


@pytest.mark.parametrize(
    "attack",
    [one for one in ATTACKS if one.ends != SERVED],
    ids=lambda attack: attack.name.replace(" ", "-"),
)
def test_an_attack_ends_the_connection(attack: Attack) -> None:
    peer = Peer(bounds(), works=False)
    peer.send(attack.opening)
    turns, words = peer.until_closed_by(attack.turn, PATIENCE + STREAMS + 10)
    assert words == [attack.ends]
    assert turns > 0
    assert peer.connection.open_streams == peer.service.open_streams == len(peer.work) == 0


def test_patience_comes_back_with_time() -> None:
    peer = Peer(bounds()).opened()
    for _ in range(5):
        for _ in range(PATIENCE // 2):
            assert peer.send(wire.ping())
        peer.clock.now += 10
    assert peer.works(1)


def test_patience_comes_back_with_messages() -> None:
    """The frames that belong to calls are no attack, however many they are."""
    peer = Peer(bounds()).opened()
    for turn in range(2 * PATIENCE):
        stream = 2 * turn + 1
        for piece in exchange(stream):
            peer.send(piece, wire.ping(), wire.window_update(0, 1))
    assert not peer.connection.closing


def test_all_streams_may_be_reset_at_once() -> None:
    """As when a load balancer before Envoy goes away. Others go on."""
    peer = Peer(bounds()).opened()
    opened = range(1, 2 * STREAMS, 2)
    for stream in opened:
        peer.send(headers(stream, request(wire.PROCESS)) + data(stream, message(REQUEST)))
    for stream in opened[:-1]:
        peer.send(wire.reset(stream))
    assert peer.connection.open_streams == 1
    assert peer.works(4001)


def test_a_server_without_room_refuses_without_end() -> None:
    """Its overload is no fault of the client: what is under way there must not be lost."""
    peer = Peer(bounds(), max_streams=5).opened()
    asked = [
        headers(n, request(wire.PROCESS)) + data(n, message(REQUEST)) for n in range(1, 4001, 2)
    ]
    said = [wire.in_words(peer.send(one)) for one in asked]
    assert said[:5] == [[f"{n}: 200", f"{n}: 28 bytes"] for n in range(1, 11, 2)]
    assert said[5:] == [[f"{n}: 200", f"{n}: grpc 8"] for n in range(11, 4001, 2)]
    assert peer.connection.open_streams == peer.service.open_streams == 5
    assert wire.in_words(peer.send(data(1, end=True))) == ["1: grpc 0"]


def test_work_of_streams_that_were_reset_is_given_up() -> None:
    peer = Peer(bounds(), works=False).opened()
    peer.send(_with_work(1), _with_work(3))
    assert [number for number, _ in peer.work] == [1, 3]
    peer.send(wire.reset(1))
    assert [number for number, _ in peer.work] == [3]
    peer.connection.close()
    assert peer.connection.take_abandoned() == [3]


def _with_work(stream: int) -> bytes:
    content = message(REQUEST) + message(LARGE)
    pieces = [content[place : place + 16_384] for place in range(0, len(content), 16_384)]
    opened = headers(stream, request(wire.PROCESS))
    return opened + b"".join(data(stream, piece) for piece in pieces)


def test_a_client_that_gives_too_much_work_is_granted_no_more() -> None:
    """It may send one window of the connection beyond what is held, and not a byte more."""
    window, held = 1 << 20, 1 << 20
    peer = Peer(bounds(connection_window=window, max_held=held), works=False).opened()
    granted, sent, stream = window, 0, 1
    while (size := len(_with_work(stream))) <= granted - sent:
        for one in wire.split(peer.send(_with_work(stream))):
            if one.kind == wire.WINDOW_UPDATE and one.stream == 0:
                granted += int.from_bytes(one.payload)
        sent += size
        stream += 2
        assert sent < 10 * MIB
    streams = peer.connection._streams.values()
    assert held < sum(one.held for one in streams) <= held + window
    # Once it is done, the window comes back.
    updates = [one for one in wire.split(peer.finish()) if one.kind == wire.WINDOW_UPDATE]
    assert 0 in [one.stream for one in updates]
    assert sum(one.at_work for one in streams) == 0


def test_a_client_that_does_not_read_is_granted_no_more() -> None:
    window, held = 1 << 18, 1 << 18
    peer = Peer(bounds(connection_window=window, max_held=held))
    peer.send(wire.GREETING + wire.settings((wire.INITIAL_WINDOW_SIZE, 0)) + wire.SETTINGS_ACK)
    leaky = asking("Mail jane@example.com. " + "x " * 10_000).SerializeToString()
    granted, sent, stream = window, 0, 1
    while True:
        asked = headers(stream, request(wire.PROCESS)) + data(stream, message(REQUEST))
        content = message(leaky)
        asked += data(stream, content[:16_384]) + data(stream, content[16_384:])
        if len(asked) > granted - sent:
            break
        for one in wire.split(peer.send(asked)):
            assert one.kind in (wire.HEADERS, wire.WINDOW_UPDATE)
            if one.kind == wire.WINDOW_UPDATE and one.stream == 0:
                granted += int.from_bytes(one.payload)
        sent += len(asked)
        stream += 2
        assert sent < 10 * MIB
    kept = sum(one.unsent for one in peer.connection._streams.values())
    assert held < kept <= held + window
    # What is read makes room.
    out = peer.send(
        wire.settings((wire.INITIAL_WINDOW_SIZE, MIB)), wire.window_update(0, 100 * MIB)
    )
    assert sum(one.unsent for one in peer.connection._streams.values()) == 0
    assert (wire.WINDOW_UPDATE, 0) in [(one.kind, one.stream) for one in wire.split(out)]


def test_half_a_preface_is_all_that_is_kept() -> None:
    peer = Peer()
    for place in range(len(wire.PREFACE)):
        assert peer.send(wire.PREFACE[place : place + 1]) == b""
    assert not peer.connection.established
    assert peer.connection._rest == wire.PREFACE
