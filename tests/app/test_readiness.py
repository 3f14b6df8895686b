"""When several workers are ready together."""

from extproc.admin.app import Check
from extproc.app.readiness import serving, together

CAUGHT = Check("self_test", True, "caught")
MISSED = Check("self_test", False, "not caught")
SERVING = Check("serving", True, "serving")
DRAINING = Check("serving", False, "draining")


def whole(*reports: list[Check], draining: bool = False) -> dict[str, Check]:
    checks = together(dict(enumerate(reports)), 2, draining=draining)
    return {check.name: check for check in checks}


def test_two_that_agree_say_it_once() -> None:
    assert whole([CAUGHT, SERVING], [CAUGHT, SERVING]) == {
        "self_test": CAUGHT,
        "serving": Check("serving", True, "2 of 2 workers"),
    }


def test_one_of_two_is_enough_to_take_exchanges() -> None:
    assert whole([CAUGHT, SERVING])["serving"] == Check("serving", True, "1 of 2 workers")


def test_none_is_not_ready() -> None:
    assert whole() == {"serving": Check("serving", False, "0 of 2 workers")}
    assert not whole([CAUGHT, DRAINING], [CAUGHT, DRAINING])["serving"].passed


def test_one_that_takes_exchanges_and_is_not_in_order_shows() -> None:
    """Envoy would go on to ask it."""
    joined = whole([CAUGHT, SERVING], [MISSED, SERVING])["self_test"]
    assert joined == Check("self_test", False, "worker 0: caught; worker 1: not caught")


def test_one_that_takes_none_does_not_count() -> None:
    assert whole([CAUGHT, SERVING], [MISSED, DRAINING])["self_test"] == CAUGHT
    assert serving({0: [CAUGHT, SERVING], 1: [DRAINING], 2: []}) == [0]


def test_draining_is_not_ready_whatever_workers_say() -> None:
    joined = whole([CAUGHT, SERVING], [CAUGHT, SERVING], draining=True)
    assert joined["serving"] == Check("serving", False, "draining")
