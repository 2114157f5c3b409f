"""What a network is trained on."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor


@dataclass(frozen=True)
class Device:
    """The GPU or the CPU, and whether it computes faster in half precision."""

    name: str  #: "cuda" or "cpu"
    half: bool  #: bfloat16
    threads: int  #: how many cores it uses besides

    @classmethod
    def best(cls, threads: int) -> Self:
        """The GPU where there is one."""
        if torch.cuda.is_available():
            return cls("cuda", torch.cuda.is_bf16_supported(), threads)
        abilities = torch.cpu.get_capabilities()
        half = bool(abilities.get("avx512_bf16") or abilities.get("amx_bf16"))
        return cls("cpu", half, threads)

    def take_threads(self) -> None:
        """Uses the cores again that an engine for inference has left to others."""
        torch.set_num_threads(self.threads)

    def computing(self) -> AbstractContextManager[None]:
        """Where networks run in half precision if that is faster."""
        return torch.autocast(self.name, torch.bfloat16, enabled=self.half)

    def images(self, images: Tensor) -> Tensor:
        """Images as the device likes them."""
        return images.to(self.name, memory_format=torch.channels_last)
