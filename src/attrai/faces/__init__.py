"""Face detection and alignment: `FaceFinder` finds faces, `crop_faces` crops them for scoring.

`Detector` is the protocol of what finds faces; `Mtcnn` is the default.
"""

from attrai.faces.alignment import aligned_crops
from attrai.faces.crops import FaceCrops, crop_faces
from attrai.faces.detector import DETECTORS, Detection, Detections, Detector, FaceFinder
from attrai.faces.mtcnn import Mtcnn
from attrai.faces.networks import CascadeNetworks

__all__ = [
    "DETECTORS",
    "CascadeNetworks",
    "Detection",
    "Detections",
    "Detector",
    "FaceCrops",
    "FaceFinder",
    "Mtcnn",
    "aligned_crops",
    "crop_faces",
]
