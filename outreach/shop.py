"""The shop's settings in the form in which features take them.

Knows nothing of files: settings go in that somebody else has read.
"""

from __future__ import annotations

from features.build import FeatureSettings
from store.settings import Settings


def feature_settings(settings: Settings) -> FeatureSettings:
    """Home currency, rates and time zone of the shop."""
    return FeatureSettings(
        home_currency=settings.currency.home,
        rates=settings.currency.rates,
        timezone=settings.shop.timezone,
    )
