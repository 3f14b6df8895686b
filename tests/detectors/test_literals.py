from extproc.detectors.literals import Literal, Literals


def test_literals_begin_words() -> None:
    share = Literals().add([Literal(b"Ignore")])
    assert share.hits(b"Ignore; (ignored) signore _ignore", 0) == [
        (0, 6, 0),
        (9, 15, 0),
        (27, 33, 0),
    ]


def test_literals_may_have_to_end_words() -> None:
    literals = [Literal(b"dan", ends_word=True), Literal(b"ignore", ends_word=True)]
    share = Literals().add(literals)
    assert share.hits(b"dance, Dan; ignored IGNORE", 0) == [(7, 10, 0), (20, 26, 1)]


def test_literals_may_stand_between_letters() -> None:
    share = Literals().add([Literal("毒".encode(), begins_word=False), Literal(b"ab", False)])
    assert share.hits("x毒y cab".encode(), 0) == [(1, 4, 0), (7, 9, 1)]


def test_quotes_and_line_ends_are_blanks() -> None:
    share = Literals().add([Literal(b"stay in character")])
    assert share.hits(b'"Stay\nin"character', 0) == [(1, 18, 0)]


def test_hits_begin_at_the_start_and_know_what_stands_before() -> None:
    share = Literals().add([Literal(b"ignore"), Literal(b"dan")])
    data = b"signore ignore dan"
    assert share.hits(data, 1) == share.hits(data, 8) == [(8, 14, 0), (15, 18, 1)]
    assert share.hits(data, 9) == [(15, 18, 1)]


def test_each_finder_gets_its_own() -> None:
    literals = Literals()
    one, other = (
        literals.add([Literal(b"ignore")]),
        literals.add([Literal(b"x"), Literal(b"Ignore")]),
    )
    assert one.hits(b"ignore x", 0) == [(0, 6, 0)]
    assert sorted(other.hits(b"ignore x", 0)) == [(0, 6, 1), (7, 8, 0)]
    assert one.hits(b"x ignore", 0) == [(2, 8, 0)]


def test_what_a_literal_may_become_is_unfinished() -> None:
    share = Literals().add([Literal(b"stay in character")])
    assert share.unfinished(b"Please STAY\nin", 0) == 7
    assert share.unfinished(b"Please STAY\nin", 8) == 14
    assert share.unfinished(b"Please go", 0) == 9
    assert share.unfinished(b"Please mistay", 0) == 13
