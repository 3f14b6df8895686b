"""Process settings: `EXTPROC_*` variables, or one YAML file named by `EXTPROC_CONFIG`."""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from extproc.app.addresses import worker_addresses
from extproc.app.protection import conflict
from extproc.model.errors import InputError
from extproc.policy.document import Environment
from extproc.policy.source import FileProblemsError, Problem, read_documents
from extproc.transport.native.sans import check_san

_CONFIG = "EXTPROC_CONFIG"

# Kubernetes gives every container these for a Service whose name begins with `extproc`.
_SERVICE_LINK = re.compile(r"EXTPROC(_\w+)?_(SERVICE_HOST|SERVICE_PORT|PORT)(_\w+)?")
_TCP = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):(?P<port>\d{1,5})")


def _tcp_address(value: str) -> str:
    match = _TCP.fullmatch(value)
    if match is None or int(match["port"]) > 65535:
        raise ValueError("write HOST:PORT, e.g. 127.0.0.1:8081")
    return value


def _address(value: str) -> str:
    if value.startswith("unix:/"):
        return value
    try:
        return _tcp_address(value)
    except ValueError:
        raise ValueError("write unix:/PATH or HOST:PORT, e.g. 127.0.0.1:50051") from None


def _absolute(value: Path) -> Path:
    if not value.is_absolute():
        raise ValueError("write an absolute path, e.g. /var/cache/extproc")
    return value


def _listed(value: object) -> object:
    """A list as a variable has it, separated by commas, or as YAML has it."""
    if isinstance(value, str):
        return tuple(item for item in map(str.strip, value.split(",")) if item)
    return (value,) if isinstance(value, int) else value


class Settings(BaseSettings):
    """What `extproc serve` is told. Environment variables win over the file."""

    model_config = SettingsConfigDict(env_prefix="EXTPROC_", extra="forbid", frozen=True)

    listen: Annotated[str, AfterValidator(_address)] = "127.0.0.1:50051"
    admin_listen: Annotated[str, AfterValidator(_tcp_address)] = "127.0.0.1:8081"
    transport: Literal["native", "grpcio"] = "native"
    workers: int = Field(default=1, ge=1, le=64)
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    tls_client_ca_file: Path | None = None
    tls_client_sans: Annotated[
        tuple[Annotated[str, AfterValidator(check_san)], ...], NoDecode, BeforeValidator(_listed)
    ] = ()
    peer_uids: Annotated[
        frozenset[Annotated[int, Field(ge=0, lt=1 << 32)]], NoDecode, BeforeValidator(_listed)
    ] = frozenset()
    policy: Path | None = None
    environment: Environment = "production"
    policy_poll_seconds: float = Field(default=1.0, ge=0.05, le=3600)
    redaction_key: SecretStr | None = None
    redaction_key_file: Path | None = None
    stream_mode: Literal["full_duplex", "streamed"] = "full_duplex"
    max_body_bytes: int = Field(default=32 << 20, ge=1024)
    max_event_bytes: int = Field(default=8 << 20, ge=1024)
    max_streams: int = Field(default=4096, ge=1)
    drain_seconds: float = Field(default=30.0, ge=0)
    customer_header: str = Field(default="x-customer-id", pattern=r"^[a-z0-9-]+$")
    cache_dir: Annotated[Path, AfterValidator(_absolute)] | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @model_validator(mode="after")
    def _workers_have_addresses(self) -> Self:
        try:
            worker_addresses(self.listen, self.workers)
        except ValueError as error:
            raise ValueError(f"EXTPROC_LISTEN: {error}") from None
        return self

    @model_validator(mode="after")
    def _protection_can_work(self) -> Self:
        if (found := conflict(self)) is not None:
            name, message = found
            raise PydanticCustomError("conflict", message, {"setting": name})
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - not wanted
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - not wanted
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        config = os.environ.get(_CONFIG)
        values = read_file(Path(config)) if config else {}
        file_settings = InitSettingsSource(settings_cls, init_kwargs=values)
        return init_settings, env_settings, file_settings


def load_settings(**overrides: Any) -> Settings:
    """Read the settings. Raises InputError with every mistake, one a line."""
    config = os.environ.get(_CONFIG)
    if config is not None and not Path(config).is_file():
        raise InputError(f"{_CONFIG}: {config} is not a file; name one or unset it")
    mistakes = _unknown_variables()
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        mistakes += [_mistake(_setting(detail), detail["msg"]) for detail in error.errors()]
    if mistakes:
        raise InputError("\n".join(mistakes))
    return settings


def read_file(path: Path) -> dict[str, Any]:
    """The values of a settings file; an empty file has none.

    Raises FileProblemsError.
    """
    documents = read_documents(path)
    if not documents:
        return {}
    names = documents[0].value if len(documents) == 1 else None
    if not isinstance(names, dict):
        message = "holds no settings; write one `name: value` a line"
        raise FileProblemsError([Problem(str(path), 1, message)])
    problems = [
        Problem(str(path), documents[0].line((name,)), f"{name!r} is not a setting; remove it")
        for name in names
        if not isinstance(name, str)
    ]
    if problems:
        raise FileProblemsError(problems)
    return names


def check_settings(path: Path) -> None:
    """Validate a settings file by itself. Raises FileProblemsError with every mistake."""
    values = read_file(path)
    try:
        GivenSettings(**values)
    except ValidationError as error:
        document, problems = read_documents(path)[0], []
        for detail in error.errors():
            name = _setting(detail)
            remedy = _remedy(detail["type"], detail["msg"])
            message = f"{name}: {remedy}" if name else remedy
            problems.append(Problem(str(path), document.line((name,)), message))
        raise FileProblemsError(problems) from None


class GivenSettings(Settings):
    """Settings that do not look at the environment."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def _remedy(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return f"is not a setting; use one of {', '.join(sorted(Settings.model_fields))}"
    return message.removeprefix("Value error, ")


def _unknown_variables() -> list[str]:
    """A misspelt variable would otherwise be ignored in silence."""
    known = {f"EXTPROC_{name.upper()}" for name in Settings.model_fields} | {_CONFIG}
    return [
        f"{name} is not a setting; use one of {', '.join(sorted(known))}"
        for name in sorted(os.environ)
        if name.startswith("EXTPROC_") and name not in known and not _SERVICE_LINK.fullmatch(name)
    ]


def _setting(detail: ErrorDetails) -> str:
    """Name of the setting at fault; empty where several are."""
    location = detail["loc"] or (detail.get("ctx", {}).get("setting", ""),)
    return str(location[0])


def _mistake(name: str, message: str) -> str:
    message = message.removeprefix("Value error, ")
    return f"EXTPROC_{name.upper()}: {message}" if name else message
