"""The way an order's address took through its versions: what changed, back and forth, how far.

Knows nothing of features. Columns over the address versions known by then (`view.addresses`), in
the order in which they were recorded; a query without a change has zeros, or nothing where a time
or place is asked for.
"""

from __future__ import annotations

import numpy as np

from features.cut import Floats, Ints, Joined
from features.distance import great_circle_km
from features.facts import DTYPES, NONE
from features.joined import Truths
from features.view import Query

_NAMES = DTYPES["addresses"].names or ()
_PARTS = [_NAMES.index(f"{part}_key") for part in ("region", "postcode", "recipient", "line2")]
_ADDRESS, _RECORDED = _NAMES.index("address_key"), _NAMES.index("recorded_at")
_PLACE = [_NAMES.index("lat"), _NAMES.index("lon")]


def address_versions(query: Query, addresses: Joined) -> Ints:
    """(facts, m): facts of every address version of each order."""
    return query.index["addresses"].facts(addresses.row)


def address_is_first(addresses: Joined) -> Truths:
    """(m,): whether a version is its order's first."""
    first = np.zeros(len(addresses), np.bool_)
    first[addresses.starts] = True
    return first


def part_changes(addresses: Joined, address_versions: Ints, address_is_first: Truths) -> Floats:
    """(4, n): how often region, postcode, recipient and second line changed between versions."""
    said = address_versions[_PARTS]
    moved = np.zeros(said.shape)
    moved[:, 1:] = said[:, 1:] != said[:, :-1]
    moved[:, address_is_first] = 0.0
    return addresses.reduced(np.add, moved, 0.0)


def address_returns(addresses: Joined, address_versions: Ints, address_is_first: Truths) -> Floats:
    """(n,): how often the street address went back to one that it had left."""
    key = address_versions[_ADDRESS]
    ranked = np.lexsort((np.arange(len(key)), key, addresses.owner))
    again = np.zeros(len(key), np.bool_)
    alike = (key[ranked][1:] == key[ranked][:-1]) & (key[ranked][1:] != NONE)
    again[ranked[1:]] = alike & (addresses.owner[ranked][1:] == addresses.owner[ranked][:-1])
    left = np.zeros(len(key), np.bool_)
    left[1:] = key[1:] != key[:-1]
    return addresses.count(again & left & ~address_is_first)


def address_changed_at(addresses: Joined, address_recorded_at: Floats) -> Floats:
    """(n,): when the address last changed; nothing where it never did."""
    return np.where(addresses.counts() > 1.0, address_recorded_at, np.nan)


def shortest_stay_us(addresses: Joined, address_versions: Ints, address_is_first: Truths) -> Floats:
    """(n,): the shortest time between two versions, microseconds; nothing without a change."""
    stay = np.full(len(addresses), np.nan)
    recorded_at = address_versions[_RECORDED]
    stay[1:] = recorded_at[1:] - recorded_at[:-1]
    stay[address_is_first] = np.nan
    return addresses.reduced(np.fmin, stay, np.nan)


def moved_km(addresses: Joined, address_versions: Ints) -> Floats:
    """(n,): great circle from the first version's place to the last's; nothing where unknown."""
    place = np.radians(address_versions[_PLACE].view(np.float64))
    out = np.full(addresses.queries, np.nan)
    if len(addresses) == 0:
        return out
    starts = addresses.starts
    ends = np.append(starts[1:], len(addresses)) - 1
    first, last = place[:, starts], place[:, ends]
    out[addresses.owner[starts]] = great_circle_km(first, last)
    return out
