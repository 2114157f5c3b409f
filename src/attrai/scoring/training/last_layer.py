"""The last layer that tells ratings best by the features of a network as it is.

A network that begins to learn with a last layer that knows nothing spoils its features before that
layer has learnt what they are good for. A. Kumar, A. Raghunathan, R. Jones, T. Ma, P. Liang:
"Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution", ICLR 2022.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from attrai.scoring.training.ratings import Targets

#: The penalty on the squares of the weights.
_PENALTY = 0.003
_STEPS = 60
#: Keeps small deviations from blowing up what means nothing.
_LEAST_DEVIATION = 1e-3


def logistic_regression(layer: nn.Linear, features: Tensor, targets: Targets) -> None:
    """Sets `layer` so that its logits tell the ratings best.

    Args:
        layer: from features to logits of the ratings.
        features: shape (n, m).
        targets: of these n faces.
    """
    deviation, mean = torch.std_mean(features, 0)
    deviation = deviation + _LEAST_DEVIATION
    standardised = (features - mean) / deviation
    weight = torch.zeros_like(layer.weight, requires_grad=True)
    bias = targets.distributions.mean(0).clamp_min(1e-3).log().requires_grad_()
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def error() -> Tensor:
        optimizer.zero_grad()
        predicted = (standardised @ weight.T + bias).log_softmax(1)
        entropy = -(predicted * targets.distributions).sum(1)
        total: Tensor = (entropy * targets.weights).sum() / targets.weights.sum()
        total = total + _PENALTY * weight.square().sum()
        total.backward()
        return total

    optimizer.step(error)
    with torch.no_grad():
        layer.weight.copy_(weight / deviation)
        layer.bias.copy_(bias - layer.weight @ mean)
