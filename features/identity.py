"""Identities as 64-bit keys: who or what is the same, whatever the spelling, within one shop.

Knows nothing of tables. A key is a hash that carries its domain and shop, so history cannot cross
shops and null never matches null; texts that people write are folded before they are hashed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

NONE = int(np.iinfo(np.int64).min)  # an unknown whole number (time, money, key, code)
FEW = 16  # values; below this, remembering single ones costs less than telling them apart

Ints = npt.NDArray[np.int64]
Values = Sequence[Any] | npt.NDArray[Any]
Fold = Callable[[Any], Any]  # a value as it is compared, None where it says nothing


@lru_cache(maxsize=1 << 16)
def key_of(domain: str, shop_id: str, value: str | None) -> int:
    """64-bit key of an identity within a domain and shop; NONE where the value is unknown.

    BLAKE2b, so the same on every machine and run. Two of ten million identities collide with
    probability 3e-6 (birthday bound), which would merge two histories, not crash.
    """
    return int(_hashes(domain, shop_id, (value,))[0])


def _hashes(domain: str, shop_id: str, values: Iterable[Any]) -> Ints:
    """`key_of` each value, none remembered: one hasher is primed with what all have in common."""
    primed = blake2b(f"{domain}\x1f{shop_id}\x1f".encode("utf-8", "surrogatepass"), digest_size=8)
    digests = []
    for value in values:
        if value is None or value == "":
            digests.append(_NOTHING)
            continue
        hasher = primed.copy()
        hasher.update(str(value).encode("utf-8", "surrogatepass"))
        digests.append(hasher.digest())
    return np.frombuffer(b"".join(digests), "<i8")


_NOTHING = NONE.to_bytes(8, "little", signed=True)


def keys_of(
    domain: str, shops: Values, values: Values, fold: Fold | None = None
) -> Sequence[int] | Ints:
    """`key_of` each folded value in its row's shop, (n,); each different value is hashed once."""
    if len(values) < FEW:
        folded = values if fold is None else [fold(value) for value in values]
        return [key_of(domain, shop, value) for shop, value in zip(shops, folded, strict=True)]
    out = np.empty(len(values), np.int64)
    for shop, rows in _by_shop(shops):
        asked = values if rows is None else [values[row] for row in rows]
        out[slice(None) if rows is None else rows] = _shop_keys(domain, shop, asked, fold)
    return out


def _shop_keys(domain: str, shop: str, values: Values, fold: Fold | None) -> Ints:
    different: Values = list(set(values))
    alike = len(different) < len(values)
    if not alike:
        different = values
    folded = different if fold is None else [fold(value) for value in different]
    keys = _hashes(domain, shop, folded)
    if not alike:
        return keys
    known = dict(zip(different, keys.tolist(), strict=True))
    return np.fromiter(map(known.__getitem__, values), np.int64, len(values))


def _by_shop(shops: Values) -> list[tuple[str, list[int] | None]]:
    """Each shop with its rows; None stands for all rows, where there is one shop."""
    if len(set(shops)) == 1:
        return [(shops[0], None)]
    rows: dict[str, list[int]] = {}
    for row, shop in enumerate(shops):
        rows.setdefault(shop, []).append(row)
    return list(rows.items())


class _Letters(dict[int, int | str | None]):
    """Code point → itself, nothing for a combining sign, or a space for any other sign."""

    def __missing__(self, code: int) -> int | str | None:
        letter = chr(code)
        kept = None if unicodedata.combining(letter) else code if letter.isalnum() else " "
        self[code] = kept
        return kept


class _Digits(dict[int, int | None]):
    """Code point → itself where it is a decimal digit, of any script, else nothing."""

    def __missing__(self, code: int) -> int | None:
        self[code] = code if chr(code).isdecimal() else None
        return self[code]


_LETTERS, _DIGITS = _Letters(), _Digits()


@lru_cache(maxsize=1 << 16)
def plain(text: str | None) -> str | None:
    """Text as a place name is compared: NFKC, case and accents folded, signs to single spaces."""
    if text is None:
        return None
    if text.isascii():
        folded = text.lower()
    else:
        folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.translate(_LETTERS).split()) or None


def phone_digits(text: str | None) -> str | None:
    """The last ten digits of a phone number, or None where there are fewer than six.

    Ten, so that `+55 11 91234-5678` and `011 91234 5678` are the same phone.
    """
    digits = (text or "").translate(_DIGITS)
    return digits[-10:] if len(digits) >= 6 else None


def postcode_prefix(text: str | None, length: int = 3) -> str | None:
    """The first characters of a postcode, which name its district in most countries."""
    folded = (plain(text) or "").replace(" ", "")
    return folded[:length] or None


def street_addresses(parts: Sequence[Values]) -> list[str | None]:
    """First and second line, city and postcode of each row as one text.

    None without a first line: a town is no address.
    """
    line1, line2, city, postcode = (_plain_each(part) for part in parts)
    return [
        None if first is None else f"{first}|{second or ''}|{town or ''}|{code or ''}"
        for first, second, town, code in zip(line1, line2, city, postcode, strict=True)
    ]


def _plain_each(texts: Values) -> list[str | None]:
    if len(texts) < FEW:
        return [plain(text) for text in texts]
    known = {text: plain(text) for text in set(texts)}
    return [known[text] for text in texts]


def variants(parts: Sequence[Values]) -> list[str | None]:
    """A product and one of its variants as one text; None where either is unknown."""
    return [
        None if product is None or variant is None else f"{product}\x1f{variant}"
        for product, variant in zip(*parts, strict=True)
    ]
