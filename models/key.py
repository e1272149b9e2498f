"""The key that signs bundles: 32 random bytes in a file of the owner's, outside of every bundle.

Knows nothing of what is signed. A digest beside a file proves that the file is whole; only a key
kept elsewhere proves that *we* wrote it.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from models.durable import read_capped, sync_folder, write_synced

KEY_BYTES = 32
NAME = "models.key"  # in the home directory, beside the folder `models`


class BadKey(Exception):
    """The key file cannot be used; the text says what to do."""


def signing_key(path: Path) -> bytes:
    """The key in `path` (32 bytes, kept as hex), made on first use, readable by its owner alone.

    Raises:
        BadKey: others may read it, or it does not hold a key.
    """
    if not path.exists():
        _create(path)
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise BadKey(
            f"{path.name}: expected permissions 600, got {mode:03o}: others may have read the key. "
            f"`chmod 600` it; or delete it, which refuses every bundle it signed, and train anew."
        )
    try:
        key = bytes.fromhex(read_capped(path, 4 * KEY_BYTES).decode("ascii"))
    except (ValueError, OSError) as error:
        raise BadKey(f"{path.name}: expected {2 * KEY_BYTES} hex digits: {error}") from None
    if len(key) != KEY_BYTES:
        raise BadKey(f"{path.name}: expected {2 * KEY_BYTES} hex digits, got {2 * len(key)}.")
    return key


def _create(path: Path) -> None:
    """Two processes may come first at once: a link into place lets one of them win, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    write_synced(draft, secrets.token_bytes(KEY_BYTES).hex().encode("ascii") + b"\n")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    sync_folder(path.parent)
