"""Services that tests share."""

from collections.abc import Iterator

import pytest

from tests.remote.services import GrpcService, HttpService, grpc_service, http_service


@pytest.fixture
def over_http() -> Iterator[HttpService]:
    with http_service() as service:
        yield service


@pytest.fixture
def over_grpc() -> Iterator[GrpcService]:
    with grpc_service() as service:
        yield service
