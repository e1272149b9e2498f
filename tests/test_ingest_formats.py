"""Claims about the built-in formats: what becomes of an order, and what it knew when."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta

import numpy as np
import pytest
from ingest_desk import DAY, HOUR, NOW, OLIST, at, needs_olist, open_home

from store import open_store
from training.simulate import OutreachPlan, simulate, write_files


@pytest.fixture
def home(tmp_path):
    found = open_home(tmp_path)
    with found.store:
        yield found


# Three orders: A delivered late, B cancelled, C approved after its carrier came, badly reviewed.
# D has a date that is none. The last event, a review, makes the export end on 2018-03-01.
ORDERS = """order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,\
order_delivered_carrier_date,order_delivered_customer_date,order_estimated_delivery_date
A,cA,delivered,2018-01-01 10:00:00,2018-01-01 11:00:00,2018-01-03 12:00:00,2018-01-11 00:00:00,\
2018-01-10 00:00:00
B,cB,canceled,2018-01-01 10:00:00,2018-01-01 11:00:00,,,2018-01-10 00:00:00
C,cC,shipped,2018-02-20 10:00:00,2018-02-22 10:00:00,2018-02-20 09:00:00,,2018-03-01 00:00:00
D,cC,created,2018-02-20 10:00:00,soon,,,2018-03-10 00:00:00
"""
SAMPLE = {
    "olist_orders_dataset": ORDERS,
    "olist_customers_dataset": """customer_id,customer_unique_id,customer_zip_code_prefix,\
customer_city,customer_state
cA,P1,01001,sao paulo,SP
cB,P1,01001,sao paulo,SP
cC,P2,99999,nowhere,AC
""",
    "olist_order_items_dataset": """order_id,order_item_id,product_id,seller_id,\
shipping_limit_date,price,freight_value
A,1,X,S,2018-01-05 10:00:00,10.10,1.15
A,2,X,S,2018-01-04 10:00:00,10.10,1.15
B,1,X,S,2018-01-05 10:00:00,99.90,12
C,1,Y,S,2018-02-25 10:00:00,cheap,0.00
D,1,X,S,2018-02-25 10:00:00,1.00,0.00
""",
    "olist_order_payments_dataset": """order_id,payment_sequential,payment_type,\
payment_installments,payment_value
A,1,voucher,1,2.50
A,2,credit_card,3,20.00
B,1,boleto,1,111.90
C,1,debit_card,1,9.00
""",
    "olist_order_reviews_dataset": """review_id,order_id,review_score,review_answer_timestamp
r1,A,5,2018-01-13 08:00:00
r2,C,4,2018-02-27 08:00:00
r2,C,2,2018-02-28 08:00:00
r3,B,awful,2018-02-28 08:00:00
""",
    "olist_products_dataset": """product_id,product_category_name,product_name_lenght,\
product_description_lenght,product_photos_qty,product_weight_g,product_length_cm,\
product_height_cm,product_width_cm
X,beleza_saude,53.0,274.0,1.0,600.0,30.0,20.0,10.0
Y,sem_traducao,,,,,,,
""",
    "olist_geolocation_dataset": """geolocation_zip_code_prefix,geolocation_lat,geolocation_lng
01001,-23.50,-46.60
01001,-23.60,-46.70
""",
    "product_category_name_translation": """product_category_name,product_category_name_english
beleza_saude,health_beauty
""",
}


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    """The home that the sample was ingested into, and the summary."""
    home = open_home(tmp_path_factory.mktemp("olist"))
    files = [home.file(f"{name}.csv", text) for name, text in SAMPLE.items()]
    summary = home.take(*files, by="olist")
    yield home, summary
    home.store.close()


def versions(home, order_id, *columns):
    return [(v["known_at"], *(v[c] for c in columns)) for v in home.told(order_id)]


def test_an_olist_order_knows_of_each_event_when_it_happened(taken):
    home, _ = taken
    placed, paid, shipped = at("2018-01-01 10:00"), at("2018-01-01 11:00"), at("2018-01-03 12:00")
    limit = at("2018-01-04 10:00")  # the earliest of its lines'
    assert versions(home, "A", "paid_at", "ship_by_at", "shipped_at") == [
        (placed, None, None, None),
        (paid, paid, limit, None),
        (shipped, paid, limit, shipped),
    ]


def test_an_olist_order_that_left_before_it_was_approved_keeps_both_times(taken):
    """The carrier's clock stands before the purchase: the order was known first."""
    home, _ = taken
    placed, paid, shipped = at("2018-02-20 10:00"), at("2018-02-22 10:00"), at("2018-02-20 09:00")
    assert versions(home, "C", "paid_at", "shipped_at") == [
        (placed, None, shipped),
        (paid, paid, shipped),
    ]


def test_an_olist_order_is_cancelled_at_the_end_of_its_promised_day(taken):
    home, _ = taken
    end = at("2018-01-11 00:00")
    assert versions(home, "B", "cancelled_at")[-2:] == [(at("2018-01-01 11:00"), None), (end, end)]


def test_an_olist_order_has_its_money_its_payment_and_its_buyer(taken):
    home, _ = taken
    order = home.told("A")[0]
    assert (order["amount_minor"], order["shipping_minor"], order["currency"]) == (2250, 230, "BRL")
    assert (order["payment_method"], order["instalments"]) == ("card", 3)
    assert (order["buyer_id"], order["platform"]) == ("P1", "olist")
    assert order["deliver_by_at"] == at("2018-01-11 00:00")
    assert home.told("B")[0]["payment_method"] == "bank_transfer"


def test_olist_outcomes_are_known_at_the_midnight_or_the_answer(taken):
    """A came at the very midnight, so late; B was cancelled; C's day had not ended."""
    home, _ = taken
    found = {
        order: [(o["kind"], o["opened_at"], o["known_at"]) for o in home.told(order, "outcomes")]
        for order in "ABC"
    }
    midnight, answered = at("2018-01-11 00:00"), at("2018-02-28 08:00")
    assert found == {
        "A": [("late_delivery", midnight, midnight)],
        "B": [],
        "C": [("negative_review", answered, answered)],
    }


def test_olist_places_are_the_mean_of_their_prefix(taken):
    home, _ = taken
    known, unknown = home.told("A", "addresses")[0], home.told("C", "addresses")[0]
    assert (known["lat"], known["lon"]) == (pytest.approx(-23.55), pytest.approx(-46.65))
    assert (known["postcode"], known["region"], known["country"]) == ("01001", "SP", "BR")
    assert unknown["lat"] is None


def test_olist_products_take_the_english_category_where_there_is_one(taken):
    home, _ = taken
    items = home.told("A", "items"), home.told("C", "items")
    assert [item["category"] for item in items[0]] == ["health_beauty", "health_beauty"]
    assert items[1] == []  # its price is no price
    product = next(r for r in home.store.timeline("default", "A") if r.table == "products").values
    assert (product["photos"], product["weight_g"]) == (1, 600.0)
    assert product["attributes"] == {"title_length": 53, "description_length": 274}


def test_bad_olist_values_are_rejected_by_name_and_not_taken_for_missing(taken):
    home, summary = taken
    found = [(r["table"], r["line"], r["field"]) for r in home.rejects()]
    assert found == [
        ("orders", 5, "paid_at"),
        ("items", 5, "unit_price_minor"),  # the order itself has its price from the payments
        ("items", 6, "known_at"),  # its order was rejected
        ("outcomes", 5, "kind"),  # its score is no number
    ]
    assert summary.tables["orders"].new == 8  # three moments of A, three of B, two of C


def test_olist_twice_changes_nothing(taken):
    home, summary = taken
    again = home.take(*sorted((home.path / "exports").glob("*.csv")), by="olist", at=NOW + DAY)
    assert {table: one.new for table, one in again.tables.items()} == dict.fromkeys(again.tables, 0)
    assert again.rejected == summary.rejected


def test_olist_without_reviews_payments_or_places_still_goes_in(home):
    needed = [f"olist_{name}_dataset" for name in ("orders", "customers", "order_items")]
    files = [home.file(f"{name}.csv", SAMPLE[name]) for name in needed]
    summary = home.take(*files, by="olist")
    assert sorted(summary.tables) == ["addresses", "deliveries", "items", "orders", "outcomes"]
    assert home.told("B")[0]["amount_minor"] == 11190  # prices and freight


@needs_olist
def test_the_olist_data_set_goes_in_whole_and_no_order_knows_its_future(home):
    first = home.take(*sorted(OLIST.glob("*.csv")), by="olist")
    assert first.rejects is None
    facts = home.store.facts()
    with (OLIST / "olist_orders_dataset.csv").open(encoding="utf-8", newline="") as file:
        orders = list(csv.DictReader(file))
    assert len(np.unique(facts["orders"]["order_key"])) == len(orders) == 11_031
    assert first.tables["outcomes"].new == negative_reviews() + late_deliveries(orders)
    assert_no_version_knows_its_future(facts["orders"])


def negative_reviews():
    with (OLIST / "olist_order_reviews_dataset.csv").open(encoding="utf-8", newline="") as file:
        return len({r["order_id"] for r in csv.DictReader(file) if int(r["review_score"]) <= 2})


def late_deliveries(orders):
    """By the words of the data set's page, in Python."""
    late = 0
    for order in orders:
        promised = datetime.fromisoformat(order["order_estimated_delivery_date"])
        midnight = f"{promised + timedelta(days=1)}"
        came = order["order_delivered_customer_date"]
        judged = order["order_status"] not in ("canceled", "unavailable")
        late += judged and midnight < "2018-05-01 00:00:00" and (not came or came >= midnight)
    return late


def assert_no_version_knows_its_future(orders):
    for column in ("paid_at", "shipped_at", "cancelled_at"):
        known = orders[column] > np.iinfo(np.int64).min
        assert known.any()
        assert (orders[column][known] <= orders["known_at"][known]).all()


AMAZON = (
    "order-id\torder-item-id\tpurchase-date\tpayments-date\treporting-date\tpromise-date\t"
    "days-past-promise\tbuyer-email\tbuyer-phone-number\tsku\tproduct-name\tquantity-purchased\t"
    "quantity-shipped\tquantity-to-ship\tship-service-level\trecipient-name\tship-address-1\t"
    "ship-address-2\tship-address-3\tship-city\tship-state\tship-postal-code\tship-country\t"
    "is-business-order\tpurchase-order-number\tprice-designation\tis-prime\n"
    "302-1\t10000000000011\t2025-01-01T12:00:00+00:00\t2025-01-01T07:30:00-05:00\t"
    "2025-01-01T13:00:00+00:00\t2025-01-03T22:59:59+00:00\t-2\tX1@marketplace.amazon.de\t"
    '+49 171 1\tTV-1\t32" TV "big\t1\t0\t1\tStandard\tA. Müller\tHof 1\t\t\tKassel\tHE\t34117\tDE\t'
    "false\t\t\ttrue\n"
    "302-1\t10000000000012\t2025-01-01T12:00:00+00:00\t2025-01-01T07:30:00-05:00\t"
    "2025-01-01T13:00:00+00:00\t2025-01-03T22:59:59+00:00\t-2\tX1@marketplace.amazon.de\t"
    "+49 171 1\tHDMI\tCable\t2\t0\t2\tStandard\tA. Müller\tHof 1\t\t\tKassel\tHE\t34117\tDE\t"
    "false\t\t\ttrue\n"
)


def test_amazons_lines_become_orders_with_their_items_and_address(home):
    report = home.file("50012.txt", AMAZON.encode("cp1252"))
    summary = home.take(report, by="amazon-actionable-orders", encoding="cp1252")
    assert summary.rejects is None
    placed, paid = at("2025-01-01 12:00"), at("2025-01-01 12:30")
    assert versions(home, "302-1", "paid_at") == [(placed, None), (paid, paid)]
    order = home.told("302-1")[-1]
    assert (order["platform"], order["buyer_id"]) == ("amazon", "x1@marketplace.amazon.de")
    assert order["ship_by_at"] == at("2025-01-03 22:59:59")
    assert (order["is_business"], order["attributes"]) == (False, {"is_prime": True})
    items = {(i["product_id"], i["quantity"], i["known_at"]) for i in home.told("302-1", "items")}
    assert items == {("TV-1", 1, placed), ("HDMI", 2, placed)}
    (address,) = home.told("302-1", "addresses")
    assert (address["recipient"], address["line1"], address["line2"]) == (
        "A. Müller",
        "Hof 1",
        None,
    )
    titles = {
        r.values["title"] for r in home.store.timeline("default", "302-1") if r.table == "products"
    }
    assert titles == {'32" TV "big', "Cable"}


def test_an_amazon_line_keeps_its_number_when_another_has_left_the_report(home):
    whole = home.file("monday.txt", AMAZON)
    header, first, _ = AMAZON.splitlines(keepends=True)
    home.take(whole, by="amazon-actionable-orders")
    later = home.take(home.file("tuesday.txt", header + first), by="amazon-actionable-orders")
    assert {table: one.new for table, one in later.tables.items()} == dict.fromkeys(later.tables, 0)


def test_a_report_without_what_amazon_leaves_out_for_privacy_still_goes_in(home):
    lines = [line.split("\t") for line in AMAZON.splitlines()]
    dropped = {"buyer-email", "buyer-phone-number", "recipient-name", "ship-address-1", "is-prime"}
    kept = [n for n, name in enumerate(lines[0]) if name not in dropped]
    text = "".join("\t".join(line[n] for n in kept) + "\n" for line in lines)
    summary = home.take(home.file("report.txt", text), by="amazon-actionable-orders")
    assert summary.rejects is None
    assert home.told("302-1")[0]["buyer_id"] is None


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_simulated_shop_comes_back_from_its_files_as_it_was(home, tmp_path, kind):
    """All ten tables: what was written from rows equals what is read from files."""
    shop = simulate(orders=150, seed=4, start_at=NOW - 300 * DAY, days=60, outreach=OutreachPlan())
    home.take(*write_files(shop, tmp_path / "files", kind))
    with open_store(tmp_path / "direct.sqlite") as direct:
        for table, rows in shop.tables.items():
            direct.write({table: rows} if rows else {}, received_at=NOW)
        first, second = home.store.facts(), direct.facts()
    assert all(np.array_equal(first[table], second[table]) for table in first)
    assert min(len(rows) for rows in first.values()) > 0


def test_hours_are_those_of_the_file(home):
    """`+01:00` is an hour before the same clock in UTC."""
    rows = "order_id,placed_at\nA,2025-01-01T12:00:00+01:00\n"
    home.take(home.file("orders.csv", rows))
    assert home.told("A")[0]["placed_at"] == at("2025-01-01 12:00") - HOUR
