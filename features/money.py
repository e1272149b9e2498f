"""The currencies of ISO 4217 and how many decimal digits each has.

Knows nothing of rates or prices: money is a whole number in the currency's minor unit, and this
page says how large that unit is.
"""

from __future__ import annotations

# How many digits stand after the decimal point (ISO 4217, list one, as amended to 2026-01).
# Codes withdrawn since 2015 are kept, because exports reach back.
_DIGITS: dict[int, str] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP"
        " BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR"
        " FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR"
        " KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR"
        " MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK"
        " SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN"
        " UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG ZWL"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
DIGITS: dict[str, int] = {
    code: digits for digits, codes in _DIGITS.items() for code in codes.split()
}


def is_currency(code: str) -> bool:
    """Whether the text is an ISO 4217 code of a currency, in capitals.

    >>> is_currency("BRL"), is_currency("brl"), is_currency("XXX")
    (True, False, False)
    """
    return code in DIGITS


def minor_digits(code: str) -> int:
    """Decimal digits of the currency: 129.90 BRL is 12990 minor units, 130 JPY is 130.

    Raises KeyError, naming the code, where it is none.

    >>> minor_digits("BRL"), minor_digits("JPY"), minor_digits("KWD")
    (2, 0, 3)
    """
    if code not in DIGITS:
        raise KeyError(f"expected an ISO 4217 currency such as EUR, got {code!r}")
    return DIGITS[code]
