"""The slow detectors of a policy, built. What a kind needs is imported where it is used."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from weakref import finalize

from extproc.detectors.catalog import TYPES
from extproc.detectors.compiler import IN_MEMORY, Compiler
from extproc.detectors.slow import Labels, SlowDetector
from extproc.guardrail.guardrail import Guardrail
from extproc.guardrail.selection import Guardrails
from extproc.guardrail.supervised import Bounds, Supervised
from extproc.model.errors import InputError
from extproc.model.values import Direction
from extproc.policy.combination import combined
from extproc.policy.policy import Policy
from extproc.policy.slow import (
    GrpcDetector,
    GuardDetector,
    MeaningDetector,
    ModerationDetector,
    SlowDocument,
    TextClassifier,
    TokenClassifier,
    WebhookDetector,
)
from extproc.redaction.operators import Redactor
from extproc.telemetry.telemetry import Telemetry

_OFFLINE_SECONDS = 60.0


def guardrail_of(
    policy: Policy,
    redactor: Redactor,
    telemetry: Telemetry,
    compiler: Compiler = IN_MEMORY,
    *,
    offline: bool = False,
) -> Guardrail:
    """A policy made ready, with its slow detectors; they are closed when nothing uses it any more.

    `offline` gives them more time: nobody waits. Raises InputError for one that cannot be built.
    """
    with _detectors(policy.detectors, telemetry, offline=offline) as detectors:
        guardrail = Guardrail(policy, redactor, compiler, detectors.values())
        _close_after(guardrail, detectors)
    return guardrail


def guardrails_of(
    policies: Sequence[Policy],
    redactor: Redactor,
    telemetry: Telemetry,
    compiler: Compiler,
    *,
    offline: bool = False,
) -> Guardrail | Guardrails:
    """The same for several policies, each for what it matches; their detectors are shared."""
    if len(policies) == 1 and policies[0].match.width == 0:
        return guardrail_of(policies[0], redactor, telemetry, compiler, offline=offline)
    together = combined(policies)
    watched = (policy.watched(direction) for policy in policies for direction in Direction)
    shared = frozenset[str]().union(*watched)
    with _detectors(together.detectors, telemetry, offline=offline) as detectors:

        def make(policy: Policy) -> Guardrail:
            own = [detectors[each.name] for each in policy.detectors]
            policy = replace(policy, entities=together.entities)  # these are compiled together, too
            return Guardrail(policy, redactor, compiler, own, shared)

        guardrails = Guardrails(policies, make)
        _close_after(guardrails, detectors)
    return guardrails


@contextmanager
def _detectors(
    documents: Iterable[SlowDocument], telemetry: Telemetry, *, offline: bool
) -> Iterator[dict[str, Supervised]]:
    """Detectors by name; closed where what is to use them cannot be made."""
    detectors: dict[str, Supervised] = {}
    try:
        for document in documents:
            detectors[document.name] = _supervised(document, telemetry, offline=offline)
        yield detectors
    except BaseException:
        _close(detectors.values())
        raise


def _close_after(user: Guardrail | Guardrails, detectors: Mapping[str, Supervised]) -> None:
    if detectors:
        finalize(user, _close, [*detectors.values()])


def _close(detectors: Iterable[Supervised]) -> None:
    for detector in detectors:
        detector.close()


def _supervised(document: SlowDocument, telemetry: Telemetry, *, offline: bool) -> Supervised:
    try:
        detector = _build(document)
    except InputError as error:
        raise InputError(f"detector {document.name}: {error}") from error
    except ImportError as error:
        remedy = "install extproc[models]"
        raise InputError(f"detector {document.name}: {error.name} is missing; {remedy}") from error
    bounds = Bounds(
        timeout=max(document.timeout, _OFFLINE_SECONDS) if offline else document.timeout,
        cache=document.cache,
        retry=document.retry,
        concurrency=document.concurrency,
        queue=document.queue,
    )
    return Supervised(document.name, detector, bounds, telemetry.detectors)


def _build(document: SlowDocument) -> SlowDetector:
    families = dict(document.types) | TYPES
    match document:
        case MeaningDetector():
            return _meaning(document, families)
        case TextClassifier() | TokenClassifier():
            from extproc.models import classifiers

            kind = (
                classifiers.TextClassifier
                if isinstance(document, TextClassifier)
                else classifiers.TokenClassifier
            )
            labels = Labels(document.own_type, document.labels, document.threshold, families)
            return kind(document.path, document.labels, labels)
        case GrpcDetector():
            from extproc.remote.grpc import GrpcDetector as Service

            labels = Labels(document.own_type, document.labels, document.threshold, families)
            return Service(
                document.address,
                labels,
                token=_key(document.api_key_env, document.api_key_file),
                tls=document.tls,
                ca_file=document.ca_file,
            )
        case _:
            return _over_http(document, families)


def _meaning(document: MeaningDetector, families: Mapping[str, str]) -> SlowDetector:
    from extproc.models.embedding import Embedder
    from extproc.models.meaning import MeaningDetector as Meaning

    return Meaning(Embedder(), document.classifiers, document.topics, document.threshold, families)


def _over_http(
    document: ModerationDetector | WebhookDetector | GuardDetector, families: Mapping[str, str]
) -> SlowDetector:
    from extproc.remote import guard, moderation, webhook
    from extproc.remote.http import HttpClient

    key = _key(document.api_key_env, document.api_key_file)
    headers = {"authorization": f"Bearer {key}"} if key else {}
    client = HttpClient(document.url, headers, document.ca_file)
    labels = Labels(document.own_type, document.labels, document.threshold, families)
    match document:
        case ModerationDetector():
            return moderation.ModerationDetector(client, document.model, labels)
        case WebhookDetector():
            return webhook.WebhookDetector(client, labels)
        case GuardDetector():
            return guard.GuardDetector(client, labels)


def _key(variable: str | None, file: Path | None) -> str:
    """The key of a service; empty where it needs none."""
    if variable is not None:
        key, name = os.environ.get(variable, ""), f"the variable {variable}"
    elif file is not None:
        name = str(file)
        try:
            key = file.read_text()
        except OSError as error:
            raise InputError(f"{file}: {error.strerror}; name a readable file") from error
    else:
        return ""
    key = key.strip()
    if not key or not key.isascii() or not key.isprintable():
        raise InputError(f"{name} holds no key; put one there")
    return key
