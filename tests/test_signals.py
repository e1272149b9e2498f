"""The message reader as a caller sees it."""

from __future__ import annotations

from features.signals import SIGNALS, reader


def test_a_sellers_message_carries_no_signal() -> None:
    assert reader().read("los voy a demandar", "seller").signals == ()


def test_signals_come_in_the_documented_order() -> None:
    assert SIGNALS[0] == "absolute_demand"
    assert len(SIGNALS) == 16
