"""How far apart two places are.

Knows nothing of whose places they are.
"""

from __future__ import annotations

import numpy as np

from features.joined import Floats

EARTH_KM = 6371.0  # mean radius


def great_circle_km(start: Floats, end: Floats) -> Floats:
    """Great circle between places (2, n), latitude and longitude in radians, by haversine; (n,)."""
    lat, lon = np.square(np.sin((end - start) / 2))
    half = lat + np.cos(end[0]) * np.cos(start[0]) * lon
    distance: Floats = 2 * EARTH_KM * np.arcsin(np.sqrt(np.minimum(half, 1.0)))
    return distance
