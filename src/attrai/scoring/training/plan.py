"""What a run of training is to do; it is kept in the metadata of the weights."""

from __future__ import annotations

from dataclasses import dataclass

from attrai.scoring.training.loop import Loop


@dataclass(frozen=True)
class Plan:
    """How a network learns, and what chance it has."""

    epochs: int  #: how often it sees every photo
    batch: int  #: how many photos it sees at once
    rate: float  #: the highest learning rate
    side: int  #: of the crops it gets, in pixels
    seed: int

    def loop(self, photos: int) -> Loop:
        """Through that many photos."""
        return Loop(photos, self.epochs, min(self.batch, photos), self.seed)
