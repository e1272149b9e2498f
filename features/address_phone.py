"""Phone numbers by country: which can ring, and which stand in a line of text.

Knows nothing of whose number it is. A library knows the numbering plans, but takes 70 µs a number;
its own patterns, joined into one per country, say yes to most in two, and the library has the
last word on the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import phonenumbers
from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    NumberParseException,
    PhoneMetadata,
    PhoneNumber,
    ValidationResult,
)

from features.address_fold import Folded

LEAST_DIGITS = 6  # fewer is no phone of anybody
MOST_READ = 60  # signs of a phone column
LEAST_ABROAD = 11  # digits of a number with its country's code, where no plus says so
ONE_NUMBER = 13  # digits; in more there may be an extension or a second number
MOST_DIGITS = 15  # ITU-T E.164
_KINDS = ("fixed_line", "mobile", "toll_free", "shared_cost", "voip", "personal_number", "uan")
_MASKED = re.compile(r"[\sx*•●#+()\-.\d]*[x*•●#]{2}[\sx*•●#+()\-.\d]*")
_EXTENSION = re.compile(
    r"\s*(?:ext(?:ension)?\.?|x|转|轉|分机|ramal|anexo|int\.?|#|,|;)\s*\d{1,6}$"
)
_CHINESE_EXTENSION = re.compile(r"^(\+?\d{11,13})-\d{1,6}$")
_SEVERAL = re.compile(r"\s*(?:[/;|,、]|\bor\b|\bo\b|\bou\b|或)\s*")
_NOT_DIGITS = re.compile(r"[^\d]+")
# Eight of one digit in a row, or nothing but one, or counting up: typed to get past a form.
_FILLER = re.compile(
    r"(\d)\1*|\d*(\d)\2{7,}\d*|0?123456(?:7(?:8(?:9(?:0|01|012)?)?)?)?|13800138000"
)
_SIGNS = dict.fromkeys(map(ord, " +-.()"))
_CARIBBEAN = re.compile(
    r"(?:242|246|264|268|284|340|345|441|473|649|658|664|67[01]|684|721|758|767|78[47]|8[024]9|"
    r"86[89]|876|939)[2-9]\d{6}"
)
_MEXICAN_TRUNK = re.compile(r"(?:52)?(?:044|045|01|1)(?=\d{10}$)")  # dialled so until 2019


@lru_cache(maxsize=256)
def _plan(country: str) -> tuple[re.Pattern[str], str, str] | None:
    """Pattern of all national numbers, calling code and trunk prefix; None for no such country."""
    code = phonenumbers.country_code_for_region(country)
    metadata = PhoneMetadata.metadata_for_region(country, None)
    if metadata is None:
        return None
    kinds = (getattr(metadata, name) for name in _KINDS)
    patterns = [kind.national_number_pattern for kind in kinds if kind is not None]
    both = [f"(?:{pattern})" for pattern in patterns if pattern]
    general = metadata.general_desc.national_number_pattern if metadata.general_desc else ".+"
    joined = re.compile(f"(?=(?:{general})$)(?:{'|'.join(both)})")
    return joined, str(code), metadata.national_prefix or ""


def rings(text: str, country: str | None) -> bool:
    """Whether the text, folded, can be a phone number of the country or an international one.

    A local number without its area code can; so can a number that a platform has masked.

    >>> rings("(11) 91234-5678", "BR"), rings("+1 212 555 0123", "BR"), rings("12345", "BR")
    (True, True, False)
    """
    plan = _plan(country) if country else None
    if plan is not None:
        bare = text.translate(_SIGNS)
        if _rings_quickly(bare if bare.isdecimal() else _NOT_DIGITS.sub("", bare), plan):
            return True
        if bare.isdecimal() and len(bare) <= ONE_NUMBER:
            return _rings(text, country)
    if _MASKED.fullmatch(text):
        return True
    parts = _parts(text)
    if plan is not None and any(_rings_quickly(_digits(part), plan) for part in parts):
        return True
    return any(_rings(part, country if plan else None) for part in parts)


def _parts(text: str) -> list[str]:
    whole = _EXTENSION.sub("", _CHINESE_EXTENSION.sub(r"\1", text))
    if len(text) <= 2 * LEAST_DIGITS:
        return [whole]
    return [whole, *(part for part in _SEVERAL.split(text) if part != whole)]


def _digits(text: str) -> str:
    """The digits of a folded text; taking the usual signs out first is four times as quick."""
    digits = text.translate(_SIGNS)
    return digits if digits.isdecimal() else _NOT_DIGITS.sub("", digits)


def _made_up(digits: str) -> bool:
    """Whether digits are a filler; one that is not of few different digits counts up."""
    few = len(set(digits)) <= 6
    return (few or "123456" in digits) and bool(_FILLER.fullmatch(digits))


def _rings(text: str, country: str | None) -> bool:
    digits = _digits(text)
    if len(digits) < LEAST_DIGITS or _made_up(digits):
        return False
    if country is None:
        return len(digits) <= MOST_DIGITS + 3  # an access code before the number
    return _rings_slowly(text, digits, country)


def _rings_quickly(digits: str, plan: tuple[re.Pattern[str], str, str]) -> bool:
    if len(digits) < LEAST_DIGITS or _made_up(digits):
        return False
    pattern, code, trunk = plan
    if pattern.fullmatch(digits):
        return True
    bare = digits.removeprefix("00").removeprefix(code)
    return bool(pattern.fullmatch(bare) or pattern.fullmatch(bare.removeprefix(trunk)))


def _rings_slowly(text: str, digits: str, country: str) -> bool:
    if country == "MX":
        digits = _MEXICAN_TRUNK.sub("", digits)
    elif text.startswith("+") and country != "AR":  # which writes its mobiles in several ways
        code = phonenumbers.country_code_for_region(country)
        bare = digits.removeprefix(str(code))
        if bare != digits:
            return _is_of(bare, code)
        return _is_number(f"+{digits}", None)
    if _is_number(digits, country):
        return True
    abroad = len(digits) >= LEAST_ABROAD and digits[0] != "0"
    return (abroad or text.startswith("+")) and _is_number(f"+{digits}", None)


def _is_of(bare: str, code: int) -> bool:
    """Whether any country with that calling code has the number: the library's question, joined."""
    regions = COUNTRY_CODE_TO_REGION_CODE.get(code, ())
    if code == 1:  # twenty-five plans take 0.1 s to read; of most, the area code says enough
        if _CARIBBEAN.fullmatch(bare):
            return True
        regions = ("US", "CA")
    plans = (_plan(region) for region in regions)
    return any(plan is not None and plan[0].fullmatch(bare) for plan in plans)


def _is_number(text: str, country: str | None) -> bool:
    try:
        number: PhoneNumber = phonenumbers.parse(text[:40], country)
    except NumberParseException:
        return False
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible == ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
        return country is not None
    return possible == ValidationResult.IS_POSSIBLE and phonenumbers.is_valid_number(number)


_NOTHING = frozenset(("", "na", "n/a", "none", "null", "nan", "-", "0"))


def phone_span(phone: Folded, country: str | None) -> tuple[int, int] | None:
    """Where a phone is none, or None; a blank one, or "n/a", is missing, not wrong."""
    text = phone.text.strip()[:MOST_READ]
    if text in _NOTHING or rings(text, country):
        return None
    return phone.whole()


_RUN = re.compile(r"(?<![\d#])\+?\(?\d(?:[ ().\-]{0,2}\d){7,14}(?!\d)")
_SAID = re.compile(
    r"(?:\b(?:tel|tlf|telf|telefono|telefone|phone|ph|mob|mobile|cel|celular|cell|fone|whats\s?app|"
    r"wa|hp|no\.? ?hp|contact|contacto|contato|call|mobil|handy|movil)\b|电话|手机|联系|致电|微信)"
    r"\W{0,3}(?:no\b|number|is)?\W{0,3}$"
)
_NO_PHONE = re.compile(  # a tax number, postcode or order in the form of a mobile
    r"\b(?:cpf|cnpj|cep|dni|nif|nit|rut|rfc|curp|cuit|cuil|vat|gst(?:in)?|npwp|ref|id|tax|order|"
    r"pedido|cod(?:igo)?|pin)\W{0,3}(?:n[ro]?\b)?\W{0,3}$"
)
_MOBILES = {
    "CN": re.compile(r"(?:86)?1[3-9]\d{9}"),
    "ID": re.compile(r"(?:62|0)8[1-9]\d{7,10}"),
    "IN": re.compile(r"(?:91|0)?[6-9]\d{9}"),
    "BR": re.compile(r"(?:55)?[1-9]{2}9[1-9]\d{7}"),
    "ES": re.compile(r"(?:34)?[67]\d{8}"),
    "PT": re.compile(r"(?:351)?9[1236]\d{7}"),
    "GB": re.compile(r"(?:44|0)7[1-9]\d{8}"),
    "FR": re.compile(r"(?:33|0)[67]\d{8}"),
    "DE": re.compile(r"(?:49|0)1[5-7]\d{8,9}"),
    "IT": re.compile(r"(?:39)?3[1-9]\d{8}"),
    "CO": re.compile(r"(?:57)?3[0-5]\d{8}"),
    "CL": re.compile(r"(?:56)?9[1-9]\d{7}"),
    "MX": re.compile(r"52[1-9]\d{9}|(?:33|55|56|81)\d{8}"),
    "US": re.compile(r"1?[2-9]\d{2}[2-9]\d{6}"),
    "CA": re.compile(r"1?[2-9]\d{2}[2-9]\d{6}"),
    "AR": re.compile(r"54\d{10,11}|0?11(?:15)?\d{8}"),
}


_MAY = re.compile(r"\d[\d .()\-]{7}")


def may_hold_phone(text: str) -> bool:
    """Whether `phone_inside` may find a number in any line of a folded text."""
    return bool(_MAY.search(text))


def phone_inside(line: Folded, country: str | None) -> Iterator[tuple[str, int, int]]:
    """Phone numbers that stand in a line: the first of them.

    A run of digits counts after a word or a plus that announces it, or in a mobile's form.
    """
    mobile = _MOBILES.get(country or "")
    for run in _RUN.finditer(line.text):
        said = run[0].startswith("+") or _SAID.search(line.text, 0, run.start())
        if _NO_PHONE.search(line.text, 0, run.start()):
            continue
        if said or (mobile is not None and mobile.fullmatch(_digits(run[0]))):
            yield ("phone_in_address", *line.span(run.start(), run.end()))
            return
