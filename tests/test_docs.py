"""What the documents say is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from readme_tree import renewed

from cli import main
from features.catalogue import as_markdown

ROOT = Path(__file__).parent.parent


def test_the_page_of_features_is_the_catalogue() -> None:
    """Make it anew with `riskradar features --markdown > docs/features.md`."""
    assert (ROOT / "docs" / "features.md").read_text() == as_markdown()


def test_the_tree_of_the_readme_is_the_tree() -> None:
    """Make it anew with `python tests/readme_tree.py`."""
    readme = (ROOT / "README.md").read_text()
    assert readme == renewed(readme)


def test_every_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [name for name in main.commands if f"riskradar {name}" not in readme] == []


@pytest.mark.parametrize("name", sorted(main.commands))
def test_a_command_explains_itself(name: str) -> None:
    shown = CliRunner().invoke(main, [name, "--help"])
    assert shown.exit_code == 0
    assert "Usage:" in shown.output


def test_the_readme_says_where_everything_else_is() -> None:
    readme = (ROOT / "README.md").read_text()
    linked = re.findall(r"\]\(([\w/.]+\.md)\)", readme)
    assert [page for page in linked if not (ROOT / page).exists()] == []
