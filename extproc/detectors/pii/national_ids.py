"""National identification and tax numbers of some sixty countries.

Behind their names all of them are found that pass their check. Those that look like nothing else
are found anywhere.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module

from extproc.detectors.labels import Labelled, label_key
from extproc.detectors.pii import check_digits
from extproc.detectors.pii.national_table import NATIONAL_IDS, NationalId
from extproc.detectors.recognizer import Recognizer, Span

_FARTHEST = 45  # characters between a label and its value
_SEPARATOR = "[ ./-]?"
_SEPARATORS = re.compile(r"[ ./()\-]")
_BY_TYPE = {item.type: item for item in NATIONAL_IDS}


@cache
def _expression(item: NationalId) -> "re.Pattern[str]":
    shape = item.shape.replace("_", _SEPARATOR)
    return re.compile(rf"(?<![A-Za-z0-9])(?:{shape})(?![A-Za-z0-9])", re.IGNORECASE)


@cache
def _check(name: str) -> Callable[[str], bool] | None:
    own: Callable[[str], bool] | None = getattr(check_digits, name, None)
    if own is not None or not name:
        return own
    check: Callable[[str], bool] = import_module(f"stdnum.{name}").is_valid
    return check


def _is_valid(item: NationalId, value: str) -> bool:
    """Whether the number passes its check; the signs of a Finnish or Swedish one are part of it."""
    compact = value.upper()
    if item.type not in ("fi_hetu", "se_personnummer", "cz_rodne_cislo"):
        compact = _SEPARATORS.sub("", compact)
    if len(set(compact)) < 3:  # zeros and the like pass many checks
        return False
    check = _check(item.check)
    return check is None or check(compact)


_BY_LABEL: dict[str, list[NationalId]] = {}
for _item in sorted(NATIONAL_IDS, key=lambda item: not item.check):
    for _label in _item.labels:
        _BY_LABEL.setdefault(label_key(_label), []).append(_item)


def _national_id(label: str, text: str) -> Iterator[Span]:
    """The first number behind its name that passes its check."""
    for item in _BY_LABEL[label]:
        for match in _expression(item).finditer(text):
            if match.start() > _FARTHEST:
                break
            if _is_valid(item, match[0]):
                yield Span(match.start(), match.end(), 0.9 if item.check else 0.7, item.type)
                return


# Names that are no country's. What stands behind them is an identifier whatever its format.
_ANY_LABELS = (
    *("national id", "national identity", "national identification", "nationalid", "citizen id"),
    *("identity card", "id card", "personal identification", "personal id", "personal code"),
    *("identification card", "carte d'identité", "carta d'identità", "carte identité"),
    *("documento de identidad", "documento de identificación", "identiteitskaart"),
    *("government id", "gov id", "state id", "ssid"),
)
_TAX_LABELS = (
    *("tax id", "tax number", "taxpayer id", "taxpayer identification", "tax identification"),
    *("tin", "fiscal number", "vat number", "vat id", "vat reg"),
)
_ANY = re.compile(
    r"(?<![A-Za-z0-9])(?=[A-Z0-9 .\-/]{0,6}\d)[A-Z0-9]{1,5}(?:[.\-/]?[A-Z0-9]{1,12}){1,5}"
    r"(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_NEAR = 24


def _any_id(label: str, text: str) -> Iterator[Span]:
    name = "tax_id" if label in _TAX_KEYS else "national_id"
    for match in _ANY.finditer(text):
        if match.start() > _NEAR:
            return
        digits = sum(map(str.isdigit, match[0]))
        least = 8 if label == "tin" else 6
        if digits >= least and not _DATE.fullmatch(match[0]):
            yield Span(match.start(), match.end(), 0.6, name)
            return


_TAX_KEYS = frozenset(map(label_key, _TAX_LABELS))
_DATE = re.compile(
    r"\d{4}[-./]\d\d?[-./]\d\d?|\d\d?[-./]\d\d?[-./]\d{2,4}|\d{3}-\d{3}-\d{4}|\d+x\d+"
)

# Numbers that are found without a name, with how sure that is. By their first characters, so that
# a candidate is compared with few.
_ALONE = (
    ("it_fiscal_code", 0.97, r"[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]"),
    ("mx_curp", 0.97, r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[A-Z0-9]\d"),
    ("mx_rfc", 0.6, r"[A-Z]{3,4}\d{6}[A-Z0-9]{2}[0-9A]"),
    ("in_pan", 0.6, r"[A-Z]{5}\d{4}[A-Z]"),
    ("es_nie", 0.85, r"[XYZ]-?\d{7}-?[A-Z]"),
    ("es_nif", 0.5, r"\d{8}-?[A-Z]"),
    ("sg_nric", 0.8, r"[STFGM]\d{7}[A-Z]"),
    ("uk_nino", 0.7, r"[A-Z]{2}(?:\d{6}| \d\d \d\d \d\d |\d\d \d\d \d\d | \d{6} )[A-D]"),
    ("hk_id_card", 0.9, r"[A-Z]{1,2}\d{6}\([0-9A]\)"),
    ("br_cpf", 0.95, r"\d{3}\.\d{3}\.\d{3}-\d{2}"),
    ("br_cnpj", 0.95, r"\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}"),
    ("cl_rut", 0.85, r"\d{1,2}\.\d{3}\.\d{3}-[\dKk]"),
    ("ar_cuit", 0.85, r"\d{2}-\d{8}-\d"),
    ("ch_ahv", 0.95, r"756\.\d{4}\.\d{4}\.\d{2}"),
    ("be_nn", 0.9, r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}"),
    ("pk_cnic", 0.7, r"\d{5}-\d{7}-\d"),
    ("th_pin", 0.9, r"\d-\d{4}-\d{5}-\d{2}-\d"),
    ("ru_snils", 0.9, r"\d{3}-\d{3}-\d{3}[ \-]\d{2}"),
    ("ae_emirates_id", 0.9, r"784-\d{4}-\d{7}-\d"),
    ("kr_rrn", 0.7, r"\d{6}-[1-8]\d{6}"),
    ("fi_hetu", 0.9, r"\d{6}[\-+ABCDEFUVWXY]\d{3}[0-9A-FHJ-NPR-Y]"),
    ("se_personnummer", 0.7, r"(?:\d{2})?\d{6}[\-+]\d{4}"),
    ("lv_personas_kods", 0.6, r"\d{6}-\d{5}"),
    ("cz_rodne_cislo", 0.7, r"\d{6}/\d{4}"),
    ("my_nric", 0.5, r"\d{6}-\d{2}-\d{4}"),
    ("cn_resident_id", 0.9, r"\d{17}[\dX]"),
    ("fr_nir", 0.9, r"[12] \d{2} \d{2} \d[\dAB] \d{3} \d{3} \d{2}"),
    ("fr_nir", 0.7, r"[12]\d{5}[\dAB]\d{8}"),
)
_ALONE_EXPRESSIONS = [
    (_BY_TYPE[name], score, re.compile(expression)) for name, score, expression in _ALONE
]
_STRICTER = {"uk_nino": "uk_nino"}  # checks of what has none behind its name


def _alone(candidate: str) -> Span | None:
    for item, score, expression in _ALONE_EXPRESSIONS:
        if expression.fullmatch(candidate) and _is_valid(item, candidate):
            own = _check(_STRICTER.get(item.type, ""))
            if own is None or own(_SEPARATORS.sub("", candidate)):
                return Span(0, len(candidate), score, item.type)
    return None


_TYPES = tuple(_BY_TYPE)

LABELLED = (
    Labelled(
        types=_TYPES,
        labels=tuple(dict.fromkeys(label for item in NATIONAL_IDS for label in item.labels)),
        read=_national_id,
        examples=(
            "My NI number is QQ 12 34 56 C",
            "Steuer-ID: 36 574 261 809",
            "Numéro de sécurité sociale : 1 84 12 76 451 089 46",
            '{"cpf": "39053344705"}',
            "BSN: 111222333",
            "PESEL 44051401359",
            "DNI 12345678Z",
            "Rodné číslo: 710319/2745",
            "aadhaar no. 2341 2341 2346",
            "身份证号码:11010519491231002X",
            "마이 주민등록번호 850101-1234567",
            "tfn 123 456 782",
            "SIN: 130 692 544",
            "T.C. Kimlik No: 10000000146",
            "CPR-nummer 211062-5629",
            "henkilötunnus 010594Y1027",
            "my id number is 8001015009087",
        ),
        near_misses=(
            "BSN: 111222334",
            "PESEL 44051401358",
            "sin 123456789",
            "pan 1234",
            "id number 12345678",
            "Inn 12345",
            "nit 2024-01-01",
        ),
    ),
    Labelled(
        types=("national_id", "tax_id"),
        labels=(*_ANY_LABELS, *_TAX_LABELS),
        read=_any_id,
        examples=("national id: NID-900185451", "tax_id: 900185451", "ID card no. AB1234567"),
        near_misses=("national id card", "tax id 2024-01-01", "tin of 12 oz"),
    ),
)

RECOGNIZERS = (
    Recognizer(
        type=_TYPES[0],
        also=_TYPES[1:],
        family="pii",
        patterns=tuple(dict.fromkeys(expression for _, _, expression in _ALONE)),
        longest=24,
        refine=_alone,
        examples=("her AB123456C", "it says AB 12 34 56 C"),
        near_misses=("AB123456E", "BG123456A"),
    ),
)
