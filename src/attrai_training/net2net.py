"""Net2net initialisation: a ResNet34 that starts from dlib's network, which has half its channels.

Trained from scratch on a few thousand photos, a ResNet34 gets nowhere. dlib's network has the same
shape with half the channels and fewer blocks, so its kernels go into the first half of each layer's
outputs, which read only the first half of the inputs. The other half is random and free to learn.
dlib's last block has no counterpart here and is left to distillation.

After T. Chen, I. Goodfellow, J. Shlens: "Net2Net: Accelerating Learning via Knowledge Transfer",
ICLR 2016.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from attrai.scoring.resnet34 import convolutions
from attrai_training.dlib_network import CHANNELS, DlibNetwork
from attrai_training.network import ScorerNetwork

#: The initial gain of the random half of the channels.
_RANDOM_GAIN = 0.5


@torch.no_grad()
def net2net(teacher: DlibNetwork, crops: Tensor) -> ScorerNetwork:
    """Return a ResNet34 whose first half of channels computes what the teacher's blocks compute.

    The match is approximate: a ResNet34 pads where the teacher doesn't, and its skip connections
    take every other pixel where the teacher averages.

    Args:
        teacher: dlib's face network.
        crops: some 128 RGB crops 0..255, shape (n, 3, side, side). Batch norms are set so that they
            change nothing on these.
    """
    network = ScorerNetwork().eval()
    for name, norm_name, (outputs, inputs, _, _) in convolutions():
        convolution, norm = network.get_submodule(name), network.get_submodule(norm_name)
        assert isinstance(convolution, nn.Conv2d)  # noqa: S101 - tells mypy
        assert isinstance(norm, nn.BatchNorm2d)  # noqa: S101 - tells mypy
        if "downsample" in name:
            _copy_kernel(convolution, norm, torch.eye(inputs // 2)[:, :, None, None])
        elif (number := _counterpart(name, outputs // 2)) is not None:
            _copy_kernel(convolution, norm, *teacher.convolution(number))
        elif name.endswith("conv2"):
            nn.init.zeros_(norm.weight)  # the block passes its input through
    network(crops)
    return network


def _counterpart(name: str, channels: int) -> int | None:
    """Return the number of the teacher's convolution in the same place; None if there is none."""
    if name == "conv1":
        return 0
    _, block, convolution = name.split(".")
    alike = [number for number, theirs in enumerate(CHANNELS) if theirs == channels]
    if int(block) >= len(alike):
        return None
    return 2 * alike[int(block)] + int(convolution.removeprefix("conv"))


def _copy_kernel(
    convolution: nn.Conv2d, norm: nn.BatchNorm2d, kernel: Tensor, bias: Tensor | None = None
) -> None:
    """Copy `kernel` into the first half of a layer, whose `norm` then adds only `bias`."""
    outputs, inputs = kernel.shape[:2]
    convolution.weight[:outputs] = 0
    convolution.weight[:outputs, :inputs] = kernel

    def settle(_: nn.Module, arguments: tuple[Tensor]) -> None:
        """Set `norm` on the first pass, when its input is known, so that it undoes itself."""
        variance, mean = torch.var_mean(arguments[0], (0, 2, 3))
        norm.running_mean, norm.running_var = mean, variance
        norm.weight.fill_(_RANDOM_GAIN)
        norm.weight[:outputs] = (variance[:outputs] + norm.eps).sqrt()
        norm.bias[:outputs] = mean[:outputs] + (0 if bias is None else bias)
        once.remove()

    once = norm.register_forward_pre_hook(settle)
