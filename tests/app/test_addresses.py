"""Where workers listen."""

import pytest

from extproc.app.addresses import worker_addresses


@pytest.mark.parametrize(
    ("listen", "addresses"),
    [
        ("unix:/run/p.sock", ["unix:/run/p-0.sock", "unix:/run/p-1.sock"]),
        ("unix:/run/a.b/p", ["unix:/run/a.b/p-0", "unix:/run/a.b/p-1"]),
        ("127.0.0.1:50051", ["127.0.0.1:50051", "127.0.0.1:50052"]),
        ("[::1]:65534", ["[::1]:65534", "[::1]:65535"]),
    ],
)
def test_each_of_several_has_its_own(listen: str, addresses: list[str]) -> None:
    assert worker_addresses(listen, 2) == addresses


@pytest.mark.parametrize("listen", ["unix:/run/p.sock", "127.0.0.1:0"])
def test_a_lone_worker_keeps_the_address(listen: str) -> None:
    assert worker_addresses(listen, 1) == [listen]


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "127.0.0.1:65535"])
def test_ports_that_cannot_be_are_refused(listen: str) -> None:
    with pytest.raises(ValueError, match="write"):
        worker_addresses(listen, 2)
