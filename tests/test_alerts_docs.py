"""Claims about docs/alerts.md: its codes, settings and root causes are the code's."""

from __future__ import annotations

import re
from pathlib import Path

from outreach.alert_rules import CODES
from store.alert_types import ROOT_CAUSES
from store.settings import Settings, parse_settings

PAGE = (Path(__file__).parents[1] / "docs" / "alerts.md").read_text(encoding="utf-8")


def test_the_page_lists_every_code_in_order():
    assert tuple(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == CODES


def test_the_settings_of_the_page_are_the_defaults_and_all_of_them():
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert parse_settings(block) == Settings()
    assert [key for key in Settings().alerts.__struct_fields__ if key not in block] == []


def test_the_page_names_every_root_cause():
    assert [cause for cause in ROOT_CAUSES if f"`{cause}`" not in PAGE] == []
