"""Codes of diagnoses, procedures and drugs."""

import re
from collections.abc import Iterator

from extproc.detectors.labels import Labelled, listed
from extproc.detectors.recognizer import Recognizer, Span

# Letters and the last category that their chapters reach, ICD-10-CM; the others reach 99.
_LAST_CATEGORY = {"D": 89, "E": 89, "H": 95, "K": 95, "O": 99, "P": 96, "T": 88, "U": 85}
_CODE = r"[A-Z]\d[0-9AB](?:\.[0-9A-Z]{1,4})?"
_ICD = re.compile(rf"(?<![A-Za-z0-9.\-])(?:{_CODE}|[A-Z]\d\d[0-9A-Z]{{1,4}})(?![A-Za-z0-9]|\.\d)")
_ICD_ANY_CASE = re.compile(_ICD.pattern, re.IGNORECASE)
_WITH_POINT = re.compile(r"(?<![A-Za-z0-9.\-])[A-Z]\d[0-9AB]\.[0-9A-Z]{1,4}(?![A-Za-z0-9]|\.\d)")
_IN_BRACKETS = re.compile(r"(?<=[(\[])" + _CODE + r"(?=[)\]]|[,;/:] ?)")
_RIGHT_BEHIND = re.compile(
    r"[^A-Za-z0-9]{0,12}(?:(?:is|was|on|file|code|codes|of|as|list|td|th|a)[^A-Za-z0-9]{1,8}){0,2}"
)

_ICD_LABELS = (
    *("icd", "icd-10", "icd10", "icd 10 cm", "icd-10-cm", "icd10cm", "icd-10-gm", "icd code"),
    *("icd-10 code", "icd10 code", "cie-10", "cim-10", "cid-10", "icd-10-am", "icd-11"),
)
_DIAGNOSIS_LABELS = (
    *("diagnosis", "diagnoses", "diagnosed", "dx", "diag", "diagnostic", "diagnosis code"),
    *("dx code", "assessment", "problem list", "diagnose", "diagnosi", "diagnóstico"),
    *(
        "diagnostik",
        "condition code",
        "comorbidities",
        "admitted with",
        "presents with",
        "coded as",
        "billing under",
    ),
    *("billed under", "impression", "indication"),
)
_CLINICAL_LABELS = (
    *("patient", "billing code", "claim", "hypertension"),
    *("diabetes", "mellitus", "asthma", "unspecified", "disease", "disorder", "syndrome"),
    *("infection", "fracture", "encounter", "depression", "anxiety", "pain", "pneumonia"),
    *("history of", "chronic", "acute", "cancer", "neoplasm", "failure", "injury"),
)


def _is_category(code: str) -> bool:
    """B12 is a vitamin, and T8 to T13 are vertebrae: there are no such categories."""
    letter, number = code[0].upper(), code[1:3]
    if not number.isdigit():
        return True
    if (letter == "B" and 10 < int(number) < 15) or (letter == "T" and 7 < int(number) < 14):
        return False
    return int(number) <= _LAST_CATEGORY.get(letter, 99)


def _icd(_label: str, text: str) -> Iterator[Span]:
    """What looks like a code behind the name of the classification."""
    found = False
    for expression in (_ICD, _ICD_ANY_CASE):
        for match in expression.finditer(text.partition("\n\n")[0]):
            if _is_category(match[0]) and match.start() <= _FARTHEST:
                found = True
                yield Span(match.start(), match.end(), 0.95)
        if found:
            return


def _diagnosis(_label: str, text: str) -> Iterator[Span]:
    """A code right behind the word; further on one with a point, or in brackets."""
    right_behind = _RIGHT_BEHIND.match(text)
    if right_behind is not None:
        first = _ICD.match(text, right_behind.end())
        if first is not None:
            for match in listed(_ICD, text, first.start()):
                if _is_category(match[0]):
                    yield Span(match.start(), match.end(), 0.9)
            return
    for expression, score in ((_WITH_POINT, 0.85), (_IN_BRACKETS, 0.85)):
        for match in expression.finditer(text):
            if _is_category(match[0]):
                yield Span(match.start(), match.end(), score)


def _clinical(_label: str, text: str) -> Iterator[Span]:
    """A code with a point, or in brackets right behind the name of a disease."""
    for match in _WITH_POINT.finditer(text):
        if _is_category(match[0]) and match.start() <= _FARTHEST:
            yield Span(match.start(), match.end(), 0.7)
    bracket = _IN_BRACKETS.search(text)
    if bracket is not None and bracket.start() <= _NEAR and _is_category(bracket[0]):
        yield Span(bracket.start(), bracket.end(), 0.7)


_FARTHEST = 80  # characters between a label and its value
_NEAR = 24

_CPT = re.compile(r"(?<![A-Za-z0-9.\-$])(?:\d{5}|\d{4}[FTU]|[A-V]\d{4})(?![A-Za-z0-9]|[.\-]\d)")
_ONLY_CODE = re.compile(
    r"(?:[^A-Za-z0-9]|\b(?:is|was|codes?|number|no|on|file|of|as|billed|td|th|hcpcs|for|the|my|a)\b"
    r"|\b[A-Z][A-Za-z]*\b)*(?=[A-V]?\d{4})"
)
_NDC = re.compile(
    r"(?<![A-Za-z0-9\-])(?:\d{4}-\d{4}-\d{2}|\d{5}-\d{3}-\d{2}|\d{5}-\d{4}-\d{1,2}|\d{10,11})"
    r"(?![A-Za-z0-9]|-\d)"
)


def _cpt(_label: str, text: str) -> Iterator[Span]:
    if _ONLY_CODE.match(text):
        for match in listed(_CPT, text, 30):
            yield Span(match.start(), match.end(), 0.85)


def _ndc(_label: str, text: str) -> Iterator[Span]:
    for match in listed(_NDC, text, 45):
        yield Span(match.start(), match.end(), 0.9)


def _injury(candidate: str) -> Span | None:
    return Span(0, len(candidate), 0.8) if _is_category(candidate) else None


# How names of diseases begin or what they hold, for codes that stand before their meaning.
_DISEASES = (
    "(?:[Dd]iabet|[Hh]ypertens|[Aa]sthma|[Dd]isease|[Dd]isorder|[Ss]yndrome|[Pp]neumonia|[Aa]nemia|[Cc]ancer|[Nn]eoplasm"
    "|[Cc]arcinoma|[Ff]racture|[Dd]epressi|[Aa]nxiety|[Oo]besity|[Aa]rthritis|[Ll]ipid|[Mm]igraine|[Ii]nfection|[Uu]nspecified"
    "|[Ff]ailure|[Ee]ncounter|[Aa]cute|[Cc]hronic|[Ee]ssential|[Pp]ain)"
)
_EXPLAINED = (
    r"\b[A-Z][0-9][0-9AB](?:\.[0-9A-Z]{1,4})?[ :,|(\-]+(?:[A-Za-z0-9]+[ ,\-]+){0,2}" + _DISEASES
)
_FIRST = re.compile(rf"({_CODE})([ :,|(\-]+)")


def _explained(candidate: str) -> Span | None:
    """Without a point, other things than codes look so, and are less often set off by a mark."""
    match = _FIRST.match(candidate)
    if match is None or not _is_category(match[1]):
        return None
    score = 0.85 if "." in match[1] else 0.6 if match[2].strip() else 0.45
    return Span(0, match.end(1), score)


LABELLED = (
    Labelled(
        types=("icd10",),
        labels=_ICD_LABELS,
        read=_icd,
        examples=(
            "ICD-10 code E11.9",
            "ICD-10: E11.9, I10 and J45.909",
            '{"icd10": "e11.9"}',
            "ICD-10-CM S72.001A",
            "icd_code,name\nE11.9,Ann\nI10,Bob",
        ),
        near_misses=("ICD-10 has 70000 codes", "ICD 2024", "icd x"),
    ),
    Labelled(
        types=("icd10",),
        labels=_DIAGNOSIS_LABELS,
        read=_diagnosis,
        examples=(
            "Diagnosis: I10",
            "Dx: E11.9, I10",
            "Diagnosis: Type 2 diabetes mellitus (E11.9)",
            "diagnosed with essential hypertension (I10)",
        ),
        near_misses=(
            "diagnosis of an A10 plane",
            "diagnostic port B12",
            "dx 11",
            "diagnosed on A1",
        ),
    ),
    Labelled(
        types=("icd10",),
        labels=_CLINICAL_LABELS,
        read=_clinical,
        examples=("patient with J45.909 today", "Type 2 diabetes (E11)", "billed under M54.5"),
        near_misses=(
            "error code E11",
            "vitamin B12 for the patient",
            "code in cell A10",
            "the disease of 1910 (see A12 road)",
        ),
    ),
    Labelled(
        types=("cpt",),
        labels=("cpt", "cpt code", "cpt-4", "hcpcs", "procedure code", "procedure codes"),
        read=_cpt,
        examples=("CPT code 99213", "CPT: 99213, 85025", "HCPCS J1885", '"cpt": "93000"'),
        near_misses=("cpt of 2024", "CPT 123456", "99213"),
    ),
    Labelled(
        types=("ndc",),
        labels=("ndc", "ndc code", "national drug code", "drug code"),
        read=_ndc,
        examples=("NDC 0002-8215-01", "NDC: 50242-040-62", "national drug code 12345678901"),
        near_misses=("NDC 2024", "NDC 12345-67"),
    ),
)

RECOGNIZERS = (
    Recognizer(
        type="icd10",
        family="phi",
        patterns=(r"[ST]\d{2}\.\d[0-9X]{1,2}[0-9X]?[ADS]",),
        longest=9,
        refine=_injury,
        examples=("S72.001A, closed",),
        near_misses=("T99.001A", "S72.001", "S7.001A"),
    ),
    Recognizer(
        type="icd10",
        family="phi",
        patterns=(_EXPLAINED,),
        longest=80,
        refine=_explained,
        whole_word=False,
        examples=("E11.9 - Type 2 diabetes mellitus", "I10: Essential hypertension"),
        near_misses=("B12 deficiency anemia", "T12 compression fracture", "e11 - pain"),
    ),
)
