"""What we remember: the versioned tables, settings and keys of one home directory."""

from store.store import Store, open_store

__all__ = ["Store", "open_store"]
