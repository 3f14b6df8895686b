"""Chunking never matters: recorded streams, cut anew at random and byte by byte.

`python -m tests.exchanges.recut` cuts each of them 1,000 times under each policy; a test does so a
few times.
"""

import argparse
import random
import time
from itertools import pairwise
from typing import NamedTuple

from extproc.dialects import registry
from extproc.guardrail.guardrail import Guardrail
from tests.dataplane.canaries import TEXT
from tests.exchanges import planting
from tests.exchanges.recordings import Recording, exchanges
from tests.guardrail.making import BROKEN, MAX_EVENT, REDACT_ALL, guardrail, rule

STREAMS = tuple(recording for recording in exchanges() if recording.streamed)
POLICIES = {"flag": guardrail(rule(["pii", "pci", "secrets"], "flag")), "redact": REDACT_ALL}


class Outcome(NamedTuple):
    """What a client receives, and what goes on record."""

    data: bytes
    findings: frozenset[tuple[str, tuple[str | int, ...], int, int]]
    events: int
    skipped: tuple[object, ...]
    unreadable: str


def body(recording: Recording) -> bytes:
    """The recorded stream with canaries in all of its texts."""
    return b"".join(planting.write_stream(planting.planted_stream(recording, TEXT)))


def outcome(guard: Guardrail, recording: Recording, chunks: list[bytes]) -> Outcome:
    """Let the chunks pass. Raises LookupError where no dialect reads this stream."""
    dialect = registry.find(recording.method, recording.path, recording.host)
    reader = dialect.stream(recording.content_type.partition(";")[0])
    if reader is None:
        raise LookupError(f"{dialect.name} reads no {recording.content_type} of {recording.path}")
    stream = guard.open_stream(reader, "caller", MAX_EVENT)
    data = [stream.feed(chunk, BROKEN).data for chunk in chunks]
    data.append(stream.feed(b"", BROKEN, final=True).data)
    judged = stream.verdict().judged
    findings = {(j.finding.type, j.path, j.finding.start, j.finding.end) for j in judged}
    skipped = tuple(stream.skipped)
    return Outcome(b"".join(data), frozenset(findings), stream.events, skipped, stream.unreadable)


def cut(data: bytes, rng: random.Random) -> list[bytes]:
    """`data` at random places: few or many, or all within a few dozen bytes."""
    places = rng.choice((1, 2, 5, 20, 100))
    start, end = 0, len(data)
    if rng.random() < 0.3:
        start = rng.randrange(len(data))
        end = min(len(data), start + 60)
    ends = sorted({0, len(data), *(rng.randint(start, end) for _ in range(places))})
    return [data[one:other] for one, other in pairwise(ends)]


def check(guard: Guardrail, recording: Recording, cuts: int, seed: int) -> None:
    """Compare `cuts` random cuts with the whole. Raises AssertionError with the seed of one."""
    data = body(recording)
    whole = outcome(guard, recording, [data])
    assert not whole.unreadable, f"{recording.name}: {whole.unreadable}"
    for number in range(seed, seed + cuts):
        again = outcome(guard, recording, cut(data, random.Random(number)))
        assert again == whole, f"{recording.name} cut with seed {number} comes out differently"


def check_bytes(guard: Guardrail, recording: Recording) -> None:
    """Compare the stream byte by byte with the whole."""
    data = body(recording)
    single = [data[place : place + 1] for place in range(len(data))]
    assert outcome(guard, recording, single) == outcome(guard, recording, [data])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=1000, help="of each stream under each policy")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for recording in STREAMS:
        started = time.monotonic()
        for guard in POLICIES.values():
            check(guard, recording, arguments.cuts, arguments.seed)
            check_bytes(guard, recording)
        print(f"{recording.name}: the same, {time.monotonic() - started:.1f} s", flush=True)


if __name__ == "__main__":
    main()
