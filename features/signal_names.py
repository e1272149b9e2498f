"""The names of the message signals and of the contexts a phrase file may list.

Knows nothing of phrases or text.
"""

from __future__ import annotations

# The order of docs/signals.md; it is the order of bits and columns everywhere.
SIGNALS = (
    "absolute_demand",
    "chasing",
    "anxiety",
    "anger",
    "legal_threat",
    "regulator_threat",
    "platform_threat",
    "bad_review_threat",
    "safety_injury",
    "property_damage",
    "cancel_wish",
    "address_change",
    "refund_demand",
    "expectation_gap",
    "gift_deadline",
    "delivery_instruction",
)
# These raise an alert above the model, whatever the score.
RED = (
    "legal_threat",
    "regulator_threat",
    "platform_threat",
    "safety_injury",
    "property_damage",
)
KINDS = ("sure", "hint", "never")
# What stands around a phrase and changes what it means.
CONTEXTS = (
    "denies",
    "over",
    "elsewhere",
    "quotes",
    "policy",
    "praise",
    "joke",
    "condition",
)
LANGUAGES = ("zh", "en", "es", "pt")
