"""A BERT encoder as ONNX with 8-bit weights, made of the floats that its author published.

Architecture: Devlin et al. 2018. Each product is quantised as onnxruntime's dynamic quantisation
does it: weights with one scale per column, activations with one scale per product.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Array = NDArray[Any]
Tensors = Mapping[str, NDArray[np.float32]]

_OPSET = 17
_IR_VERSION = 8
_LARGEST = 63  # of a quantised weight: with 127 the sums of some processors overflow


def read_safetensors(data: bytes) -> dict[str, NDArray[np.float32]]:
    """The 32-bit tensors of a file: a length, a JSON header, the numbers.

    https://github.com/huggingface/safetensors#format
    """
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    tensors = {}
    for name, about in header.items():
        if about.get("dtype") == "F32":
            start, end = about["data_offsets"]
            values = np.frombuffer(data[8 + size + start : 8 + size + end], np.float32)
            tensors[name] = values.reshape(about["shape"])
    return tensors


def build(directory: Path, weights: bytes) -> bytes:
    """The ONNX model of the BERT in `directory`: `input_ids`, `attention_mask` to `embedding`.

    The embedding is the mean of the last layer over the tokens of the mask, of length 1.
    """
    config = json.loads((directory / "config.json").read_text())
    graph = _Graph(read_safetensors(weights), config)
    model = helper.make_model(
        graph.make(), opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION
    )
    return bytes(model.SerializeToString())


class _Graph:
    """Collects nodes and constants; every method returns the name of its result."""

    def __init__(self, tensors: Tensors, config: Mapping[str, Any]) -> None:
        self._tensors = tensors
        self._heads = config["num_attention_heads"]
        self._width = config["hidden_size"]
        self._layers = config["num_hidden_layers"]
        self._epsilon = config["layer_norm_eps"]
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def make(self) -> onnx.GraphProto:
        hidden = self._embeddings()
        hidden = self._normal(hidden, "embeddings.LayerNorm")
        mask = self._op("Cast", "attention_mask", to=TensorProto.FLOAT)
        column = self._op("Unsqueeze", mask, self._ints(-1))
        row = self._op("Unsqueeze", mask, self._ints(1, 2))
        hidden_from = self._op("Mul", self._op("Sub", self._floats(1.0), row), self._floats(-1e4))
        for layer in range(self._layers):
            hidden = self._layer(f"encoder.layer.{layer}", hidden, hidden_from)
        total = self._op("ReduceSum", self._op("Mul", hidden, column), self._ints(1), keepdims=0)
        count = self._op("ReduceSum", mask, self._ints(1), keepdims=1)
        mean = self._op("Div", total, count)
        length = self._op("ReduceL2", mean, axes=[1], keepdims=1)
        self._nodes.append(helper.make_node("Div", [mean, length], ["embedding"]))
        shape = ["texts", "tokens"]
        inputs = [
            helper.make_tensor_value_info(name, TensorProto.INT64, shape)
            for name in ("input_ids", "attention_mask")
        ]
        output = helper.make_tensor_value_info(
            "embedding", TensorProto.FLOAT, ["texts", self._width]
        )
        return helper.make_graph(self._nodes, "bert", inputs, [output], self._constants)

    def _embeddings(self) -> str:
        """Those of words, with one scale per word, of places, and of the first of two texts."""
        words, scales = _quantised(self._tensors["embeddings.word_embeddings.weight"].T)
        table = self._constant("words", np.ascontiguousarray(words.T))
        found = self._op("Cast", self._op("Gather", table, "input_ids"), to=TensorProto.FLOAT)
        scale = self._op("Gather", self._constant("scales", scales[:, None]), "input_ids")
        places = self._tensors["embeddings.position_embeddings.weight"]
        kind = self._tensors["embeddings.token_type_embeddings.weight"][0]
        length = self._op("Slice", self._op("Shape", "input_ids"), self._ints(1), self._ints(2))
        first = self._op(
            "Slice", self._constant("places", places + kind), self._ints(0), length, self._ints(0)
        )
        return self._op("Add", self._op("Mul", found, scale), first)

    def _layer(self, name: str, hidden: str, hidden_from: str) -> str:
        attended = self._attention(f"{name}.attention.self", hidden, hidden_from)
        attended = self._linear(f"{name}.attention.output.dense", attended)
        hidden = self._normal(
            self._op("Add", attended, hidden), f"{name}.attention.output.LayerNorm"
        )
        wide = self._gelu(self._linear(f"{name}.intermediate.dense", hidden))
        narrow = self._linear(f"{name}.output.dense", wide)
        return self._normal(self._op("Add", narrow, hidden), f"{name}.output.LayerNorm")

    def _attention(self, name: str, hidden: str, hidden_from: str) -> str:
        size = self._width // self._heads
        split = self._ints(0, 0, self._heads, size)

        def heads(part: str, *order: int) -> str:
            values = self._op("Reshape", self._linear(f"{name}.{part}", hidden), split)
            return self._op("Transpose", values, perm=list(order))

        query, key = heads("query", 0, 2, 1, 3), heads("key", 0, 2, 3, 1)
        scores = self._op("Mul", self._op("MatMul", query, key), self._floats(size**-0.5))
        shares = self._op("Softmax", self._op("Add", scores, hidden_from), axis=-1)
        mixed = self._op("MatMul", shares, heads("value", 0, 2, 1, 3))
        together = self._op("Transpose", mixed, perm=[0, 2, 1, 3])
        return self._op("Reshape", together, self._ints(0, 0, self._width))

    def _linear(self, name: str, value: str) -> str:
        """Its weights have one row per output."""
        weights, scales = _quantised(self._tensors[f"{name}.weight"].T)
        small, scale, zero = self._ops("DynamicQuantizeLinear", 3, value)
        product = self._op("MatMulInteger", small, self._constant(f"{name}.w", weights), zero)
        product = self._op("Cast", product, to=TensorProto.FLOAT)
        both = self._op("Mul", scale, self._constant(f"{name}.s", scales))
        bias = self._constant(f"{name}.b", self._tensors[f"{name}.bias"])
        return self._op("Add", self._op("Mul", product, both), bias)

    def _normal(self, value: str, name: str) -> str:
        weight = self._constant(f"{name}.w", self._tensors[f"{name}.weight"])
        bias = self._constant(f"{name}.b", self._tensors[f"{name}.bias"])
        return self._op("LayerNormalization", value, weight, bias, epsilon=self._epsilon)

    def _gelu(self, value: str) -> str:
        error = self._op("Erf", self._op("Mul", value, self._floats(0.5**0.5)))
        half = self._op("Mul", value, self._floats(0.5))
        return self._op("Mul", half, self._op("Add", error, self._floats(1.0)))

    def _op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        return self._ops(kind, 1, *inputs, **attributes)[0]

    def _ops(self, kind: str, outputs: int, *inputs: str, **attributes: Any) -> list[str]:
        names = [f"{kind}_{len(self._nodes)}_{index}" for index in range(outputs)]
        self._nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names

    def _constant(self, name: str, values: Array) -> str:
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def _ints(self, *values: int) -> str:
        return self._constant(f"i{len(self._constants)}", np.array(values, np.int64))

    def _floats(self, value: float) -> str:
        return self._constant(f"f{len(self._constants)}", np.array(value, np.float32))


def _quantised(weights: Array) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Weights of 8 bits with the scale of each column."""
    scales = np.abs(weights).max(axis=0) / _LARGEST
    scales = np.where(scales == 0, 1.0, scales).astype(np.float32)
    return np.rint(weights / scales).astype(np.int8), scales
