"""Numbers of patients: of a hospital's records, of a health service, of a health plan."""

import re
from collections.abc import Callable, Iterator

from stdnum.gb import nhs

from extproc.detectors.labels import Labelled, listed
from extproc.detectors.pii.check_digits import nz_nhi
from extproc.detectors.recognizer import Recognizer, Span

_RECORD_LABELS = (
    *("mrn", "patient mrn", "mrn#", "mr#", "mr no", "mr number", "m.r.n.", "mr #", "umrn", "emrn"),
    *("medical record", "med rec", "medrec", "med record", "medical rec", "health record"),
    *("medical file", "patient id", "patient no", "patient number", "patient #", "patient num"),
    *("patient identifier", "patient identification", "patient code", "patient ref", "pt id"),
    *("patient reference", "patient record", "patient file", "patient chart", "pt no"),
    *("national health id", "chart id", "chart no", "chart number", "chart #", "hospital no"),
    "hospital number",
    *("hospital id", "hospital record", "hospital #", "case record", "enterprise id"),
    *("encounter id", "encounter number", "encounter no", "encounter #", "visit number", "csn"),
    *("specimen id", "admission number"),
    *("admission no", "admission id", "patientennummer", "patienten-id", "patienten nr"),
    "fallnummer",
    *("dossier médical", "numéro de dossier", "numéro de patient", "n° dossier", "ipp"),
    *("historia clínica", "número de historia", "nhc", "expediente clínico", "expediente médico"),
    *(
        "cartella clinica",
        "prontuário",
        "patiëntnummer",
        "patientnummer",
        "病历号",
        "住院号",
        "カルテ番号",
    ),
)
_RECORD = re.compile(
    r"(?<![A-Za-z0-9])(?:[A-Z]{1,5}[-_:#]?\d{3,12}(?:[-/]\d{1,6}){0,2}[A-Z]?|\d{4,14}[A-Z]?"
    r"|\d{1,4}(?:[-. ]\d{2,6}){1,4}|[A-Z]{1,4}(?:-[A-Z0-9]{2,8}){1,3}"
    r"|(?=[A-Z]*\d[A-Z]*\d)[A-Z0-9]{5,14})(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_SOME_DIGITS = 3

_PLAN_LABELS = (
    *("member id", "member no", "member number", "member #", "membership id", "membership number"),
    *("subscriber id", "subscriber no", "subscriber number", "subscriber #", "subscriber"),
    *("insurance id", "insurance no", "insurance number", "insurance #", "insurance policy"),
    *("insurance member", "insurance card", "insurance plan", "health insurance", "insured id"),
    *("policy number", "policy no", "policy id", "policy #", "policynumber", "policyholder id"),
    *("health plan", "plan member", "beneficiary id", "beneficiary"),
    *("beneficiary number", "health card", "healthcare id", "health id", "medical id", "hicn"),
    *("medicare", "medicaid", "mbi", "medicare id", "medicaid id", "tricare", "group number"),
    *("group no", "payer id", "claim number", "claim no", "claim id", "claim #"),
    *("insurance", "policy", "krankenversichertennummer", "kvnr", "versichertennummer"),
    *("krankenkassennummer", "numéro de mutuelle", "número de póliza", "nº de póliza", "ohip"),
    *("health insurance number", "tarjeta sanitaria", "cartão sus"),
)
_PLAN = re.compile(
    r"(?<![A-Za-z0-9.])(?:[A-Z]{1,5}\d{1,6}(?:-\d{1,6}){1,2}|[A-Z]{1,5}[-_]?\d{4,14}[A-Z]?"
    r"|[A-Z]{1,2}\d{2,5}(?:[- ]\d{3,6}){1,3}|\d{5,14}(?:-\d{1,3})?[A-Z]{0,2}"
    r"|\d{2,5}(?:[- ]\d{2,6}){1,4}|[A-Z]{1,5}(?:-[A-Z0-9]{2,10}){1,3}"
    r"|(?=[A-Z]*\d[A-Z]*\d)[A-Z0-9]{6,16})(?![A-Za-z0-9])",
    re.IGNORECASE,
)
# Medicare Beneficiary Identifier: digits and letters without S, L, O, I, B, Z (CMS).
_L, _LD = "[AC-HJKMNP-RT-Y]", "[0-9AC-HJKMNP-RT-Y]"
_MBI = rf"[1-9]{_L}{_LD}\d-?{_L}{_LD}\d-?{_L}{{2}}\d{{2}}"

_BETWEEN = re.compile(
    r"[^A-Za-z0-9]*(?:(?:is|was|number|no|num|id|identifier|of|the|patient|for|on|file|card|member"
    r"|policy|record|n|nr|nro|numero|lautet|ist|est|es|e|do|del|della|der|mrn|td|th|span|b|a|as|assigned|your|my|his|her|user|answer|it)"
    r"\b[^A-Za-z0-9]*){0,4}(?:(?<=for )[a-z]+\W{1,2}[a-z]+(?:\W{1,2}[a-z]+)?[^A-Za-z0-9]+(?:is )?)?"
    r"(?:(?<=of )[a-z]+\W{1,2}[a-z]+(?:\W{1,2}[a-z]+)?[^A-Za-z0-9]+(?:is )?)?",
    re.IGNORECASE,
)
_FARTHEST = 45  # characters between a label and its value
_NO_NUMBER = re.compile(
    r"(?:19|20)\d\d[-./ ]\d\d?[-./ ]\d\d?|\d\d?[./]\d\d?[./]\d\d|\d\d?[-./]\d\d?[-./]\d{4}"
    r"|\d{3}[-. ]\d{3}[-. ]\d{4}"
    r"|(?:19|20)\d\d(?:[-/.]\d\d)?|\d+[.]\d+|rfc ?\d+",
    re.IGNORECASE,
)


def _right_behind(
    expression: "re.Pattern[str]", least: int, score: float
) -> Callable[..., Iterator[Span]]:
    """Reads what follows its label with nothing but words of no meaning in between."""

    def read(_label: str, text: str) -> Iterator[Span]:
        start = None
        for match in listed(expression, text, _FARTHEST):
            if start is None and not _BETWEEN.fullmatch(text, 0, match.start()):
                return
            start = match.start()
            digits = sum(map(str.isdigit, match[0]))
            if digits < least or _NO_NUMBER.fullmatch(match[0]):
                return
            yield Span(match.start(), match.end(), score)

    return read


_NHS = re.compile(r"(?<![A-Za-z0-9])\d{3}[ -]?\d{3}[ -]?\d{4}(?![A-Za-z0-9])")
_NHI = re.compile(r"(?<![A-Za-z0-9])[A-HJ-NP-Z]{3}\d{2}(?:\d{2}|[A-HJ-NP-Z]{2})(?![A-Za-z0-9])")


def _health_service(_label: str, text: str) -> Iterator[Span]:
    for match in listed(_NHS, text, _FARTHEST):
        if nhs.is_valid(match[0]):
            yield Span(match.start(), match.end(), 0.95)
    for match in listed(_NHI, text, _FARTHEST):
        if nz_nhi(match[0]):
            yield Span(match.start(), match.end(), 0.9, "nz_nhi")


LABELLED = (
    Labelled(
        types=("medical_record_number",),
        labels=_RECORD_LABELS,
        read=_right_behind(_RECORD, _SOME_DIGITS, 0.9),
        examples=(
            "MRN: 12345678",
            "(MRN: MRN-1002236)",
            '{"mrn": "MRN-1026493"}',
            '<medical mrn="MRN-1026919"/>',
            "Medical Record Number 00-12-34-56",
            "Medical Record #: A1234567",
            "patient id is 4482913",
            "Chart No. 55-20391",
            '{"patientId":"P-20391"}',
            "MRN12345678",
            "MRNs 1234567, 2345678 and 3456789",
            "name,mrn\nJohn Doe,4482913\nJane Roe,4482914",
            "Número de historia clínica: 482913",
            "dossier médical n° 8946896",
        ),
        near_misses=(
            "medical records from 2019",
            "MRN: unknown, seen 2020-01-02",
            "the patient is 54 years old",
            "medical record was updated on 2020-01-02",
            "patient number 2",
            "chart 12",
            "dossier médical n° 12",
        ),
    ),
    Labelled(
        types=("health_plan_id",),
        labels=_PLAN_LABELS,
        read=_right_behind(_PLAN, 4, 0.8),
        examples=(
            "Member ID: XYZ123456789",
            "insurance policy number is 48291377",
            '"insurance_id": "NID-900185451"',
            "Policy: POL-8208963",
            "Medicaid ID 12345678A",
            "Medicare number: 1EG4-TE5-MK73",
            "subscriber # W123 45678",
        ),
        near_misses=(
            "privacy policy of 2018",
            "policy 12",
            "insurance since 01/02/2020",
            "insurance costs 500 dollars",
            "group number 5",
        ),
    ),
    Labelled(
        types=("uk_nhs_number", "nz_nhi"),
        labels=(
            "nhs",
            "nhs number",
            "nhs no",
            "national health",
            "nhi",
            "nhi number",
            "national health index",
        ),
        read=_health_service,
        examples=("NHS number: 943 476 5919", "NHI ZAC5361"),
        near_misses=("NHS number: 943 476 5918", "NHS in 2020", "NHI ABC1234"),
    ),
)

RECOGNIZERS = (
    Recognizer(
        type="health_plan_id",
        family="phi",
        patterns=(_MBI,),
        longest=13,
        score=0.85,
        examples=("hers is 1EG4-TE5-MK73", "1EG4TE5MK73"),
        near_misses=("1BG4-TE5-MK73", "1EG4-TE5-MK7", "0EG4TE5MK73"),
    ),
)
