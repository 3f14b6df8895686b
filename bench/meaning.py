"""Fit the shipped classifiers of meaning, and say how they do on sources they were not fitted to.

    python -m bench.meaning           # the table
    python -m bench.meaning --write   # and extproc/models/heads/*.json

Texts are those of tests/corpus. A head is a logistic regression over the embedding of a window; a
text has the score of its highest window. The threshold lets 1 % of benign texts pass by mistake
when each of them is judged by a head that has not seen its source.
"""

import argparse
import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from extproc.detectors.slow import Deadline
from extproc.models.embedding import Embedder

CORPUS = Path("tests/corpus")
HEADS = Path("extproc/models/heads")
FALSE_POSITIVES = 0.01
PENALTY = 1.0
MOST = 6000  # characters of a text
# Orders that are harmless in themselves, put into e-mails: nothing in their words is an attack.
# They are measured and not learnt from.
NOT_LEARNT = frozenset({"BIPIA"})

Vector = NDArray[np.float64]


class Example(NamedTuple):
    """`part` is where in the text what makes it positive stands; none: anywhere."""

    text: str
    source: str
    is_positive: bool
    part: tuple[int, int] | None = None


class Data(NamedTuple):
    """Windows, each with the number of its text; label 1, 0, or -1 for one that shows nothing."""

    vectors: Vector
    owners: NDArray[np.int64]
    labels: NDArray[np.int64]
    sources: NDArray[Any]  # of texts
    positive: NDArray[np.bool_]


def rows(name: str) -> Iterator[dict[str, Any]]:
    with gzip.open(CORPUS / f"{name}.jsonl.gz", "rt") as lines:
        yield from map(json.loads, lines)


def prompts(kind: str) -> Iterator[Example]:
    for row in rows(f"prompts/{kind}"):
        text, part = row["text"][:MOST], None
        if row.get("attack_text"):
            start = text.find(row["attack_text"])
            part = (start, start + len(row["attack_text"]))
        source = row["source"].split(":")[0]
        yield Example(text, source, kind == "attack", part)


def toxicity() -> Iterator[Example]:
    for name in ("davidson", "toxigen"):
        for row in rows(f"toxicity/{name}"):
            yield Example(row["text"], name, row["label"] != "neutral")


def embed(examples: list[Example], embedder: Embedder) -> Data:
    vectors, owners, labels = [], [], []
    for owner, example in enumerate(examples):
        for window, vector in embedder.windows(example.text, Deadline(3600)):
            vectors.append(vector)
            owners.append(owner)
            labels.append(_label(example, *window.span))
        if owner % 500 == 0:
            print(f"\r{owner} of {len(examples)}", end="", file=sys.stderr, flush=True)
    print("\r", end="", file=sys.stderr)
    return Data(
        np.array(vectors, np.float64),
        np.array(owners),
        np.array(labels),
        np.array([example.source for example in examples]),
        np.array([example.is_positive for example in examples]),
    )


def _label(example: Example, start: int, end: int) -> int:
    if not example.is_positive or example.part is None:
        return int(example.is_positive)
    first, last = example.part
    shared = min(end, last) - max(start, first)
    return 1 if 2 * shared >= min(last - first, end - start) else -1


def fit(data: Data, chosen: NDArray[np.bool_]) -> Vector:
    """Weights and bias, by Newton's method. Sources count by the root of their size."""
    own = data.sources[data.owners]
    learnt = chosen & (data.labels >= 0) & ~((data.labels == 1) & np.isin(own, list(NOT_LEARNT)))
    x = np.hstack([data.vectors[learnt], np.ones((int(learnt.sum()), 1))])
    y = data.labels[learnt].astype(float)
    counts = Counter(zip(own[learnt], y, strict=True))
    weight = np.array([counts[key] ** -0.5 for key in zip(own[learnt], y, strict=True)])
    for label in (0, 1):
        weight[y == label] *= 500 / weight[y == label].sum()
    ridge = np.eye(x.shape[1]) * PENALTY
    ridge[-1, -1] = 1e-6
    found = np.zeros(x.shape[1])
    for _ in range(20):
        chance = 1 / (1 + np.exp(-x @ found))
        slope = x.T @ (weight * (chance - y)) + ridge @ found
        curve = (x * (weight * chance * (1 - chance))[:, None]).T @ x + ridge
        step = np.linalg.solve(curve, slope)
        found -= step
        if np.abs(step).max() < 1e-5:
            break
    return found


def scores(data: Data, head: Vector) -> Vector:
    """Of each text that of its highest window."""
    found = np.full(len(data.sources), -np.inf)
    np.maximum.at(found, data.owners, data.vectors @ head[:-1] + head[-1])
    return found


def unseen(data: Data) -> Vector:
    """The score of each text by a head that was fitted without its source."""
    found = np.empty(len(data.sources))
    for source in np.unique(data.sources):
        held = data.sources == source
        found[held] = scores(data, fit(data, ~held[data.owners]))[held]
    return found


def table(name: str, data: Data, found: Vector, threshold: float) -> None:
    print(f"{name}\n{'source':<28}{'texts':>7}{'recall':>9}{'false positives':>18}")
    for source in np.unique(data.sources):
        held = data.sources == source
        share = [
            f"{(found[part] > threshold).mean():.1%}" if (part := held & wanted).any() else ""
            for wanted in (data.positive, ~data.positive)
        ]
        print(f"{source:<28}{held.sum():>7}{share[0]:>9}{share[1]:>18}")
    print(flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    embedder, benign = Embedder(), list(prompts("benign"))
    examples = {
        "paraphrased_injection": [*prompts("attack"), *benign],
        "toxic_meaning": [*toxicity(), *benign],
    }
    for name, chosen in examples.items():
        data = embed(chosen, embedder)
        found = unseen(data)
        threshold = float(np.quantile(found[~data.positive], 1 - FALSE_POSITIVES))
        table(name, data, found, threshold)
        if write:
            head = fit(data, np.ones(len(data.owners), bool))
            HEADS.mkdir(exist_ok=True)
            about = {
                "fitted_by": "bench/meaning.py",
                "threshold": round(threshold - float(head[-1]), 4),
                "weights": [round(float(weight), 4) for weight in head[:-1]],
            }
            (HEADS / f"{name}.json").write_text(json.dumps(about) + "\n")


if __name__ == "__main__":
    main()
