"""Claims about scores, states and keys: what a caller may rely on finding again."""

from __future__ import annotations

import re
import sqlite3
from hashlib import sha256

import pytest
from store_rows import HOUR, NOON, SHOP, key, new_store, score

from features.facts import key_of
from store.errors import KeyExists, StoreError

DAY = 20_089  # 2025-01-01
SHOP_KEY = key_of("shop", SHOP, SHOP)


@pytest.fixture
def store(tmp_path):
    with new_store(tmp_path) as opened:
        yield opened


def test_an_answer_is_found_again_as_it_was_given(store):
    given = score(risk=0.25, flagged=False, platform=None, answer=b'{"risk":0.25}')
    assert store.put_scores([given]) == 1
    found = store.stored_score(key(), NOON)
    assert found is not None
    assert found.seq == 1
    assert {**vars_of(found), "seq": 0} == vars_of(given)
    assert found.flagged is False
    assert store.stored_score(key(), NOON + 1) is None


def vars_of(row):
    return {name: getattr(row, name) for name in row.__dataclass_fields__}


def test_the_first_answer_of_an_order_and_moment_stays(store):
    """Two processes may answer the same question at once; both must then say the same."""
    store.put_scores([score(risk=0.2, model="first")])
    assert store.put_scores([score(risk=0.9, model="second"), score("B")]) == 1
    assert store.stored_score(key(), NOON).model == "first"
    assert [s.risk for s in store.latest_scores(DAY)] == [0.5, 0.2]
    assert store.rank_today(SHOP_KEY, DAY, 0.6) == 0, "nor does the second answer rank"


def test_scores_come_in_order_of_commit_from_any_cursor(store):
    names = ["A", "B", "C", "D", "E"]
    store.put_scores([score(name) for name in names[:3]])
    store.put_scores([score(name) for name in names[2:]])  # C again leaves no gap that matters
    first = store.scores_after(0, 2)
    rest = store.scores_after(first[-1].seq, 100)
    assert [s.order_id for s in first + rest] == names
    assert store.scores_after(rest[-1].seq, 100) == []


def test_a_day_is_ranked_by_the_latest_score_of_each_order(store):
    store.put_scores([score("A", risk=0.9), score("B", risk=0.4), score("C", risk=0.6)])
    store.put_scores([score("A", as_of=NOON + HOUR, risk=0.1)])
    assert [s.order_id for s in store.latest_scores(DAY)] == ["C", "B", "A"]
    assert store.rank_today(SHOP_KEY, DAY, 0.4) == 1
    assert store.highest_risks(SHOP_KEY, DAY, limit=2) == [0.6, 0.4]


def test_an_older_moment_scored_later_does_not_become_the_latest(store):
    store.put_scores([score(as_of=NOON + HOUR, risk=0.1)])
    store.put_scores([score(as_of=NOON, risk=0.9)])
    assert [s.risk for s in store.latest_scores(DAY)] == [0.1]
    assert [s.risk for s in store.scores_of(key())] == [0.9, 0.1]


def test_an_order_scored_again_on_a_later_day_leaves_the_earlier_list(store):
    store.put_scores([score()])
    store.put_scores([score(as_of=NOON + 24 * HOUR, day=DAY + 1)])
    assert store.latest_scores(DAY) == []
    assert len(store.latest_scores(DAY + 1)) == 1


def test_an_order_ranked_anew_does_not_stand_in_its_own_way(store):
    store.put_scores(
        [score(name, risk=risk) for name, risk in [("A", 0.9), ("B", 0.8), ("C", 0.7)]]
    )
    assert store.rank_today(SHOP_KEY, DAY, 0.75) == 2
    assert store.rank_today(SHOP_KEY, DAY, 0.75, without=[key("A")]) == 1
    assert store.rank_today(SHOP_KEY, DAY, 0.0, limit=2, without=[key("nobody")]) == 2
    assert store.highest_risks(SHOP_KEY, DAY, limit=1, without=[key("A")]) == [0.8]


def test_the_top_is_of_one_shop_or_platform_or_of_all(store):
    store.put_scores(
        [
            score("A", risk=0.3, platform="amazon"),
            score("B", risk=0.2),
            score("A", risk=0.9, shop_id="other"),
        ]
    )
    assert [s.risk for s in store.latest_scores(DAY)] == [0.9, 0.3, 0.2]
    assert [s.risk for s in store.latest_scores(DAY, shop=SHOP)] == [0.3, 0.2]
    assert [s.risk for s in store.latest_scores(DAY, platform="amazon")] == [0.3]
    assert [s.risk for s in store.latest_scores(DAY, limit=1)] == [0.9]


def test_a_days_ranking_is_read_off_an_index(store):
    """It is asked at every request; a scan would grow with the day."""
    with store._database.reading() as connection:
        for text, count in ranking_statements():
            plan = connection.execute(f"EXPLAIN QUERY PLAN {text}", (1,) * count).fetchall()
            details = [detail for *_, detail in plan]
            scans = [detail for detail in details if re.match(r"SCAN (latest_)?scores", detail)]
            assert scans == []


def ranking_statements():
    from store import scores  # noqa: PLC0415 - only this claim looks inside

    return [
        (scores._above(), 5),
        (scores._is_above(), 4),
        (scores._highest(), 2),
        (scores._top(one_platform=False), 2),
        (scores._next_shop(), 2),
        (scores._one(), 2),
        (scores._after(), 1),
    ]


def test_a_state_is_kept_per_day_and_replaced_by_a_later_one(store):
    store.put_state("", DAY, b"first", version=1)
    store.put_state("", DAY + 1, b"next", version=2)
    store.put_state("", DAY, b"second", version=2)
    assert store.state("", DAY) == b"second"
    assert store.state("", DAY, version=1) is None
    assert store.state("", DAY + 9) is None
    assert store.state_days("") == [DAY, DAY + 1]
    assert store.state_days("", version=1) == []
    assert store.drop_states("", before_day=DAY + 1) == 1
    assert store.state_days("") == [DAY + 1]


def test_a_key_opens_what_its_scopes_say_until_it_is_revoked(store):
    plain = store.add_key("erp", ["score", "read"], "shop")
    found = store.check_key(plain)
    assert found is not None
    assert (found.name, found.scopes, found.shop_id) == ("erp", {"score", "read"}, "shop")
    assert store.check_key(plain + "x") is None
    assert store.revoke_key("erp")
    assert store.check_key(plain) is None
    assert not store.revoke_key("erp")
    assert store.list_keys()[0].revoked_at is not None


def test_the_store_keeps_no_key_only_its_hash(store, tmp_path):
    plain = store.add_key("erp", ["read"])
    store.close()
    with sqlite3.connect(tmp_path / "store.sqlite") as raw:
        stored = raw.execute("SELECT * FROM keys").fetchone()
    raw.close()
    assert sha256(plain.encode()).digest() in stored
    assert plain.encode() not in (tmp_path / "store.sqlite").read_bytes()
    assert len(plain) == len("rr_") + 43, "256 random bits"


def test_a_name_has_one_working_key_at_a_time(store):
    store.add_key("erp", ["read"])
    with pytest.raises(KeyExists, match="Revoke that one first with `riskradar keys revoke erp`"):
        store.add_key("erp", ["read"])
    store.revoke_key("erp")
    assert store.check_key(store.add_key("erp", ["read"])) is not None


@pytest.mark.parametrize(("scopes", "got"), [([], "none"), (["write"], "write")])
def test_a_key_without_known_scopes_is_not_made(store, scopes, got):
    with pytest.raises(StoreError, match=f"Expected scopes of score, events, read, got {got}"):
        store.add_key("erp", scopes)
    assert store.list_keys() == []
