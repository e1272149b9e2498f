"""Addresses as buyers write them: one row at the order, another at every change.

Knows nothing of what a bad address leads to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from training.simulate_fates import MINUTE_US
from training.simulate_orders import Placed
from training.simulate_world import Ints, Rng, World, cities, places

NEW_STREET, NEW_PHONE = range(2)  # what a change changes; a mended defect changes both
SCATTER_DEGREES = 0.1  # homes lie at most this far from the centre of their city, evenly


@dataclass(frozen=True)
class Home:
    """One address before it is written down.

    Attributes:
        city: number of the city.
        digits: random number from which street, house, postcode and phone are read.
        locker: number of the shared locker, or -1.
        defects: ways in which it is badly written, 0 to 2.
        phone_digits: random number from which the phone is read.
    """

    city: int
    digits: int
    locker: int
    defects: int
    phone_digits: int


def fill(pattern: str, digits: int) -> str:
    """A pattern with its "#" replaced by the last digits of a number.

    >>> fill("518###", 90210)
    '518210'
    """
    need = pattern.count("#")
    return pattern.replace("#", "%s") % tuple(str(digits % 10**need).zfill(need))


def written(home: Home) -> dict[str, Any]:
    """The address columns of a home; two defects are a bad street and phone, one is either."""
    country_number, city = cities()[home.city]
    code = tuple(places())[country_number]
    country = places()[code]
    place = home.digits if home.locker < 0 else 7_919 * (home.locker + 1)
    slots = {
        "street": country["streets"][place // 7 % len(country["streets"])],
        "number": str(place // 61 % 880 + 3),
        "unit": str(place // 977 % 40 + 1) + "ABCD"[place // 31 % 4],
    }
    bad_street = home.defects == 2 or (home.defects == 1 and place % 3 > 0)
    bad_phone = home.defects == 2 or (home.defects == 1 and place % 3 == 0)
    jitter = ((place // 13 % 2001 - 1000) / 1000, (place // 17 % 2001 - 1000) / 1000)
    return {
        "recipient": _name(country, home.phone_digits),
        "phone": _phone(country, home.phone_digits, bad=bad_phone),
        "line1": _street(country, slots, home, bad=bad_street),
        "line2": None if home.locker >= 0 or bad_street else country["line2"].format(**slots),
        "district": city["districts"][place // 5 % len(city["districts"])],
        "city": city["city"],
        "region": city["region"],
        "postcode": fill(city["postcode"], place // 1009),
        "country": code,
        "lat": round(city["lat"] + SCATTER_DEGREES * jitter[0], 5),
        "lon": round(city["lon"] + SCATTER_DEGREES * jitter[1], 5),
    }


def _street(country: dict[str, Any], slots: dict[str, str], home: Home, *, bad: bool) -> str:
    if home.locker >= 0:
        return str(country["locker"].format(**slots))
    if not bad:
        return str(country["line1"].format(**slots))
    if home.digits % 5 < 3:
        return str(country["line1_without_number"].format(**slots))
    return str(country["gibberish"][home.digits // 11 % len(country["gibberish"])])


def _phone(country: dict[str, Any], digits: int, *, bad: bool) -> str:
    if bad:
        return ("00000000", "12345", "1111111111")[digits % 3]
    patterns = country["phones"]
    return fill(patterns[digits // 3 % len(patterns)], digits // 19)


def _name(country: dict[str, Any], digits: int) -> str:
    first = country["first_names"][digits // 23 % len(country["first_names"])]
    last = country["last_names"][digits // 29 % len(country["last_names"])]
    return str(country["name"].format(first=first, last=last))


def rows(rng: Rng, world: World, placed: Placed) -> list[dict[str, Any]]:
    """Address rows of a block, versions of an order in order of time, without shop_id.

    The first is recorded at placing, changes before the decision; the last change mends the
    defects where the order's latest address has none.
    """
    buyers = world.buyers
    found: list[dict[str, Any]] = []
    change_at = _change_times(rng, placed)
    new_digits = rng.integers(0, 2**62, (len(placed.number), 2)).tolist()
    kinds = rng.integers(0, 2, (len(placed.number), 2)).tolist()
    columns = zip(
        placed.number.tolist(),
        placed.placed_at.tolist(),
        placed.city.tolist(),
        buyers.digits[placed.buyer].tolist(),
        buyers.locker[placed.buyer].tolist(),
        placed.defects_first.tolist(),
        placed.defects.tolist(),
        placed.changes.tolist(),
        strict=True,
    )
    for at, (number, placed_at, city, digits, locker, first, latest, changes) in enumerate(columns):
        home = Home(city, digits, locker, first, digits)
        found.append({"number": number, "recorded_at": placed_at, **written(home)})
        for change in range(changes):
            street = kinds[at][change] == NEW_STREET and locker < 0
            defects = latest if change == changes - 1 else first
            home = Home(
                city=city,
                digits=new_digits[at][change] if street else home.digits,
                locker=locker,
                defects=defects,
                phone_digits=home.phone_digits if street else new_digits[at][change],
            )
            moment = int(change_at[at, change])
            found.append({"number": number, "recorded_at": moment, **written(home)})
    return found


def _change_times(rng: Rng, placed: Placed) -> Ints:
    """(n, 2) moments of up to two changes, in order, between placing and the decision."""
    share = np.sort(rng.uniform(0.05, 0.9, (len(placed.number), 2)), axis=1)
    span = placed.decide_at - placed.placed_at
    moments = placed.placed_at[:, None] + (share * span[:, None]).astype(np.int64)
    moments[:, 1] += MINUTE_US  # two changes never share a moment, which would be one key
    return np.asarray(moments)
