"""The last layer on its own: its initialisation, and the correction of its bias after training.

Fine-tuning a network whose last layer is random distorts its features before that layer has learnt
to use them. A. Kumar, A. Raghunathan, R. Jones, T. Ma, P. Liang: "Fine-Tuning can Distort
Pretrained Features and Underperform Out-of-Distribution", ICLR 2022.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from attrai_training.ratings import Targets, mean

#: The L2 penalty on the weights.
_PENALTY = 0.003
_STEPS = 60
#: The number of bisection steps; they make the shift exact to a millionth.
_HALVINGS = 20
#: Added to standard deviations so that features that hardly vary aren't amplified into noise.
_LEAST_DEVIATION = 1e-3


def logistic_regression(layer: nn.Linear, features: Tensor, targets: Targets) -> None:
    """Fit `layer` so that its logits predict the ratings as well as they can.

    Args:
        layer: maps features to logits of the ratings; changed in place.
        features: shape (n, m).
        targets: the ratings of the n faces.
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


@torch.no_grad()
def remove_bias(layer: nn.Linear, logits: Tensor, targets: Targets) -> None:
    """Shift the scores of `layer` so that their mean equals that of the targets.

    Training on blends, with unequal weights, leaves the scores a tenth of a point off.

    Args:
        layer: the layer that produced the logits; changed in place.
        logits: the logits of n faces, shape (n, 10).
        targets: the ratings of the n faces.
    """
    ratings = torch.arange(logits.shape[1], dtype=torch.float64)
    wanted = targets.means.double().mean()
    # The mean score rises as the logits of high ratings are raised, so bisection finds the shift.
    low, high = -1.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if mean((logits.double() + middle * ratings).softmax(1)).mean() < wanted:
            low = middle
        else:
            high = middle
    layer.bias.add_(((low + high) / 2 * ratings).to(layer.bias))
