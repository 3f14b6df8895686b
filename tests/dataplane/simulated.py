"""The built-in provider simulator as what the recorder answers."""

import asyncio

import httpx

from extproc.simulator.app import create_app
from tests.dataplane.recorder import Answer, Received

_CUT = 23  # bytes of a chunk: events come apart at odd places


def simulated(request: Received) -> Answer:
    """What the simulator answers, in small chunks."""
    response = asyncio.run(_ask(request))
    body = response.content
    chunks = [body[start : start + _CUT] for start in range(0, len(body), _CUT)]
    headers = (("content-type", response.headers["content-type"]),)
    return Answer(chunks, response.status_code, headers)


async def _ask(request: Received) -> httpx.Response:
    transport = httpx.ASGITransport(create_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://simulator") as client:
        kind = {"content-type": request.headers.get("content-type", "")}
        return await client.request(
            request.method, request.path, content=request.body, headers=kind
        )
