"""Slow detectors as a policy declares them: models, and services that are asked over a network."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

TYPE_PATTERN = r"^[a-z][a-z0-9_]{0,62}$"
VARIABLE_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]*$"

TypeName = Annotated[str, StringConstraints(pattern=TYPE_PATTERN)]
_Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$")]
_Variable = Annotated[str, StringConstraints(pattern=VARIABLE_PATTERN)]

_URL = re.compile(r"https?://(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?(/[^\s?#@]*)?")
_ADDRESS = re.compile(r"unix:/\S+|(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):\d{1,5}")

Classifier = Literal["paraphrased_injection", "toxic_meaning"]
CLASSIFIERS: Mapping[str, str] = {"paraphrased_injection": "injection", "toxic_meaning": "toxicity"}
"""What the shipped classifiers of meaning find, and the family of each."""


def _url(value: str) -> str:
    if _URL.fullmatch(value) is None:
        raise ValueError("write https://HOST[:PORT]/PATH; keys belong in apiKeyEnv or apiKeyFile")
    return value


def _address(value: str) -> str:
    if _ADDRESS.fullmatch(value) is None:
        raise ValueError("write HOST:PORT or unix:/PATH")
    return value


def _absolute(value: Path) -> Path:
    if not value.is_absolute():
        raise ValueError("write an absolute path")
    return value


_File = Annotated[Path, AfterValidator(_absolute)]
_Url = Annotated[str, AfterValidator(_url)]
Labels = dict[str, TypeName]


class _Declared(BaseModel):
    """What all kinds have. Times are seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    name: _Name
    timeout: float = Field(default=1.0, gt=0, le=25, alias="timeoutSeconds")  # Envoy waits for 30
    cache: float = Field(default=300.0, ge=0, le=86_400, alias="cacheSeconds")
    retry: float = Field(default=10.0, gt=0, le=3600, alias="retrySeconds")
    concurrency: int = Field(default=4, ge=1, le=32)
    queue: int = Field(default=32, ge=0, le=1024)
    threshold: float = Field(default=0.5, ge=0, le=1)
    family: TypeName = "custom"

    @property
    def own_type(self) -> str:
        """The entity type of what the detector finds without saying more."""
        return self.name.replace("-", "_").replace(".", "_")

    @property
    def types(self) -> Mapping[str, str]:
        """Entity types that it may give, with the family of each."""
        return {self.own_type: self.family}


class _Labelled(_Declared):
    """One that says labels of its own; without `labels` each of them is its own type."""

    labels: Labels = {}

    @property
    def types(self) -> Mapping[str, str]:
        names = self.labels.values() or (self.own_type,)
        return dict.fromkeys(names, self.family)


class _Remote(_Labelled):
    api_key_env: _Variable | None = Field(default=None, alias="apiKeyEnv")
    api_key_file: _File | None = Field(default=None, alias="apiKeyFile")
    ca_file: _File | None = Field(default=None, alias="caFile")


class GrpcDetector(_Remote):
    """The service of proto/detector.proto."""

    kind: Literal["grpc"]
    address: Annotated[str, AfterValidator(_address)]
    tls: bool = False


class ModerationDetector(_Remote):
    """OpenAI's POST /v1/moderations, or what answers like it."""

    kind: Literal["openai-moderation"]
    url: _Url
    model: str = "omni-moderation-latest"


class WebhookDetector(_Remote):
    """Our own JSON: texts in, findings out."""

    kind: Literal["webhook"]
    url: _Url


class GuardDetector(_Remote):
    """A guard that decides on messages: allow, block or redact."""

    kind: Literal["guard"]
    url: _Url


class TextClassifier(_Labelled):
    """An ONNX model that gives one label for a text."""

    kind: Literal["text-classifier"]
    path: _File
    labels: Labels = Field(min_length=1)
    concurrency: int = Field(default=1, ge=1, le=32)


class TokenClassifier(_Labelled):
    """An ONNX model that gives a label for each token, e.g. of names."""

    kind: Literal["token-classifier"]
    path: _File
    labels: Labels = Field(min_length=1)
    concurrency: int = Field(default=1, ge=1, le=32)


class MeaningDetector(_Declared):
    """Embeddings: shipped classifiers, and topics by example sentences."""

    kind: Literal["meaning"]
    classifiers: list[Classifier] = []
    topics: dict[TypeName, Annotated[list[str], Field(min_length=1, max_length=200)]] = {}
    concurrency: int = Field(default=1, ge=1, le=32)

    @property
    def types(self) -> Mapping[str, str]:
        chosen = {name: CLASSIFIERS[name] for name in self.classifiers}
        return chosen | dict.fromkeys(self.topics, self.family)


SlowDocument = Annotated[
    GrpcDetector
    | ModerationDetector
    | WebhookDetector
    | GuardDetector
    | TextClassifier
    | TokenClassifier
    | MeaningDetector,
    Field(discriminator="kind"),
]
RemoteDetector = GrpcDetector | ModerationDetector | WebhookDetector | GuardDetector
ModelDetector = TextClassifier | TokenClassifier | MeaningDetector
