"""`check` tells policies from settings and says what a good file holds."""

from pathlib import Path

import pytest

from extproc.app.check import check_file
from extproc.model.errors import InputError

POLICY = "apiVersion: extproc.dev/v1\nkind: Policy\nmetadata: {name: a}\nspec: {preset: none}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file.yaml"


def test_a_good_policy_is_named(file: Path) -> None:
    file.write_text(POLICY + "---\n" + POLICY.replace("name: a", "name: b"))
    assert check_file(file) == "valid: a (0 rules), b (0 rules)"


def test_good_settings_are_known_by_their_names(file: Path) -> None:
    file.write_text("listen: unix:/run/x.sock\nmax_streams: 5\n")
    assert check_file(file) == "settings, valid"


def test_a_policy_that_names_a_setting_is_still_a_policy(file: Path) -> None:
    file.write_text(POLICY + "listen: x\n")
    with pytest.raises(InputError, match=r":5: listen is not a field of a policy"):
        check_file(file)


def test_settings_are_checked_apart_from_the_environment(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTPROC_MAX_STREAMS", "none")
    file.write_text("listen: 127.0.0.1:1\n")
    assert check_file(file) == "settings, valid"


def test_every_mistake_of_settings_is_told(file: Path) -> None:
    file.write_text("listen: x\n\nmax_streams: 0\nnew: 1\n")
    with pytest.raises(InputError) as caught:
        check_file(file)
    told = [line.split(": ")[0] for line in str(caught.value).split("\n")]
    assert told == [f"{file}:1", f"{file}:3", f"{file}:4"]


def test_a_missing_file_is_told(file: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        check_file(file)
