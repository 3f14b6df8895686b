"""Work in order on several processes, and never far ahead of who takes it."""

import os
from collections.abc import Callable, Iterator

import pytest

from extproc.app.parallel import in_order


def _doubling() -> Callable[[int], tuple[int, int]]:
    return lambda number: (number * 2, os.getpid())


class _Pieces:
    """Numbers, and how many of them were taken."""

    def __init__(self, count: int) -> None:
        self.taken = 0
        self._count = count

    def __iter__(self) -> Iterator[int]:
        for number in range(self._count):
            self.taken += 1
            yield number


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_results_have_the_order_of_the_pieces(workers: int) -> None:
    results = list(in_order(range(50), _doubling, workers))
    assert [doubled for doubled, _ in results] == [number * 2 for number in range(50)]
    assert (os.getpid() in {process for _, process in results}) is (workers == 1)


def test_few_pieces_are_taken_before_their_time() -> None:
    pieces = _Pieces(200)
    for number, _ in enumerate(in_order(pieces, _doubling, 2)):
        assert pieces.taken - number <= 8


@pytest.mark.parametrize("count", [0, 1])
def test_a_single_piece_starts_no_process(count: int) -> None:
    assert [process for _, process in in_order(range(count), _doubling, 8)] == [os.getpid()] * count


def test_processes_end_with_who_stops_taking() -> None:
    results = in_order(range(1000), _doubling, 2)
    _, process = next(results)
    results.close()  # type: ignore[attr-defined]
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
