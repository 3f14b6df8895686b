"""From the types that sources annotate to ours."""

import ipaddress
import re
from collections.abc import Callable
from typing import NamedTuple

import phonenumbers
from stdnum import bic, iban, luhn
from stdnum.us import ssn

from extproc.detectors.catalog import TYPES


class Kind(NamedTuple):
    """A type of the sources: our family, our types that find it, and whether a value can be one.

    Without `valid` there is no telling.
    """

    family: str
    accepts: tuple[str, ...]
    valid: Callable[[str], bool] | None = None


def _card(value: str) -> bool:
    digits = re.sub(r"\D", "", value)
    return 12 <= len(digits) <= 19 and bool(luhn.is_valid(digits))


def _ssn(value: str) -> bool:
    return bool(ssn.is_valid(value))


def _address(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


# Where the sources' phone numbers are from, as far as they are not international.
_REGIONS = [
    *("US", "GB", "DE", "FR", "ES", "IT", "PT", "NL", "BE", "CH", "AT", "SE", "NO", "DK", "FI"),
    *("IS", "PL", "CZ", "SI", "HR", "HU", "RO", "GR", "EE", "CY", "AU", "NZ", "ZA", "TN", "UY"),
    *("BR", "GL", "JP"),
]


def _phone(value: str) -> bool:
    """Possible by its length in one of the regions; most are invented, and few in service."""
    for region in _REGIONS:
        try:
            if phonenumbers.is_possible_number(phonenumbers.parse(value, region)):
                return True
        except phonenumbers.NumberParseException:
            return False
    return False


KINDS: dict[str, Kind] = {
    "email_address": Kind("pii", ("email_address",)),
    "phone_number": Kind("pii", ("phone_number",), _phone),
    "person": Kind("pii", ("person",)),
    "street_address": Kind("pii", ("street_address",)),
    "building_number": Kind("pii", ("street_address",)),
    "date_of_birth": Kind("pii", ("date_of_birth",)),
    "us_ssn": Kind("pii", ("us_ssn", "us_itin"), _ssn),
    "us_driver_license": Kind("pii", ("us_driver_license", "driver_license")),
    "national_id": Kind("pii", ("national_id", "health_plan_id", "insurance_id")),
    "tax_id": Kind("pii", ("tax_id", "us_ein", "ein")),
    "ip_address": Kind("pii", ("ip_address",), _address),
    "mac_address": Kind("pii", ("mac_address",)),
    "url": Kind("pii", ("url",)),
    "medical_record_number": Kind("phi", ("medical_record_number",)),
    "insurance_policy_number": Kind("phi", ("health_plan_id", "insurance_policy_number")),
    "credit_card": Kind("pci", ("credit_card",), _card),
    "iban": Kind("pci", ("iban",), lambda value: bool(iban.is_valid(value))),
    "swift_bic": Kind("pci", ("bic", "swift_bic"), lambda value: bool(bic.is_valid(value))),
    "bank_account": Kind("pci", ("bank_account",)),
}

# Annotated in some places only, so that what is found in the others says nothing of precision.
INCOMPLETE = frozenset(
    ("pii-anon-eval-data:dim_temporal_consistency", name)
    for name in ("mac_address", "phone_number")
)


def families_of(types: dict[str, str] = TYPES) -> dict[str, tuple[str, ...]]:
    """Our types by family, in order."""
    found: dict[str, tuple[str, ...]] = {}
    for name, family in types.items():
        found[family] = (*found.get(family, ()), name)
    return found
