"""Chunking never matters, and no bytes whatever break a connection."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transport.native import wire
from tests.transport.native.conversations import CONVERSATIONS, answer, health

FRAMES = [
    wire.frame(*one)
    for each in CONVERSATIONS.values()
    for one in wire.split_any(wire.OPENING[24:] + each)
]
_NUMBERS = st.integers(0, 9) | st.sampled_from([0x7FFFFFFF, 0xFFFFFFFF])

any_frame = st.builds(
    wire.frame,
    st.integers(0, 11),
    st.sampled_from([0, 1, 4, 5, 8, 9, 12, 13, 0x20, 0x24, 0x2D, 0xFF]),
    _NUMBERS,
    st.binary(max_size=40),
)
window_update = st.builds(wire.window_update, _NUMBERS, _NUMBERS)
setting = st.builds(
    lambda name, value: wire.settings((name, value)),
    st.integers(0, 7),
    st.integers(0, 20_000) | st.sampled_from([0x7FFFFFFF, 0xFFFFFFFF]),
)
said = st.lists(st.sampled_from(FRAMES) | any_frame | window_update | setting, max_size=30).map(
    b"".join
)


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_a_conversation_cut_at_any_byte_is_answered_the_same(name: str) -> None:
    whole = wire.OPENING + CONVERSATIONS[name]
    expected = answer(whole, late=True)
    assert "goaway PROTOCOL_ERROR" not in wire.in_words(expected)
    assert answer(whole, list(range(len(whole))), late=True) == expected
    for place in range(1, len(whole)):
        assert answer(whole, [place], late=True) == expected, place


@settings(max_examples=150)
@given(
    st.lists(st.sampled_from(sorted(CONVERSATIONS)), min_size=1, max_size=4),
    st.sets(st.integers(0, 3000)),
)
def test_conversations_cut_anywhere_are_answered_the_same(names: list[str], cuts: set[int]) -> None:
    """Also those that are not valid together, since each begins with stream 1."""
    whole = wire.OPENING + b"".join(CONVERSATIONS[name] for name in names) + health(99)
    assert answer(whole, [cut for cut in cuts if cut < len(whole)], late=True) == answer(
        whole, late=True
    )


@settings(max_examples=300)
@given(st.binary(max_size=300), st.booleans(), st.sets(st.integers(0, 400), max_size=8))
def test_any_bytes_at_all(data: bytes, opened: bool, cuts: set[int]) -> None:
    whole = (wire.OPENING if opened else b"") + data
    answer(whole, [cut for cut in cuts if cut < len(whole)])


@settings(max_examples=400)
@given(said, st.integers(1, 2000))
def test_any_frames_at_all(data: bytes, step: int) -> None:
    whole = wire.OPENING + data
    answer(whole, list(range(step, len(whole), step)))


@settings(max_examples=300)
@given(
    st.sampled_from(sorted(CONVERSATIONS)),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_conversations_with_other_bytes_in_them(name: str, changes: list[tuple[int, int]]) -> None:
    whole = bytearray(wire.OPENING + CONVERSATIONS[name])
    for place, byte in changes:
        whole[place % len(whole)] = byte
    answer(bytes(whole))
