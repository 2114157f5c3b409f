"""Calibration of a trained network: the mean of its scores, and the mean of their spreads.

A network that is unsure of a face's mean rating predicts a distribution as wide as raters' own and
its own doubts together. The spread that is shown with a score is to be the raters' own.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import root

from attrai.inference import Images
from attrai.scoring.ratings import Floats, moments
from attrai_training.evaluation.labels import RATINGS
from attrai_training.network import ScorerNetwork

_RATINGS = np.array(RATINGS, float)
#: The number of crops that the network gets at a time.
_AT_ONCE = 64


def calibrate(network: ScorerNetwork, crops: Images, mean: float, spread: float) -> None:
    """Change the head of a network so that its predictions have the given means.

    How far scores lie apart doesn't change.

    Args:
        network: the network, on the CPU; changed in place.
        crops: the faces, shape (n, side, side, 3).
        mean: the mean of their ratings.
        spread: the mean standard deviation of one's ratings, in points.
    """
    views = torch.from_numpy(crops).permute(0, 3, 1, 2)
    with torch.no_grad():
        logits = torch.cat([network.eval()(part) for part in views.split(_AT_ONCE)])
        scale, added = correction(logits.double().numpy(), mean, spread)
        network.fc.weight *= scale
        network.fc.bias.copy_(scale * network.fc.bias + torch.from_numpy(added))


def correction(logits: Floats, mean: float, spread: float) -> tuple[float, Floats]:
    """Return what to multiply logits by and what to add, so that predictions have given means.

    Args:
        logits: of n faces, shape (n, 10).
        mean: the mean rating of these faces.
        spread: the mean standard deviation of one's ratings, in points.

    Returns:
        A factor, and a quadratic function of the rating, shape (10,), which shifts and narrows
        distributions. Narrowed ones lie closer together, which the factor undoes.
    """
    centred = _RATINGS - _RATINGS.mean()
    apart = moments(logits)[0].std()

    def parts(unknowns: Floats) -> tuple[float, Floats]:
        factor, shift, width = unknowns
        return float(factor), shift * centred + width * centred**2

    def errors(unknowns: Floats) -> Floats:
        factor, added = parts(unknowns)
        means, spreads = moments(factor * logits + added)
        return np.array([means.mean() - mean, means.std() - apart, spreads.mean() - spread])

    found = root(errors, np.array([1.0, 0.0, 0.0]))
    # Of scores that are all the same none is further from the mean than another, for example.
    return parts(found.x) if found.success else (1.0, np.zeros(len(_RATINGS)))
