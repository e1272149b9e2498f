"""What can be wrong with a bundle, one class per thing that a caller handles differently.

Knows nothing of files: it holds names and sentences.
"""

from __future__ import annotations

from collections.abc import Sequence

MOST_SHOWN = 20  # names printed of a difference, so that a log line stays readable


class BundleRejected(Exception):
    """A bundle is not to be used; the champion stays.

    Attributes:
        bundle: name of the folder.
        file: the file in it that is wrong, or "" where it is the folder itself.
        reason: expected, got, what to do; a full sentence.
    """

    def __init__(self, bundle: str, file: str, reason: str) -> None:
        super().__init__(f"bundle {bundle}: {file}: {reason}" if file else f"{bundle}: {reason}")
        self.bundle, self.file, self.reason = bundle, file, reason


class ColumnMismatch(BundleRejected):
    """The bundle was trained on other features than this code builds."""


class NoCurrentBundle(Exception):
    """Nothing was promoted yet, or there is nothing to go back to."""


def columns_problem(
    trained: Sequence[str], built: Sequence[str], *, fingerprints: tuple[str, str], code: str
) -> str:
    """How the features of a bundle differ from those this code builds; "" where they agree.

    `fingerprints` are the bundle's and this code's; `code` is what it was trained with, or "".
    """
    advice = "Train a new bundle with `riskradar nightly`"
    advice += f", or check out the code it was trained with ({code})." if code else "."
    if list(trained) != list(built):
        return (
            f"trained on {len(trained)} features and this code builds {len(built)}.\n"
            f"{_difference(trained, built)}\n  {advice}"
        )
    if fingerprints[0] != fingerprints[1]:
        return (
            f"trained on the same {len(trained)} feature names, but their code has changed: "
            f"expected fingerprint {fingerprints[0]}, this code has {fingerprints[1]}. {advice}"
        )
    return ""


def _difference(trained: Sequence[str], built: Sequence[str]) -> str:
    """Lines of `- gone` and `+ new` names, or the first place where only the order differs."""
    gone, new = set(trained) - set(built), set(built) - set(trained)
    lines = [f"  - {name}" for name in trained if name in gone]
    lines += [f"  + {name}" for name in built if name in new]
    if not lines:
        at = next(i for i, pair in enumerate(zip(trained, built, strict=False)) if len({*pair}) > 1)
        lines = [f"  column {at} was {trained[at]} and is now {built[at]}"]
    more = len(lines) - MOST_SHOWN
    return "\n".join(lines[:MOST_SHOWN] + ([f"  and {more} more"] if more > 0 else []))
