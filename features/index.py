"""The tables of facts, each sorted once on first use, with the links and events they hold.

Knows nothing of queries or features.
"""

from __future__ import annotations

from functools import cached_property

from features.cut import SORTED_BY, Grouped
from features.events import Events, events
from features.facts import Facts, empty
from features.links import Links


class Index:
    """All tables of the facts, each sorted once, on first use."""

    def __init__(self, facts: Facts) -> None:
        self._facts = dict(facts)
        self._grouped: dict[str, Grouped] = {}

    def of(self, facts: Facts) -> Index:
        """An index of these facts: this one, where they are the very same arrays."""
        same = all(facts.get(table) is self._facts.get(table) for table in SORTED_BY)
        return self if same else Index(facts)

    def __getitem__(self, table: str) -> Grouped:
        grouped = self._grouped.get(table)
        if grouped is None:
            rows = self._facts.get(table)
            grouped = Grouped(empty(table) if rows is None else rows, SORTED_BY[table])
            self._grouped[table] = grouped
        return grouped

    @cached_property
    def events(self) -> Events:
        """What happened to each order, and when that was known."""
        return events(self.__getitem__)

    @cached_property
    def links(self) -> Links:
        """Which orders share a buyer, a phone or an address, and since when that is known."""
        return Links(self["orders"], self["addresses"])
