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
Step = tuple[Callable[..., Any], Callable[[list[Any]], Sequence[Any]], tuple[Any, ...]]


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
    """A walk from the root `query` to the wanted names, each function once.

    The values stand in one list: the query, then what each step adds to it.
    """

    def __init__(self, rules: Mapping[str, Rule], wanted: Sequence[str]) -> None:
        self._rules = rules
        self._parts = _parts_of(rules, wanted)
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
        rule = _rule(self._rules, name, path)
        places = tuple(self._visit(each, (*path, name)) for each in _inputs(rule))
        if not isinstance(rule, Part):  # a part is placed with its whole
            parts = self._parts.get(name, {})
            self._steps.append((rule, _picker(places), tuple(parts.values())))
            for each in (name, *parts):
                self._place[each] = len(self._place)
        return self._place[name]

    def run(self, query: Any) -> list[Any]:
        """The wanted values, in the order they were asked for."""
        values: list[Any] = [query]
        append = values.append
        for function, inputs, parts in self._steps:
            value = function(*inputs(values))
            append(value)
            for at in parts:
                append(value[at])
        return [values[place] for place in self._wanted]


def _rule(rules: Mapping[str, Rule], name: str, path: tuple[str, ...]) -> Rule:
    if name not in rules:
        raise KeyError(f"{path[-1] if path else 'the plan'} reads {name!r}; no such column")
    return rules[name]


def _parts_of(rules: Mapping[str, Rule], wanted: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Each whole's parts that anything wanted reads, by name: whole → part → where it is."""
    parts: dict[str, dict[str, Any]] = {}
    seen, left = {"query"}, list(wanted)
    while left:
        name = left.pop()
        if name in seen or name not in rules:
            continue
        seen.add(name)
        rule = rules[name]
        left.extend(_inputs(rule))
        if isinstance(rule, Part):
            parts.setdefault(rule.whole, {})[name] = rule.at
    return parts
