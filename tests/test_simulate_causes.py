"""The formula behind the simulated shop, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from features.schema import OUTCOME_KINDS
from training import simulate_page
from training.simulate_causes import (
    AFTERWARDS,
    CAUSES,
    COEFFICIENTS,
    DISPUTE_KINDS,
    FATE_OF_KIND,
    Possible,
    chances_of,
    on_the_surface,
)

rows = st.integers(1, 5)
matrices = rows.flatmap(
    lambda n: arrays.arrays(np.float64, (n, len(CAUSES)), elements=st.floats(-3, 3))
)


def everything(count):
    yes = np.ones(count, dtype=bool)
    return Possible(a_to_z_claim=yes, chargeback=yes, cod_refused=yes)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_an_order_without_any_cause_has_the_chances_of_the_intercepts():
    chances = chances_of(np.zeros((1, len(CAUSES))), everything(1))
    cancelled, refused, failed = sigmoid(-6.0), sigmoid(-3.0), sigmoid(-5.3)
    late = sigmoid(-4.6)
    shipped = 1 - cancelled
    taken = shipped * (1 - refused)
    arrived = taken * (1 - failed)
    expected = [
        cancelled,
        shipped * refused,
        taken * failed,
        arrived * late,
        arrived * (1 - late),
    ]
    assert chances.fates[0] == pytest.approx(expected, rel=1e-12)
    returned = arrived * (late * sigmoid(-5.0 + 0.2) + (1 - late) * sigmoid(-5.0))
    assert chances.of_kind("return")[0] == pytest.approx(returned, rel=1e-12)


def test_a_kind_that_is_not_possible_has_no_chance():
    no = np.zeros(1, dtype=bool)
    chances = chances_of(np.zeros((1, len(CAUSES))), Possible(no, no, no))
    for kind in ("a_to_z_claim", "chargeback", "cod_refused"):
        assert chances.of_kind(kind).tolist() == [0.0]
    assert chances.of_kind("complaint")[0] > 0


@given(matrices)
def test_chances_are_chances_whatever_the_causes(causes):
    chances = chances_of(causes, everything(len(causes)))
    assert np.allclose(chances.fates.sum(axis=1), 1.0)
    assert ((chances.kinds >= 0) & (chances.kinds <= 1)).all()
    single = np.column_stack([chances.of_kind(kind) for kind in DISPUTE_KINDS])
    either = chances.of_any()
    assert (either >= single.max(axis=1) - 1e-12).all()
    assert (either <= single.sum(axis=1) + 1e-12).all()


@given(matrices, st.sampled_from(OUTCOME_KINDS))
def test_any_of_one_kind_is_that_kind(causes, kind):
    chances = chances_of(causes, everything(len(causes)))
    assert chances.of_any([kind]) == pytest.approx(chances.of_kind(kind), abs=1e-12)


def test_what_is_on_the_surface_says_nothing_of_hidden_causes():
    causes = np.arange(2.0 * len(CAUSES)).reshape(2, -1)
    seen = on_the_surface(causes)
    for column, cause in enumerate(CAUSES.values()):
        if cause.hidden:
            assert seen[0, column] == seen[1, column] == causes[:, column].mean()
        else:
            assert seen[:, column].tolist() == causes[:, column].tolist()


def test_every_coefficient_names_a_cause_and_every_kind_has_its_place():
    assert set(COEFFICIENTS) == set(OUTCOME_KINDS)
    assert set(FATE_OF_KIND) | set(AFTERWARDS) == set(OUTCOME_KINDS)
    for weights in COEFFICIENTS.values():
        assert set(weights) - {"intercept"} <= set(CAUSES)
    used = set().union(*COEFFICIENTS.values())
    assert set(CAUSES) <= used, "a cause without any coefficient is none"


def test_the_page_states_the_numbers_of_the_code():
    page = simulate_page.PAGE.read_text("utf-8")
    assert simulate_page.renewed(page) == page, "run `python -m training.simulate_page`"


def test_a_changed_coefficient_makes_the_page_wrong(monkeypatch):
    monkeypatch.setitem(COEFFICIENTS["return"], "doubt", 1.81)
    page = simulate_page.PAGE.read_text("utf-8")
    assert simulate_page.renewed(page) != page


def test_a_page_without_its_marks_is_refused():
    with pytest.raises(ValueError, match="one is missing"):
        simulate_page.renewed("nothing here")
