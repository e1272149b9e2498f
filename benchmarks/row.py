"""One measured figure beside its budget, as a line for people and a line of JSON for machines.

Knows nothing of what was measured.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Row:
    """A figure.

    Attributes:
        name: for machines; the same on every run.
        what: for people; what was divided by what.
        value: what was measured.
        unit: of the value; "x" for a ratio.
        bar, aim: budgets of docs/architecture.md; None where a figure only stands beside another.
        more_is_better: whether the value must reach its budget, or stay below it.
        low, high: least and greatest of the repeats.
        by_cpu: the same figure from processor time instead of the clock, where there is one: what
            other load on the machine changes least.
        details: everything else that was measured in the same run, by name with its unit.
        small: whether the size was cut down, so that the budget was not truly put to the test.

    """

    name: str
    what: str
    value: float
    unit: str
    bar: float | None = None
    aim: float | None = None
    more_is_better: bool = False
    low: float | None = None
    high: float | None = None
    by_cpu: float | None = None
    details: Mapping[str, object] = field(default_factory=dict)
    small: bool = False

    def meets(self, budget: float | None) -> bool | None:
        """Whether the value is within a budget; None where there is none."""
        if budget is None:
            return None
        return self.value >= budget if self.more_is_better else self.value <= budget

    def as_json(self) -> str:
        """One line; all data are synthetic unless `details` say otherwise."""
        said = asdict(self) | {"meets_bar": self.meets(self.bar), "meets_aim": self.meets(self.aim)}
        return json.dumps({"benchmark": said.pop("name")} | said, allow_nan=False)


HEADER = ("benchmark", "measured", "of repeats", "by CPU time", "bar", "aim", "")


def table(rows: Sequence[Row]) -> str:
    """A Markdown table, aligned, so that it is read as well on a terminal as in a document."""
    cells = [HEADER, *(_cells(row) for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(HEADER))]
    lines = [
        " | ".join(text.ljust(width) for text, width in zip(c, widths, strict=True)) for c in cells
    ]
    lines.insert(1, " | ".join("-" * width for width in widths))
    return "\n".join(f"| {line} |" for line in lines)


def _cells(row: Row) -> tuple[str, ...]:
    sign = "≥" if row.more_is_better else "≤"
    budgets = ["" if b is None else f"{sign} {figure(b)} {row.unit}" for b in (row.bar, row.aim)]
    spread = (
        "" if row.low is None or row.high is None else f"{figure(row.low)} to {figure(row.high)}"
    )
    by_cpu = "" if row.by_cpu is None else f"{figure(row.by_cpu)} {row.unit}"
    return (row.what, f"{figure(row.value)} {row.unit}", spread, by_cpu, *budgets, verdict(row))


def verdict(row: Row) -> str:
    """Where the value stands, in two words."""
    if row.bar is None:
        return ""
    said = "meets aim" if row.meets(row.aim) else "meets bar" if row.meets(row.bar) else "MISSED"
    return f"{said} (small)" if row.small else said


def figure(value: float) -> str:
    """Three figures that mean something, and no exponent.

    >>> figure(0.12345), figure(1234.5), figure(12.0)
    ('0.123', '1,234', '12')
    """
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
