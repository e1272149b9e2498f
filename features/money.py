"""ISO 4217: which currencies exist and how many decimals their minor unit has.

Knows nothing of rates or amounts. Source: ISO 4217 list one, as of 2026-01-01, active codes.
"""

from __future__ import annotations

_TWO = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL
HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT
MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB
SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH
USD UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
"""
_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"

_DIGITS: dict[str, int] = (
    dict.fromkeys(_TWO.split(), 2)
    | dict.fromkeys(_NONE.split(), 0)
    | dict.fromkeys(_THREE.split(), 3)
)


def is_currency(code: str) -> bool:
    """Whether the text is an active ISO 4217 code.

    >>> is_currency("BRL"), is_currency("brl"), is_currency("XYZ")
    (True, False, False)
    """
    return code in _DIGITS


def minor_digits(code: str) -> int:
    """Decimals of the currency's minor unit (0, 2 or 3); KeyError where it is none.

    >>> minor_digits("BRL"), minor_digits("CLP"), minor_digits("KWD")
    (2, 0, 3)
    """
    return _DIGITS[code]
