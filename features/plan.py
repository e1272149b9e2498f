"""The order in which columns and features are computed: each function after what it reads.

Knows nothing of what they compute: a function's parameters are the names of its inputs (the idea
is apache/hamilton's, in fifty lines), and the plan is a list that is walked top to bottom.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Step = tuple[Callable[..., Any], tuple[int, ...]]


def parameters_of(function: Callable[..., Any]) -> tuple[str, ...]:
    """Names that a function reads, as written or as composed."""
    composed: tuple[str, ...] | None = getattr(function, "parameters", None)
    return tuple(inspect.signature(function).parameters) if composed is None else composed


class Plan:
    """A walk from the root `query` to the wanted names, each function once."""

    def __init__(self, functions: Mapping[str, Callable[..., Any]], wanted: Sequence[str]) -> None:
        self._functions = functions
        self._place: dict[str, int] = {"query": 0}
        self._steps: list[Step] = []
        for name in wanted:
            self._visit(name, ())
        self._wanted = tuple(self._place[name] for name in wanted)

    def _visit(self, name: str, path: tuple[str, ...]) -> int:
        if name in self._place:
            return self._place[name]
        if name in path:
            raise ValueError(f"columns read each other in a circle: {' → '.join((*path, name))}")
        if name not in self._functions:
            raise KeyError(f"{path[-1] if path else 'the plan'} reads {name!r}; no such column")
        function = self._functions[name]
        inputs = tuple(self._visit(each, (*path, name)) for each in parameters_of(function))
        self._steps.append((function, inputs))
        self._place[name] = len(self._steps)
        return self._place[name]

    def run(self, query: Any) -> list[Any]:
        """The wanted values, in the order they were asked for."""
        values: list[Any] = [query]
        append = values.append
        for function, inputs in self._steps:
            append(function(*[values[place] for place in inputs]))
        return [values[place] for place in self._wanted]
