"""What in the documents and events of OpenAI Responses is not plain text."""

from extproc.dialects.logprobs import LOGPROBS
from extproc.dialects.walk import JSON, ROLE, TOKEN, Media, Place, Shape

_IMAGE = Place(
    string=Media("image"),
    otherwise={
        "url": Media("image"),
        "file_id": TOKEN,
        "detail": TOKEN,
        "image_url": Media("image"),
    },
)
_ANNOTATION: dict[str, Shape] = {
    "type": TOKEN,
    "file_id": TOKEN,
    "container_id": TOKEN,
    "filename": None,
    "title": None,
    "url": None,
    "index": TOKEN,
    "start_index": TOKEN,
    "end_index": TOKEN,
}
_CONTENT: dict[str, Shape] = {
    "type": TOKEN,
    "text": None,
    "refusal": None,
    "annotations": {"*": _ANNOTATION},
    "logprobs": LOGPROBS,
    "image_url": _IMAGE,
    "detail": TOKEN,
    "file_id": TOKEN,
    "file_data": Media("file"),
    "file_url": Media("file_url"),
    "filename": None,
    "input_audio": {"data": Media("audio"), "format": TOKEN},
    "transcript": None,
    "prompt_cache_breakpoint": {"mode": TOKEN},
    "encrypted_content": Media("encrypted_reasoning"),
}
_AUDIO: dict[str, Shape] = {**_CONTENT, "data": Media("audio"), "format": TOKEN}
_PART = Place(_CONTENT, dict.fromkeys(("input_audio", "output_audio"), _AUDIO))

_TOOL: dict[str, Shape] = {
    "type": TOKEN,
    "name": None,
    "description": None,
    "parameters": None,
    "input_schema": None,
    "annotations": None,
    "strict": TOKEN,
    "defer_loading": TOKEN,
    "vector_store_ids": {"*": TOKEN},
    "max_num_results": TOKEN,
    "ranking_options": {"ranker": TOKEN, "score_threshold": TOKEN},
    "filters": None,
    "search_context_size": TOKEN,
    "return_token_budget": TOKEN,
    "search_content_types": {"*": TOKEN},
    "external_web_access": TOKEN,
    "user_location": {"type": TOKEN, "region": None, "country": None, "timezone": None},
    "container": Place(string=TOKEN, otherwise={"type": TOKEN, "file_ids": {"*": TOKEN}}),
    "environment": Place(string=TOKEN),
    "execution": TOKEN,
    "server_label": None,
    "server_url": None,
    "server_description": None,
    "connector_id": TOKEN,
    "authorization": Media("credential"),  # the provider's to hand on, as it is
    "headers": {"*": Media("credential")},
    "allowed_tools": None,
    "require_approval": None,
    "background": TOKEN,
    "input_image_mask": _IMAGE,
    "input_fidelity": TOKEN,
    "moderation": TOKEN,
    "output_compression": TOKEN,
    "output_format": TOKEN,
    "partial_images": TOKEN,
    "quality": TOKEN,
    "format": {"type": TOKEN, "syntax": TOKEN, "definition": None},
}
_TOOLS: dict[str, Shape] = {"*": {**_TOOL, "tools": {"*": _TOOL}}}

_KNOWN: dict[str, Shape] = {
    "id": TOKEN,
    "type": TOKEN,
    "status": TOKEN,
    "call_id": TOKEN,
    "phase": TOKEN,
    "execution": TOKEN,
    "container_id": TOKEN,
    "approval_request_id": TOKEN,
    "namespace": None,
    "server_label": None,
    "encrypted_content": Media("encrypted_reasoning"),
}
_MESSAGE: dict[str, Shape] = {**_KNOWN, "role": ROLE, "content": Place({"*": _PART})}

# What tools say, also inside of the item that calls one.
_OUTPUT = Place(
    role="tool",
    otherwise={
        **_CONTENT,
        "*": Place(
            otherwise={
                **_CONTENT,
                "stdout": None,
                "stderr": None,
                "outcome": {"type": TOKEN},
                "attributes": None,
            },
            # Images that a code interpreter has made.
            types={"image": {"type": TOKEN, "url": Media("image")}},
        ),
    },
)
_CALL: dict[str, Shape] = {
    **_KNOWN,
    "name": None,
    "arguments": JSON,
    "content": {"*": _PART},
    "summary": {"*": _PART},
    "action": {
        "type": TOKEN,
        "button": TOKEN,
        "queries": None,
        "sources": {"*": {"type": TOKEN, "url": None}},
        "pattern": None,
        "command": None,
        "commands": None,
        "working_directory": None,
        "timeout_ms": TOKEN,
        "max_output_length": TOKEN,
        "scroll_x": TOKEN,
        "scroll_y": TOKEN,
    },
    "operation": {"type": TOKEN, "path": None, "diff": None},
    "queries": None,
    "pending_safety_checks": {"*": {"id": TOKEN, "code": TOKEN, "message": None}},
    "output": _OUTPUT,
    "outputs": _OUTPUT,
    "results": _OUTPUT,
    "tools": _TOOLS,
}
_IMAGE_CALL: dict[str, Shape] = {
    **_CALL,
    "result": Media("image"),
    "revised_prompt": None,
    "background": TOKEN,
    "output_format": TOKEN,
    "quality": TOKEN,
}
_RESULT: dict[str, Shape] = {
    **_KNOWN,
    "output": _OUTPUT,
    "tools": _TOOLS,
    "max_output_length": TOKEN,
    "acknowledged_safety_checks": {"*": {"id": TOKEN, "code": TOKEN, "message": None}},
}
_CALLS = (
    "apply_patch_call",
    "code_interpreter_call",
    "compaction",
    "computer_call",
    "custom_tool_call",
    "file_search_call",
    "function_call",
    "local_shell_call",
    "mcp_approval_request",
    "mcp_call",
    "reasoning",
    "shell_call",
    "tool_search_call",
    "web_search_call",
)
_RESULTS = (
    "apply_patch_call_output",
    "computer_call_output",
    "custom_tool_call_output",
    "function_call_output",
    "local_shell_call_output",
    "mcp_list_tools",
    "shell_call_output",
    "tool_search_output",
)
_ITEM = Place(
    otherwise=_MESSAGE,
    types={
        **dict.fromkeys(_CALLS, Place(_CALL, role="assistant")),
        **dict.fromkeys(_RESULTS, Place(_RESULT, role="tool")),
        "image_generation_call": Place(_IMAGE_CALL, role="assistant"),
        "additional_tools": {**_MESSAGE, "tools": _TOOLS},
    },
)
_ITEMS: dict[str, Shape] = {"*": _ITEM}

# Of a request, and said again in the answer.
_SETTINGS: dict[str, Shape] = {
    "model": TOKEN,
    "instructions": Place(_ITEMS, role="system"),
    "tools": Place(_TOOLS, role="system"),
    "background": TOKEN,
    "conversation": Place(string=TOKEN, otherwise={"id": TOKEN}),
    "frequency_penalty": TOKEN,
    "max_output_tokens": TOKEN,
    "max_tool_calls": TOKEN,
    "metadata": None,
    "moderation": {"model": TOKEN},
    "parallel_tool_calls": TOKEN,
    "presence_penalty": TOKEN,
    "previous_response_id": TOKEN,
    "prompt": {
        "id": TOKEN,
        "version": TOKEN,
        "variables": {"*": _PART},
    },
    "prompt_cache_key": None,
    "prompt_cache_options": {"mode": TOKEN, "ttl": TOKEN},
    "prompt_cache_retention": TOKEN,
    "reasoning": {
        "context": TOKEN,
        "effort": TOKEN,
        "generate_summary": TOKEN,
        "mode": TOKEN,
        "summary": TOKEN,
    },
    "safety_identifier": None,
    "service_tier": TOKEN,
    "store": TOKEN,
    "temperature": TOKEN,
    "text": Place(
        {
            "format": {
                "type": TOKEN,
                "name": None,
                "description": None,
                "schema": None,
                "strict": TOKEN,
            },
            "verbosity": TOKEN,
        },
        role="system",
    ),
    "tool_choice": Place(string=TOKEN, otherwise={"type": TOKEN, "mode": TOKEN}),
    "top_logprobs": TOKEN,
    "top_p": TOKEN,
    "truncation": TOKEN,
}
REQUEST: Shape = {
    **_SETTINGS,
    "input": Place(_ITEMS, role="user"),
    "items": Place(_ITEMS, role="user"),
    "include": {"*": TOKEN},
    "stream": TOKEN,
    "stream_options": {"include_obfuscation": TOKEN},
    "context_management": {"*": {"type": TOKEN, "compact_threshold": TOKEN}},
}
_USAGE: Shape = {
    "input_tokens": TOKEN,
    "input_tokens_details": {
        "cache_write_tokens": TOKEN,
        "cached_tokens": TOKEN,
        "image_tokens": TOKEN,
        "text_tokens": TOKEN,
    },
    "output_tokens": TOKEN,
    "output_tokens_details": {
        "image_tokens": TOKEN,
        "reasoning_tokens": TOKEN,
        "text_tokens": TOKEN,
    },
    "total_tokens": TOKEN,
}
_ERROR: Shape = {"type": TOKEN, "code": TOKEN, "message": None, "param": None}
RESPONSE: dict[str, Shape] = {
    **_SETTINGS,
    "id": TOKEN,
    "object": TOKEN,
    "created_at": TOKEN,
    "completed_at": TOKEN,
    "status": TOKEN,
    "status_details": None,
    "billing": {"payer": TOKEN},
    "error": _ERROR,
    "incomplete_details": {"reason": TOKEN},
    "output": _ITEMS,
    "output_text": None,
    "data": _ITEMS,
    "first_id": TOKEN,
    "last_id": TOKEN,
    "has_more": TOKEN,
    "deleted": TOKEN,
    "input_tokens": TOKEN,
    "tool_calls": None,
    "tool_usage": {"image_gen": _USAGE, "web_search": {"num_requests": TOKEN}},
    "usage": _USAGE,
}

_EVENT: dict[str, Shape] = {
    "type": TOKEN,
    "sequence_number": TOKEN,
    "obfuscation": TOKEN,
    "item_id": TOKEN,
    "output_index": TOKEN,
    "content_index": TOKEN,
    "summary_index": TOKEN,
    "annotation_index": TOKEN,
    "partial_image_index": TOKEN,
    "response": RESPONSE,
    "item": _ITEM,
    "part": _PART,
    "annotation": _ANNOTATION,
    "logprobs": LOGPROBS,
    "arguments": JSON,
    "refusal": None,
    "code": None,  # of a program, or of an error
    "message": None,
    "error": _ERROR,
    "background": TOKEN,
    "output_format": TOKEN,
    "quality": TOKEN,
    "partial_image_b64": Media("image"),
    "b64_json": Media("image"),
    "audio": Media("audio"),
    "created_at": TOKEN,
    "usage": _USAGE,
}
_EVENT_OF_JSON: Shape = {**_EVENT, "delta": JSON}
_EVENT_OF_AUDIO: Shape = {**_EVENT, "delta": Media("audio")}


def event_shape(kind: str) -> Shape:
    """The shape of an event, by its type."""
    if kind.endswith("arguments.delta"):
        return _EVENT_OF_JSON
    return _EVENT_OF_AUDIO if kind == "response.audio.delta" else _EVENT
