"""`riskradar read`: shows what a message says, with the very words.

Knows nothing of how it is read; see features/signals.py.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from cli_upkeep import clear_errors, pass_home
from features.schema import SENDERS

if TYPE_CHECKING:
    from features.signals import Reader, Reading
    from store.home import Home


@click.command()
@click.argument("text", required=False)
@click.option("--json", "as_json", is_flag=True, help='JSON lines: {"id", "text", "sender"?} in.')
@click.option("--shop", "shop_id", default="", help="Read with the phrases of this shop.")
@click.option(
    "--sender", type=click.Choice(SENDERS), default="buyer", show_default=True, help="Who wrote it."
)
@pass_home
def read(home: Home, text: str | None, as_json: bool, shop_id: str, sender: str) -> None:
    """Show the signals in a message (TEXT, or each line of the standard input).

    \b
    Examples:  riskradar read "再不发货我就去法院起诉"
               cut -f3 messages.tsv | riskradar read
               riskradar read --json < messages.jsonl > seen.jsonl
    """  # noqa: D301 - \b is click's mark for lines that stay as they are
    with clear_errors():
        reader = home.readers.of(shop_id)
    if as_json:
        for one in _messages(_lines(text), sender):
            click.echo(json.dumps(_told(one, _read(reader, one)), ensure_ascii=False))
        return
    for line in _lines(text):
        message = {"id": None, "text": line, "sender": sender}
        click.echo(_shown(line, _read(reader, message)))


def _lines(text: str | None) -> Iterator[str]:
    if text is not None:
        yield text
        return
    if sys.stdin.isatty():
        raise click.UsageError("expected a TEXT, or messages on the standard input, a line each.")
    for number, line in enumerate(sys.stdin.buffer, 1):
        try:
            yield line.decode().rstrip("\r\n")
        except UnicodeDecodeError as error:
            at = f"line {number}, byte {error.start + 1}"
            raise click.ClickException(f"{at}: expected UTF-8, got {error.reason}.") from None


def _messages(lines: Iterator[str], sender: str) -> Iterator[dict[str, Any]]:
    """The messages of JSON lines; the first that is none ends the run, naming its line."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            one = json.loads(line)
        except ValueError as error:
            raise click.ClickException(f"line {number}: expected JSON, got {error}.") from None
        problem = _problem(one)
        if problem:
            raise click.ClickException(f"line {number}: {problem}")
        yield {"id": one.get("id"), "text": one["text"], "sender": one.get("sender") or sender}


def _problem(one: Any) -> str | None:
    if not isinstance(one, dict):
        return f'expected an object {{"id", "text"}}, got {type(one).__name__}.'
    if not isinstance(one.get("text"), str):
        return f"text: expected a text, got {type(one.get('text')).__name__}."
    if one.get("sender") not in {None, *SENDERS}:
        return f"sender: expected one of {', '.join(SENDERS)}, got {one['sender']!r}."
    return None


def _read(reader: Reader, one: dict[str, Any]) -> Reading:
    return reader.read(one["text"], one["sender"])


def _told(one: dict[str, Any], reading: Reading) -> dict[str, Any]:
    signals = [found._asdict() for found in reading.quoted(one["text"])]
    return {"id": one["id"], "lang": reading.lang, "signals": signals}


def _shown(text: str, reading: Reading) -> str:
    """The message, then a line a signal with its words."""
    from features.signals import RED  # noqa: PLC0415 - see cli.py

    lines = [f"[{reading.lang}] {text}"]
    for signal, start, end, words in reading.quoted(text):
        red = signal in RED
        mark = "●" if red else "·"
        name = click.style(f"{mark} {signal:<22}", fg="red" if red else "yellow")
        lines.append(f"  {name} {start:>3}-{end:<3} {words}")
    if not reading.spans:
        lines.append("  no signal")
    return "\n".join(lines)
