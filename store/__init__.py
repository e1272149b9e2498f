"""What we remember: the versioned tables, settings and keys of one home directory."""

from store.keys import KeyInfo
from store.scores import Score
from store.store import Store, open_store
from store.timeline import Record
from store.write import Counts, Written

__all__ = ["Counts", "KeyInfo", "Record", "Score", "Store", "Written", "open_store"]
