"""Claims about the settings file: everything has a default, and no mistake passes unnamed."""

from __future__ import annotations

import msgspec
import pytest

from features.schema import OUTCOME_KINDS
from store.errors import BadSettings
from store.settings import Cost, Settings, default_toml, load_settings, parse_settings


def test_without_a_file_everything_has_a_default(tmp_path):
    settings = load_settings(tmp_path / "riskradar.toml")
    assert settings == Settings()
    assert settings.outreach.per_day == 50
    assert settings.horizons["a_to_z_claim"] == 90
    assert settings.heads.risk == OUTCOME_KINDS
    assert settings.costs["return"] == Cost(share=0.3)


def test_the_file_that_a_newcomer_gets_says_the_defaults():
    assert parse_settings(default_toml()) == Settings()


def test_the_file_that_a_newcomer_gets_shows_every_key():
    """A key that is not there is not found by those who look for it."""
    text = default_toml()
    plain = msgspec.to_builtins(Settings())
    for section, keys in plain.items():
        assert f"[{section}" in text
        shown = keys if section != "currency" else ["home", "currency.rates"]
        missing = [key for key in shown if key not in text]
        assert missing == [], section


def test_settings_cannot_be_changed_by_who_reads_them():
    with pytest.raises(AttributeError):
        Settings().outreach.per_day = 3  # type: ignore[misc]  # the claim itself


def test_what_is_said_is_taken_and_the_rest_keeps_its_default():
    settings = parse_settings("[horizons]\nreturn = 45\n[costs.return]\nfixed_minor = 500")
    assert settings.horizons["return"] == 45
    assert settings.horizons["chargeback"] == 120
    assert settings.costs["return"] == Cost(share=0.3, fixed_minor=500)
    assert settings.costs["chargeback"] == Cost(share=1.0)


def test_another_home_currency_turns_the_built_in_rates_and_ones_own_win():
    currency = parse_settings('[currency]\nhome = "EUR"\n[currency.rates]\nGBP = 1.2').currency
    assert currency.rates["EUR"] == 1.0
    assert currency.rates["GBP"] == 1.2
    assert currency.rates["USD"] == pytest.approx(1 / 1.05, rel=1e-5)


def test_a_home_currency_without_built_in_rates_knows_only_ones_own():
    text = '[currency]\nhome = "KES"\n[currency.rates]\nUSD = 129'
    assert parse_settings(text).currency.rates == {"KES": 1.0, "USD": 129.0}


def test_extra_features_are_keys_of_attributes():
    text = '[features.extra]\n"order.loyalty_tier" = "category"\n"seller.rating" = "number"'
    assert parse_settings(text).features.extra == {
        "order.loyalty_tier": "category",
        "seller.rating": "number",
    }


WRONG = {
    "[outrech]\nper_day = 3": "the file has no key 'outrech'. Did you mean 'outreach'?",
    "[outreach]\nperday = 3": "[outreach] has no key 'perday'. Did you mean 'per_day'?"
    " It has per_day, holdout.",
    "[costs.retrun]\nshare = 1": "[costs] has no key 'retrun'. Did you mean 'return'?",
    "[costs.return]\nshares = 1": "[costs.return] has no key 'shares'. Did you mean 'share'?",
    "[horizons]\nreturns = 1": "[horizons] has no key 'returns'. Did you mean 'return'?",
    "[zzz]": "the file has no key 'zzz'. It has shop,",
    '[outreach]\nper_day = "x"': "outreach.per_day: expected int, got 'x'.",
    "[outreach]\nper_day = 0": "outreach.per_day: expected int >= 1, got 0.",
    "[outreach]\nper_day = true": "outreach.per_day: expected int, got True.",
    "[outreach]\nholdout = 1.5": "outreach.holdout: expected float <= 1.0, got 1.5.",
    "outreach = 3": "outreach: expected object, got 3.",
    "[horizons]\nreturn = -1": "horizons.return: expected float > 0.0, got -1.",
    "[horizons]\nreturn = nan": "horizons.return: expected float > 0.0, got nan.",
    "[costs.return]\nshare = -1": "costs.return.share: expected float >= 0.0, got -1.",
    "[moment]\nlandmark_hours = [0, -1]": "moment.landmark_hours.1: expected float >= 0.0, got -1.",
    "[moment]\nlandmark_hours = [6, 1]": "moment.landmark_hours: expected rising hours, got",
    "[moment]\nlandmark_hours = []": "moment.landmark_hours: expected rising hours, got [].",
    "[moment]\nlandmark_hours = [30]": "moment.decide_within_hours: expected at least the first"
    " landmark (30.0 h), got 24.0",
    '[heads]\nrisk = ["retun"]': "heads.risk: 'retun' is no kind of outcome. Did you mean",
    "[heads]\nrisk = []": "heads.risk: expected one or more kinds, each once, got [].",
    '[heads]\nrisk = ["return", "return"]': "heads.risk: expected one or more kinds, each once",
    '[currency]\nhome = "eur"': "currency.home: expected str matching regex '^[A-Z]{3}$'",
    "[currency.rates]\neuro = 1": "currency.rates: expected ISO 4217 codes such as EUR, got",
    "[currency.rates]\nUSD = 2": "currency.rates.USD: the home currency is worth 1, got 2.0.",
    '[currency.rates]\nEUR = "x"': "currency.rates.EUR: expected float, got 'x'.",
    '[shop]\ntimezone = "Mars/Base"': "shop.timezone: expected an IANA name such as Europe/Berlin,"
    " got 'Mars/Base'.",
    '[shop]\ntimezone = "../etc"': "shop.timezone: expected an IANA name",
    '[features.extra]\n"loyalty" = "number"': "features.extra: expected order.KEY, product.KEY,",
    '[features.extra]\n"order.x" = "text"': "features.extra.order.x: expected one of 'category',"
    " 'number', got 'text'.",
    "[outreach": "expected TOML, got a mistake: ",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_mistake_is_named_with_its_place_and_what_was_expected(text):
    with pytest.raises(BadSettings) as error:
        parse_settings(text, "home/riskradar.toml")
    assert str(error.value).startswith("home/riskradar.toml: " + WRONG[text])


def test_a_file_in_another_encoding_is_named(tmp_path):
    path = tmp_path / "riskradar.toml"
    path.write_bytes('[shop]\ntimezone = "São"'.encode("latin-1"))
    with pytest.raises(BadSettings, match=r"expected UTF-8, got other bytes from byte 20 on"):
        load_settings(path)


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    """Editors on Windows write one."""
    path = tmp_path / "riskradar.toml"
    path.write_bytes(b"\xef\xbb\xbf[outreach]\nper_day = 3")
    assert load_settings(path).outreach.per_day == 3
