import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from extproc.app.cache import Cache, default_directory

NAME = "0" * 64
SCAN = """
import sys
from pathlib import Path
from extproc.app.cache import Cache
from extproc.detectors.catalog import RECOGNIZERS
from extproc.detectors.compiler import Compiler
from extproc.detectors.normal import NormalText
from extproc.detectors.scanner import Scanner

scanner = Scanner(RECOGNIZERS, Compiler(Cache(Path(sys.argv[1]))))
print([found.type for found in scanner.find(NormalText("jane@example.com 123-45-6789"))])
"""


def kept(directory: Path) -> list[Path]:
    return sorted((directory / "databases").iterdir())


def hand_to_somebody_else(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() == 0:
        os.chown(path, 12345, 12345)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)


def test_what_was_put_is_got(tmp_path: Path) -> None:
    Cache(tmp_path).put(NAME, b"content")
    assert Cache(tmp_path).get(NAME) == b"content"


def test_what_was_not_put_is_not_there(tmp_path: Path) -> None:
    assert Cache(tmp_path).get(NAME) is None


def test_only_this_user_may_look(tmp_path: Path) -> None:
    Cache(tmp_path / "new").put(NAME, b"content")
    assert (tmp_path / "new" / "databases").stat().st_mode & 0o777 == 0o700
    assert kept(tmp_path / "new")[0].stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:20],
        lambda data: data[:-1],
        lambda data: data + b"x",
        lambda data: b"x" + data[1:],
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    ],
    ids=["empty", "within_digest", "truncated", "longer", "wrong_digest", "one_bit"],
)
def test_a_damaged_file_is_none(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put(NAME, b"content")
    [file] = kept(tmp_path)
    file.write_bytes(damage(file.read_bytes()))
    assert cache.get(NAME) is None
    cache.put(NAME, b"content")
    assert cache.get(NAME) == b"content"


def test_a_file_in_the_place_of_another_is_none(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put(NAME, b"content")
    [file] = kept(tmp_path)
    file.rename(file.with_name("1" * 64))
    assert cache.get("1" * 64) is None


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_file_that_others_may_write_is_none(mode: int, tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put(NAME, b"content")
    kept(tmp_path)[0].chmod(mode)
    assert cache.get(NAME) is None


def test_a_directory_that_others_may_write_is_not_used(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put(NAME, b"content")
    (tmp_path / "databases").chmod(0o770)
    assert cache.get(NAME) is None
    cache.put("1" * 64, b"content")
    assert len(kept(tmp_path)) == 1


def test_a_file_of_somebody_else_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path)
    cache.put(NAME, b"content")
    hand_to_somebody_else(kept(tmp_path)[0], monkeypatch)
    assert cache.get(NAME) is None


def test_a_directory_of_somebody_else_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path)
    cache.put(NAME, b"content")
    hand_to_somebody_else(tmp_path / "databases", monkeypatch)
    assert cache.get(NAME) is None


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put(NAME, b"content")
    [file] = kept(tmp_path)
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    assert cache.get(NAME) is None


def test_what_is_no_file_is_none(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("1" * 64, b"content")
    os.mkfifo(tmp_path / "databases" / NAME)
    (tmp_path / "databases" / ("2" * 64)).mkdir()
    assert cache.get(NAME) is None
    assert cache.get("2" * 64) is None


def test_a_directory_that_cannot_be_created_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = Cache(tmp_path / "file" / "cache")
    cache.put(NAME, b"content")
    assert cache.get(NAME) is None


def test_a_read_only_directory_is_no_error(tmp_path: Path) -> None:
    cache = Cache(Path("/proc/self"))  # read-only also for root
    cache.put(NAME, b"content")
    assert cache.get(NAME) is None


def test_a_file_that_cannot_be_put_in_place_leaves_nothing_behind(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("1" * 64, b"content")
    (tmp_path / "databases" / NAME).mkdir()
    cache.put(NAME, b"content")
    assert {path.name for path in kept(tmp_path)} == {NAME, "1" * 64}


def test_old_files_give_way(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("oldest", b"content")
    os.utime(kept(tmp_path)[0], (0, time.time() - 3600))
    for number in range(100):
        cache.put(f"{number:064}", b"content")
    assert len(kept(tmp_path)) == 64
    assert cache.get("oldest") is None
    assert cache.get(f"{99:064}") == b"content"


def test_processes_share_a_directory_and_mend_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCAN, str(tmp_path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    outputs = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert outputs == [b"['email_address', 'us_ssn']\n"] * 2
    files = {path.name: path.read_bytes() for path in kept(tmp_path)}
    assert len(files) > 2
    assert all(len(name) == 64 for name in files)
    assert subprocess.check_output(command) == outputs[0]
    for path in kept(tmp_path):
        path.write_bytes(path.read_bytes()[:1000])
    assert subprocess.check_output(command) == outputs[0]
    assert {path.name: path.read_bytes() for path in kept(tmp_path)} == files


def test_the_default_follows_the_xdg_specification(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache/me")
    assert default_directory() == Path("/var/cache/me/extproc")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/paths/are/to/be/ignored")
    monkeypatch.setenv("HOME", "/home/me")
    assert default_directory() == Path("/home/me/.cache/extproc")


def test_a_user_without_a_home_has_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("HOME", raising=False)
    with monkeypatch.context() as patch:
        patch.setattr(os, "getuid", lambda: 4_000_000_000)
        assert default_directory() is None
    monkeypatch.setenv("HOME", "nowhere")
    assert default_directory() is None
