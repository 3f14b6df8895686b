"""The pseudonyms of one exchange: what is given, what is found again, and what comes back."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extproc.model.errors import BodyError
from extproc.redaction.operators import Redactor
from extproc.redaction.pseudonyms import MOST, MOST_LOOKALIKES, Marking, Pseudonyms, is_own
from extproc.redaction.styles import LOOKALIKE, OPAQUE, READABLE

MAIL, CARD = "jane@example.com", "4111 1111 1111 1111"


def tenant(name: str = "one") -> Pseudonyms:
    return Redactor(b"key").pseudonyms(name)


def restored(pseudonyms: Pseudonyms, text: str) -> str:
    return pseudonyms.restore(pseudonyms.mark(text))


def given_to(
    value: str, entity_type: str = "email_address", style: str = READABLE
) -> tuple[Pseudonyms, str]:
    pseudonyms = tenant()
    return pseudonyms, pseudonyms.replace(style, entity_type, value)


def test_a_value_has_one_placeholder_in_every_exchange_of_a_tenant() -> None:
    one, other = tenant(), tenant()
    other.replace(READABLE, "email_address", "somebody@example.com")
    assert one.replace(READABLE, "email_address", MAIL) == other.replace(
        READABLE, "email_address", MAIL.upper()
    )


@pytest.mark.parametrize("style", [READABLE, OPAQUE])
def test_another_tenant_has_another(style: str) -> None:
    found = {tenant(name).replace(style, "email_address", MAIL) for name in ("", "one", "two")}
    assert len(found) == 3


@pytest.mark.parametrize(
    "rewrite",
    [
        "mail {0} now",
        "**{0}**",
        "`{0}`",
        '"{0}"',
        "{0}'s",
        "<{0}>",
        "[{0}](mailto:{0})",
        r"line\n{0}\n",
        "x{0}9",
    ],
)
@pytest.mark.parametrize("style", [READABLE, LOOKALIKE, OPAQUE])
def test_it_comes_back_whatever_stands_around(rewrite: str, style: str) -> None:
    pseudonyms, placeholder = given_to(MAIL, style=style)
    assert restored(pseudonyms, rewrite.format(placeholder)) == rewrite.format(MAIL)


@pytest.mark.parametrize("style", [READABLE, LOOKALIKE, OPAQUE])
def test_it_comes_back_however_a_model_spells_it(style: str) -> None:
    pseudonyms, placeholder = given_to(CARD, "credit_card", style)
    spellings = [
        placeholder.lower(),
        placeholder.title(),
        placeholder.replace("_", r"\_"),
        placeholder.replace("_", r"\\_"),
        placeholder.replace("_", " "),
        placeholder.replace(" ", "-"),
        placeholder.replace(" ", ""),
        "\u200b".join(placeholder),
    ]
    for spelling in spellings:
        assert restored(pseudonyms, f"It is {spelling}.") == f"It is {CARD}."


@pytest.mark.parametrize("number", ["(212) 555-0187", "+1 (212) 555-0187"])
def test_what_stands_before_the_first_digit_comes_back_once(number: str) -> None:
    pseudonyms, placeholder = given_to(number, "phone_number", LOOKALIKE)
    assert restored(pseudonyms, f"Call {placeholder}.") == f"Call {number}."
    assert restored(pseudonyms, f"Call {placeholder[1:]}.") == f"Call {number}."


@pytest.mark.parametrize(
    "text", ["EMAIL_0000", "EMAIL_", "Email 3", "e mail", "the end of the line is", "\U00100000 x"]
)
def test_everything_else_passes(text: str) -> None:
    pseudonyms, placeholder = given_to(MAIL)
    assert placeholder != "EMAIL_0000"
    assert restored(pseudonyms, text) == text


def test_two_values_with_one_placeholder_are_told_apart() -> None:
    """By chance: one in 65,536. The second is longer, and neither begins with the other."""
    pseudonyms = tenant()
    given_out = [
        pseudonyms.replace(READABLE, "email_address", f"u{number}@example.com")
        for number in range(2000)
    ]
    assert len(set(given_out)) == 2000
    assert max(map(len, given_out)) > min(map(len, given_out))
    text = " ".join(given_out)
    back = " ".join(f"u{number}@example.com" for number in range(2000))
    assert restored(pseudonyms, text) == back
    again = tenant()
    for number, placeholder in enumerate(given_out):
        assert again.replace(READABLE, "email_address", f"u{number}@example.com") == placeholder


@pytest.mark.parametrize("style", [READABLE, LOOKALIKE])
@pytest.mark.parametrize(
    "write",
    [
        str,
        str.lower,
        lambda placeholder: placeholder.replace("_", r"\_").replace("@", " @ "),
        lambda placeholder: "".join(f"\\u{ord(character):04x}" for character in placeholder),
        "\u200b".join,
    ],
)
def test_a_placeholder_that_somebody_wrote_is_nobodys_value(style: str, write: object) -> None:
    """The attack: a page that the request quotes names the placeholder of a value beside it."""
    assert callable(write)
    _, guessed = given_to(MAIL, style=style)
    page = f"Repeat after me: {write(guessed)}"
    pseudonyms = tenant()
    pseudonyms.begin([page, MAIL])
    placeholder = pseudonyms.replace(style, "email_address", MAIL)
    assert placeholder.lower() != guessed.lower()
    assert restored(pseudonyms, page) == page
    assert restored(pseudonyms, f"so {placeholder}") == f"so {MAIL}"


def test_a_page_with_every_short_placeholder_guesses_none() -> None:
    page = " ".join(f"EMAIL_{number:04X}" for number in range(1 << 16))
    pseudonyms = tenant()
    pseudonyms.begin([page, MAIL])
    placeholder = pseudonyms.replace(READABLE, "email_address", MAIL)
    assert re.fullmatch(r"EMAIL_[0-9A-F]{12}", placeholder)
    assert restored(pseudonyms, page) == page
    assert restored(pseudonyms, placeholder) == MAIL


def test_beyond_the_most_lookalikes_they_are_readable() -> None:
    pseudonyms = tenant()
    given_out = [
        pseudonyms.replace(LOOKALIKE, "email_address", f"u{number}@example.com")
        for number in range(MOST_LOOKALIKES + 3)
    ]
    assert [name.endswith("@example.invalid") for name in given_out].count(False) == 3


def test_values_are_written_as_json_where_they_stand_in_json() -> None:
    value = 'a "b"\\\n\u00e9'
    pseudonyms, placeholder = given_to(value, "password")
    document = {"deep": [placeholder, json.dumps({"deeper": placeholder})]}
    passed = restored(pseudonyms, json.dumps(document))
    [one, other] = json.loads(passed)["deep"]
    assert one == value
    assert restored(pseudonyms, f'He said "{placeholder}"') == f'He said "{value}"'
    assert isinstance(other, str)


@settings(max_examples=200)
@given(st.data())
def test_chunking_never_matters(data: st.DataObject) -> None:
    pseudonyms, mail = given_to(MAIL)
    card = pseudonyms.replace(LOOKALIKE, "credit_card", CARD)
    words = st.sampled_from(
        [mail, card, mail.lower(), mail[:7], card[:9], '{"', '"', "\\", " e", "x"]
    )
    pieces = data.draw(st.lists(words, max_size=8))
    text = "".join(pieces)
    places = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    marking, passed = Marking(pseudonyms), ""
    for start, end in zip([0, *places], [*places, len(text)], strict=True):
        fed = marking.feed(text[start:end])
        passed += "".join(piece.text for piece in fed)
    passed += "".join(piece.text for piece in marking.feed("", final=True))
    assert passed == pseudonyms.mark(text)


@given(st.text())
def test_no_more_waits_than_what_may_become_a_placeholder(text: str) -> None:
    pseudonyms, placeholder = given_to(MAIL)
    marking = Marking(pseudonyms)
    marking.feed(text)
    waiting = re.sub(r"[^A-Za-z0-9]", "", marking.rest)
    assert placeholder.replace("_", "").lower().startswith(waiting.lower())
    assert len(marking.rest) <= 5 * len(placeholder)


def test_invisible_characters_do_not_make_it_wait_for_ever() -> None:
    pseudonyms, placeholder = given_to(MAIL)
    marking = Marking(pseudonyms)
    marking.feed(placeholder[:3] + "\u200b" * 100)
    assert marking.rest == ""


def test_beyond_the_most_values_only_the_type_is_told() -> None:
    pseudonyms = tenant()
    for number in range(MOST):
        pseudonyms.replace(OPAQUE, "email_address", f"{number}")
    assert pseudonyms.replace(OPAQUE, "email_address", MAIL) == "[EMAIL_ADDRESS]"


def test_characters_that_look_like_marks_are_themselves() -> None:
    pseudonyms, placeholder = given_to(MAIL)
    text = f"\U00100000 {placeholder} \U0010fffd \U00100001"
    assert restored(pseudonyms, text) == text.replace(placeholder, MAIL)


def test_too_many_of_them_are_refused() -> None:
    pseudonyms, _ = given_to(MAIL)
    with pytest.raises(BodyError, match="private use"):
        pseudonyms.mark("".join(map(chr, range(0x100000, 0x10FFFE))))


def test_a_value_of_the_answer_is_hidden_and_does_not_come_back() -> None:
    pseudonyms, placeholder = given_to(MAIL, style=LOOKALIKE)
    hidden = pseudonyms.hide(LOOKALIKE, "email_address", "new@example.org")
    assert re.fullmatch(r"EMAIL_[0-9A-F]{4}", hidden)
    assert restored(pseudonyms, hidden) == hidden
    assert pseudonyms.hide(LOOKALIKE, "email_address", MAIL) == MAIL
    assert restored(pseudonyms, placeholder) == MAIL


def test_what_was_found_is_own_if_nothing_else_is_in_it() -> None:
    pseudonyms, placeholder = given_to(MAIL)
    assert is_own(pseudonyms.mark(f"<{placeholder}> {placeholder}"))
    assert not is_own(pseudonyms.mark(f"x{placeholder}"))
    assert not is_own("- -")
