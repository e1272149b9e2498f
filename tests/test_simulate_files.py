"""Simulated texts, addresses and files, as a shop would export them."""

from __future__ import annotations

import csv
import json
import re
from datetime import datetime

import duckdb
import numpy as np
import pytest

from features.schema import TABLES
from training.simulate import OutreachPlan, simulate, simulate_blocks, write_blocks, write_files
from training.simulate_addresses import Home, written
from training.simulate_talk import NOTHING, TOPICS
from training.simulate_texts import mistyped, sentence, texts
from training.simulate_world import CATEGORIES, cities, is_peak, places

START = 1_735_689_600_000_000  # 2025-01-01T00:00:00Z
LANGUAGES = ("zh", "en", "es", "pt")


@pytest.fixture(scope="module")
def shop():
    return simulate(orders=1500, seed=4, start_at=START, days=60, outreach=OutreachPlan())


@pytest.fixture(scope="module")
def folder(shop, tmp_path_factory):
    path = tmp_path_factory.mktemp("export")
    write_files(shop, path)
    return path


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_there_is_a_file_for_every_table_in_our_own_columns(folder):
    assert sorted(path.stem for path in folder.iterdir()) == sorted(TABLES)
    for name, spec in TABLES.items():
        assert tuple(read(folder / f"{name}.csv")[0]) == ("shop_id", "known_at", *spec.names)


def test_a_csv_file_reads_back_as_the_rows_it_was_written_from(shop, folder):
    back = read(folder / "orders.csv")
    assert len(back) == len(shop.tables["orders"])
    for row, original in zip(back, shop.tables["orders"], strict=True):
        moment = datetime.fromisoformat(row["placed_at"])
        assert row["placed_at"].endswith("Z")
        assert round(moment.timestamp() * 1_000_000) == original["placed_at"]
        assert int(row["amount_minor"]) == original["amount_minor"]
        assert row["is_business"] == str(original["is_business"]).lower()
        assert (row["shipped_at"] == "") == (original["shipped_at"] is None)
    assert json.loads(read(folder / "buyers.csv")[0]["attributes"]).keys() == {"loyalty_tier"}
    texts_back = [row["text"] for row in read(folder / "messages.csv")]
    assert texts_back == shop.columns["messages"]["text"]


def test_parquet_holds_the_same_with_types(shop, tmp_path):
    paths = write_files(shop, tmp_path, "parquet")
    assert [path.name for path in paths] == [f"{name}.parquet" for name in TABLES]
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        path = str(tmp_path / "orders.parquet")
        got = connection.execute(
            "SELECT count(*), sum(amount_minor), epoch_us(min(placed_at)), count(shipped_at) "
            "FROM read_parquet(?)",
            [path],
        ).fetchone()
    orders = shop.tables["orders"]
    assert got == (
        len(orders),
        sum(row["amount_minor"] for row in orders),
        min(row["placed_at"] for row in orders),
        sum(row["shipped_at"] is not None for row in orders),
    )


def test_blocks_are_written_as_one_shop(folder, tmp_path):
    blocks = simulate_blocks(orders=1500, seed=4, start_at=START, days=60, outreach=OutreachPlan())
    for path in write_blocks(blocks, tmp_path):
        assert path.read_bytes() == (folder / path.name).read_bytes()


def test_a_table_without_rows_has_no_file(tmp_path):
    quiet = simulate(orders=20, seed=1, start_at=START, days=2)
    assert "outreach.csv" not in [path.name for path in write_files(quiet, tmp_path)]
    assert not (tmp_path / "outreach.csv").exists()


def test_an_unknown_kind_of_file_is_refused(shop, tmp_path):
    with pytest.raises(ValueError, match="csv or parquet, got 'xlsx'"):
        write_files(shop, tmp_path, "xlsx")  # type: ignore[arg-type]  # that is the point


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_topic_has_sentences_whose_slots_are_all_filled(language):
    for topic in TOPICS:
        for die in range(8):
            dice = [die] * 7
            for thing in CATEGORIES:
                text = sentence(
                    TOPICS.index(topic), NOTHING, language=language, thing=thing, dice=dice
                )
                assert text
                assert not re.search(r"[{}]", text)


def test_all_languages_talk_about_the_same_things():
    assert len({frozenset(texts()[language]) for language in LANGUAGES}) == 1


def test_a_kettle_is_never_asked_for_its_size():
    doubt = TOPICS.index("doubt")
    asked = {
        sentence(doubt, NOTHING, language="en", thing="kettle", dice=[die, 0, 0, 0, 3, 0, 0])
        for die in range(50)
    }
    assert len(asked) == 9
    assert not any("size" in text or "medium" in text for text in asked)


def test_one_message_may_carry_two_topics():
    text = sentence(
        TOPICS.index("chasing"),
        TOPICS.index("platform_threat"),
        language="es",
        thing="dress",
        dice=[3, 0, 0, 0, 3, 0, 0],
    )
    assert text == "¿dónde está mi paquete?, voy a abrir un reclamo"


def test_a_slip_changes_a_text_but_little():
    assert mistyped("quero cancelar não", "pt", 1) == "quero cancelar nao"
    assert mistyped("什么时候发货", "zh", 1) == "什么时时候发货"
    assert sorted(mistyped("where is my package", "en", 4)) == sorted("where is my package")


def test_buyers_write_in_all_four_languages_and_from_six_countries(shop):
    texts_seen = " ".join(shop.columns["messages"]["text"])
    for word in ("发货", "order", "pedido", "não"):
        assert word in texts_seen
    assert set(shop.columns["addresses"]["country"]) == {"CN", "US", "BR", "MX", "ES", "CO"}
    assert len(set(shop.columns["orders"]["currency"])) == 6
    assert len(set(shop.columns["orders"]["platform"])) == 8


def test_defects_are_visible_in_the_address_that_has_them():
    shenzhen = next(at for at, (_, city) in enumerate(cities()) if city["city"] == "深圳市")
    sound = written(Home(shenzhen, 90_210, -1, 0, 90_210))
    broken = written(Home(shenzhen, 90_210, -1, 2, 90_210))
    assert re.fullmatch(r".+\d+号", sound["line1"])
    assert re.fullmatch(r"1[358]\d{9}", sound["phone"])
    assert not re.search(r"\d号", broken["line1"])
    assert broken["line2"] is None
    assert broken["phone"] in ("00000000", "12345", "1111111111")
    assert sound["postcode"].startswith("518")


def test_neighbours_at_a_locker_share_its_address_but_not_their_phone():
    one, two = written(Home(0, 1_000_003, 5, 0, 1_000_003)), written(Home(0, 77, 5, 0, 77_777_777))
    shared = ("line1", "line2", "city", "postcode", "lat", "lon")
    assert [one[name] for name in shared] == [two[name] for name in shared]
    assert one["phone"] != two["phone"]


def test_coordinates_lie_near_their_city(shop):
    centre = {city["city"]: (city["lat"], city["lon"]) for _, city in cities()}
    for row in shop.tables["addresses"]:
        lat, lon = centre[row["city"]]
        assert abs(row["lat"] - lat) <= 0.11
        assert abs(row["lon"] - lon) <= 0.11


def test_shares_of_every_country_add_up_to_one():
    assert sum(row["weight"] for row in places().values()) == pytest.approx(1.0)
    for row in places().values():
        for what in ("languages", "platforms", "payments"):
            assert sum(row[what].values()) == pytest.approx(1.0)


def test_the_peak_runs_from_the_fifth_of_november_to_christmas_eve():
    moment = np.datetime64("2025-01-01")
    days = [(np.datetime64(f"2025-{day}") - moment).astype(int) for day in ("11-04", "11-05")]
    days += [(np.datetime64(f"2025-12-{day}") - moment).astype(int) for day in (24, 25)]
    assert is_peak(np.array(days), START).tolist() == [False, True, True, False]


@pytest.mark.slow
def test_a_large_shop_is_written_in_blocks_of_bounded_memory(tmp_path):
    """Ten blocks; only one may be alive at a time, so the largest has to stay small."""
    largest = orders = 0

    def watched():
        nonlocal largest, orders
        for block in simulate_blocks(orders=400_000, seed=1, start_at=START, days=365):
            largest = max(largest, len(block.truth.order_id))
            orders += len(block.truth.order_id)
            yield block

    write_blocks(watched(), tmp_path)
    assert orders == 400_000
    assert largest < 45_000
