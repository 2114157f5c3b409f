"""Descriptions of faces: what dlib's network and faceres see in them.

A ResNet34 learns to compute descriptions, and ratings are predicted from them. They are the means
over feature maps of the networks' last layers. Neither earlier layers nor where in a map something
is seen predicts ratings any better.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray

from attrai.inference import Images
from attrai_training.dlib_network import DlibNetwork
from attrai_training.faceres import Faceres
from attrai_training.loop import Device
from attrai_training.teachers import AgeNetwork

#: Added to standard deviations so that features that hardly vary aren't amplified into noise.
_LEAST_DEVIATION = 1e-3
#: Faces whose descriptors are closer than this count as the same person or picture. dlib itself
#: uses 0.6, but among photos as similar as these that links strangers, and through them nearly
#: everybody.
_SAME_PERSON_DISTANCE = 0.4
#: The number of crops that the networks get at a time.
_AT_ONCE = 32

Floats = NDArray[np.float32]


class Seen(NamedTuple):
    """What the teachers see in n crops."""

    features: Floats  #: shape (n, length)
    ages: Floats  #: in years, shape (n,); NaN if unknown


class Teachers:
    """Networks that describe faces."""

    def __init__(
        self, recogniser: DlibNetwork | None, estimator: AgeNetwork, device: Device
    ) -> None:
        """Combine networks.

        Args:
            recogniser: a network that tells people apart, if there is one.
            estimator: a network that estimates ages.
            device: the device to run them on.
        """
        self.recogniser = recogniser
        self._estimator, self._device = estimator, device
        self._networks = [*([recogniser] if recogniser else []), estimator]
        for network in self._networks:
            network.to(device.name)
        lengths = np.array([length for network in self._networks for length in network.lengths])
        # Each kind of features counts alike, however many they are.
        self._scale = np.repeat((len(lengths) * lengths) ** -0.5, lengths).astype(np.float32)

    @classmethod
    def load(cls, folder: Path, device: Device) -> Self:
        """Load face_resnet29_embedding.safetensors, faceres.json and faceres.bin from a folder.

        Raises:
            UnusableTeacher: a file is missing or holds another network.
        """
        dlib = DlibNetwork.load(folder / "face_resnet29_embedding.safetensors")
        return cls(dlib, Faceres.load(folder / "faceres.json"), device)

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the networks."""
        found = hashlib.sha256()
        for network in self._networks:
            for name, tensor in network.tensors.items():
                found.update(name.encode() + tensor.cpu().numpy().tobytes())
        return found.hexdigest()

    def persons(self, seen: Seen) -> NDArray[np.int64]:
        """Return the number of the person on each photo, shape (n,).

        A photo joins a person when it is close to any other of him or her, because it may be close
        to one photo and far from another. Without a recogniser each photo counts as a person.
        """
        found = np.arange(len(seen.ages))
        if self.recogniser is None:
            return found
        end = sum(self.recogniser.lengths)
        descriptors = seen.features[:, end - self.recogniser.lengths[-1] : end].astype(np.float32)
        for place, descriptor in enumerate(descriptors):
            near = np.linalg.norm(descriptors[:place] - descriptor, axis=1) < _SAME_PERSON_DISTANCE
            for number in np.unique(found[:place][near]):
                found[found == number] = place
        return found

    @torch.no_grad()
    def see(self, crops: Images) -> Seen:
        """Look at RGB crops, shape (n, side, side, 3)."""
        features, ages = [], []
        for start in range(0, len(crops), _AT_ONCE):
            part = self._device.images(crops[start : start + _AT_ONCE])
            with self._device.autocast():
                kinds = [kind for one in self._networks for kind in one.features(part)]
            features.append(torch.cat([kind.float() for kind in kinds], 1).cpu().numpy())
            ages.append(self._estimator.ages(kinds[-1].float()).cpu().numpy())
        return Seen(np.concatenate(features), np.concatenate(ages))

    def see_both_ways(self, crops: Images) -> Seen:
        """Look at crops and at their mirror images, and return the means."""
        ways = self.see(crops), self.see(np.ascontiguousarray(crops[:, :, ::-1]))
        return Seen(*(np.mean(pair, axis=0) for pair in zip(*ways, strict=True)))

    def describe(self, features: Floats, like: Floats) -> Floats:
        """Standardise features by those of faces of the same collection.

        Collections differ by their cameras, or by the generator of their faces. The squared
        distance of two descriptions is 2 on average, and each layer of a network counts alike.
        """
        usual = like.astype(np.float32)
        scale = self._scale / (usual.std(0) + _LEAST_DEVIATION)
        described: Floats = (features.astype(np.float32) - usual.mean(0)) * scale
        return described
