"""The simulator as one ASGI application."""

import asyncio

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from extproc.simulator import anthropic, gemini, openai, replies
from extproc.simulator.replies import Sleep


def create_app(sleep: Sleep = asyncio.sleep) -> Starlette:
    """All provider formats side by side; `sleep` takes seconds and makes the pauses."""
    routes = openai.routes(sleep) + anthropic.routes(sleep) + gemini.routes(sleep)
    handlers = {HTTPException: unknown, ClientDisconnect: gone}
    return Starlette(routes=routes, exception_handlers=handlers)


async def unknown(request: Request, error: Exception) -> Response:
    """A path or method that no provider has, in the shape that most clients read."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    message = f"Invalid URL ({request.method} {request.url.path})"
    kind = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return replies.as_json({"error": kind}, {}, status)


async def gone(_request: Request, _error: Exception) -> Response:
    """The client left while it sent its body: nobody reads this, and no log need tell of it."""
    return Response(status_code=499)
