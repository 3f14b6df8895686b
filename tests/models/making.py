"""Tiny models that really run: each word of the text has its own logits."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers, processors

_SPECIAL = ("[UNK]", "[CLS]", "[SEP]")


def write_model(
    directory: Path,
    labels: list[str],
    words: Mapping[str, str],
    *,
    per_token: bool,
    config: Mapping[str, object] | None = None,
) -> Path:
    """A model in which a word has the label that `words` gives it, and any other the first.

    Of a whole text the strongest logit of each label counts.
    """
    directory.mkdir(exist_ok=True)
    vocabulary = {word: index for index, word in enumerate((*_SPECIAL, *words))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    tokenizer.save(str(directory / "tokenizer.json"))
    logits = np.zeros((len(vocabulary), len(labels)), np.float32)
    logits[:, 0] = 2.0
    for word, label in words.items():
        logits[vocabulary[word]] = 0.0
        logits[vocabulary[word], labels.index(label)] = 6.0
    id2label = {str(index): label for index, label in enumerate(labels)}
    (directory / "config.json").write_text(json.dumps({"id2label": id2label, **(config or {})}))
    (directory / "model.onnx").write_bytes(_lookup(logits, per_token=per_token))
    return directory


def _lookup(logits: np.ndarray[tuple[int, int], np.dtype[np.float32]], *, per_token: bool) -> bytes:
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["tokens"])]
    shape: list[str | int] = ["texts", "tokens", logits.shape[1]]
    if not per_token:
        shape.pop(1)
        nodes.append(helper.make_node("ReduceMax", ["tokens"], ["texts"], axes=[1], keepdims=0))
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "tokens"])
        for name in ("input_ids", "attention_mask")
    ]
    output = "tokens" if per_token else "texts"
    outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)]
    table = [numpy_helper.from_array(logits, "table")]
    graph = helper.make_graph(nodes, "lookup", inputs, outputs, table)
    model: onnx.ModelProto = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    )
    return bytes(model.SerializeToString())
