"""The files of the networks that know faces, and who reads them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from attrai_training.dlib_network import Teacher
from attrai_training.mobilenet import MobileNet
from attrai_training.teachers import FaceNetwork


@dataclass(frozen=True)
class TeacherFiles:
    """Where the networks are that the ResNet34 learns from."""

    dlib: Path  #: it also begins as this one, and whose photos are one person's is told by it
    faceres: Path | None = None

    def load(self) -> tuple[Teacher, list[FaceNetwork]]:
        """Dlib's network, and the others.

        Raises:
            UnusableTeacher: a file is missing or holds another network.
        """
        also = [MobileNet.load(self.faceres)] if self.faceres else []
        return Teacher.load(self.dlib), [*also]

    @property
    def names(self) -> list[str]:
        """Of the files."""
        return [path.name for path in self._paths()]

    def digests(self) -> list[str]:
        """Of what is in the files."""
        return [digest(path) for path in self._paths()]

    def _paths(self) -> list[Path]:
        return [path for path in (self.dlib, self.faceres) if path]


def digest(path: Path) -> str:
    """By which a file is told from another."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
