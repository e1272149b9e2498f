"""Commands of `riskradar` for red alerts and their evidence.

Knows nothing of how anything is done; see cli.py.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from cli_upkeep import clear_errors, now_us, pass_home

if TYPE_CHECKING:
    from store import Store
    from store.alert_types import Alert
    from store.home import Home

EVERYTHING = 10**9  # alerts; all there are
CAUSES = ("product_defect", "logistics", "description", "earlier_service", "false_alarm")


@click.group()
def alerts() -> None:
    """Red alerts: rules above the model that stand until a person closes them."""


@alerts.command("list")
@click.option("--shop", help="Only this shop.")
@click.option(
    "--state", type=click.Choice(["open", "closed", "all"]), default="open", show_default=True
)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@pass_home
def alerts_list(home: Home, shop: str | None, state: Any, as_json: bool) -> None:
    """List the alerts, the nearest deadline first; what is new is looked at before.

    \b
    Example:  riskradar alerts list --state all --json
    """  # noqa: D301 - \b is click's mark for lines that stay as they are
    with clear_errors(), home.create().open_store() as store:
        look(home, store)
        wanted = None if state == "all" else state
        found = store.alerts(shop=shop, state=wanted, limit=EVERYTHING)
    found.sort(key=lambda alert: (alert.deadline_at, alert.seq))
    if as_json:
        click.echo(json.dumps({"alerts": [_told(alert) for alert in found]}))
        return
    for alert in found:
        click.echo(_line(alert))
    if not found:
        click.echo("no alerts" if state == "all" else f"no {state} alerts")


def look(home: Home, store: Store) -> int:
    """Raise what nobody has looked at yet; how many alerts are new."""
    from outreach.alerts import sweep  # noqa: PLC0415 - see cli.py

    return len(sweep(store, home, now_us()))


def look_after(home: Home) -> None:
    """What an import or a night leaves behind: new alerts raised, missing evidence frozen."""
    if not home.store_path.exists():
        return
    with clear_errors(), home.open_store() as store:
        count = look(home, store)
    if count:
        said = "1 red alert" if count == 1 else f"{count:,} red alerts"
        click.echo(f"{said} raised; see `riskradar alerts list`", err=True)


def _told(alert: Alert) -> dict[str, Any]:
    from outreach.alerts import for_answer  # noqa: PLC0415 - see cli.py

    (told,) = for_answer([alert])
    closed = {"by": alert.closed_by, "root_cause": alert.root_cause, "reason": alert.reason}
    return {
        **told,
        "shop_id": alert.shop_id,
        "order_id": alert.order_id,
        "buyer_id": alert.buyer_id,
        "closed": closed if alert.state == "closed" else None,
        "evidence": alert.evidence,
    }


def _line(alert: Alert) -> str:
    until = datetime.fromtimestamp(alert.deadline_at / 1_000_000, UTC)
    ended = f"closed by {alert.closed_by}: {alert.root_cause}"
    stands = alert.role if alert.state == "open" else ended
    order = alert.order_id or "no order"
    return (
        f"{alert.alert_id}  until {until:%Y-%m-%d %H:%M} UTC  {alert.code}"
        f"  {alert.shop_id}/{order}  {stands}"
    )


@alerts.command("show")
@click.argument("alert_id", metavar="ID")
@click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True)
@pass_home
def alerts_show(home: Home, alert_id: str, lang: Any) -> None:
    """Print the briefing of an alert."""
    from outreach.alert_briefing import as_text, briefing  # noqa: PLC0415 - see cli.py
    from outreach.alerts import reading_of  # noqa: PLC0415 - the same

    with clear_errors(), home.open_store() as store:
        alert = store.alert(alert_id)
        zone = home.settings.shop.timezone
        told = briefing(store, alert, read=reading_of(store), language=lang, timezone=zone)
    click.echo(as_text(told, lang))
    if alert.state == "closed":
        click.echo(f"closed by {alert.closed_by} as {alert.root_cause}: {alert.reason}")


@alerts.command("close")
@click.argument("alert_id", metavar="ID")
@click.option("--root-cause", type=click.Choice(CAUSES), required=True)
@click.option("--reason", required=True, help="Why, in words.")
@click.option("--by", "closed_by", required=True, help="Who closes it.")
@pass_home
def alerts_close(home: Home, alert_id: str, root_cause: Any, reason: str, closed_by: str) -> None:
    """Close an alert; the same cause does not raise it again.

    \b
    Example:  riskradar alerts close ID --root-cause logistics --reason "Lost; refunded" --by Wei
    """  # noqa: D301 - as above
    from store.alert_types import Closing  # noqa: PLC0415 - see cli.py

    try:
        closing = Closing(root_cause, reason, closed_by, now_us())
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    with clear_errors(), home.open_store() as store:
        closed = store.close_alert(alert_id, closing)
    click.echo(f"closed {closed.alert_id} as {closed.root_cause}")


@click.group()
def evidence() -> None:
    """The frozen evidence of red alerts."""


@evidence.command("verify")
@pass_home
def evidence_verify(home: Home) -> None:
    """Check every frozen file, the chain of the log, and both against the store.

    Names what was changed, removed, added or moved. Exit code 1 where anything was.
    """
    from outreach.evidence import evidence_dir  # noqa: PLC0415 - see cli.py
    from outreach.evidence_check import check  # noqa: PLC0415 - the same

    with clear_errors(), home.open_store() as store:
        verdict = check(evidence_dir(home), store.alerts(limit=EVERYTHING))
    for sentence in verdict.unfinished:
        click.echo(f"unfinished: {sentence}")
    for sentence in verdict.damage:
        click.echo(f"DAMAGED: {sentence}")
    whole = "whole" if not verdict.damage else f"{len(verdict.damage)} places are damaged"
    click.echo(f"{verdict.files} files of evidence: {whole}; last line {verdict.head}")
    if verdict.damage:
        raise SystemExit(1)
