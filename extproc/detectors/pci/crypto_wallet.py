"""Wallets of cryptocurrencies, by their checksums."""

import hashlib
import re

from extproc.detectors.label_patterns import part
from extproc.detectors.recognizer import Recognizer, Span

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_RIPPLE = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"  # its base 58
_RIPPLE_TO_BASE58 = str.maketrans(_RIPPLE, _BASE58)
# Version bytes: Bitcoin, Litecoin, Dogecoin, Dash, Tron; Ripple's are zero.
_VERSIONS = frozenset((0x00, 0x05, 0x30, 0x32, 0x1E, 0x16, 0x4C, 0x10, 0x41))
_VALUES = {character: value for value, character in enumerate(_BASE58)}
_AT_END = re.compile(r"[1-9A-HJ-NP-Za-km-z]{25,35}$")
_BECH32 = {character: value for value, character in enumerate("qpzry9x8gf2tvdw0s3jn54khce6mua7l")}
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)  # BIP 173
_CHECKS = (1, 0x2BC830A3)  # of bech32 and bech32m, BIP 350


def _has_base58_checksum(address: str) -> bool:
    """Twenty bytes behind a known version, then four of a double hash."""
    number = 0
    for character in address:
        number = number * 58 + _VALUES[character]
    if number >> 200:
        return False
    data = number.to_bytes(25)
    digest = hashlib.sha256(hashlib.sha256(data[:21]).digest()).digest()
    return digest[:4] == data[21:] and data[0] in _VERSIONS


def _base58(candidate: str) -> Span | None:
    match = _AT_END.search(candidate)
    if match is None or match[0].isalpha() or match[0].isdecimal():
        return None
    address = match[0]
    standard = address.translate(_RIPPLE_TO_BASE58) if address[0] == "r" else address
    if not _has_base58_checksum(standard):
        return None
    return part(candidate, match.start(), len(candidate), 0.97)


def _bech32(candidate: str) -> Span | None:
    prefix, _, data = candidate.lower().rpartition("1")
    if any(character not in _BECH32 for character in data):
        return None
    expanded = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    check = 1
    for value in expanded + [_BECH32[character] for character in data]:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, term in enumerate(_GENERATOR):
            if top >> bit & 1:
                check ^= term
    return Span(0, len(candidate), 0.97) if check in _CHECKS else None


def _hexadecimal(candidate: str) -> Span | None:
    """Forty digits behind 0x are an account; a repeated one is an example or the zero account."""
    return Span(0, 42, 0.9) if len(set(candidate[2:])) > 4 else None


_WALLET = "crypto_wallet"
_CHARACTER = "[1-9A-HJ-NP-Za-km-z]"
_COINS = (
    "[Ww]allet|[Aa]ddress|[Ll]itecoin|LTC|[Tt]ron|TRX|USDT|TRC-?20|[Dd]ogecoin|DOGE|[Rr]ipple|XRP"
    "|DASH"
)

_MONERO = (
    "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3"
    "XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A"
)

RECOGNIZERS = (
    Recognizer(
        type=_WALLET,
        family="pci",
        patterns=(
            rf"[13]{_CHARACTER}{{25,34}}",
            # Without such a word they would be sought in every word.
            rf"(?:{_COINS})(?: [a-z]{{2,6}})?[^A-Za-z0-9]{{1,8}}[LMDXTr]{_CHARACTER}{{25,34}}",
        ),
        longest=72,
        refine=_base58,
        examples=(
            "send to 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
            "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
            "XRP: rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh",
            "my tron wallet is TJRabPrwbZy45sbavfcjinPJC18kjpRTv8",
        ),
        near_misses=("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "11111111111111111111111111111111"),
    ),
    Recognizer(
        type=_WALLET,
        family="pci",
        patterns=(r"(?:bc|tb|ltc)1[02-9ac-hj-np-z]{25,71}", r"(?:BC|LTC)1[02-9AC-HJ-NP-Z]{25,71}"),
        longest=90,
        refine=_bech32,
        examples=(
            "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
        ),
        near_misses=("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdr",),
    ),
    Recognizer(
        type=_WALLET,
        family="pci",
        patterns=(r"0x[0-9A-Fa-f]{40}",),
        longest=42,
        refine=_hexadecimal,
        examples=("0x52908400098527886E0F7030069857D2E4169EE7",),
        near_misses=("0x" + "0" * 40, "0x52908400098527886E0F7030069857D2E4169EE7a"),
    ),
    Recognizer(
        type=_WALLET,
        family="pci",
        patterns=(rf"[48][0-9AB]{_CHARACTER}{{93}}",),  # Monero, whose checksum needs another hash
        longest=95,
        score=0.9,
        examples=(_MONERO,),
        near_misses=("44AFFq5kSiGBoZ",),
    ),
)
