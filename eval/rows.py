"""From counts to rows, plain dictionaries as they stand in results.json."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from eval.anchors import ANCHORS, TARGETS
from eval.corpus import Corpora, Document, Gold
from eval.counting import SpanCounts, TextCounts, count_spans, count_texts, f_score, share
from eval.detection import Found
from eval.mapping import KINDS, families_of

Row = dict[str, object]

ATTACKS = frozenset({"injection", "jailbreak"})
SECRETS = frozenset({"secrets"})
TOXICITY = frozenset({"toxicity"})
_INDIRECT = "BIPIA:train"
_ALL = "all"


class Measured:
    """The corpora with what was found in each document, in the same order."""

    def __init__(self, corpora: Corpora, found: Sequence[Found]) -> None:
        self.corpora = corpora
        self._found = dict(zip(map(id, corpora.every()), found, strict=True))
        self.misses: list[Row] = []

    def found(self, documents: Iterable[Document]) -> list[Found]:
        return [self._found[id(document)] for document in documents]

    def texts(
        self, documents: Sequence[Document], families: frozenset[str], negative: str
    ) -> TextCounts:
        return count_texts(documents, self.found(documents), families, negative)

    def per_10k(self, types: Iterable[str], benign: Sequence[Document]) -> float:
        """Benign prompts with a finding of any of these types, of 10,000."""
        wanted = frozenset(types)
        hits = sum(any(f.type in wanted for f in found) for found in self.found(benign))
        return round(hits / len(benign) * 10_000, 2) if benign else 0.0

    def rows(self) -> Iterator[Row]:
        """Every row, family by family."""
        yield from self._values()
        yield from self._secrets()
        yield from self._attacks()
        yield from self._toxicity()
        yield from self._benign()

    def _values(self) -> Iterator[Row]:
        documents = self.corpora.pii
        counts = count_spans(documents, self.found(documents))
        sources = list(dict.fromkeys(document.source for document in documents))
        yield from self._any_value(counts, sources)
        for name, kind in KINDS.items():
            mine = {s: counts[s, name] for s in sources if (s, name) in counts}
            benign = self.per_10k(kind.accepts, self.corpora.benign)
            for source, one in mine.items():
                self._note(name, source, one)
                yield from _value_rows(kind.family, name, source, one, {"per_10k": benign})

    def _any_value(
        self, counts: Mapping[tuple[str, str], SpanCounts], sources: Sequence[str]
    ) -> Iterator[Row]:
        for source in sources:
            chosen = [one for (where, _), one in counts.items() if where == source]
            total = SpanCounts(
                values=sum(one.values for one in chosen),
                found=sum(one.found for one in chosen),
                exact=sum(one.exact for one in chosen),
                valid_values=sum(one.valid_values for one in chosen),
                valid_found=sum(one.valid_found for one in chosen),
                findings=sum(one.findings for one in chosen),
                right=sum(one.right for one in chosen),
            )
            yield from _value_rows("pii", "any of these", source, total, {})

    def _secrets(self) -> Iterator[Row]:
        name = "secret in a line of code"
        benign = self.per_10k(families_of().get("secrets", ()), self.corpora.benign)
        lines = [d for d in self.corpora.lines if "UUID" not in d.group]
        for source, documents in _by_source(lines):
            counts = self.texts(documents, SECRETS, "0")
            self._note(name, source, counts)
            yield _text_row("secrets", name, source, counts, {})
        uuids = [d for d in self.corpora.lines if "UUID" in d.group]
        yield _text_row(
            "secrets", "UUID in a line of code", _ALL, self.texts(uuids, SECRETS, "0"), {}
        )
        name = "secret in an example of a rule"
        for source, documents in _by_source(self.corpora.examples):
            counts = self.texts(documents, SECRETS, "0")
            self._note(name, source, counts)
            extra = {"per_10k": benign} if source == _ALL else {}
            yield _text_row("secrets", name, source, counts, extra)

    def _attacks(self) -> Iterator[Row]:
        benign = self.corpora.benign
        direct = [d for d in self.corpora.attacks if d.source != _INDIRECT]
        indirect = [d for d in self.corpora.attacks if d.source == _INDIRECT]
        types = families_of()
        mine = [name for family in sorted(ATTACKS) for name in types.get(family, ())]
        extra = {"per_10k": self.per_10k(mine, benign)}
        for name, attacks in (("jailbreak or hijack", direct), ("indirect injection", indirect)):
            counts = self.texts([*attacks, *benign], ATTACKS, "benign")
            yield _text_row("injection", name, _ALL, counts, extra)
            for source, documents in _by_source(attacks)[1:]:
                counts = self.texts(documents, ATTACKS, "benign")
                self._note(name, source, counts)
                yield _text_row("injection", name, source, counts, {})
        for source, documents in _by_source(benign):
            counts = self.texts(documents, ATTACKS, "benign")
            self._note("benign prompt", source, counts)
            yield _text_row("injection", "benign prompt", source, counts, {})

    def _toxicity(self) -> Iterator[Row]:
        name = "hate or offence"
        benign = self.per_10k(families_of().get("toxicity", ()), self.corpora.benign)
        for source, documents in _by_source(self.corpora.posts):
            counts = self.texts(documents, TOXICITY, "neutral")
            self._note(name, source, counts)
            extra = {"per_10k": benign} if source == _ALL else {}
            yield _text_row("toxicity", name, source, counts, extra)
            for label in sorted({d.label for d in documents} - {"neutral"}):
                chosen = [d for d in documents if d.label == label]
                if source != _ALL:
                    counts = self.texts(chosen, TOXICITY, "neutral")
                    yield _text_row("toxicity", f"{label} alone", source, counts, {})
        for language in sorted({d.group for d in self.corpora.lexicon}):
            words = [d for d in self.corpora.lexicon if d.group == language]
            counts = self.texts(words, TOXICITY, "neutral")
            yield _text_row("toxicity", f"listed word, {language}", "ldnoobw", counts, {})

    def _benign(self) -> Iterator[Row]:
        """What is found where little is to be found. Some prompts do hold addresses and names."""
        for family, types in families_of().items():
            for source, documents in _by_source([*self.corpora.benign, *self.corpora.blank]):
                hits = self.per_10k(types, documents)
                if hits or source == _ALL:
                    yield _benign_row(family, f"any {family}", source, len(documents), hits)
            for name in types:
                hits = self.per_10k([name], self.corpora.benign)
                if hits:
                    yield _benign_row(family, name, _ALL, len(self.corpora.benign), hits)

    def _note(self, name: str, source: str, counts: SpanCounts | TextCounts) -> None:
        """Keep what is wrong for who wants to look at it."""
        if source == _ALL:
            return
        about: Row = {"what": name, "source": source}
        for document, finding in counts.wrong:
            value = document.text[finding.start : finding.end]
            entry = {"error": "wrong", "type": finding.type, "value": value, "text": document.text}
            self.misses.append(about | entry)
        for missed in counts.missed:
            document, value = (missed, "") if isinstance(missed, Document) else _value(missed)
            entry = {"error": "missed", "group": document.group}
            self.misses.append(about | entry | {"value": value, "text": document.text})


def _value(missed: tuple[Document, Gold]) -> tuple[Document, str]:
    document, gold = missed
    return document, document.text[gold.start : gold.end]


def _by_source(documents: Sequence[Document]) -> list[tuple[str, list[Document]]]:
    """All of them first, then those of each source."""
    found: dict[str, list[Document]] = {_ALL: list(documents)}
    for document in documents:
        found.setdefault(document.source, []).append(document)
    return list(found.items())


def _value_rows(
    family: str, name: str, source: str, counts: SpanCounts, extra: Mapping[str, object]
) -> Iterator[Row]:
    """For the values that can be such, and, where others were annotated, for all of them."""
    chosen = [("all", counts.values, counts.found)]
    if counts.valid_values < counts.values:
        chosen.insert(0, ("valid", counts.valid_values, counts.valid_found))
    for values, size, hits in chosen:
        if not size:
            continue
        recall, precision = share(hits, size), counts.precision
        row: Row = {
            "family": family,
            "what": name,
            "source": source,
            "values": values,
            "n": size,
            "recall": _rounded(recall),
            "precision": _rounded(precision),
            "f2": _rounded(f_score(precision, recall, 2)),
            "exact": _rounded(share(counts.exact, counts.found)),
            **extra,
        }
        yield _judged(row, asked=values == chosen[0][0])


def _text_row(
    family: str, name: str, source: str, counts: TextCounts, extra: Mapping[str, object]
) -> Row:
    both = counts.positives and counts.negatives
    row: Row = {
        "family": family,
        "what": name,
        "source": source,
        "n": counts.positives,
        "recall": _rounded(counts.recall),
        "benign": counts.negatives,
        "false_rate": _rounded(counts.false_rate),
        "precision": _rounded(counts.precision),
        "f1": _rounded(f_score(counts.precision, counts.recall, 1)) if both else None,
        "f2": _rounded(f_score(counts.precision, counts.recall, 2)) if both else None,
        **extra,
    }
    return _judged(row, asked=True)


def _benign_row(family: str, name: str, source: str, size: int, hits: float) -> Row:
    row: Row = {"family": "benign", "of": family, "what": name, "source": source, "n": size}
    return row | {"per_10k": hits}


def _judged(row: Row, *, asked: bool) -> Row:
    bounds = TARGETS.get(str(row["what"])) if asked else None
    anchor = ANCHORS.get((str(row["what"]), str(row["source"])))
    return row | {
        "target": bounds and bounds.text(),
        "verdict": bounds and bounds.verdict(row),
        "anchor": anchor,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
