"""Postcodes by country: which texts can be one.

Knows nothing of which codes are in use; only of their form, their first digits and the fillers
that people type when a form insists.
"""

from __future__ import annotations

import re

from features.address_fold import Folded

# Form of a country's postcodes, without spaces, hyphens and dots, as folded.
_FORMS = {
    "CN": r"[0-8]\d{5}",
    "US": r"(?!000|001|002|003|004)\d{5}(?:\d{4})?",
    "CA": r"[abceghj-nprstvxy]\d[abceghj-nprstv-z]\d[abceghj-nprstv-z]\d",
    "MX": r"(?!00)\d{5}",
    "BR": r"(?!00)\d{8}",
    "AR": r"[1-9]\d{3}|[a-hj-np-z]\d{4}(?:[a-z]{3})?",
    "CL": r"[1-9]\d{6}",
    "CO": r"(?!00)\d{5,6}",
    "ES": r"(?:0[1-9]|[1-4]\d|5[0-2])\d{3}",
    "PT": r"[1-9]\d{3}(?:\d{3})?",
    "GB": r"[a-z]{1,2}\d[a-z\d]?\d[abd-hjlnp-uw-z]{2}|gir0aa|bfpo\d{1,4}",
    "DE": r"(?:0[1-9]|[1-9]\d)\d{3}",
    "FR": r"(?!00|99|96)\d{5}",
    "IT": r"(?!99)\d{5}",
    "IN": r"[1-9]\d{5}",
    "ID": r"[1-9]\d{4}",
}
_PATTERNS = {country: re.compile(form) for country, form in _FORMS.items()}
# A spreadsheet takes the zero off the front: whole regions (Boston, Barcelona, Leipzig) would be
# called wrong for what an export did, so one digit less is accepted where codes begin with 0.
_ZERO_LOST = {"US": 4, "MX": 4, "BR": 7, "ES": 4, "DE": 4, "FR": 4, "IT": 4, "CN": 5}
MOST_READ = 40  # signs; in more there is no postcode alone
_LETTERED = {"CA", "GB", "AR"}
# Fillers. 000000 in China is none of the buyer's: Taobao writes it where there is no postcode.
_FILLERS = re.compile(r"(\d)\1{3,}|12345(?:6(?:7(?:89?)?)?)?|1234|01234(?:5(?:67?)?)?")
_REAL = {
    "US": {"22222", "44444", "55555"},
    "ID": {"11111"},
    "AR": {"1111", "1234", "2222", "3333", "4444", "5555"},
}
_ABSENT = {"CN": {"000000", "0"}, "CL": {"0", "0000000"}, "CO": {"0", "000000", "00000"}}
_BESIDE = dict.fromkeys(map(ord, " .-'\u2010\u2011\u2012\u2013\u2014\u2015\t\n"))
_LABEL = re.compile(r"^(?:[a-z:]{1,8}|邮编:?)(?=\d)")
_NOTHING = frozenset(("", "na", "n/a", "none", "null", "nan", "-", "x"))


def is_postcode(text: str, country: str) -> bool:
    """Whether the text can be a postcode of a served country; any text is one elsewhere.

    >>> is_postcode("SW1A 1AA", "GB"), is_postcode("D-10115", "DE"), is_postcode("00000", "US")
    (True, True, False)
    """
    if country not in _PATTERNS:
        return True
    text = text.lower()
    if _fits(text, country):
        return True
    # "28001 Madrid", "75008 Paris CEDEX 08": the field holds a good code and more.
    return any(_fits(part, country) for part in re.split(r"[\s,;/]+", text) if len(part) > 3)


def _fits(text: str, country: str) -> bool:
    if _PATTERNS[country].fullmatch(text) and not _FILLERS.fullmatch(text):
        return True  # as most are, without signs to take out
    code = text.removesuffix(".0").translate(_BESIDE)
    if country not in _LETTERED and not code.isdecimal():
        code = _LABEL.sub("", code)
    if code in _ABSENT.get(country, ()):
        return True
    if _FILLERS.fullmatch(code) and code not in _REAL.get(country, ()):
        return False
    if _PATTERNS[country].fullmatch(code):
        return True
    return _ZERO_LOST.get(country) == len(code) and bool(_PATTERNS[country].fullmatch("0" + code))


def postcode_span(postcode: Folded, country: str) -> tuple[int, int] | None:
    """Where a postcode is no postcode of its country, or None; a blank or "n/a" is just missing."""
    text = postcode.text.strip()[:MOST_READ]
    if text in _NOTHING or is_postcode(text, country):
        return None
    return postcode.whole()
