"""The detector service over gRPC."""

import time

import pytest

from extproc.detectors.slow import Deadline, DetectorError, Failure, Labels, Text
from extproc.model.values import Direction, Finding
from extproc.remote.grpc import GrpcDetector
from extproc.remote.pb import detector_pb2 as pb
from tests.remote.services import GrpcService, free_port

LABELS = Labels("service", {"word": "codename"}, 0.5, {"codename": "custom"})
TEXTS = [Text("é 😀 forbidden", "user"), Text("fine", "")]


def detector(address: str) -> GrpcDetector:
    return GrpcDetector(address, LABELS, token="k", tls=False, ca_file=None)


def failure(found: GrpcDetector, seconds: float = 5) -> Failure:
    with pytest.raises(DetectorError) as caught:
        found.detect(TEXTS, Direction.RESPONSE, Deadline(seconds))
    found.close()
    return caught.value.kind


def test_findings_come_with_spans_and_wanted_labels(over_grpc: GrpcService) -> None:
    asking = detector(over_grpc.address)
    found = asking.detect(TEXTS, Direction.RESPONSE, Deadline(5))
    asking.close()
    assert found == [[Finding("codename", "custom", 4, 13, 0.9)], []]
    [asked] = over_grpc.asked
    assert asked.direction == pb.DetectRequest.DIRECTION_RESPONSE
    assert [text.role for text in asked.texts] == ["user", ""]
    assert over_grpc.metadata[0]["authorization"] == "Bearer k"


@pytest.mark.parametrize("mode", ["garbage", "fewer", "range", "status"])
def test_a_wrong_answer_is_a_failure(over_grpc: GrpcService, mode: str) -> None:
    over_grpc.mode = mode
    assert failure(detector(over_grpc.address)) is Failure.BAD_ANSWER


def test_a_slow_service_is_given_up_in_time(over_grpc: GrpcService) -> None:
    over_grpc.mode = "slow"
    started = time.monotonic()
    assert failure(detector(over_grpc.address), seconds=0.3) is Failure.TIMEOUT
    assert time.monotonic() - started < 1.5


def test_nobody_there_is_a_refusal() -> None:
    assert failure(detector(f"127.0.0.1:{free_port()}")) is Failure.REFUSED


def test_a_service_that_comes_back_is_found(over_grpc: GrpcService) -> None:
    asking = detector(over_grpc.address)
    assert asking.detect(TEXTS, Direction.REQUEST, Deadline(5))[0]
    over_grpc.stop()
    with pytest.raises(DetectorError):
        asking.detect(TEXTS, Direction.REQUEST, Deadline(1))
    over_grpc.start()
    deadline = time.monotonic() + 10
    found: list[list[Finding]] = []
    while not found and time.monotonic() < deadline:
        try:
            found = asking.detect(TEXTS, Direction.REQUEST, Deadline(1))
        except DetectorError as error:
            assert error.kind in (Failure.REFUSED, Failure.TIMEOUT)  # noqa: PT017
    assert found[0]
    asking.close()
