"""The command line `riskradar`: parses, opens the home, calls one function, prints what it gave.

Knows nothing of how anything is done. Heavy libraries are imported by the command that needs
them, so that `--help` and `keys` answer at once.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import cli_alerts
import cli_read
import cli_upkeep
from cli_upkeep import clear_errors, now_us, pass_home

if TYPE_CHECKING:
    from store.home import Home
    from training.progress import Reporter

# Two spinning threads on a busy two-core machine took 27 to 45 s for a fit of 1 s; asleep, 1.5 s.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

FAILED = 1  # exit code of a nightly job that left no model behind


class Moment(click.ParamType[int, str]):
    """A moment as RFC 3339 with an offset, or a date (its 00:00 UTC); microseconds UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Microseconds UTC of the text."""
        if isinstance(value, int):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"expected a date or an RFC 3339 time, got {value!r}", param, ctx)
        if len(str(value)) <= 10:
            moment = moment.replace(tzinfo=UTC)
        if moment.tzinfo is None:
            self.fail(f"expected a time with its offset (2026-01-31T08:00:00Z), got {value!r}")
        return int(moment.timestamp()) * 1_000_000 + moment.microsecond


MOMENT = Moment()


@contextmanager
def progress() -> Iterator[Reporter]:
    """Progress on stderr."""
    from training.progress import Reporter as OnStderr  # noqa: PLC0415 - as above

    with OnStderr(sys.stderr) as reporter:
        yield reporter


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--home",
    "home_dir",
    type=click.Path(file_okay=False),
    help="Where everything is kept. [default: $RISKRADAR_HOME, else ./riskradar-home]",
)
@click.version_option(package_name="riskradar", prog_name="riskradar")
@click.pass_context
def main(context: click.Context, home_dir: str | None) -> None:
    """Predict which orders will end in a dispute before they ship.

    \b
    Try it on a simulated shop:   riskradar demo
    On your own exports:          riskradar ingest orders.csv items.csv --format riskradar
                                  riskradar nightly
                                  riskradar top
                                  riskradar serve
    """  # noqa: D301 - \b is click's mark for lines that stay as they are
    from store.home import Home, home_path  # noqa: PLC0415 - as above

    context.obj = Home(home_path(home_dir, os.environ))


@main.command()
@click.option("--orders", default=6_000, show_default=True, help="Orders to simulate.")
@click.option("--serve", "then_serve", is_flag=True, help="Serve it afterwards.")
@click.option("--port", default=8780, show_default=True, help="Port to serve on.")
@pass_home
def demo(home: Home, orders: int, then_serve: bool, port: int) -> None:
    """Simulate a shop, ingest it, learn, prove, promote, and print the top-risk list.

    \b
    Example:  riskradar --home /tmp/rr demo --orders 12000 --serve
    """  # noqa: D301 - as above
    from training import demo as steps  # noqa: PLC0415 - as above

    with clear_errors():
        with progress() as reporter:
            result = steps.run(home, orders=orders, now=now_us(), reporter=reporter)
        click.echo(result.text)
        if result.code == FAILED:
            raise SystemExit(FAILED)
    if then_serve:
        key = _fresh_key(home, "demo")
        click.echo(f"\nServing on http://127.0.0.1:{port}  (key: {key})")
        _serve(home, "127.0.0.1", port, workers=2)
    else:
        click.echo(steps.next_steps(home.path))


def _fresh_key(home: Home, name: str) -> str:
    with home.open_store() as store:
        store.revoke_key(name)
        return store.add_key(name, ("score", "events", "read"))


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--format", "mapping", required=True, help="A built-in format, or a map of SQL of your own."
)
@click.option("--shop", "shop_id", help="Shop of rows that do not name theirs.")
@click.option("--platform", help="Platform of rows that do not name theirs.")
@click.option("--encoding", help="Of text files, e.g. gb18030. [default: UTF-8]")
@pass_home
def ingest(
    home: Home,
    files: tuple[Path, ...],
    mapping: str,
    shop_id: str | None,
    platform: str | None,
    encoding: str | None,
) -> None:
    """Bring exports into the store: CSV, TSV, JSON, Parquet, gz.

    The same file twice changes nothing. Rows that break the schema go to rejects/ with the reason.

    \b
    Examples:  riskradar ingest olist/*.csv --format olist --shop olist
               riskradar ingest export.csv --format my-map.sql --shop cn-1 --encoding gb18030
               riskradar formats riskradar > my-map.sql
    """  # noqa: D301 - as above
    from training.ingest import describe  # noqa: PLC0415 - as above
    from training.ingest import ingest as bring_in  # noqa: PLC0415 - as above

    home.create()
    with clear_errors(), progress() as reporter, home.open_store() as store:
        summary = bring_in(
            files,
            mapping,
            shop_id=shop_id,
            platform=platform,
            encoding=encoding,
            store=store,
            rejects_dir=home.rejects_dir,
            received_at=now_us(),
            progress=reporter.at,
        )
    click.echo(describe(summary))
    cli_alerts.look_after(home)


@main.command()
@click.argument("name", required=False)
def formats(name: str | None) -> None:
    """List the built-in export formats, or print one to copy and change."""
    from training.ingest import format_names, format_text  # noqa: PLC0415 - as above

    with clear_errors():
        click.echo(format_text(name) if name else "\n".join(format_names()))


@main.command()
@click.option("--as-of", type=MOMENT, help="Use only what was known then. [default: now]")
@click.option(
    "--ablation", is_flag=True, help="Also measure what each group of features brings (slow)."
)
@pass_home
def nightly(home: Home, as_of: int | None, ablation: bool) -> None:
    """Retrain, prove, judge, promote; one line says what was done and why.

    Exit code 0: promoted. 3: kept the champion. 1: failed, the champion untouched.
    """
    from training.nightly import nightly as run  # noqa: PLC0415 - as above

    with clear_errors():
        with progress() as reporter:
            result = run(
                home, as_of=as_of or now_us(), now=now_us(), reporter=reporter, ablation=ablation
            )
        click.echo(result.line)
    cli_alerts.look_after(home)
    raise SystemExit(result.code)


@main.command()
@click.option(
    "--orders",
    default="unshipped",
    show_default=True,
    help="all, unshipped, or a file with an order_id (and shop_id) column.",
)
@click.option(
    "--moment",
    type=click.Choice(["decision", "placed", "now"]),
    default="now",
    show_default=True,
    help="When each order is asked about.",
)
@click.option("--as-of", type=MOMENT, help="Use only what was known then. [default: now]")
@click.option("--placed-from", type=MOMENT, help="Orders placed from then on.")
@click.option("--placed-to", type=MOMENT, help="Orders placed before then.")
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Parquet, or CSV by its ending.",
)
@pass_home
def score(home: Home, out: Path, **chosen: Any) -> None:
    """Score many orders into a Parquet or CSV file.

    \b
    Example:  riskradar score --orders all --moment decision --placed-from 2026-01-01 --out s.csv
    """  # noqa: D301 - as above
    from training import scoring  # noqa: PLC0415 - as above

    with clear_errors(), progress() as reporter:
        asked = scoring.Choice(**{**chosen, "as_of": chosen["as_of"] or now_us()})
        count = scoring.score_file(home, asked, out, reporter)
    click.echo(f"{count:,} orders scored into {out}")


@main.command()
@click.option("--day", type=MOMENT, help="The list of that day's end. [default: now]")
@click.option("--limit", type=int, help="Orders to show. [default: the day's capacity]")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@pass_home
def top(home: Home, day: int | None, limit: int | None, as_json: bool) -> None:
    """List the unshipped orders most worth contacting, with reasons.

    \b
    Example:  riskradar top --limit 10
    """  # noqa: D301 - as above
    from training import scoring  # noqa: PLC0415 - as above

    with clear_errors():
        with progress() as reporter:
            listed = scoring.top(home, day=day, now=now_us(), limit=limit, reporter=reporter)
        click.echo(json.dumps(listed.as_json()) if as_json else listed.as_text())


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8780, show_default=True)
@click.option("--workers", default=2, show_default=True, help="Processes; about one a core.")
@pass_home
def serve(home: Home, host: str, port: int, workers: int) -> None:
    """Serve scores over HTTP.

    \b
    Example:  riskradar keys add order-system
              riskradar serve --port 8780
              curl -H "Authorization: Bearer KEY" localhost:8780/v1/top
    """  # noqa: D301 - as above
    _serve(home.create(), host, port, workers)


def _serve(home: Home, host: str, port: int, workers: int) -> None:
    from serving.server import serve as run  # noqa: PLC0415 - as above

    with clear_errors():
        run(home.path, host, port, workers)


@main.command()
@click.option("--markdown", is_flag=True, help="As the page docs/features.md.")
def features(markdown: bool) -> None:
    """List the features: name, words, unit, range, when missing."""
    from features.catalogue import as_markdown, model_inputs  # noqa: PLC0415 - as above

    if markdown:
        click.echo(as_markdown(), nl=False)
        return
    for feature in model_inputs():
        click.echo(
            f"{feature.name}\n    {feature.words}. [{feature.unit}, {feature.range}]\n"
            f"    {feature.missing}"
        )


main.add_command(cli_upkeep.models)
main.add_command(cli_upkeep.keys)
main.add_command(cli_read.read)
main.add_command(cli_alerts.alerts)
main.add_command(cli_alerts.evidence)


if __name__ == "__main__":
    main()
