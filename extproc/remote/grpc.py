"""The service of proto/detector.proto."""

from collections.abc import Sequence
from pathlib import Path

import grpc
from google.protobuf.message import DecodeError

from extproc.detectors.slow import Deadline, DetectorError, Failure, Labels, Text, checked
from extproc.model.errors import InputError
from extproc.model.values import Direction, Finding
from extproc.remote.pb import detector_pb2 as pb

_METHOD = "/extproc.detector.v1.Detector/Detect"
_DIRECTIONS = {
    Direction.REQUEST: pb.DetectRequest.DIRECTION_REQUEST,
    Direction.RESPONSE: pb.DetectRequest.DIRECTION_RESPONSE,
}
_OPTIONS = (
    ("grpc.enable_retries", 0),
    ("grpc.enable_http_proxy", 0),
    # A service that comes back is found in a second, not in two minutes.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.max_receive_message_length", 8 << 20),
    ("grpc.use_local_subchannel_pool", 1),
)
_REFUSALS = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)


class GrpcDetector:
    """Asks over one channel. Raises InputError for authorities that cannot be read."""

    is_joint = False

    def __init__(
        self, address: str, labels: Labels, *, token: str, tls: bool, ca_file: Path | None
    ) -> None:
        self._labels = labels
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()
        if tls:
            credentials = grpc.ssl_channel_credentials(_read(ca_file) if ca_file else None)
            self._channel = grpc.secure_channel(address, credentials, _OPTIONS)
        else:
            self._channel = grpc.insecure_channel(address, _OPTIONS)
        self._call = self._channel.unary_unary(_METHOD)

    def detect(
        self, texts: Sequence[Text], direction: Direction, deadline: Deadline
    ) -> list[list[Finding]]:
        request = pb.DetectRequest(
            direction=_DIRECTIONS[direction],
            texts=[pb.Text(text=text.text, role=text.role) for text in texts],
        )
        try:
            data = self._call(
                request.SerializeToString(), timeout=deadline.check(), metadata=self._metadata
            )
            answer = pb.DetectResponse.FromString(data)
        except grpc.RpcError as error:
            raise _failure(error.code()) from error
        except DecodeError as error:
            raise DetectorError(Failure.BAD_ANSWER, "not a DetectResponse") from error
        if len(answer.results) != len(texts):
            raise DetectorError(Failure.BAD_ANSWER, "no result for each text")
        return [
            [finding for each in result.findings if (finding := self._finding(each, text.text))]
            for result, text in zip(answer.results, texts, strict=True)
        ]

    def close(self) -> None:
        self._channel.close()

    def _finding(self, found: pb.Finding, text: str) -> Finding | None:
        span = checked(found.start, found.end, found.score, len(text))
        return self._labels.finding(found.label, *span)


def _failure(code: grpc.StatusCode) -> DetectorError:
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return DetectorError(Failure.TIMEOUT)
    if code in _REFUSALS:
        return DetectorError(Failure.REFUSED, code.name)
    return DetectorError(Failure.BAD_ANSWER, code.name)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}; name a readable PEM file") from error
