"""Face detection and alignment: `Detector` finds faces, `aligned_crops` crops them for scoring."""

from attrai.faces.alignment import aligned_crops
from attrai.faces.crops import FaceCrops, crop_faces
from attrai.faces.detector import Detection, Detector
from attrai.faces.networks import CascadeNetworks

__all__ = [
    "CascadeNetworks",
    "Detection",
    "Detector",
    "FaceCrops",
    "aligned_crops",
    "crop_faces",
]
