"""Claims about the page and the card that say how good a model is."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from little_shop import LittleShop

from training.ablate import Ablation
from training.learn import Learned, learn
from training.measure import Interval
from training.recipe import LearnSettings
from training.report import report
from training.report_card import card
from training.report_text import MEASURE_WORDS, day, interval, number


@pytest.fixture(scope="module")
def learned() -> Learned:
    shop = LittleShop(900, 200)
    return learn(shop.facts, shop.matrix, shop.names, settings=LearnSettings(), as_of=shop.as_of)


@pytest.fixture(scope="module")
def page(learned) -> str:
    found = [Ablation("order", 1, Interval(0.1, 0.05, 0.15), Interval(0.02, 0.01, 0.03))]
    words = {"danger": "How dangerous <b>it</b> is"}
    return report(learned, words=words, ablation={"risk": found})


class Elements(HTMLParser):
    """Every element of a page with its attributes, and which were opened and never closed."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "img", "link", "input"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def elements(page: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Elements()
    parser.feed(page)
    assert parser.open == []
    return parser.found


def test_the_page_needs_nothing_but_itself(page):
    """It is opened from a bundle's folder, years later, on a machine without a network."""
    assert not [tag for tag, _ in elements(page) if tag in ("script", "link", "img", "iframe")]
    links = [attrs.get("href") or attrs.get("xlink:href") or "#" for _, attrs in elements(page)]
    assert [link for link in links if not link.startswith("#")] == []
    assert "url(http" not in page


def test_every_figure_says_in_words_what_it_shows(page):
    drawings = [attrs for _, attrs in elements(page) if attrs.get("role") == "img"]
    assert len(drawings) == 2 * 7 + 1  # two heads with seven figures, one ablation
    assert all(attrs["aria-label"] for attrs in drawings)


def test_ids_are_unique_and_links_within_the_page_arrive(page):
    headings = [a["id"] for tag, a in elements(page) if tag in ("h1", "h2", "h3") and "id" in a]
    assert len(headings) == len(set(headings))
    targets = [a["href"] for tag, a in elements(page) if tag == "a" and "href" in a]
    assert targets
    assert {target.removeprefix("#") for target in targets} <= set(headings)


def test_words_of_features_are_text_and_never_markup(page):
    assert "How dangerous &lt;b&gt;it&lt;/b&gt; is" in page


def test_the_page_names_each_measure_beside_baseline_and_base_rate(page):
    for name, _ in MEASURE_WORDS.values():
        assert page.count(f">{name}<") == 2
    assert "Logistic baseline" in page
    assert "Base rate" in page


def test_the_same_model_gives_the_same_page_and_card(learned):
    assert report(learned) == report(learned)
    assert card(learned) == card(learned)


def test_the_card_says_what_its_measures_are_of(learned):
    text = card(learned)
    assert "They are the recipe's" in text
    head = learned.heads["return"]
    assert f"{head.positives} of {head.orders} judged orders had it" in text
    assert day(learned.as_of) in text
    assert interval(head.measures.by["model"]["roc_auc_score"]) in text


def test_the_card_is_a_table_that_markdown_readers_accept(learned):
    widths = {
        line.count("|") for line in card(learned).splitlines() if re.match(r"\| ?[\w-]", line)
    }
    assert widths == {6}


def test_numbers_that_cannot_be_said_are_dashes_and_zero_has_no_sign():
    assert number(float("nan")) == "-"
    assert number(-0.0001) == "0.000"
    assert interval(Interval(0.6711, 0.644, 0.696)) == "0.671 (0.644 to 0.696)"
