"""Query arguments of the GET routes, read strictly: what is not understood is refused by its name.

Knows nothing of what they select.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, date, datetime

from serving.problems import FieldError, refused

MOST = 1000  # of anything in one answer
_EPOCH = date(1970, 1, 1)


def known(arguments: Mapping[str, str], names: tuple[str, ...]) -> None:
    """Refuse arguments of other names: a misspelt filter would silently select everything."""
    other = [name for name in arguments if name not in names]
    if other:
        expected = "one of " + ", ".join(names)
        raise refused(
            [FieldError(f"?{name[:40]}", "an unknown argument", expected) for name in other]
        )


def limit(arguments: Mapping[str, str], default: int) -> int:
    """`limit`, 1 to `MOST`."""
    given = arguments.get("limit")
    if given is None:
        return min(default, MOST)
    if given.isascii() and given.isdigit() and len(given) < 9 and 1 <= int(given) <= MOST:
        return int(given)
    raise refused([FieldError("?limit", f"text of {len(given)} characters", f"1 to {MOST}")])


def day(arguments: Mapping[str, str], now: int) -> int:
    """`day` as days since 1970; the UTC day of `now` (microseconds) where absent.

    >>> day({"day": "1970-01-03"}, 0)
    2
    """
    given = arguments.get("day")
    if given is None:
        return int(now // 86_400_000_000)
    try:
        return (date.fromisoformat(given) - _EPOCH).days
    except ValueError:
        got = f"text of {len(given)} characters"
        raise refused([FieldError("?day", got, "a UTC day such as 2026-01-31")]) from None


def day_in_text(days: int) -> str:
    """A day number as 2026-01-31."""
    return datetime.fromtimestamp(days * 86_400, UTC).date().isoformat()


def cursor(arguments: Mapping[str, str]) -> int:
    """The place that an `after` names; 0, before everything, where absent.

    >>> cursor({"after": cursor_in_text(12)})
    12
    """
    given = arguments.get("after", "")
    if not given:
        return 0
    try:
        version, _, place = base64.b32decode(given.upper()).decode("ascii").partition(":")
        if version == "1" and place.isdigit() and len(place) < 19:
            return int(place)
    except ValueError:  # not base32, or not ASCII inside
        pass
    got = f"text of {len(given)} characters"
    raise refused([FieldError("?after", got, "the `next` of an earlier answer")])


def cursor_in_text(place: int) -> str:
    """A place as an opaque cursor; its form may change, what it names may not."""
    text = f"1:{place}"
    # Padded with zeros to whole groups of five bytes, so that no `=` has to be escaped in a URL.
    padded = text if len(text) % 5 == 0 else f"1:{'0' * (5 - len(text) % 5)}{place}"
    return base64.b32encode(padded.encode()).decode().lower()
