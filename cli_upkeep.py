"""Upkeep commands of `riskradar`: models and keys, and what all commands share.

Knows nothing of how anything is done; see cli.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from store.home import Home

OURS = ("models", "training", "features", "outreach", "serving")

pass_home: Callable[..., Any] = click.pass_obj


def now_us() -> int:
    """The time in microseconds UTC."""
    return time.time_ns() // 1000


@contextmanager
def clear_errors() -> Iterator[None]:
    """Turns what we refuse by name into one line on stderr and exit code 1."""
    from store.errors import StoreError  # noqa: PLC0415 - see the module's docstring

    try:
        yield
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] in OURS:
            raise click.ClickException(f"{type(error).__name__}: {error}") from error
        raise


@click.group()
def models() -> None:
    """List, inspect, verify, promote and roll back models."""


@models.command("list")
@pass_home
def models_list(home: Home) -> None:
    """List the bundles, oldest first, the champion with a star."""
    from models.registry import Registry  # noqa: PLC0415 - see cli.py

    with clear_errors():
        registry = Registry(home.models_dir)
        current = registry.current_name()
        for name in registry.list():
            click.echo(f"{'*' if name == current else ' '} {name}")


@models.command("show")
@click.argument("name", required=False)
@pass_home
def models_show(home: Home, name: str | None) -> None:
    """Print the card of a model, by default the champion's."""
    click.echo(_opened(home, name).card)


@models.command("verify")
@click.argument("name", required=False)
@pass_home
def models_verify(home: Home, name: str | None) -> None:
    """Check a bundle (by default the champion) from its signature to its proof."""
    bundle = _opened(home, name)
    created = datetime.fromtimestamp(bundle.manifest.created_at / 1_000_000, UTC)
    click.echo(
        f"{bundle.name}: whole and proved; made {created:%Y-%m-%d %H:%M} UTC, "
        f"heads {', '.join(bundle.heads)}"
    )


def _opened(home: Home, name: str | None) -> Any:
    from models.registry import Registry  # noqa: PLC0415 - see cli.py
    from training.champion import open_named  # noqa: PLC0415 - the same

    with clear_errors():
        registry = Registry(home.models_dir)
        return open_named(home, registry.path(name) if name else registry.current())


@models.command("promote")
@click.argument("name")
@pass_home
def models_promote(home: Home, name: str) -> None:
    """Make a bundle the champion, once it has been verified."""
    from models.registry import Registry  # noqa: PLC0415 - see cli.py
    from training.champion import check_first  # noqa: PLC0415 - the same

    with clear_errors():
        registry = Registry(home.models_dir)
        check_first(home, registry.path(name))
        registry.promote(name, at=now_us())
    click.echo(f"promoted {name}; running services take it up within 5 s")


@models.command("rollback")
@pass_home
def models_rollback(home: Home) -> None:
    """Make the champion before this one the champion again."""
    from models.registry import Registry  # noqa: PLC0415 - see cli.py

    with clear_errors():
        name = Registry(home.models_dir).rollback(at=now_us())
    click.echo(f"rolled back to {name}; running services take it up within 5 s")


@click.group()
def keys() -> None:
    """Keys of the HTTP service; only their hashes are stored."""


@keys.command("add")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(["score", "events", "read"]),
    help="May be given several times. [default: all]",
)
@click.option("--shop", "shop_id", help="Tie the key to one shop.")
@pass_home
def keys_add(home: Home, name: str, scopes: tuple[str, ...], shop_id: str | None) -> None:
    """Make a key and print it, once."""
    with clear_errors(), home.create().open_store() as store:
        click.echo(store.add_key(name, scopes or ("score", "events", "read"), shop_id))


@keys.command("list")
@pass_home
def keys_list(home: Home) -> None:
    """List the keys by name."""
    with clear_errors(), home.open_store() as store:
        for key in store.list_keys():
            state = "revoked" if key.revoked_at else "works"
            scopes = ",".join(sorted(key.scopes))
            click.echo(f"{key.name}\t{scopes}\t{key.shop_id or 'any shop'}\t{state}")


@keys.command("revoke")
@click.argument("name")
@pass_home
def keys_revoke(home: Home, name: str) -> None:
    """Revoke a key; running services stop taking it within seconds."""
    with clear_errors(), home.open_store() as store:
        if not store.revoke_key(name):
            raise click.ClickException(f"no key is named {name!r}; see `riskradar keys list`")
