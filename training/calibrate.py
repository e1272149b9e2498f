"""From a margin to a probability that means what it says: Platt, beta or isotonic.

Knows nothing of models or orders; what it is given is in order of time.

Few positives cannot bend a curve: the default is Platt's two numbers, drawn lightly towards
leaving the margin as it is. Beta needs 300 positives, isotonic 2000 (our judgement), and each must
also win clearly on the latest third of the predictions after being fitted on the earlier rest.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from sklearn.isotonic import IsotonicRegression

from training.heads import Calibration, log_sigmoid, sigmoid

Floats = npt.NDArray[np.float64]

Fit = Callable[[Floats, Floats, Floats], Calibration]

LEAST_FOR_BETA = 300  # positives
LEAST_FOR_ISOTONIC = 2000
CLEARLY = 2.0  # standard errors by which the plain choice must be beaten
LATER_SHARE = 1 / 3  # of the predictions, the latest, on which a bent curve must win
PRIOR_PRECISION = 4.0  # as if a standard deviation of 0.5 around "the margin's slope is right"
FREE = 1e-3  # precision of a number that nothing is known of
SMALLEST_SLOPE = 0.05  # a calibration never turns the ranking round
NEWTON_STEPS = 50
HALVINGS = 30
SMALLEST = 1e-12  # probabilities that isotonic levels keep away from 0 and 1
CLOSEST = 1e-3  # margins nearer than this become one step of an isotonic curve


def calibrate(margin: Floats, outcome: Floats, weight: Floats) -> Calibration:
    """The calibration (n,) predictions in order of time deserve.

    Platt unless a bent curve has positives enough and clearly wins out of time.
    """
    best, positives = platt, outcome.sum()
    for bent, least in ((beta, LEAST_FOR_BETA), (isotonic, LEAST_FOR_ISOTONIC)):
        if positives >= least and _wins(bent, best, margin, outcome, weight):
            best = bent
    return best(margin, outcome, weight)


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


def platt(margin: Floats, outcome: Floats, weight: Floats) -> Calibration:
    """`sigmoid(slope * margin + intercept)`."""
    design = np.column_stack([margin, np.ones(len(margin))])
    prior, precision = np.array([1.0, 0.0]), np.array([PRIOR_PRECISION, FREE])
    slope, intercept = fit_logistic(design, outcome, weight, prior, precision)
    return Calibration.platt(max(slope, SMALLEST_SLOPE), intercept)


def beta(margin: Floats, outcome: Floats, weight: Floats) -> Calibration:
    """`sigmoid(a ln s - b ln(1 - s) + c)` with s = sigmoid(margin); Platt has a = b."""
    design = np.column_stack([log_sigmoid(margin), -log_sigmoid(-margin), np.ones(len(margin))])
    prior, precision = np.array([1.0, 1.0, 0.0]), np.array([PRIOR_PRECISION] * 2 + [FREE])
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
    design: Floats, outcome: Floats, weight: Floats, prior: Floats, precision: Floats
) -> Floats:
    """Coefficients (k,) of a logistic regression on (n, k), drawn towards `prior`.

    Newton's method with halved steps: the loss is convex and a prior bounds it, so this ends
    well where a column separates the classes too.
    """

    def loss_of(found: Floats) -> float:
        surprise = weight @ _surprise(design @ found, outcome)
        return float(surprise + precision @ (found - prior) ** 2 / 2)

    found, loss = prior.copy(), loss_of(prior)
    for _ in range(NEWTON_STEPS):
        step = _newton_step(design, outcome, weight, found, prior, precision)
        for _ in range(HALVINGS):
            if loss_of(found - step) <= loss:
                break
            step /= 2
        found, before = found - step, loss
        loss = loss_of(found)
        if before - loss < 1e-10 * abs(before):
            break
    return found


def log_loss_of(margin: Floats, outcome: Floats, weight: Floats) -> float:
    """Mean surprise of margins in nats, exact for margins of any size."""
    return float(np.average(_surprise(margin, outcome), weights=weight))


def _newton_step(
    design: Floats,
    outcome: Floats,
    weight: Floats,
    found: Floats,
    prior: Floats,
    precision: Floats,
) -> Floats:
    probability = sigmoid(design @ found)
    slope = design.T @ (weight * (probability - outcome)) + precision * (found - prior)
    curvature = (design.T * (weight * probability * (1 - probability))) @ design
    return np.linalg.solve(curvature + np.diag(precision), slope).astype(np.float64)


def _surprise(margin: Floats, outcome: Floats) -> Floats:
    return np.logaddexp(0.0, margin) - outcome * margin
