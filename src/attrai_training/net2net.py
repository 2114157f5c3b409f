"""Net2net initialisation: a ResNet34 that starts from dlib's network, which has half its channels.

Trained from scratch on a few thousand photos, a ResNet34 gets nowhere. dlib's network has the same
shape with half the channels and fewer blocks, so its kernels go into the first half of each layer's
outputs, which read only the first half of the inputs. The other half is random and free to learn.
dlib's last block has no counterpart here and is left to distillation.

After T. Chen, I. Goodfellow, J. Shlens: "Net2Net: Accelerating Learning via Knowledge Transfer",
ICLR 2016.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import torch
from torch import Tensor, nn

from attrai_training.dlib_network import FaceBlock, Teacher
from attrai_training.network import Block, ResNet34

#: The initial gain of the random half of the channels.
_RANDOM_GAIN = 0.5


@torch.no_grad()
def net2net(teacher: Teacher, crops: Tensor) -> ResNet34:
    """Return a ResNet34 whose first half of channels computes what the teacher's blocks compute.

    The match is approximate: a ResNet34 pads where the teacher doesn't, and its skip connections
    take every other pixel where the teacher averages.

    Args:
        teacher: dlib's face network.
        crops: some 128 RGB crops 0..255, shape (n, 3, side, side). Batch norms are set so that they
            change nothing on these.
    """
    network = ResNet34().eval()
    _copy_kernel(network.conv1, network.bn1, teacher.first.weight, teacher.first.bias)
    for block, twin in _pairs(network, teacher):
        if block.downsample is not None:
            convolution, norm = cast("tuple[nn.Conv2d, nn.BatchNorm2d]", tuple(block.downsample))
            _copy_kernel(
                convolution, norm, torch.eye(convolution.in_channels // 2)[:, :, None, None]
            )
        if twin is None:
            nn.init.zeros_(block.bn2.weight)  # the block passes its input through
        else:
            _copy_kernel(block.conv1, block.bn1, twin.first.weight, twin.first.bias)
            _copy_kernel(block.conv2, block.bn2, twin.second.weight, twin.second.bias)
    network(crops)
    return network


def _pairs(network: ResNet34, teacher: Teacher) -> Iterator[tuple[Block, FaceBlock | None]]:
    """Yield each block with the teacher's block at the same position of its level, or None."""
    theirs = cast("list[FaceBlock]", list(teacher.blocks))
    for level in network.levels():
        channels = level[0].conv2.out_channels // 2
        twins = [block for block in theirs if block.second.out_channels == channels]
        for place, block in enumerate(level):
            yield block, twins[place] if place < len(twins) else None


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
