"""Money of many currencies in the shop's own: fixed rates from the settings, never fetched.

Knows nothing of orders; whole minor units in, whole minor units out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from features.cut import Floats, Ints
from features.facts import NONE
from features.identity import FEW
from features.money import minor_digits


@dataclass(frozen=True)
class Rates:
    """The home currency and what one whole unit of each other is worth in it.

    Attributes:
        home: ISO 4217 code of the home currency.
        per_unit: currency code → home units per unit; the home currency itself is 1.

    """

    home: str
    per_unit: Mapping[str, float]

    def factor(self, currency: int) -> float:
        """Home minor units per minor unit of a currency code; NaN where no rate is set."""
        if currency == NONE:
            return float("nan")
        code = int(currency).to_bytes(3, "big").decode()
        rate = 1.0 if code == self.home else self.per_unit.get(code, float("nan"))
        return rate * 10.0 ** (minor_digits(self.home) - minor_digits(code))

    def factors(self, currencies: Ints) -> Floats:
        """`factor` of each currency code, (n,)."""
        if len(currencies) < FEW:
            known = {code: self.factor(code) for code in set(currencies.tolist())}
            return np.array([known[code] for code in currencies.tolist()], np.float64)
        if (currencies == currencies[0]).all():  # the usual case needs no sort
            return np.full(len(currencies), self.factor(int(currencies[0])))
        codes, which = np.unique(currencies, return_inverse=True)
        return np.array([self.factor(code) for code in codes.tolist()], np.float64)[which]


def home_minor(amounts: Ints, currencies: Ints, rates: Rates) -> Ints:
    """Amounts in home minor units, rounded half to even; NONE where amount or rate is unknown.

    >>> from features.facts import currency_code
    >>> home_minor(np.array([1000]), np.array([currency_code("BRL")]), Rates("USD", {"BRL": 0.2}))
    array([200])
    """
    factors = rates.factors(currencies)
    known = (amounts != NONE) & ~np.isnan(factors)
    home = np.rint(np.where(known, amounts, 0) * np.where(known, factors, 0.0))
    return np.where(known, home.astype(np.int64), NONE)
