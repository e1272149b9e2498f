"""Whether the evidence is as it was frozen: every file, every line, the chain, and the store.

Knows nothing of what a file holds. It changes nothing, and tells damage from work that a kill left
unfinished, which the next run completes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from outreach.evidence_log import FIRST, LOG, Line, Log, digest, line_of
from store.alert_types import Alert

_Read = Sequence[tuple[bytes, Line | None]]


@dataclass(frozen=True)
class Verdict:
    """What a check found.

    Attributes:
        damage: a sentence for everything that was changed, removed, added or moved.
        unfinished: a sentence for everything that the next run will complete.
        files: files named in the log.
        head: SHA-256 of the last line; kept elsewhere, it proves the whole log.
    """

    damage: tuple[str, ...]
    unfinished: tuple[str, ...]
    files: int
    head: str


def check(folder: Path, alerts: Sequence[Alert]) -> Verdict:
    """Compare a folder of evidence with its log, and both with the alerts of the store.

    `alerts` are all there are; one without evidence is unfinished, not damage.
    """
    log = Log.read(folder)
    read = [(raw, line_of(raw)) for raw in log.lines]
    waiting = {alert.alert_id for alert in alerts if alert.evidence is None}
    damage = [
        *_broken_chain(read),
        *_bad_files(folder, read),
        *_strangers(folder, read, waiting),
        *_against_the_store(read, alerts),
    ]
    unfinished = [f"alert {name}: its evidence is not frozen yet." for name in sorted(waiting)]
    if log.torn:
        unfinished.append(f"{LOG}: its last line was not finished.")
    head = digest(log.lines[-1]) if log.lines else FIRST
    return Verdict(tuple(damage), tuple(unfinished), len(_named(read)), head)


def _named(read: _Read) -> dict[str, Line]:
    """File → the first line that names it."""
    found: dict[str, Line] = {}
    for _, line in read:
        if line is not None:
            found.setdefault(line.file, line)
    return found


def _broken_chain(read: _Read) -> Iterator[str]:
    """What is wrong with each line, from the digest that the line after it holds."""
    places = {digest(raw): place for place, (raw, _) in enumerate(read, start=1)}
    before, before_n = FIRST, 0
    for place, (raw, line) in enumerate(read, start=1):
        if line is None:
            yield f"{LOG} line {place}: changed; it is no line of a log."
        elif line.previous != before or line.n != before_n + 1:
            yield f"{LOG} line {place}: {_why(line, before_n, place, places)}"
        before, before_n = digest(raw), line.n if line else before_n + 1


def _why(line: Line, before_n: int, place: int, places: Mapping[str, int]) -> str:
    """Why a line does not follow upon the one before it, whose number was `before_n`."""
    came_after = 0 if line.previous == FIRST else places.get(line.previous)
    if came_after is not None and came_after != place - 1:
        return f"moved; it was written right after what is now line {came_after}."
    if line.n > before_n + 1:
        return f"lines are missing before it; it was number {line.n}, after {before_n}."
    if line.n <= before_n:
        return f"moved or repeated; it was number {line.n}, and stands after {before_n}."
    return "the line before it, or this one, was changed after it was written."


def _bad_files(folder: Path, read: _Read) -> Iterator[str]:
    for name, line in _named(read).items():
        path = folder / name
        if Path(name).name != name or path.is_symlink():
            yield f"{name}: changed; expected a file of this folder, got a link or a path."
        elif not path.is_file():
            yield f"{name}: removed; the log names it as evidence of alert {line.alert_id}."
        elif digest(path.read_bytes()) != line.sha256:
            yield f"{name}: changed; its SHA-256 is not the one in the log."


def _strangers(folder: Path, read: _Read, waiting: set[str]) -> Iterator[str]:
    """Files that nobody logged; drafts of a killed run, with a dot, are none."""
    known = _named(read)
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        name = path.name
        if name == LOG or name.startswith(".") or name in known or path.stem in waiting:
            continue
        yield f"{name}: added; the log does not name it."


def _against_the_store(read: _Read, alerts: Sequence[Alert]) -> Iterator[str]:
    """What the store knows of the log: also a last line changed, or lines cut off at the end."""
    lines = {line.alert_id: (digest(raw), line) for raw, line in read if line is not None}
    for alert in alerts:
        if alert.evidence is None:
            continue
        if alert.alert_id not in lines:
            yield f"{LOG}: the line of alert {alert.alert_id} was removed or changed."
            continue
        own, line = lines[alert.alert_id]
        if alert.evidence_line != own or alert.evidence != line.sha256:
            yield f"{LOG} number {line.n}: changed; the store knows another for {alert.alert_id}."
    strangers = lines.keys() - {alert.alert_id for alert in alerts}
    for name in sorted(strangers):
        yield f"{LOG} number {lines[name][1].n}: added; the store has no alert {name}."
