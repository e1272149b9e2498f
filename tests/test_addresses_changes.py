"""Features of an address: what went on between its versions, and what is wrong with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from features import address_flags as flags
from features import address_path as path
from features.address_changes import (
    address_change_hours_before_ship_by,
    address_change_share_of_handling,
    shortest_hours_between_address_changes,
)
from features.address_place import first_deliveries
from features.addresses import FIELDS, defect_bits
from features.facts import facts_of
from features.joined import Joined
from features.schema import HOUR_US

HOME = {"line1": "5 Elm St", "postcode": "10001", "region": "NY", "lat": 40.7, "lon": -74.0}
WORK = HOME | {"line1": "9 Oak Ave", "recipient": "Ana"}
AWAY = WORK | {"postcode": "33101", "region": "FL", "lat": 25.8, "lon": -80.2}


def versions(*orders: list[dict[str, Any]]) -> tuple[Joined, np.ndarray, np.ndarray]:
    """Versions an hour apart, with what `address_path` reads of them."""
    rows = [row | {"recorded_at": at * HOUR_US} for order in orders for at, row in enumerate(order)]
    names = {name for row in rows for name in row}
    given: dict[str, list[Any]] = {name: [row.get(name) for row in rows] for name in names}
    given |= {"shop_id": ["s"] * len(rows), "known_at": [1] * len(rows)}
    facts = facts_of("addresses", given)
    owner = np.repeat(np.arange(len(orders)), [len(order) for order in orders])
    joined = Joined(owner, np.arange(len(rows)), len(orders))
    said = np.ascontiguousarray(facts.view(np.int64).reshape(len(rows), -1).T)
    return joined, said, path.address_is_first(joined)


def test_each_part_that_changed_is_counted() -> None:
    changes = path.part_changes(*versions([HOME, WORK, AWAY], [HOME], [HOME, HOME]))
    region, postcode, recipient, line2 = changes.tolist()
    assert region == [1.0, 0.0, 0.0]
    assert postcode == [1.0, 0.0, 0.0]
    assert recipient == [1.0, 0.0, 0.0]
    assert line2 == [0.0, 0.0, 0.0]


def test_back_and_forth_is_told_from_moving_on_and_from_saying_it_again() -> None:
    there_and_back = [HOME, WORK, HOME, WORK]
    returns = path.address_returns(*versions(there_and_back, [HOME, WORK, AWAY], [HOME, HOME], []))
    assert returns.tolist() == [2.0, 0.0, 0.0, 0.0]


def test_the_distance_moved_is_from_the_first_address_to_the_last() -> None:
    joined, said, _ = versions([HOME, AWAY], [HOME, WORK], [{"line1": "x"}], [AWAY])
    assert path.moved_km(joined, said).tolist() == pytest.approx(
        [1753.0, 0.0, np.nan, 0.0], abs=0.1, nan_ok=True
    )


def test_the_shortest_stay_is_unknown_without_a_change() -> None:
    stay = path.shortest_stay_us(*versions([HOME, WORK, AWAY], [HOME]))
    hours = shortest_hours_between_address_changes(stay)
    assert hours.tolist() == pytest.approx([1.0, np.nan], nan_ok=True)


def test_how_late_a_change_is_counts_against_the_promised_shipping() -> None:
    """Changed 6 hours after placing, 2 hours before shipping was promised."""
    hour = float(HOUR_US)
    placed, changed, ship_by = (np.array([at * hour]) for at in (10, 16, 18))
    assert address_change_hours_before_ship_by(changed, ship_by).tolist() == [2.0]
    assert address_change_share_of_handling(placed, changed, ship_by).tolist() == [0.75]


def test_an_area_gains_a_region_on_the_day_of_the_first_delivery_there() -> None:
    """Two pairs of area 7: first delivered on days 3 and 5; one of area 8: day 4."""
    pair = np.array([70, 71, 70, 80])
    area = np.array([7, 7, 7, 8])
    day, whose = first_deliveries(pair, area, np.array([9, 5, 3, 4]))
    assert day.tolist() == [3, 4, 5]
    assert whose.tolist() == [7, 8, 7]


def test_defects_become_features_and_an_order_without_an_address_has_none_known() -> None:
    """A bare street with a dead phone and a filler for a name; a locker; no address at all."""
    bare = {"line1": "Maple St", "city": "Reno", "country": "US", "phone": "12345"}
    locker = {"line1": "Packstation 145", "city": "Bonn", "country": "DE"}
    rows = [bare | {"recipient": "test"}, locker, {}]
    bits = np.array(defect_bits([[row.get(field) for row in rows] for field in FIELDS]))
    row = np.array([0, 1, -1])
    told = {
        name: getattr(flags, name)(row, bits)[:2].tolist()
        for name in vars(flags)
        if name.startswith(("address_", "phone_"))
    }
    assert told == {
        "address_defects": [2.0, 0.0],
        "address_severe_defects": [1.0, 0.0],
        "address_lacks_number": [1.0, 0.0],
        "address_says_no_number": [0.0, 0.0],
        "address_is_filler": [0.0, 0.0],
        "address_is_box": [0.0, 0.0],
        "address_is_locker": [0.0, 1.0],
        "address_holds_contact": [0.0, 0.0],
        "address_is_illegible": [0.0, 0.0],
        "address_contradicts_itself": [0.0, 0.0],
        "phone_is_invalid": [1.0, 0.0],
    }
    assert np.isnan(flags.address_defects(row, bits)[2])
