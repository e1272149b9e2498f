"""The order in which columns and features are computed: each function after what it reads.

Knows nothing of what they compute: a function's parameters are the names of its inputs (the idea
is apache/hamilton's, in sixty lines), and the plan is a list that is walked top to bottom. Columns
of one kind are computed together as the rows of a matrix, and each is a `Part` of it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any


@dataclass(frozen=True)
class Part:
    """A column that is one part of another: `whole[at]`."""

    whole: str
    at: int | tuple[int, ...]


Rule = Callable[..., Any] | Part
Step = tuple[Callable[..., Any], Callable[[list[Any]], Sequence[Any]]]


def _inputs(rule: Rule) -> tuple[str, ...]:
    """Names that a rule reads."""
    if isinstance(rule, Part):
        return (rule.whole,)
    return tuple(inspect.signature(rule).parameters)


def _picker(places: tuple[int, ...]) -> Callable[[list[Any]], Sequence[Any]]:
    """What takes the inputs out of the list of values: one call in C instead of a loop."""
    if len(places) == 1:
        return itemgetter(slice(places[0], places[0] + 1))
    return itemgetter(*places)


class Plan:
    """A walk from the root `query` to the wanted names, each function once."""

    def __init__(self, rules: Mapping[str, Rule], wanted: Sequence[str]) -> None:
        self._rules = rules
        self._place: dict[str, int] = {"query": 0}
        self._steps: list[Step] = []
        for name in wanted:
            self._visit(name, ())
        self._wanted = [self._place[name] for name in wanted]

    def _visit(self, name: str, path: tuple[str, ...]) -> int:
        if name in self._place:
            return self._place[name]
        if name in path:
            raise ValueError(f"columns read each other in a circle: {' → '.join((*path, name))}")
        if name not in self._rules:
            raise KeyError(f"{path[-1] if path else 'the plan'} reads {name!r}; no such column")
        rule = self._rules[name]
        places = tuple(self._visit(each, (*path, name)) for each in _inputs(rule))
        function = itemgetter(rule.at) if isinstance(rule, Part) else rule
        self._steps.append((function, _picker(places)))
        self._place[name] = len(self._steps)
        return self._place[name]

    def run(self, query: Any) -> list[Any]:
        """The wanted values, in the order they were asked for."""
        values: list[Any] = [query]
        append = values.append
        for function, inputs in self._steps:
            append(function(*inputs(values)))
        return [values[place] for place in self._wanted]
