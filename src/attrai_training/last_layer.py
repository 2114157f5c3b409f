"""The last layer of a network, by itself: where it begins, and what is put right at the end.

A network that begins to learn with a last layer that knows nothing spoils its features before that
layer has learnt what they are good for. A. Kumar, A. Raghunathan, R. Jones, T. Ma, P. Liang:
"Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution", ICLR 2022.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from attrai_training.ratings import Targets, mean

#: The penalty on the squares of the weights.
_PENALTY = 0.003
_STEPS = 60
#: After so many the shift is exact to a millionth.
_HALVINGS = 20
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


@torch.no_grad()
def level(layer: nn.Linear, logits: Tensor, targets: Targets) -> None:
    """Shifts the scores of `layer` so that on average they are those of the targets.

    A network that learns from blends, and more from some photos than from others, ends a tenth of
    a point off.

    Args:
        layer: gave the logits.
        logits: of n faces, shape (n, 10).
        targets: of these.
    """
    ratings = torch.arange(logits.shape[1], dtype=torch.float64)
    wanted = targets.means.double().mean()
    # The mean score rises with how much the logits of high ratings are raised: halving finds it.
    low, high = -1.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if mean((logits.double() + middle * ratings).softmax(1)).mean() < wanted:
            low = middle
        else:
            high = middle
    layer.bias.add_(((low + high) / 2 * ratings).to(layer.bias))
