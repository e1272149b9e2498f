"""Fixtures that several test files share; each is explained where it is made."""

from __future__ import annotations

from served_process import start
from served_shop import home, open_app, shop, template

__all__ = ["home", "open_app", "shop", "start", "template"]
