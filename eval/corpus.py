"""The corpora of tests/corpus as documents: a text, where it is from, what stands in it."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT / "tests" / "corpus"


class Gold(NamedTuple):
    """A value as its source annotated it. Offsets are code points, end exclusive."""

    start: int
    end: int
    type: str


@dataclass(frozen=True, slots=True)
class Document:
    """One text. `label` is the source's word for it, `group` its kind within the source.

    `spans` are values, or the part of an attack that makes it one.
    """

    text: str
    source: str
    label: str = ""
    group: str = ""
    spans: tuple[Gold, ...] = ()


@dataclass(frozen=True, slots=True)
class Corpora:
    """All that is measured on. `blank` are forms without values, where nothing is to be found."""

    pii: list[Document]
    blank: list[Document]
    attacks: list[Document]
    benign: list[Document]
    lines: list[Document]
    examples: list[Document]
    posts: list[Document]
    lexicon: list[Document]

    def every(self) -> list[Document]:
        """All documents, in a fixed order."""
        prompts = [*self.attacks, *self.benign]
        secrets = [*self.lines, *self.examples]
        return [*self.pii, *self.blank, *prompts, *secrets, *self.posts, *self.lexicon]


def load(root: Path = CORPUS) -> Corpora:
    """Read the files under `root`; a file that is not there has no rows."""
    return Corpora(
        pii=[
            *_read(root / "pii" / "presidio_generated_large.jsonl.gz"),
            *_read(root / "pii" / "pii_anon_dims.jsonl.gz"),
        ],
        blank=list(_read(root / "pii" / "presidio_templates.jsonl.gz")),
        attacks=list(_read(root / "prompts" / "attack.jsonl.gz")),
        benign=list(_read(root / "prompts" / "benign.jsonl.gz")),
        lines=list(_read(root / "secrets" / "creddata_lines.jsonl.gz")),
        examples=list(_read(root / "secrets" / "rule_examples.jsonl.gz")),
        posts=[
            *_read(root / "toxicity" / "davidson.jsonl.gz"),
            *_read(root / "toxicity" / "toxigen.jsonl.gz"),
        ],
        lexicon=list(_read(root / "toxicity" / "ldnoobw_lexicon.jsonl.gz")),
    )


def _read(file: Path) -> Iterator[Document]:
    if not file.exists():
        return
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield _document(json.loads(line))


def _document(row: dict[str, Any]) -> Document:
    text = row["text"]
    group = row.get("family") or row.get("rule") or row.get("group") or row.get("lang") or ""
    return Document(text, row["source"], str(row.get("label", "")), group, tuple(_spans(row)))


def _spans(row: dict[str, Any]) -> Iterator[Gold]:
    for start, end, *rest in row.get("spans", ()):
        yield Gold(start, end, rest[0] if rest else "secret")
    sentence = row.get("attack_text")
    if sentence and sentence in row["text"]:
        start = row["text"].index(sentence)
        yield Gold(start, start + len(sentence), "attack")
