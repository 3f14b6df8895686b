"""The simulator speaks to real SDKs as the providers do."""

import asyncio
import json
import logging
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam

from extproc.httpd import HttpServer
from extproc.simulator.app import create_app
from extproc.simulator.behaviour import LEAK, MODELS, PROSE, REFUSAL
from extproc.simulator.pieces import pieces

HELLO: list[ChatCompletionMessageParam] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "first"},
    {"role": "assistant", "content": "answer"},
    {"role": "user", "content": [{"type": "text", "text": "héllo 12345 a@b.example"}]},
]
ECHO = "You said: héllo 12345 a@b.example"
TOOL: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {}},
    },
}


class Pauses:
    """Takes the place of sleeping and keeps what was asked for."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def inside(app: Any = None) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app or create_app())
    return httpx.AsyncClient(transport=transport, base_url="http://simulator")


def with_sdk(use: Callable[[openai.AsyncOpenAI], Awaitable[None]], prefix: str = "/v1") -> None:
    async def main() -> None:
        async with served() as (server, _):
            url = f"http://127.0.0.1:{server.port}{prefix}"
            async with openai.AsyncOpenAI(api_key="x", base_url=url, max_retries=0) as client:
                await use(client)

    asyncio.run(main())


def post(path: str, body: object, app: Any = None) -> httpx.Response:
    async def main() -> httpx.Response:
        async with inside(app) as client:
            if isinstance(body, bytes):
                return await client.post(path, content=body)
            return await client.post(path, json=body)

    return asyncio.run(main())


@asynccontextmanager
async def served() -> AsyncIterator[tuple[HttpServer, httpx.AsyncClient]]:
    server = HttpServer(create_app(), "127.0.0.1", 0)
    await server.start()
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as client:
            yield server, client
    finally:
        await server.stop(0)


def chat(model: str, **more: object) -> dict[str, object]:
    return {"model": model, "messages": HELLO, **more}


def messages(model: str, **more: object) -> dict[str, object]:
    said = [{"role": "user", "content": "hello there"}]
    return {"model": model, "max_tokens": 100, "messages": said, **more}


CONTENTS = {"contents": [{"role": "user", "parts": [{"text": "hello "}, {"text": "there"}]}]}


def gemini(model: str, method: str = "generateContent", query: str = "") -> str:
    return f"/v1beta/models/{model}:{method}{query}"


def events(response: httpx.Response) -> list[Any]:
    """The JSON of every server-sent event."""
    found = [block for block in re.split(r"\r?\n\r?\n", response.text) if block]
    return [json.loads(block.partition("data: ")[2]) for block in found]


# ---- pieces


@given(st.text())
def test_pieces_joined_are_the_text(text: str) -> None:
    assert "".join(pieces(text)) == text


def test_pieces_cut_numbers_addresses_and_long_words() -> None:
    assert pieces("to jane@x.org: 4111 1111\n\n unbelievable") == [
        *("to", " jane", "@", "x", ".", "org", ":", " ", "411", "1", " ", "111", "1"),
        *("\n\n", " unbeliev", "able"),
    ]


# ---- OpenAI


@pytest.mark.parametrize("prefix", ["/v1", "", "/openai/v1", "/openai/deployments/gpt"])
def test_any_model_echoes_the_last_user_text_under_every_path(prefix: str) -> None:
    async def use(client: openai.AsyncOpenAI) -> None:
        done = await client.chat.completions.create(model="gpt", messages=HELLO)
        choice = done.choices[0]
        assert (choice.message.content, choice.finish_reason) == (ECHO, "stop")
        assert done.id.startswith("chatcmpl-")
        assert done.usage is not None
        assert done.usage.completion_tokens == len(pieces(ECHO))
        assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens
        assert done._request_id is not None

    with_sdk(use, prefix)


def test_a_deployment_in_the_path_names_the_model() -> None:
    async def use(client: openai.AsyncOpenAI) -> None:
        done = await client.chat.completions.create(model="gpt", messages=HELLO)
        assert done.choices[0].message.content == LEAK

    with_sdk(use, "/openai/deployments/sim-leaky")


def test_a_stream_starts_with_the_role_and_ends_with_finish_usage_and_done() -> None:
    body = chat("sim-echo", stream=True, stream_options={"include_usage": True})
    response = post("/v1/chat/completions", body)
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.text.endswith("data: [DONE]\n\n")
    chunks = [json.loads(one[6:]) for one in response.text.split("\n\n")[:-2]]
    assert chunks[0]["choices"][0]["delta"] == {
        "role": "assistant",
        "content": "",
        "refusal": None,
    }
    said = [one["choices"][0]["delta"] for one in chunks[1:-2]]
    assert [delta["content"] for delta in said] == pieces(ECHO)
    assert chunks[-2]["choices"][0] | {"logprobs": None} == {
        "index": 0,
        "delta": {},
        "logprobs": None,
        "finish_reason": "stop",
    }
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["completion_tokens"] == len(pieces(ECHO))
    assert {one["usage"] for one in chunks[:-1]} == {None}
    assert len({one["id"] for one in chunks}) == 1


def test_a_stream_has_no_usage_unless_asked() -> None:
    response = post("/v1/chat/completions", chat("sim-echo", stream=True))
    assert "usage" not in response.text


def test_two_choices_take_turns_and_can_be_told_apart() -> None:
    async def use(client: openai.AsyncOpenAI) -> None:
        done = await client.chat.completions.create(model="sim-echo", messages=HELLO, n=2)
        whole = [choice.message.content for choice in done.choices]
        assert whole == [ECHO, f"{ECHO} (choice 2)"]
        heard, order = ["", ""], []
        async for chunk in await client.chat.completions.create(
            model="sim-echo", messages=HELLO, n=2, stream=True
        ):
            order.append(chunk.choices[0].index)
            heard[chunk.choices[0].index] += chunk.choices[0].delta.content or ""
        assert heard == whole
        assert order[:6] == [0, 1, 0, 1, 0, 1]

    with_sdk(use)


def test_a_tool_call_repeats_the_user_in_its_arguments() -> None:
    async def use(client: openai.AsyncOpenAI) -> None:
        create = client.chat.completions.create
        done = await create(model="sim-tool", messages=HELLO, tools=[TOOL])
        choice = done.choices[0]
        assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
        assert choice.message.tool_calls is not None
        call = choice.message.tool_calls[0]
        assert call.type == "function"
        assert call.function.name == "get_weather"
        assert f"You said: {json.loads(call.function.arguments)['text']}" == ECHO
        name, arguments, finish = "", "", None
        async for chunk in await create(
            model="sim-tool", messages=HELLO, tools=[TOOL], stream=True
        ):
            for piece in chunk.choices[0].delta.tool_calls or []:
                assert piece.function is not None
                name += piece.function.name or ""
                arguments += piece.function.arguments or ""
            finish = chunk.choices[0].finish_reason
        assert (name, arguments, finish) == (
            "get_weather",
            call.function.arguments,
            "tool_calls",
        )

    with_sdk(use)


def test_a_refusal_stands_in_its_own_field() -> None:
    async def use(client: openai.AsyncOpenAI) -> None:
        done = await client.chat.completions.create(model="sim-refuse", messages=HELLO)
        assert (done.choices[0].message.content, done.choices[0].message.refusal) == (
            None,
            REFUSAL,
        )
        refusal = ""
        async for chunk in await client.chat.completions.create(
            model="sim-refuse", messages=HELLO, stream=True
        ):
            refusal += chunk.choices[0].delta.refusal or ""
            assert not chunk.choices[0].delta.content
        assert refusal == REFUSAL

    with_sdk(use)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
        (404, openai.NotFoundError),
        (401, openai.AuthenticationError),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_failure_is_the_sdk_error_of_its_status(
    status: int, error: type[openai.APIStatusError], stream: bool
) -> None:
    async def use(client: openai.AsyncOpenAI) -> None:
        with pytest.raises(error) as caught:
            await client.chat.completions.create(
                model=f"sim-fail-{status}", messages=HELLO, stream=stream
            )
        assert caught.value.status_code == status
        assert caught.value.type is not None
        assert ("retry-after" in caught.value.response.headers) == (status == 429)

    with_sdk(use)


def test_models_are_listed() -> None:
    async def use(client: openai.AsyncOpenAI) -> None:
        assert [model.id async for model in client.models.list()] == list(MODELS)

    with_sdk(use)


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        (b"", None),
        (b"{", None),
        (b"\xff{}", None),
        (b"[]", None),
        (b'{"model": NaN}', None),
        (b'{"model": ' + b"9" * 5000 + b"}", None),
        (b"[" * 100_000, None),
        ({}, "model"),
        ({"model": "m"}, "messages"),
        ({"model": "m", "messages": "hello"}, "messages"),
        ({"model": "m", "messages": []}, "messages"),
        ({"model": "m", "messages": [{}], "n": True}, "n"),
        ({"model": "m", "messages": [{}], "n": 0}, "n"),
    ],
)
def test_a_bad_chat_body_is_a_400_that_names_the_parameter(
    body: object, parameter: str | None
) -> None:
    response = post("/v1/chat/completions", body)
    error = response.json()["error"]
    assert response.status_code == 400
    assert (error["type"], error["param"]) == ("invalid_request_error", parameter)


def test_half_a_surrogate_pair_comes_back_as_an_escape() -> None:
    body = b'{"model": "m", "messages": [{"role": "user", "content": "\\ud83d"}]}'
    response = post("/v1/chat/completions", body)
    assert b"You said: \\ud83d" in response.content


def test_an_unknown_path_is_a_404_in_json() -> None:
    response = post("/v2/nothing", {})
    assert response.status_code == 404
    assert response.json()["error"]["message"] == "Invalid URL (POST /v2/nothing)"


# ---- delivery


def test_a_slow_model_pauses_before_and_between() -> None:
    pauses = Pauses()
    said = [{"role": "user", "content": "one two"}]
    body = {"model": "sim-slow", "messages": said, "stream": True}
    post("/v1/chat/completions", body, create_app(pauses))
    assert pauses.seconds[0] == 0.5
    assert pauses.seconds[1:] == [0.05] * (len(pieces("You said: one two")) + 2)
    pauses.seconds.clear()
    post("/v1/chat/completions", {**body, "stream": False}, create_app(pauses))
    assert pauses.seconds == [pytest.approx(0.5 + 0.05 * len(pieces("You said: one two")))]


@pytest.mark.parametrize("stream", [True, False])
def test_a_dropped_answer_ends_half_way_with_the_connection(stream: bool) -> None:
    async def main() -> bytes:
        heard = bytearray()
        async with served() as (_, client):
            body = chat("sim-drop", stream=stream)
            async with client.stream("POST", "/v1/chat/completions", json=body) as response:
                assert response.status_code == 200
                with pytest.raises(httpx.RemoteProtocolError):
                    async for chunk in response.aiter_raw():
                        heard += chunk
        return bytes(heard)

    heard = asyncio.run(main())
    assert heard
    assert b"[DONE]" not in heard
    assert b"usage" not in heard


# ---- Anthropic


def test_an_anthropic_message_has_blocks_and_usage() -> None:
    response = post("/v1/messages", messages("claude"))
    body = response.json()
    assert body["content"] == [{"type": "text", "text": "You said: hello there"}]
    assert (body["type"], body["role"], body["stop_reason"]) == (
        "message",
        "assistant",
        "end_turn",
    )
    assert body["usage"]["output_tokens"] == len(pieces("You said: hello there"))
    assert response.headers["request-id"].startswith("req_")


def test_an_anthropic_stream_opens_fills_and_closes_its_block() -> None:
    response = post("/v1/messages", messages("sim-prose", stream=True))
    found = events(response)
    kinds = [one["type"] for one in found]
    assert kinds[:3] == ["message_start", "content_block_start", "ping"]
    assert set(kinds[3:-3]) == {"content_block_delta"}
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert "".join(one["delta"]["text"] for one in found[3:-3]) == PROSE
    assert re.findall(r"^event: (.*)$", response.text, re.MULTILINE) == kinds


def test_an_anthropic_tool_call_comes_whole_and_as_partial_json() -> None:
    body = messages("sim-tool", tools=[{"name": "get_weather", "input_schema": {}}])
    whole = post("/v1/messages", body).json()
    assert whole["stop_reason"] == "tool_use"
    assert whole["content"][0]["name"] == "get_weather"
    assert whole["content"][0]["input"] == {"text": "hello there"}
    found = events(post("/v1/messages", {**body, "stream": True}))
    assert found[1]["content_block"]["input"] == {}
    cut = "".join(one["delta"]["partial_json"] for one in found[3:-3])
    assert json.loads(cut) == {"text": "hello there"}
    assert found[-2]["delta"]["stop_reason"] == "tool_use"


def test_an_anthropic_refusal_is_a_stop_reason() -> None:
    assert post("/v1/messages", messages("sim-refuse")).json()["stop_reason"] == "refusal"


@pytest.mark.parametrize(
    ("status", "kind"),
    [(429, "rate_limit_error"), (500, "api_error"), (529, "overloaded_error")],
)
def test_an_anthropic_failure_has_its_type(status: int, kind: str) -> None:
    response = post("/v1/messages", messages(f"sim-fail-{status}"))
    body = response.json()
    assert response.status_code == status
    assert (body["type"], body["error"]["type"]) == ("error", kind)
    assert ("retry-after" in response.headers) == (status == 429)


@pytest.mark.parametrize(
    ("change", "start"),
    [
        ({"max_tokens": None}, "max_tokens: Field required"),
        ({"max_tokens": 0}, "max_tokens: "),
        ({"model": 1}, "model: "),
        ({"messages": []}, "messages: "),
        ({"messages": {}}, "messages: "),
    ],
)
def test_a_bad_anthropic_body_is_a_400_that_names_the_field(
    change: dict[str, object], start: str
) -> None:
    response = post("/v1/messages", {**messages("claude"), **change})
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"
    assert response.json()["error"]["message"].startswith(start)


# ---- Gemini


def test_a_gemini_answer_has_candidates_and_usage() -> None:
    config = {"generationConfig": {"candidateCount": 2}}
    body = post(gemini("gemini-pro"), {**CONTENTS, **config}).json()
    texts = [one["content"]["parts"][0]["text"] for one in body["candidates"]]
    assert texts == ["You said: hello  there", "You said: hello  there (choice 2)"]
    assert {one["finishReason"] for one in body["candidates"]} == {"STOP"}
    usage = body["usageMetadata"]
    assert usage["candidatesTokenCount"] == sum(len(pieces(text)) for text in texts)
    assert body["modelVersion"] == "gemini-pro"


def test_a_gemini_stream_cuts_every_candidate_and_ends_each_once() -> None:
    path = gemini("sim-echo", "streamGenerateContent", "?alt=sse")
    response = post(path, {**CONTENTS, "generationConfig": {"candidateCount": 2}})
    assert response.text.endswith("}\r\n\r\n")
    heard, finishes = ["", ""], []
    for one in events(response):
        for candidate in one["candidates"]:
            heard[candidate["index"]] += candidate["content"]["parts"][0]["text"]
            finishes += [candidate["index"]] if "finishReason" in candidate else []
    assert heard == ["You said: hello  there", "You said: hello  there (choice 2)"]
    assert finishes == [0, 1]


def test_a_gemini_stream_without_sse_is_one_json_array() -> None:
    response = post(gemini("sim-leaky", "streamGenerateContent"), CONTENTS)
    assert response.headers["content-type"] == "application/json"
    parts = [one["candidates"][0]["content"]["parts"][0]["text"] for one in response.json()]
    assert "".join(parts) == LEAK
    assert len(parts) > 10


@pytest.mark.parametrize("method", ["generateContent", "streamGenerateContent"])
def test_a_gemini_function_call_is_never_cut_and_a_refusal_has_no_content(
    method: str,
) -> None:
    tools = [{"functionDeclarations": [{"name": "get_weather"}]}]
    body = post(gemini("sim-tool", method), {**CONTENTS, "tools": tools}).json()
    call = (body if isinstance(body, dict) else body[0])["candidates"][0]
    wanted = {"name": "get_weather", "args": {"text": "hello  there"}}
    assert call["content"]["parts"] == [{"functionCall": wanted}]
    body = post(gemini("sim-refuse", method), CONTENTS).json()
    refused = (body if isinstance(body, dict) else body[0])["candidates"][0]
    assert refused == {"index": 0, "finishReason": "SAFETY"}


@pytest.mark.parametrize(
    ("status", "name"),
    [(429, "RESOURCE_EXHAUSTED"), (500, "INTERNAL"), (503, "UNAVAILABLE")],
)
def test_a_gemini_failure_has_its_status_name(status: int, name: str) -> None:
    response = post(gemini(f"sim-fail-{status}"), CONTENTS)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["status"]) == (
        status,
        status,
        name,
    )
    assert ("retry-after" in response.headers) == (status == 429)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        {},
        {"contents": 1},
        {**CONTENTS, "generationConfig": {"candidateCount": 0}},
    ],
)
def test_a_bad_gemini_body_is_an_invalid_argument(body: object) -> None:
    response = post(gemini("gemini-pro"), body)
    assert (response.status_code, response.json()["error"]["code"]) == (400, 400)
    assert response.json()["error"]["status"] == "INVALID_ARGUMENT"


# ---- any body

KEYS = st.sampled_from(
    [
        "model",
        "messages",
        "role",
        "content",
        "type",
        "text",
        "tools",
        "name",
        "function",
        "n",
        "max_tokens",
        "system",
        "contents",
        "parts",
        "generationConfig",
        "candidateCount",
        "stream",
        "functionDeclarations",
        "stream_options",
        "systemInstruction",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["user", "text", "sim-tool"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@given(st.dictionaries(KEYS, VALUES), st.booleans())
def test_no_body_is_too_strange_for_an_answer_or_a_400(
    body: dict[str, object], filled: bool
) -> None:
    if filled:
        body = {
            "model": "m",
            "max_tokens": 1,
            "messages": [{"role": "user"}],
            **CONTENTS,
            **body,
        }
    app = create_app()

    async def main() -> list[int]:
        async with inside(app) as client:
            paths = ["/v1/chat/completions", "/v1/messages", gemini("m")]
            return [(await client.post(path, json=body)).status_code for path in paths]

    assert set(asyncio.run(main())) <= {200, 400}


# ---- the server


def test_the_server_takes_a_free_port_and_frees_it() -> None:
    async def main() -> int:
        async with served() as (server, client):
            assert server.port > 0
            response = await client.post("/v1/chat/completions", json=chat("sim-prose"))
            assert response.json()["choices"][0]["message"]["content"] == PROSE
            assert "server" not in response.headers
            return server.port

    port = asyncio.run(main())
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port)).close()


def test_a_taken_port_is_an_error_that_names_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = HttpServer(create_app(), "127.0.0.1", port)
        with pytest.raises(
            OSError, match=rf"^\[Errno \d+\] cannot listen on 127\.0\.0\.1:{port}: "
        ):
            asyncio.run(server.start())


def test_stopping_waits_for_an_open_answer() -> None:
    async def main() -> None:
        begun = asyncio.Event()

        async def wait(seconds: float) -> None:
            await begun.wait()

        server = HttpServer(create_app(wait), "127.0.0.1", 0)
        await server.start()
        url = f"http://127.0.0.1:{server.port}/v1/chat/completions"
        async with httpx.AsyncClient() as client:
            answer = asyncio.create_task(client.post(url, json=chat("sim-slow", stream=True)))
            while not server.open_requests:
                await asyncio.sleep(0)
            stopping = asyncio.create_task(server.stop(10))
            await asyncio.sleep(0)
            begun.set()
            assert (await answer).text.endswith("data: [DONE]\n\n")
        await stopping

    asyncio.run(main())


@pytest.mark.parametrize("stream", [True, False])
def test_stopping_cuts_what_outlasts_the_grace_without_a_traceback(
    stream: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async def never(seconds: float) -> None:
            await asyncio.Event().wait()

        server = HttpServer(create_app(never), "127.0.0.1", 0)
        await server.start()
        url = f"http://127.0.0.1:{server.port}/v1/chat/completions"
        async with httpx.AsyncClient() as client:
            answer = asyncio.create_task(client.post(url, json=chat("sim-slow", stream=stream)))
            while not server.open_requests:
                await asyncio.sleep(0)
            await asyncio.wait_for(server.stop(0), 5)
            with pytest.raises(httpx.TransportError):
                await answer

    with caplog.at_level(logging.INFO):
        asyncio.run(main())
    assert [record for record in caplog.records if record.name.startswith("uvicorn")] == []


def test_a_client_that_leaves_in_mid_stream_leaves_no_trace_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        async with served() as (_, client):
            body = chat("sim-prose", stream=True, n=64)
            async with client.stream("POST", "/v1/chat/completions", json=body) as response:
                await anext(response.aiter_raw())

    with caplog.at_level(logging.INFO):
        asyncio.run(main())
    assert [record for record in caplog.records if record.name.startswith("uvicorn")] == []


def test_a_client_that_leaves_in_mid_body_leaves_no_trace_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        async with served() as (server, client):
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            head = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{"
            writer.write(head.encode())
            await writer.drain()
            writer.close()
            await writer.wait_closed()
            assert (await client.get("/v1/models")).status_code == 200

    with caplog.at_level(logging.INFO):
        asyncio.run(main())
    assert [record for record in caplog.records if record.name.startswith("uvicorn")] == []
