"""The shop's settings in the form in which features take them.

Knows nothing of files: settings go in that somebody else has read.
"""

from __future__ import annotations

from features.build import FeatureSettings
from store.errors import BadSettings
from store.settings import Settings


def feature_settings(settings: Settings) -> FeatureSettings:
    """Home currency, rates and time zone of the shop.

    Raises BadSettings where extra features are asked for, which are not built yet: a setting that
    is read and does nothing would be worse.
    """
    if settings.features.extra:
        raise BadSettings(
            "[features.extra]: expected no key, since extra features are not built yet; got "
            f"{', '.join(sorted(settings.features.extra))}. Remove them from riskradar.toml."
        )
    return FeatureSettings(
        home_currency=settings.currency.home,
        rates=settings.currency.rates,
        timezone=settings.shop.timezone,
    )
