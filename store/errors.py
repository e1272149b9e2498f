"""What can go wrong with the store, one class per thing a caller would handle differently.

Knows nothing of SQL; the messages name tables, keys and files, never a customer's words.
"""

from __future__ import annotations


class StoreError(Exception):
    """Anything the store refuses; catch a subclass where the answer differs."""


class StoreMissing(StoreError):
    """A store that was to be read does not exist yet."""


class StoreNewer(StoreError):
    """The store was written by newer code than this; it is left as it was."""


class StoreOlder(StoreError):
    """The store needs an upgrade and was opened for reading only."""


class StoreBusy(StoreError):
    """Another process held the write lock for longer than we were ready to wait."""


class UnknownColumn(StoreError, ValueError):
    """A record names a table or a column that the schema does not have."""


class RowRefused(StoreError, ValueError):
    """One row cannot be stored; the others could.

    Attributes:
        table: name of the table.
        key: the row's key columns by name, with shop_id.
        position: index of the row in the sequence that was given for the table.
    """

    def __init__(self, message: str, *, table: str, key: dict[str, object], position: int) -> None:
        super().__init__(message)
        self.table = table
        self.key = key
        self.position = position


class BadVersion(RowRefused):
    """Two different contents of one key claim the same moment, and no later moment is left."""


class MissingValue(RowRefused):
    """A required column is unknown in the first version of a key, or cleared in a later one."""


class KeyExists(StoreError, ValueError):
    """An API key of that name is in use; revoke it first or take another name."""


class BadSettings(StoreError, ValueError):
    """The settings file has an unknown key, a wrong type or a value out of range."""


class HomeBusy(StoreError):
    """Another process holds the named lock of this home."""
