"""Faces on a photo: `Detector` finds them, `aligned_crops` cuts them out for the scorer."""

from attrai.faces.alignment import aligned_crops
from attrai.faces.detector import Detection, Detector
from attrai.faces.networks import CascadeNetworks

__all__ = ["CascadeNetworks", "Detection", "Detector", "aligned_crops"]
