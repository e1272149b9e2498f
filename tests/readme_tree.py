"""The README's tree, from each module's first sentence; renew: `python tests/readme_tree.py`."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent
START, END = "<!-- tree -->\n", "<!-- end of tree -->"
COMMANDS = ("cli.py", "cli_alerts.py", "cli_read.py", "cli_upkeep.py")
FOLDERS = ("features", "models", "store", "outreach", "training", "serving", "benchmarks")


def first_sentence(path: Path) -> str:
    """What a module says it is, without the full stop."""
    text = ast.get_docstring(ast.parse(path.read_text())) or ""
    return " ".join(text.split("\n\n", maxsplit=1)[0].split()).rstrip(".")


def tree() -> str:
    """The tree as the README shows it."""
    lines = ["```"]
    lines += [f"{name:<28}{first_sentence(ROOT / name)}" for name in COMMANDS]
    for folder in FOLDERS:
        lines.append(f"{folder + '/':<28}{first_sentence(ROOT / folder / '__init__.py')}")
        for path in sorted((ROOT / folder).glob("*.py")):
            if path.name != "__init__.py":
                lines.append(f"  {path.name:<26}{first_sentence(path)}")
    return "\n".join([*lines, "```", ""])


def renewed(readme: str) -> str:
    """The README with the tree as it is now."""
    head, _, rest = readme.partition(START)
    return head + START + tree() + END + rest.partition(END)[2]


if __name__ == "__main__":
    page = ROOT / "README.md"
    page.write_text(renewed(page.read_text()))
