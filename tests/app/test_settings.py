"""Process settings: from the environment or one file, and every mistake at once."""

from pathlib import Path

import pytest

from extproc.app.settings import Settings, load_settings
from extproc.model.errors import InputError


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.upper().startswith("EXTPROC"):
            monkeypatch.delenv(name)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "settings.yaml"
    monkeypatch.setenv("EXTPROC_CONFIG", str(file))
    return file


def mistakes() -> list[str]:
    with pytest.raises(InputError) as caught:
        load_settings()
    return str(caught.value).split("\n")


def test_without_a_word_everything_has_a_value() -> None:
    settings = load_settings()
    assert settings.listen == "127.0.0.1:50051"
    assert settings.admin_listen == "127.0.0.1:8081"
    assert settings.policy is None
    assert settings.redaction_key is None


def test_variables_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTPROC_LISTEN", "unix:/run/x.sock")
    monkeypatch.setenv("EXTPROC_MAX_STREAMS", "7")
    monkeypatch.setenv("EXTPROC_POLICY", "/etc/policy.yaml")
    settings = load_settings()
    assert settings.listen == "unix:/run/x.sock"
    assert settings.max_streams == 7
    assert settings.policy == Path("/etc/policy.yaml")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LISTEN", "[::1]:50051"),
        ("LISTEN", "unix:/a b/x.sock"),
        ("LISTEN", "extproc.ns.svc:0"),
        ("ADMIN_LISTEN", "0.0.0.0:65535"),
        ("WORKERS", "64"),
        ("POLICY_POLL_SECONDS", "0.05"),
        ("STREAM_MODE", "streamed"),
        ("DRAIN_SECONDS", "0"),
        ("CUSTOMER_HEADER", "x-tenant-1"),
        ("LOG_LEVEL", "debug"),
    ],
)
def test_a_right_value_is_accepted(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"EXTPROC_{name}", value)
    assert str(getattr(load_settings(), name.lower())) in (value, f"{value}.0")


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("LISTEN", "50051", "write unix:/PATH or HOST:PORT"),
        ("LISTEN", "unix:run/x.sock", "write unix:/PATH or HOST:PORT"),
        ("LISTEN", "127.0.0.1:65536", "write unix:/PATH or HOST:PORT"),
        ("LISTEN", "127.0.0.1:x", "write unix:/PATH or HOST:PORT"),
        ("LISTEN", "::1:50051", "write unix:/PATH or HOST:PORT"),
        ("LISTEN", "", "write unix:/PATH or HOST:PORT"),
        ("ADMIN_LISTEN", "unix:/run/x.sock", "write HOST:PORT"),
        ("WORKERS", "0", "greater than or equal to 1"),
        ("POLICY_POLL_SECONDS", "0", "greater than or equal to 0.05"),
        ("STREAM_MODE", "buffered", "'full_duplex' or 'streamed'"),
        ("MAX_BODY_BYTES", "1023", "greater than or equal to 1024"),
        ("MAX_BODY_BYTES", "32MB", "valid integer"),
        ("MAX_STREAMS", "0", "greater than or equal to 1"),
        ("DRAIN_SECONDS", "-1", "greater than or equal to 0"),
        ("CUSTOMER_HEADER", "X-Tenant", "pattern"),
        ("LOG_LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
    ],
)
def test_a_wrong_value_is_told_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, remedy: str
) -> None:
    monkeypatch.setenv(f"EXTPROC_{name}", value)
    [mistake] = mistakes()
    assert mistake.startswith(f"EXTPROC_{name}: ")
    assert remedy in mistake


@pytest.mark.parametrize(
    ("listen", "remedy"),
    [
        ("127.0.0.1:0", "write the first"),
        ("127.0.0.1:65534", "write a smaller one"),
    ],
)
def test_workers_without_addresses_are_a_mistake(
    monkeypatch: pytest.MonkeyPatch, listen: str, remedy: str
) -> None:
    monkeypatch.setenv("EXTPROC_LISTEN", listen)
    load_settings()
    monkeypatch.setenv("EXTPROC_WORKERS", "3")
    [mistake] = mistakes()
    assert mistake.startswith("EXTPROC_LISTEN: ")
    assert remedy in mistake


def test_every_mistake_is_told_at_once(monkeypatch: pytest.MonkeyPatch, config: Path) -> None:
    config.write_text("max_streams: 0\nport: 7\n")
    monkeypatch.setenv("EXTPROC_LISTEN", "x")
    monkeypatch.setenv("EXTPROC_LOG_LEVEL", "loud")
    monkeypatch.setenv("EXTPROC_POLICIES", "x")
    told = [mistake.partition(":")[0].partition(" ")[0] for mistake in mistakes()]
    assert sorted(told) == [
        "EXTPROC_LISTEN",
        "EXTPROC_LOG_LEVEL",
        "EXTPROC_MAX_STREAMS",
        "EXTPROC_POLICIES",
        "EXTPROC_PORT",
    ]


def test_an_unknown_variable_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTPROC_LISTEN_ON", "127.0.0.1:1")
    [mistake] = mistakes()
    assert mistake.startswith("EXTPROC_LISTEN_ON is not a setting; use one of EXTPROC_")


@pytest.mark.parametrize(
    "name",
    [
        "EXTPROC_SERVICE_HOST",
        "EXTPROC_SERVICE_PORT",
        "EXTPROC_SERVICE_PORT_GRPC",
        "EXTPROC_PORT",
        "EXTPROC_PORT_50051_TCP_ADDR",
        "EXTPROC_ADMIN_SERVICE_HOST",
    ],
)
def test_what_kubernetes_sets_for_a_service_is_no_mistake(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "tcp://10.0.0.1:50051")
    load_settings()


def test_a_file_is_read(config: Path) -> None:
    config.write_text("listen: 127.0.0.1:9\ncustomer_header: x-tenant\n")
    settings = load_settings()
    assert (settings.listen, settings.customer_header) == ("127.0.0.1:9", "x-tenant")


def test_variables_win_over_the_file(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text("listen: 127.0.0.1:9\nmax_streams: 5\n")
    monkeypatch.setenv("EXTPROC_LISTEN", "127.0.0.1:10")
    settings = load_settings()
    assert (settings.listen, settings.max_streams) == ("127.0.0.1:10", 5)


def test_what_the_program_sets_wins_over_everything(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text("listen: 127.0.0.1:9\n")
    monkeypatch.setenv("EXTPROC_LISTEN", "127.0.0.1:10")
    assert load_settings(listen="127.0.0.1:11").listen == "127.0.0.1:11"


def test_an_empty_file_sets_nothing(config: Path) -> None:
    config.write_text("# nothing yet\n")
    assert load_settings().listen == "127.0.0.1:50051"


def test_a_missing_file_is_a_mistake(config: Path) -> None:
    assert mistakes() == [f"EXTPROC_CONFIG: {config} is not a file; name one or unset it"]


@pytest.mark.parametrize(
    "content",
    [
        b"listen: [",
        b"- listen\n- x\n",
        b"listen\n",
        b"listen: 1\n---\nlisten: 2\n",
        b"listen: caf\xe9\n",
        b"listen: 2026-13-45\n",
        b"1: 2\n",
        b"? [a]\n: b\n",
        b"listen: " + b"[" * 3000,
        b"listen: \x07\n",
    ],
    ids=lambda value: repr(value[:24]),
)
def test_a_file_that_is_no_mapping_is_a_mistake(config: Path, content: bytes) -> None:
    config.write_bytes(content)
    assert all(mistakes())


def test_a_name_twice_in_a_file_is_a_mistake(config: Path) -> None:
    config.write_text("max_streams: 1\nmax_streams: 2\n")
    assert "max_streams" in mistakes()[0].lower()


def test_secrets_are_in_no_text(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTPROC_REDACTION_KEY", "s3cret")
    config.write_text("max_streams: 5\n")
    settings = load_settings()
    for text in (
        repr(settings),
        str(settings),
        str(settings.model_dump()),
        settings.model_dump_json(),
    ):
        assert "s3cret" not in text
    assert settings.redaction_key is not None
    assert settings.redaction_key.get_secret_value() == "s3cret"


def test_a_wrong_secret_is_not_repeated(config: Path) -> None:
    config.write_text("redaction_key: [s3cret]\n")
    assert "s3cret" not in "".join(mistakes())


def test_settings_cannot_be_changed() -> None:
    settings = load_settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.listen = "127.0.0.1:1"


def test_every_setting_is_in_the_list_of_the_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTPROC_X", "1")
    for name in Settings.model_fields:
        assert f"EXTPROC_{name.upper()}" in mistakes()[0]
