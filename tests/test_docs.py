"""What the documents say is what the code does."""

from __future__ import annotations

from pathlib import Path

from features.catalogue import as_markdown

ROOT = Path(__file__).parent.parent


def test_the_page_of_features_is_the_catalogue() -> None:
    """Make it anew with `riskradar features --markdown > docs/features.md`."""
    assert (ROOT / "docs" / "features.md").read_text() == as_markdown()
