"""Whether an address names a town, one province only, and one that its postcode belongs to.

Knows nothing of maps: which postcodes belong where is counted from the shop's delivered orders.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from features.address_fold import Folded

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Counts = Ints | Floats

LEAST_DELIVERED = 20  # orders delivered to a postcode area before it may contradict a region
SURE = 0.95  # belief from which a postcode area and a region are said to contradict each other

_LETTER = re.compile(r"[^\W\d_]")


def without_letters(city: Folded) -> bool:
    """Whether a city holds no letter, so names none: "-", "12345"."""
    return not _LETTER.search(city.text)


_PROVINCES = (
    "河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|"
    "云南|陕西|甘肃|青海|台湾"
)
_PROVINCE = re.compile(
    rf"(?:({_PROVINCES})省|(内蒙古|广西|西藏|宁夏|新疆)(?:\w{{0,3}}自治区)|(北京|上海|天津|重庆)市)(?![村路街道])"
)


def two_regions(line: Folded) -> tuple[int, int] | None:
    """Where a Chinese line names a second, different province, or None.

    >>> from features.address_fold import fold
    >>> two_regions(fold("广东省揭阳市普宁市浙江省南白象街道"))
    (9, 12)
    """
    if "省" not in line.text and "自治区" not in line.text:
        return None
    found = list(_PROVINCE.finditer(line.text))
    for later in found[1:]:
        if later[0] != found[0][0]:
            return line.span(*later.span())
    return None


def mismatch_belief(
    pair_delivered: Counts, area_delivered: Counts, kinds: Counts | None = None
) -> Floats:
    """Belief that parcels to a postcode area do not go to this region (or city), (n,) in [0, 1].

    `pair_delivered`, `area_delivered`: (n,) orders delivered to the area in this region, and in
    any. `kinds`: (n,) regions that the area was delivered in so far, 1 each where not given.
    What was never seen has a share of the next parcel that is at most about kinds / orders
    (Good-Turing counts only the regions seen once); one imagined region more shrinks small counts.
    0 where the pair was delivered even once: it exists. Counts below zero cannot be.
    """
    imagined = np.ones_like(area_delivered) if kinds is None else kinds
    unseen = (imagined + 1.0) / (area_delivered + imagined + 1.0)
    return np.where(pair_delivered > 0, 0.0, 1.0 - unseen)


def mismatched(
    pair_delivered: Counts, area_delivered: Counts, kinds: Counts | None = None
) -> npt.NDArray[np.bool_]:
    """Whether a postcode area and a region (or city) contradict each other, (n,).

    Arguments as `mismatch_belief`. Never with fewer than LEAST_DELIVERED orders in the area.
    """
    sure = mismatch_belief(pair_delivered, area_delivered, kinds) >= SURE
    said: npt.NDArray[np.bool_] = sure & (area_delivered >= LEAST_DELIVERED)
    return said


def first_deliveries(pair: Ints, area: Ints, day: Ints) -> tuple[Ints, Ints]:
    """The day on which each pair of area and region was first delivered to, and its area.

    All (m,), one a delivered order: which pair, its area (keys or positions), and the day. Returns
    (k,) rising days and their areas, each pair once: what is added to an area's count of regions.
    """
    ranked = np.lexsort((day, pair))
    first = np.ones(len(pair), np.bool_)
    first[1:] = pair[ranked][1:] != pair[ranked][:-1]
    rows = ranked[first]
    rows = rows[np.argsort(day[rows], kind="stable")]
    return day[rows], area[rows]
