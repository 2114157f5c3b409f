"""The labelled photos of the benchmarks, in the folds of `attrai train --folds 5`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from attrai.settings import load_settings
from attrai_training.dataset import SHAPE, Dataset, folds, groups
from attrai_training.dlib_network import Teacher
from attrai_training.evaluation import Crops, CropShape, load_crops, read_labels
from testing.faults import ROOT

FOLDS = 5
_SHARED = ROOT.parent / "shared"


def parser(description: str) -> argparse.ArgumentParser:
    """Return a command line parser with the locations of the photos and the networks."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, default=_SHARED / "data" / "mebeauty")
    teacher = _SHARED / "teacher" / "face_resnet29_embedding.safetensors"
    parser.add_argument("--teacher", type=Path, default=teacher)
    parser.add_argument("--faceres", type=Path, help="faceres.json, for a second network")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "attrai")
    return parser


def cut(arguments: argparse.Namespace, shape: CropShape) -> Crops:
    """Return the photos' crops of a shape."""
    photos, _ = read_labels(arguments.data)
    return load_crops(
        photos,
        shape,
        load_settings(),
        threads=os.cpu_count() or 1,
        cache=arguments.cache,
        progress=lambda _: None,
    )


def load(arguments: argparse.Namespace) -> tuple[Dataset, NDArray[np.int64], NDArray[np.float64]]:
    """Return the photos, the fold of each, and its mean rating."""
    crops = cut(arguments, SHAPE)
    dataset = Dataset(crops, crops.images, crops.images[:0])
    persons = groups(dataset.descriptors(Teacher.load(arguments.teacher)))
    rated = np.array([photo.score for photo in crops.kept])
    return dataset, folds(persons, FOLDS, 0), rated
