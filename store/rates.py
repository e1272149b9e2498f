"""What one unit of a currency is worth in US dollars, where the settings do not say.

Knows nothing of today: an assumption, rounded, to compare amounts of different currencies and no
more. Never fetched. A shop that cares sets its own under `[currency.rates]`.
"""

from __future__ import annotations

# US dollars per unit, rounded from the level of early 2025.
USD_PER_UNIT: dict[str, float] = {
    "USD": 1.0,
    "EUR": 1.05,
    "GBP": 1.25,
    "CHF": 1.11,
    "SEK": 0.092,
    "NOK": 0.089,
    "DKK": 0.14,
    "PLN": 0.25,
    "CZK": 0.042,
    "HUF": 0.0026,
    "RON": 0.21,
    "TRY": 0.028,
    "CNY": 0.14,
    "HKD": 0.13,
    "TWD": 0.03,
    "JPY": 0.0065,
    "KRW": 0.0007,
    "SGD": 0.74,
    "MYR": 0.22,
    "THB": 0.029,
    "IDR": 0.000062,
    "PHP": 0.017,
    "VND": 0.000039,
    "INR": 0.0116,
    "AUD": 0.63,
    "NZD": 0.57,
    "CAD": 0.70,
    "MXN": 0.049,
    "BRL": 0.17,
    "ARS": 0.00096,
    "CLP": 0.001,
    "COP": 0.00024,
    "PEN": 0.27,
    "UYU": 0.023,
    "ZAR": 0.054,
    "NGN": 0.00066,
    "EGP": 0.02,
    "AED": 0.272,
    "SAR": 0.267,
    "ILS": 0.28,
}


def rates_for(home: str) -> dict[str, float]:
    """Home units per unit of each currency we assume a rate for; just home where it is not one.

    >>> rates_for("EUR")["USD"]
    0.952381
    """
    if home not in USD_PER_UNIT:
        return {home: 1.0}
    one = USD_PER_UNIT[home]
    rates = {code: float(f"{worth / one:.6g}") for code, worth in USD_PER_UNIT.items()}
    return {**rates, home: 1.0}
