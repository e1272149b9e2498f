"""`riskradar score` and `riskradar top`: which orders, which model, and how the answer is written.

Knows nothing of how a score is made; see training/batch.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from features.facts import NONE
from features.schema import DAY_US
from store.home import Home
from training.batch import Moment, Scored, moments, orders_of, score
from training.champion import open_champion
from training.progress import Reporter

STALE_DAYS = 30  # with no record newer than this, the list is likely to be asked for another day
SHOWN_REASONS = 3  # a list is read at a glance; the service and --json give all


class BadRequest(Exception):
    """What was asked for cannot be scored."""


@dataclass(frozen=True)
class Choice:
    """What `riskradar score` was asked.

    Attributes:
        orders: `all`, `unshipped`, or a file with a column order_id and perhaps shop_id.
        moment: when each order is asked about.
        as_of: microseconds UTC; nothing known later is used.
        placed_from, placed_to: bounds of placing, microseconds UTC.

    """

    orders: str
    moment: Moment
    as_of: int
    placed_from: int | None = None
    placed_to: int | None = None


def score_file(home: Home, choice: Choice, out: Path, reporter: Reporter) -> int:
    """Scores the chosen orders into a Parquet or CSV file; how many there were."""
    bundle = open_champion(home)
    with home.open_store() as store:
        reporter.say("reading the store")
        facts = store.facts(known_before=choice.as_of)
        keys = orders_of(
            facts,
            as_of=choice.as_of,
            open_only=choice.orders == "unshipped",
            placed_from=choice.placed_from,
            placed_to=choice.placed_to,
        )
        if choice.orders not in ("all", "unshipped"):
            known = store.order_ids(keys.tolist())
            keys = keys[np.isin(keys, _named(Path(choice.orders), known))]
        asked = moments(
            facts,
            keys,
            choice.moment,
            as_of=choice.as_of,
            within_hours=home.settings.moment.decide_within_hours,
        )
        reporter.say(f"scoring {len(asked.order_key):,} orders")
        scored = score(store, bundle, facts, asked, settings=home.settings)
    _write(scored, out)
    return len(scored)


def _named(path: Path, known: Mapping[int, tuple[str, str]]) -> list[int]:
    """Keys of the orders that a file names, by order_id and, where it has one, shop_id.

    `known` is (shop_id, order_id) by key; an order that nobody knows is an error, not a gap.
    """
    if not path.exists():
        raise BadRequest(f"expected --orders to be all, unshipped or a file; there is no {path}")
    with duckdb.connect() as connection:
        rows = connection.execute(f"FROM '{_quoted(path)}'")
        columns = [column[0] for column in rows.description or ()]
        if "order_id" not in columns:
            raise BadRequest(f"{path} needs a column order_id; it has {', '.join(columns)}")
        named = [dict(zip(columns, row, strict=True)) for row in rows.fetchall()]
    keys: dict[tuple[str | None, str], list[int]] = {}
    for key, (shop, order) in known.items():
        keys.setdefault((shop, order), []).append(key)
        keys.setdefault((None, order), []).append(key)
    asked = [(row.get("shop_id"), str(row["order_id"])) for row in named]
    unknown = [order for shop, order in asked if (shop, order) not in keys]
    if unknown:
        raise BadRequest(
            f"{path} names {len(unknown)} of {len(asked)} orders that are not known (placed in "
            f"the bounds, by then): {', '.join(unknown[:5])}. Ingest them first or leave them out."
        )
    return [key for one in asked for key in keys[one]]


def _write(scored: Scored, out: Path) -> None:
    """One row an order; Parquet, or CSV where the file's name ends so."""
    columns: dict[str, Any] = {
        "shop_id": np.array(scored.shop_id, object),
        "order_id": np.array(scored.order_id, object),
        "as_of": np.array([_time(int(moment)) for moment in scored.as_of], object),
        "risk": scored.risk,
        "band": np.array([scored.band(row) for row in range(len(scored))], object),
        "flagged": scored.flagged,
    }
    for column, head in enumerate(scored.heads):
        if head != "risk":
            columns[f"p_{head}"] = scored.probabilities[:, column]
    unknown = scored.expected_loss == NONE
    columns["expected_loss_minor"] = np.ma.masked_array(scored.expected_loss, unknown)
    # Unknown until the effect of contacts is set or measured; the column is in the contract.
    nobody_knows = np.ones(len(scored), np.bool_)
    columns["expected_saving_minor"] = np.ma.masked_array(scored.expected_loss, nobody_knows)
    codes = [",".join(reason.code for reason in found) for found in scored.reasons]
    columns["reasons"] = np.array(codes, object)
    how = "CSV, HEADER" if out.suffix.lower() == ".csv" else "PARQUET"
    with duckdb.connect() as connection:
        connection.register("scored", columns)
        select = "SELECT * REPLACE (string_split(reasons, ',') AS reasons)"
        if how != "PARQUET":
            select = "SELECT *"
        part = out.with_name(f".{out.name}.part")
        connection.execute(f"COPY ({select} FROM scored) TO '{_quoted(part)}' (FORMAT {how})")
        part.replace(out)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


@dataclass(frozen=True)
class Listed:
    """The riskiest open orders of a moment.

    Attributes:
        model: name of the bundle.
        as_of: microseconds UTC.
        open_orders: how many were in play.
        newest: microseconds UTC of the newest record known, NONE where there is none.
        rows: the listed orders, riskiest first, as JSON shows them.

    """

    model: str
    as_of: int
    open_orders: int
    newest: int
    rows: list[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {"model": self.model, "as_of": _time(self.as_of), "results": self.rows}

    def as_text(self) -> str:
        """For people: who, how likely, what is at stake, why."""
        head = f"{len(self.rows)} of {self.open_orders:,} open orders at {_time(self.as_of)}, "
        lines = [head + f"riskiest first (model {self.model})", ""]
        for place, row in enumerate(self.rows, start=1):
            mark = "*" if row["flagged"] else " "
            lines.append(
                f"{place:>3}{mark} {100 * row['risk']:5.1f} %  {row['shop_id']}/{row['order_id']}"
                f"  {_kinds(row['outcomes'])}"
            )
            lines += [f"        - {reason['text']}" for reason in row["reasons"][:SHOWN_REASONS]]
        lines += ["", "* within the day's outreach capacity"] if self.rows else []
        if self.newest != NONE and self.as_of - self.newest > STALE_DAYS * DAY_US:
            lines.append(
                f"The newest record is of {_time(self.newest)[:10]}; its list: "
                f"riskradar top --day {_time(self.newest)[:10]}"
            )
        return "\n".join(lines)


def _kinds(outcomes: dict[str, float]) -> str:
    most = sorted(outcomes.items(), key=lambda pair: -pair[1])[:2]
    return ", ".join(f"{kind} {100 * chance:.0f} %" for kind, chance in most)


def top(home: Home, *, day: int | None, now: int, limit: int | None, reporter: Reporter) -> Listed:
    """The open orders of now, or of the end of a day, riskiest first."""
    as_of = now if day is None else min(now, day - day % DAY_US + DAY_US)
    bundle = open_champion(home)
    with home.open_store() as store:
        reporter.say("reading the store")
        facts = store.facts(known_before=as_of)
        keys = orders_of(facts, as_of=as_of, open_only=True)
        asked = moments(facts, keys, "now", as_of=as_of, within_hours=0)
        reporter.say(f"scoring {len(asked.order_key):,} orders")
        scored = score(store, bundle, facts, asked, settings=home.settings)
    newest = max((int(t["known_at"].max()) for t in facts.values() if len(t)), default=NONE)
    shown = np.argsort(-scored.risk, kind="stable")[: limit or home.settings.outreach.per_day]
    rows = [_row(scored, row, home.settings.currency.home) for row in shown.tolist()]
    return Listed(bundle.name, as_of, len(scored), newest, rows)


def _row(scored: Scored, row: int, currency: str) -> dict[str, Any]:
    loss = int(scored.expected_loss[row])
    chances = dict(zip(scored.heads, scored.probabilities[row].tolist(), strict=True))
    risk = chances.pop("risk")
    return {
        "order_id": scored.order_id[row],
        "shop_id": scored.shop_id[row],
        "as_of": _time(int(scored.as_of[row])),
        "risk": risk,
        "band": scored.band(row),
        "flagged": bool(scored.flagged[row]),
        "outcomes": chances,
        "expected_loss": {"amount_minor": None if loss == NONE else loss, "currency": currency},
        "reasons": [
            {
                "code": reason.code,
                "text": reason.text,
                "feature": reason.feature,
                "value": reason.value,
                "contribution": reason.contribution,
            }
            for reason in scored.reasons[row]
        ],
    }


def _time(moment: int) -> str:
    at = datetime.fromtimestamp(moment / 1_000_000, UTC)
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
