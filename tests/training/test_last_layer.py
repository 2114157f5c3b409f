"""Tests of the last layer's initialisation and bias correction."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from attrai_training.last_layer import logistic_regression, remove_bias
from attrai_training.network import RATINGS
from attrai_training.ratings import Targets, mean


def test_regression_finds_what_features_tell() -> None:
    """Ratings that depend linearly on a feature are predicted by the last layer, without bias."""
    features = torch.from_numpy(np.random.default_rng(0).normal(3, 2, (400, 12))).float()
    scores = (5.5 + (features[:, 0] - 3) / 2).clamp(1, 10)
    distributions = (-((torch.arange(1, RATINGS + 1) - scores[:, None]) ** 2) / 2).softmax(1)
    layer = nn.Linear(12, RATINGS)
    logistic_regression(layer, features, Targets(distributions, scores, torch.ones(400)))
    predicted = mean(layer(features).softmax(1)).detach()
    assert np.corrcoef(predicted, scores)[0, 1] > 0.95
    assert abs(float((predicted - scores).mean())) < 0.1


def test_levelling_leaves_no_bias() -> None:
    """Scores that are all too low have the right mean afterwards, and keep their order."""
    rng = np.random.default_rng(0)
    features = torch.from_numpy(rng.normal(size=(200, 4))).float()
    layer = nn.Linear(4, RATINGS)
    with torch.no_grad():
        layer.weight.copy_(torch.linspace(-1, 1, RATINGS)[:, None] / torch.arange(1, 5))
        layer.bias.zero_()
    before = mean(layer(features).softmax(1)).detach()
    targets = Targets(torch.zeros(200, RATINGS), before + 0.4, torch.ones(200))
    remove_bias(layer, layer(features).detach(), targets)
    after = mean(layer(features).softmax(1)).detach()
    assert abs(float((after - targets.means).mean())) < 1e-3
    assert np.corrcoef(before, after)[0, 1] > 0.99
