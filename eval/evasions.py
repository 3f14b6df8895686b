"""Every disguise, put over what is found in plain text: how much of it is still found."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from eval.corpus import Document
from eval.counting import Span, covers
from eval.detection import Found, Pool
from eval.disguises import ALL, BARE, DIGITS, LETTERS, Disguise
from eval.mapping import KINDS
from eval.rows import ATTACKS, TOXICITY, Measured, Row

WITHIN = 0.02  # of the recall in plain text
SAMPLE = 400  # positives of each family

# Numbers that people dictate: these are sought in words, too.
_SPOKEN = frozenset({"credit_card", "us_ssn"})
_NUMBER = re.compile(r"\+?\d(?:[ .()-]{0,2}\d){6,18}")


_PARTS = frozenset({"building_number"})  # of a value that is disguised as a whole


class Positive(NamedTuple):
    """A part of a text, found there in plain: as a finding of `types`, or anywhere of `families`.

    What is sought in a sentence need not be found just there, so `types` is empty.
    """

    family: str
    what: str
    text: str
    span: Span
    types: frozenset[str]
    families: frozenset[str]

    def disguised(self, disguise: Disguise) -> tuple[str, Span] | None:
        """The text with the part in disguise, and where that stands; None where it is the same."""
        value = self.text[self.span.start : self.span.end]
        changed = disguise(value)
        if changed == value or not changed:
            return None
        text = self.text[: self.span.start] + changed + self.text[self.span.end :]
        return text, Span(self.span.start, self.span.start + len(changed))

    def among(self, findings: Found, span: Span) -> bool:
        """Whether it is found, standing at `span`."""
        if self.types:
            return any(f.type in self.types and covers(f, span) for f in findings)
        return any(f.family in self.families for f in findings)

    def disguises(self) -> Mapping[str, Disguise]:
        """All that apply to it."""
        if not self.types:
            return {**ALL, **LETTERS}
        if not _NUMBER.fullmatch(self.text[self.span.start : self.span.end]):
            return ALL
        spoken = self.what in _SPOKEN
        return {**ALL, **{n: d for n, d in DIGITS.items() if spoken or n != "number words"}}


def positives(measured: Measured) -> Iterator[Positive]:
    """Whatever is found in plain text."""
    corpora = measured.corpora
    yield from _values(corpora.pii, measured.found(corpora.pii))
    secret_texts = [*corpora.lines, *corpora.examples]
    yield from _secrets(secret_texts, measured.found(secret_texts))
    attacks = measured.found(corpora.attacks)
    yield from _sentences("injection", corpora.attacks, attacks, ATTACKS)
    posts = [document for document in corpora.posts if document.label != "neutral"]
    yield from _sentences("toxicity", posts, measured.found(posts), TOXICITY)


def _values(documents: Iterable[Document], found: Iterable[Found]) -> Iterator[Positive]:
    for document, findings in zip(documents, found, strict=True):
        for gold in document.spans:
            kind = KINDS.get(gold.type)
            if kind is None or gold.type in _PARTS:
                continue
            types = frozenset(kind.accepts)
            span = Span(gold.start, gold.end)
            one = Positive(kind.family, gold.type, document.text, span, types, frozenset())
            if one.among(findings, span):
                yield one


def _secrets(documents: Iterable[Document], found: Iterable[Found]) -> Iterator[Positive]:
    """The first secret found in each text; not all sources say where it stands."""
    for document, findings in zip(documents, found, strict=True):
        mine = [f for f in findings if f.family == "secrets"]
        if mine and document.label == "1":
            span = Span(mine[0].start, mine[0].end)
            types = frozenset(f.type for f in mine)
            yield Positive("secrets", mine[0].type, document.text, span, types, frozenset())


def _sentences(
    family: str,
    documents: Iterable[Document],
    found: Iterable[Found],
    families: frozenset[str],
) -> Iterator[Positive]:
    for document, findings in zip(documents, found, strict=True):
        if any(f.family in families for f in findings):
            start, end = 0, len(document.text)
            if document.spans:
                start, end = document.spans[0].start, document.spans[0].end
            what = document.source
            span = Span(start, end)
            yield Positive(family, what, document.text, span, frozenset(), families)


def sample(found: Iterable[Positive], most: int | None) -> list[Positive]:
    """At most so many of each family, of all types alike, the same in every run."""
    kinds: dict[str, dict[str, list[Positive]]] = {}
    for one in found:
        kinds.setdefault(one.family, {}).setdefault(one.what, []).append(one)
    chosen: list[Positive] = []
    for family in kinds.values():
        # In rounds, one of each type, until there are enough.
        ranked = [(rank, one) for of in family.values() for rank, one in enumerate(_mixed(of))]
        ranked.sort(key=lambda pair: pair[0])
        chosen += [one for _, one in ranked[:most]]
    return chosen


def _mixed(found: Iterable[Positive]) -> list[Positive]:
    return sorted(found, key=lambda one: hashlib.sha256(repr(one[2:4]).encode()).digest())


def rows(chosen: Sequence[Positive], pool: Pool, advance: Callable[[int], None]) -> list[Row]:
    """For each family and disguise the recall, and the type that loses most.

    Digits apart, or as words, are sought where the number is found without what groups it: that
    may be all that tells it from other numbers.
    """
    tasks = list(tasks_of(chosen))
    found = pool.find([text for _, _, text, _ in tasks], advance)
    hits: dict[tuple[str, str], dict[str, list[bool]]] = {}
    judged = list(zip(tasks, found, strict=True))
    bare = {
        id(one)
        for (one, name, _, span), findings in judged
        if name == BARE and one.among(findings, span)
    }
    for (one, name, _, span), findings in judged:
        if name == BARE or (name in DIGITS and id(one) not in bare):
            continue
        types = hits.setdefault((one.family, name), {})
        types.setdefault(one.what, []).append(one.among(findings, span))
    return [_row(family, name, types) for (family, name), types in hits.items()]


def tasks_of(chosen: Iterable[Positive]) -> Iterator[tuple[Positive, str, str, Span]]:
    """Each positive in each of its disguises: name, text, and where it stands in that."""
    for one in chosen:
        for name, disguise in one.disguises().items():
            changed = one.disguised(disguise)
            if changed is not None:
                yield one, name, *changed


def _row(family: str, name: str, types: Mapping[str, list[bool]]) -> Row:
    every = [hit for hits in types.values() for hit in hits]
    recall = sum(every) / len(every)
    worst = min(types, key=lambda what: sum(types[what]) / len(types[what]))
    row: Row = {"family": family, "disguise": name, "n": len(every), "plain": 1.0}
    holds = recall >= 1 - WITHIN
    return row | {
        "recall": round(recall, 4),
        "verdict": "holds" if holds else "MISSED",
        "worst": None if holds else f"{worst} {sum(types[worst])} of {len(types[worst])}",
    }


def matrix(found: Sequence[Row]) -> list[Row]:
    """Disguises down, families across."""
    lines: dict[object, Row] = {}
    for row in found:
        line = lines.setdefault(row["disguise"], {"disguise": row["disguise"]})
        line[str(row["family"])] = row["recall"]
    order = [*ALL, *DIGITS, *LETTERS]
    return sorted(lines.values(), key=lambda line: order.index(str(line["disguise"])))
