"""The files of the teacher networks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from attrai_training.dlib_network import Teacher
from attrai_training.mobilenet import MobileNet
from attrai_training.teachers import FaceNetwork


@dataclass(frozen=True)
class TeacherFiles:
    """The paths of the networks that the ResNet34 learns from."""

    dlib: Path  #: also initialises the ResNet34 and identifies people
    faceres: Path | None = None

    def load(self) -> tuple[Teacher, list[FaceNetwork]]:
        """Load dlib's network, and a list of the others.

        Raises:
            UnusableTeacher: a file is missing or holds another network.
        """
        also = [MobileNet.load(self.faceres)] if self.faceres else []
        return Teacher.load(self.dlib), [*also]

    @property
    def names(self) -> list[str]:
        """The names of the files."""
        return [path.name for path in self._paths()]

    def digests(self) -> list[str]:
        """Return the SHA-256 of each file."""
        return [digest(path) for path in self._paths()]

    def _paths(self) -> list[Path]:
        return [path for path in (self.dlib, self.faceres) if path]


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
