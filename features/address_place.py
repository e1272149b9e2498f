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

LEAST_DELIVERED = 20  # orders delivered to a postcode area before it may contradict a region
SURE = 0.95  # a mismatch needs this much belief that the pair is none; see `mismatch_odds`
PRIOR = 1.0  # imagined orders that went to regions not seen yet, per area

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


def mismatch_odds(pair_delivered: Ints, area_delivered: Ints, regions: Ints) -> Floats:
    """Belief that an area's parcels do not go to the region, from what was delivered, in [0, 1].

    All (n,): orders delivered to this area in this region, to this area in any, and how many
    regions the area was delivered to. Good-Turing's estimate in its simplest form: a region never
    seen in N deliveries has about (regions + PRIOR) / (N + regions + PRIOR) of the area's parcels
    to share with all that were not seen either. 0 where the pair was delivered to even once.
    """
    imagined = regions + PRIOR
    unseen = imagined / (area_delivered + imagined)
    return np.where(pair_delivered > 0, 0.0, 1.0 - unseen)


def mismatched(pair_delivered: Ints, area_delivered: Ints, regions: Ints) -> npt.NDArray[np.bool_]:
    """Whether a postcode area and a region (or city) contradict each other, (n,).

    Arguments as `mismatch_odds`. Never with fewer than LEAST_DELIVERED orders in the area.
    """
    sure = mismatch_odds(pair_delivered, area_delivered, regions) >= SURE
    return (area_delivered >= LEAST_DELIVERED) & sure
