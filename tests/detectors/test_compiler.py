import hyperscan
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extproc.detectors.catalog import RECOGNIZERS
from extproc.detectors.compiler import Compiler, Expression
from extproc.detectors.normal import NormalText
from extproc.detectors.recognizer import Recognizer
from extproc.detectors.scanner import Scanner
from extproc.model.errors import PatternError

WORD = [Expression("abc", hyperscan.HS_FLAG_SOM_LEFTMOST, 7)]


class Shelf(dict[str, bytes]):
    """Remembers what was asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def get(self, name: str) -> bytes | None:  # type: ignore[override]
        self.asked.append(name)
        return super().get(name)

    def put(self, name: str, data: bytes) -> None:
        self[name] = data


def matches(database: hyperscan.Database, text: bytes) -> list[tuple[int, int, int]]:
    found: list[tuple[int, int, int]] = []
    database.scan(
        text,
        match_event_handler=lambda number, start, end, *_: found.append((number, start, end)),
        scratch=hyperscan.Scratch(database),
    )
    return found


def test_matches_carry_the_number_of_their_expression() -> None:
    assert matches(Compiler().database(WORD), b"xabc") == [(7, 1, 4)]


def test_a_pattern_that_cannot_be_compiled_is_named() -> None:
    with pytest.raises(PatternError, match="cannot be compiled"):
        Compiler(Shelf()).database([Expression("a{3,2}", 0, 0)])


def test_a_second_compiler_takes_what_the_first_one_kept() -> None:
    shelf = Shelf()
    Compiler(shelf).database(WORD)
    kept = dict(shelf)
    assert matches(Compiler(shelf).database(WORD), b"xabc") == [(7, 1, 4)]
    assert shelf == kept
    assert shelf.asked[0] == shelf.asked[1]


def test_whatever_changes_a_database_changes_its_name() -> None:
    shelf = Shelf()
    compiler = Compiler(shelf)
    [(pattern, flags, number)] = WORD
    for expressions in (
        WORD,
        [Expression("abd", flags, number)],
        [Expression(pattern, flags | hyperscan.HS_FLAG_CASELESS, number)],
        [Expression(pattern, flags, number + 1)],
        [*WORD, Expression("x", flags, 8)],
    ):
        compiler.database(expressions)
    assert len(shelf) == 5


@pytest.mark.parametrize("kept", [b"", b"no database", bytes(4096)])
def test_what_is_no_database_is_compiled_anew_and_replaced(kept: bytes) -> None:
    shelf = Shelf()
    Compiler(shelf).database(WORD)
    [name] = shelf
    good = shelf[name]
    shelf[name] = kept
    assert matches(Compiler(shelf).database(WORD), b"xabc") == [(7, 1, 4)]
    assert shelf[name] == good


@given(st.data())
def test_a_truncated_database_is_compiled_anew(data: st.DataObject) -> None:
    shelf = Shelf()
    Compiler(shelf).database(WORD)
    [name] = shelf
    good = shelf[name]
    place = data.draw(st.integers(0, len(good) - 1))
    shelf[name] = good[:place]
    assert matches(Compiler(shelf).database(WORD), b"xabc") == [(7, 1, 4)]


def test_a_scanner_of_kept_databases_finds_the_same() -> None:
    shelf = Shelf()
    texts = [example for each in RECOGNIZERS for example in (*each.examples, *each.near_misses)]
    first, second = (Scanner(RECOGNIZERS, Compiler(shelf)) for _ in range(2))
    for text in texts:
        assert first.find(NormalText(text)) == second.find(NormalText(text))


NEEDING = [(each, pattern) for each in RECOGNIZERS if each.needs for pattern in each.patterns]


@pytest.mark.parametrize(("each", "pattern"), NEEDING)
@given(st.data())
def test_every_match_holds_what_its_pattern_needs(
    each: Recognizer, pattern: str, data: st.DataObject
) -> None:
    assert each.needs in data.draw(st.from_regex(pattern, fullmatch=True))
