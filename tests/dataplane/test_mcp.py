"""MCP through the gateway, with the official client."""

import asyncio
import json
import queue
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from mcp import ClientSession, McpError
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, TextContent

from tests.dataplane.canaries import REDACTED, TEXT, leaks
from tests.dataplane.harness import Stack
from tests.dataplane.recorder import Answer, Received, document, stream

PATH = "/custom/tools/mcp"
RESULT = {"content": [{"type": "text", "text": f"Found: {TEXT}"}], "isError": False}
CLEAN = {"content": [{"type": "text", "text": "Found nothing."}], "isError": False}


def answer(request: Received, result: dict[str, Any]) -> dict[str, Any] | None:
    """What a server with one tool says to a message; None to what is no call."""
    message = request.json
    if "id" not in message:
        return None
    if message["method"] == "initialize":
        result = {
            "protocolVersion": message["params"]["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "tools", "version": "1"},
        }
    elif message["method"] == "tools/list":
        result = {"tools": [{"name": "find", "inputSchema": {"type": "object"}}]}
    return {"jsonrpc": "2.0", "id": message["id"], "result": result}


def server(result: dict[str, Any], *, streamed: bool) -> Callable[[Received], Answer]:
    """It answers as one document, or calls of its tool in a stream."""

    def reply(request: Received) -> Answer:
        if request.method == "GET":
            return Answer(status=405, headers=(), length=0)
        message = answer(request, result)
        if message is None:
            return Answer(status=202, headers=(), length=0)
        if streamed and message["result"] is result:
            said = {"level": "info", "data": "Looking."}
            note = {"jsonrpc": "2.0", "method": "notifications/message", "params": said}
            return stream([_event(1, note), _event(2, message)])
        return document(message)

    return reply


def old_server(result: dict[str, Any]) -> Callable[[Received], Answer]:
    """The transport of 2024-11-05: all answers come in the stream of a GET."""
    said: queue.Queue[dict[str, Any]] = queue.Queue()

    def events() -> Iterator[bytes]:
        yield b"event: endpoint\ndata: /messages/?session_id=4111111111111111\n\n"
        while True:
            try:
                yield _event(1, said.get(timeout=0.1))
            except queue.Empty:
                yield b": ping\n\n"

    def reply(request: Received) -> Answer:
        if request.method == "GET":
            return stream(events())
        message = answer(request, result)
        if message is not None:
            said.put(message)
        return Answer((b"Accepted",), 202, (), 8)

    return reply


def _event(number: int, message: dict[str, Any]) -> bytes:
    return f"event: message\nid: {number}\ndata: {json.dumps(message)}\n\n".encode()


def session(
    running: Stack, work: Callable[[ClientSession], Awaitable[Any]], *, old: bool = False
) -> Any:
    """Do something in an initialised session; return what came of it."""

    def client(
        headers: dict[str, str] | None = None,
        timeout: httpx.Timeout | None = None,
        auth: httpx.Auth | None = None,
    ) -> httpx.AsyncClient:
        return httpx.AsyncClient(headers=headers, timeout=timeout, auth=auth, trust_env=False)

    @asynccontextmanager
    async def transport() -> AsyncIterator[tuple[Any, ...]]:
        if old:
            url = f"{running.gateway.url}/sse"
            async with sse_client(url, httpx_client_factory=client) as streams:
                yield streams
        else:
            async with (
                client() as opened,
                streamable_http_client(running.gateway.url + PATH, http_client=opened) as streams,
            ):
                yield streams

    async def main() -> Any:
        async with transport() as streams, ClientSession(streams[0], streams[1]) as opened:
            await opened.initialize()
            return await work(opened)

    return asyncio.run(main())


async def find(opened: ClientSession, query: str = "all") -> str:
    result = await opened.call_tool("find", {"query": query})
    assert isinstance(result, CallToolResult)
    [content] = result.content
    assert isinstance(content, TextContent)
    return content.text


streamed = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])


@streamed
def test_arguments_and_results_are_redacted(redacting: Stack, streamed: bool) -> None:
    with redacting.recorder.answering(server(RESULT, streamed=streamed)) as received:
        said = session(redacting, lambda opened: find(opened, f"mail {TEXT}"))
    assert said == f"Found: {REDACTED}"
    [call] = [one for one in received if b"tools/call" in one.body]
    assert call.json["params"]["arguments"] == {"query": f"mail {REDACTED}"}


@streamed
def test_blocked_result_is_an_error_of_the_call_and_the_session_goes_on(
    blocking: Stack, streamed: bool
) -> None:
    async def work(opened: ClientSession) -> McpError:
        with pytest.raises(McpError) as raised:
            await find(opened)
        assert [tool.name for tool in (await opened.list_tools()).tools] == ["find"]
        return raised.value

    with blocking.recorder.answering(server(RESULT, streamed=streamed)):
        error = session(blocking, work).error
    check_refusal(error)


def test_blocked_call_reaches_no_server_and_the_session_goes_on(blocking: Stack) -> None:
    async def work(opened: ClientSession) -> tuple[McpError, str]:
        with pytest.raises(McpError) as raised:
            await find(opened, TEXT)
        return raised.value, await find(opened)

    with blocking.recorder.answering(server(CLEAN, streamed=False)) as received:
        error, said = session(blocking, work)
    check_refusal(error.error)
    assert said == "Found nothing."
    assert [leaks(request.body) for request in received if leaks(request.body)] == []
    assert sum(b"tools/call" in request.body for request in received) == 1


def test_results_in_the_old_transport_are_redacted(redacting: Stack) -> None:
    with redacting.recorder.answering(old_server(RESULT)) as received:
        said = session(redacting, lambda opened: find(opened, TEXT), old=True)
    assert said == f"Found: {REDACTED}"
    [call] = [one for one in received if b"tools/call" in one.body]
    assert call.path == "/messages/?session_id=4111111111111111"
    assert call.json["params"]["arguments"] == {"query": REDACTED}


def test_blocked_result_in_the_old_transport_is_an_error_of_the_call(blocking: Stack) -> None:
    async def work(opened: ClientSession) -> McpError:
        with pytest.raises(McpError) as raised:
            await find(opened)
        return raised.value

    with blocking.recorder.answering(old_server(RESULT)):
        check_refusal(session(blocking, work, old=True).error)


def check_refusal(error: Any) -> None:
    assert error.code == 403
    assert error.message.startswith("policy_violation: ")
    types = {violation["type"] for violation in error.data["violations"]}
    assert types == {"email_address", "us_ssn", "credit_card", "aws_access_key_id"}
    assert leaks(str(error).encode()) == []


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"x": TEXT}}, 200),
        ({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"reason": TEXT}}, 403),
        ({"jsonrpc": "2.0", "id": 1, "result": {"content": TEXT}}, 403),
    ],
    ids=["call", "notification", "answer"],
)
def test_status_of_a_refusal(blocking: Stack, message: dict[str, Any], status: int) -> None:
    with blocking.recorder.answering(document({})) as received:
        response = blocking.client.post(PATH, json=message)
    assert received == []
    assert response.status_code == status
    assert response.headers["x-extproc-verdict"] == "block"
    assert response.json()["error"]["code"] == 403
    assert response.json().get("id") == (1 if status == 200 else None)
