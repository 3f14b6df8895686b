"""The program under `make fuzz`: a connection of the native server that is told anything.

Run by `bench/fuzz.py`. The first byte of an input says in pieces of which size the rest arrives,
and whether a client's preface comes before it.
"""

import logging
import random
import sys

import atheris

with atheris.instrument_imports(include=["extproc.transport", "extproc.exchange", "hpack"]):
    from tests.transport.native import wire
    from tests.transport.native.conversations import CONVERSATIONS, OPENED, answer

_KINDS = range(11)
_MOST_FRAMES = 200

_SEEDS = [list(wire.split_any(one)) for one in CONVERSATIONS.values()]


def test_one_input(data: bytes) -> None:
    """Raise for an input that breaks a property."""
    if not data:
        return
    first, rest = data[0], data[1:]
    conversation = wire.OPENING + rest if first & OPENED else rest
    step = (first & 0x7F) ** 2 or len(conversation) + 1
    answer(conversation, list(range(step, len(conversation), step)))


def mutate(data: bytes, max_size: int, seed: int) -> bytes:
    """Change whole frames, so that most of what is said can be understood; sometimes only bytes."""
    chance = random.Random(seed)
    if chance.random() < 0.2 or not data:
        return bytes(atheris.Mutate(data, max_size))
    first = data[0] if chance.random() < 0.9 else chance.randrange(256)
    frames = list(wire.split_any(data[1:]))[:_MOST_FRAMES]
    for _ in range(chance.randint(1, 3)):
        _change(frames, chance)
    mutated = bytes([first]) + b"".join(
        wire.frame(one.kind, one.flags, one.stream, one.payload) for one in frames
    )
    return mutated[:max_size]


def _change(frames: list[wire.Frame], chance: random.Random) -> None:
    place = chance.randrange(len(frames) + 1)
    if place == len(frames) or chance.random() < 0.3:
        conversation = chance.choice(_SEEDS)
        start = chance.randrange(len(conversation))
        frames[place:place] = conversation[start : start + chance.randint(1, 4)]
        return
    one = frames[place]
    match chance.randrange(7):
        case 0:
            del frames[place]
        case 1:
            frames.insert(chance.randrange(len(frames) + 1), one)
        case 2:
            frames[place] = one._replace(kind=chance.choice(_KINDS))
        case 3:
            frames[place] = one._replace(flags=one.flags ^ (1 << chance.randrange(8)))
        case 4:
            frames[place] = one._replace(stream=chance.choice((0, 1, 2, 3, 5, 7, 1 << 31)))
        case _:
            changed = bytes(atheris.Mutate(one.payload, min(len(one.payload) + 32, 1 << 14)))
            frames[place] = one._replace(payload=changed)


def main() -> None:
    logging.disable(logging.WARNING)
    logging.getLogger().addHandler(logging.NullHandler())
    atheris.Setup(sys.argv, test_one_input, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
