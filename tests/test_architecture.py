"""Who may import whom, and what may never be imported: docs/architecture.md, held."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("features", "models", "store", "outreach", "training", "serving", "cli")
MAY_IMPORT: dict[str, set[str]] = {
    "features": set(),
    "models": set(),
    "store": {"features"},
    "outreach": {"features", "store"},
    "training": {"features", "models", "store", "outreach"},
    "serving": {"features", "models", "store", "outreach"},
}
# What a scorer must start and run without.
LEARNERS = {"sklearn", "lightgbm", "skl2onnx", "onnx", "scipy", "duckdb", "matplotlib"}
CODE_RUNNERS = {"pickle", "joblib", "cloudpickle", "dill", "marshal", "shelve"}


def files(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Dotted names that a file imports, wherever in the file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def tops(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported(path)}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_only_what_lies_below_it(package: str) -> None:
    allowed = MAY_IMPORT[package] | {package}
    wrong = {
        str(path.relative_to(ROOT)): sorted(tops(path) & set(OURS) - allowed)
        for path in files(package)
        if tops(path) & set(OURS) - allowed
    }
    assert wrong == {}


def test_the_store_reads_of_features_only_the_schema_and_the_facts() -> None:
    seen = {
        name for path in files("store") for name in imported(path) if name.startswith("features")
    }
    assert seen <= {"features.schema", "features.facts", "features.money"}


@pytest.mark.parametrize("package", OURS[:-1])
def test_nothing_that_runs_code_from_a_file_is_imported(package: str) -> None:
    assert {
        path.name: tops(path) & CODE_RUNNERS for path in files(package) if tops(path) & CODE_RUNNERS
    } == {}


def test_serving_starts_without_any_learner() -> None:
    """Imports of imports count too, so a real interpreter says what it has loaded."""
    code = (
        "import sys, serving.app; print(' '.join(sorted(m.partition('.')[0] for m in sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert set(ran.stdout.split()) & (LEARNERS | {"training"}) == set()


def test_features_read_no_clock() -> None:
    clock = re.compile(r"\bnow\(|\btoday\(|time\.time|perf_counter|monotonic")
    assert [p.name for p in files("features") if clock.search(p.read_text())] == []


def test_features_have_no_switch_between_training_and_serving() -> None:
    assert [p.name for p in files("features") if re.search(r"\bmode=", p.read_text())] == []
