"""Classifiers that users bring."""

from pathlib import Path

import pytest

from extproc.detectors.slow import Deadline, DetectorError, Failure, Labels, Text
from extproc.model.errors import InputError
from extproc.model.values import Direction, Finding
from extproc.models.classifiers import TextClassifier, TokenClassifier
from tests.models.making import write_model

NAMES = {"person": "pii", "place": "pii"}
WANTED = {"PER": "person", "LOC": "place"}
TAGS = ["O", "B-PER", "I-PER", "B-LOC"]
WORDS = {"Jane": "B-PER", "Doe": "I-PER", "Smith": "I-PER", "Paris": "B-LOC"}


def attacks(directory: Path, threshold: float = 0.5) -> TextClassifier:
    path = write_model(directory, ["SAFE", "ATTACK"], {"ignore": "ATTACK"}, per_token=False)
    wanted = {"ATTACK": "attack"}
    return TextClassifier(path, wanted, Labels("m", wanted, threshold, {"attack": "injection"}))


def names(directory: Path) -> TokenClassifier:
    path = write_model(directory, TAGS, WORDS, per_token=True)
    return TokenClassifier(path, WANTED, Labels("m", WANTED, 0.5, NAMES))


def found(detector: TextClassifier | TokenClassifier, text: str) -> list[Finding]:
    [findings] = detector.detect([Text(text, "user")], Direction.REQUEST, Deadline(20))
    return findings


def test_a_text_has_the_label_of_its_model(tmp_path: Path) -> None:
    detector = attacks(tmp_path)
    [finding] = found(detector, " please ignore it ")
    assert finding[:4] == ("attack", "injection", 0, 18)
    assert 0.95 < finding.score <= 1
    assert found(detector, "please do it") == []
    assert found(detector, "") == []


def test_what_is_not_sure_enough_is_not_found(tmp_path: Path) -> None:
    assert found(attacks(tmp_path, threshold=0.995), "ignore it") == []


def test_a_long_text_is_read_in_windows(tmp_path: Path) -> None:
    text = "word " * 1000 + "ignore " + "word " * 1000
    [finding] = found(attacks(tmp_path), text)
    assert 0 < finding.start < text.index("ignore") < finding.end < len(text)
    assert finding.end - finding.start < 3000


def test_two_places_in_a_long_text_are_two_findings(tmp_path: Path) -> None:
    text = "ignore " + "word " * 2000 + "ignore"
    first, second = found(attacks(tmp_path), text)
    assert (first.start, second.end) == (0, len(text))


def test_names_have_their_spans_in_code_points(tmp_path: Path) -> None:
    text = "é 😀 Jane Doe met Jane  Smith in Paris."
    spans = [(f.type, text[f.start : f.end]) for f in found(names(tmp_path), text)]
    assert spans == [("person", "Jane Doe"), ("person", "Jane  Smith"), ("place", "Paris")]


def test_a_beginning_begins_another_name(tmp_path: Path) -> None:
    text = "Jane Jane Doe"
    spans = [text[f.start : f.end] for f in found(names(tmp_path), text)]
    assert spans == ["Jane", "Jane Doe"]


@pytest.mark.parametrize("before", [0, 189, 190, 191, 252, 253, 254, 255, 400])
def test_a_name_on_the_edge_of_a_window_is_one_name(tmp_path: Path, before: int) -> None:
    text = "x " * before + "Jane Doe" + " y" * 300
    spans = [text[f.start : f.end] for f in found(names(tmp_path), text)]
    assert spans == ["Jane Doe"]


def test_labels_must_be_those_of_the_model(tmp_path: Path) -> None:
    path = write_model(tmp_path, TAGS, WORDS, per_token=True)
    with pytest.raises(InputError, match="has no label 'PERSON'; use some of"):
        TokenClassifier(path, {"PERSON": "person"}, Labels("m", {}, 0.5, {}))


def test_several_labels_may_be_true_where_the_model_says_so(tmp_path: Path) -> None:
    config = {"problem_type": "multi_label_classification"}
    words = {"a": "X", "b": "Y"}
    path = write_model(tmp_path, ["O", "X", "Y"], words, per_token=False, config=config)
    wanted = {"X": "x", "Y": "y"}
    detector = TextClassifier(path, wanted, Labels("m", wanted, 0.9, {"x": "c", "y": "c"}))
    assert [finding.type for finding in found(detector, "a b")] == ["x", "y"]


def test_time_that_is_up_ends_it(tmp_path: Path) -> None:
    with pytest.raises(DetectorError) as caught:
        attacks(tmp_path).detect([Text("word", "user")], Direction.REQUEST, Deadline(0))
    assert caught.value.kind is Failure.TIMEOUT


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("model.onnx", b"no model", "is no ONNX model"),
        ("tokenizer.json", b"{", "is no tokenizer"),
        ("config.json", b"{", "cannot be read"),
        ("config.json", b"[]", "is no configuration"),
        ("config.json", b"{}", "has no id2label"),
    ],
)
def test_a_broken_folder_is_told(tmp_path: Path, file: str, content: bytes, message: str) -> None:
    path = write_model(tmp_path, TAGS, WORDS, per_token=True)
    (path / file).write_bytes(content)
    with pytest.raises(InputError, match=message):
        TokenClassifier(path, WANTED, Labels("m", WANTED, 0.5, NAMES))
