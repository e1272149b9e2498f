"""From a margin to a probability that means what it says: Platt, beta or isotonic.

Knows nothing of models or orders; what it is given is in order of time.

Few positives cannot bend a curve: the default is Platt's two numbers, drawn towards leaving the
margin as it is. Beta needs 300 positives, isotonic 2000 (our judgement), and each must also win
clearly on the latest third of the predictions after being fitted on the earlier rest.

Two things that Platt scaling as usually done gets wrong when shops drift (`training/LOG.md` has
the numbers, on Olist cut to histories of six weeks to two years):

- The slope turns around the *level* of the fit, the log-odds of its own base rate, not around a
  probability of one half. The next fit has another level, and it has already learned most of what
  the last one missed; so it is the difference from the level that is calibrated.
- What is left of a shift of the level wanders from month to month. A month of predictions speaks
  for it only as much as no shift at all does.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt
from sklearn.isotonic import IsotonicRegression

from features.schema import DAY_US
from training.heads import Calibration, log_sigmoid, sigmoid

Floats = npt.NDArray[np.float64]

Fit = Callable[[Floats, Floats, Floats], Calibration]

LEAST_FOR_BETA = 300  # positives
LEAST_FOR_ISOTONIC = 2000
MONTH_US = 30 * DAY_US
CLEARLY = 2.0  # standard errors by which the plain choice must be beaten
LATER_SHARE = 1 / 3  # of the predictions, the latest, on which a bent curve must win
SLOPE_PRECISION = 30.0  # as if a standard deviation of 0.18 around "the margin's slope is right"
LIGHT = 4.0  # of beta, which has hundreds of positives to speak
FREE = 1e-3  # precision of a number that nothing is known of
SMALLEST_SLOPE = 0.05  # a calibration never turns the ranking round
NEWTON_STEPS = 50
HALVINGS = 30
SMALLEST = 1e-12  # probabilities that isotonic levels keep away from 0 and 1
CLOSEST = 1e-3  # margins nearer than this become one step of an isotonic curve


def calibrate(
    margin: Floats, outcome: Floats, weight: Floats, *, level: float = 0.0, trust: float = 1.0
) -> Calibration:
    """The calibration that (n,) predictions in order of time deserve.

    Platt unless a bent curve has positives enough and clearly wins out of time. `level` and
    `trust` are Platt's.
    """
    positives = outcome.sum()
    plain = partial(platt, level=level, trust=trust)
    best: Fit = plain
    for bent, least in ((beta, LEAST_FOR_BETA), (isotonic, LEAST_FOR_ISOTONIC)):
        if positives >= least and _wins(bent, best, margin, outcome, weight):
            best = bent
    return best(margin, outcome, weight)


def trust_after(span: float) -> float:
    """How much of a shift seen over a span of microseconds is believed: half after a month."""
    months = span / MONTH_US
    return months / (months + 1)


def _wins(challenger: Fit, champion: Fit, margin: Floats, outcome: Floats, weight: Floats) -> bool:
    """Whether the challenger, fitted on the earlier part, is clearly better on the later."""
    cut = round(len(margin) * (1 - LATER_SHARE))
    early, late = slice(None, cut), slice(cut, None)
    lead = np.zeros(len(margin) - cut)
    for sign, fit in ((1.0, champion), (-1.0, challenger)):
        fitted = fit(margin[early], outcome[early], weight[early])
        likely = np.clip(fitted.apply(margin[late]), SMALLEST, 1 - SMALLEST)
        lead -= sign * weight[late] * np.log(np.where(outcome[late] > 0, likely, 1 - likely))
    return bool(lead.mean() > CLEARLY * lead.std() / np.sqrt(len(lead)))


def platt(
    margin: Floats, outcome: Floats, weight: Floats, *, level: float = 0.0, trust: float = 1.0
) -> Calibration:
    """`sigmoid(level + slope * (margin - level) + trust * shift)`.

    `level` is the log-odds around which the slope turns; `trust` in [0, 1] is how much of the
    shift is believed.
    """
    design = np.column_stack([margin - level, np.ones(len(margin))])
    prior, precision = np.array([1.0, 0.0]), np.array([SLOPE_PRECISION, FREE])
    slope, shift = fit_logistic(design, outcome, weight, prior, precision, offset=level)
    slope = max(slope, SMALLEST_SLOPE)
    return Calibration.platt(slope, level * (1 - slope) + trust * shift)


def beta(margin: Floats, outcome: Floats, weight: Floats) -> Calibration:
    """`sigmoid(a ln s - b ln(1 - s) + c)` with s = sigmoid(margin); Platt has a = b."""
    design = np.column_stack([log_sigmoid(margin), -log_sigmoid(-margin), np.ones(len(margin))])
    prior, precision = np.array([1.0, 1.0, 0.0]), np.array([LIGHT, LIGHT, FREE])
    a, b, c = fit_logistic(design, outcome, weight, prior, precision)
    if min(a, b) < SMALLEST_SLOPE:
        return platt(margin, outcome, weight)
    return Calibration.beta(a, b, c)


def isotonic(margin: Floats, outcome: Floats, weight: Floats) -> Calibration:
    """A rising curve through any shape; linear between its steps, flat outside."""
    low = max(SMALLEST, 0.5 / max(weight.sum(), 1.0))  # nobody of so many: half a positive
    fitted = IsotonicRegression(y_min=low, y_max=1 - low).fit(margin, outcome, sample_weight=weight)
    margins, levels = fitted.X_thresholds_, fitted.y_thresholds_
    step = np.flatnonzero(np.diff(margins, prepend=margins[0] - 2 * CLOSEST) >= CLOSEST)
    if len(step) < 2:
        return platt(margin, outcome, weight)
    return Calibration.isotonic(margins[step], np.maximum.accumulate(levels[step]))


def fit_logistic(
    design: Floats,
    outcome: Floats,
    weight: Floats,
    prior: Floats,
    precision: Floats,
    *,
    offset: float = 0.0,
) -> Floats:
    """Coefficients (k,) of a logistic regression on (n, k), drawn towards `prior`.

    `offset` is added to every margin.

    Newton's method with halved steps: the loss is convex and a prior bounds it, so this ends
    well where a column separates the classes too.
    """

    def loss_of(found: Floats) -> float:
        surprise = weight @ _surprise(offset + design @ found, outcome)
        return float(surprise + precision @ (found - prior) ** 2 / 2)

    def step_from(found: Floats) -> Floats:
        probability = sigmoid(offset + design @ found)
        slope = design.T @ (weight * (probability - outcome)) + precision * (found - prior)
        curvature = (design.T * (weight * probability * (1 - probability))) @ design
        return np.linalg.solve(curvature + np.diag(precision), slope).astype(np.float64)

    found, loss = prior.copy(), loss_of(prior)
    for _ in range(NEWTON_STEPS):
        step = step_from(found)
        for _ in range(HALVINGS):
            if loss_of(found - step) <= loss:
                break
            step /= 2
        found, before = found - step, loss
        loss = loss_of(found)
        if before - loss < 1e-10 * abs(before):
            break
    return found


def _surprise(margin: Floats, outcome: Floats) -> Floats:
    return np.logaddexp(0.0, margin) - outcome * margin
