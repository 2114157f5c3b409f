"""Tests of how much memory decoding takes: never more than the services have."""

from __future__ import annotations

import subprocess
import sys

import pytest
from PIL import Image

from attrai.errors import TooManyPixels
from attrai.images import Limits, accept_photo
from attrai.images.memory import MEMORY_BYTES_PER_PIXEL, max_pixels_of, webp_size
from tests.deploy.stacks import services
from tests.images.files import FILES, encoded
from tests.images.worst_files import WORST_FILES, heic, size_of

MB, MIB = 10**6, 2**20
LIMITS = Limits()
#: What else runs in a worker's container: tini, the supervisor and dramatiq's main process.
OTHERS_MIB = 80
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


def memory_limit_mib(service: str) -> int:
    """Return the memory limit of a service in stack.yml."""
    text = services("stack.yml")[service]["deploy"]["resources"]["limits"]["memory"]
    return int(text[:-1]) * {"M": 1, "G": 1024}[text[-1]]


def peaks(data: bytes) -> tuple[float, float, float]:
    """Return the peaks of the worker and of its child, before and with a file, in MiB."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.images.ingest_memory"],
        input=data,
        stdout=subprocess.PIPE,
        check=True,
    )
    worker, before, after = map(float, done.stdout.split())
    return worker, before, after


@linux
@pytest.mark.slow
@pytest.mark.parametrize("kind", WORST_FILES)
def test_the_worst_file_of_each_format_fits(kind: str) -> None:
    """The most demanding file that the settings admit is decoded within the limit of ingest."""
    most = max_pixels_of(kind, LIMITS.max_pixels)
    worker, before, after = peaks(WORST_FILES[kind](size_of(most)))
    assert worker + after + OTHERS_MIB < memory_limit_mib("ingest")
    assert (after - before) * MIB < MEMORY_BYTES_PER_PIXEL * LIMITS.max_pixels


@linux
@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "kind"),
    [("RGB", "HEIF"), ("RGBA;16", "HEIF with alpha or more than 8 bits")],
)
def test_the_worst_heic_fits(mode: str, kind: str) -> None:
    """As above, from a smaller file, for a large one takes a minute to encode."""
    width, height = size_of(4 * MB)
    worker, before, after = peaks(heic(mode, (width, height)))
    taken = (after - before) * MIB / (width * height) * max_pixels_of(kind, LIMITS.max_pixels)
    assert taken < MEMORY_BYTES_PER_PIXEL * LIMITS.max_pixels
    assert worker + before + taken / MIB + OTHERS_MIB < memory_limit_mib("ingest")


@pytest.mark.parametrize("kind", WORST_FILES)
def test_a_file_that_would_not_fit_is_refused(kind: str) -> None:
    """One row more than fits is refused from the header, with the limit that holds."""
    limits = Limits(max_pixels=2 * MB, max_side=128)
    most = max_pixels_of(kind, limits.max_pixels)
    width, height = size_of(most)
    with pytest.raises(TooManyPixels) as refused:
        accept_photo(WORST_FILES[kind]((width, height + 1)), limits)
    assert refused.value.details == {"limit_megapixels": most / MB}
    assert accept_photo(WORST_FILES[kind]((width, height)), limits)[1][0] == 128


def test_limits_of_each_format() -> None:
    """What cameras write may have all the pixels of the settings, other files fewer."""
    kinds = ("JPEG", "PNG", "HEIF", "TIFF", "AVIF", "WEBP", "HEIF with alpha or more than 8 bits")
    limits = [max_pixels_of(kind, LIMITS.max_pixels) / MB for kind in kinds]
    assert limits == [50, 50, 50, 44, 36, 30, 26]


@pytest.mark.parametrize("name", ["webp", "lossless webp", "animated webp"])
def test_the_size_of_a_webp(name: str) -> None:
    """The size in a WebP's header is found for each of its kinds."""
    assert webp_size(FILES[name]) == (240, 320)
    assert webp_size(FILES[name][:29]) is None
    large = encoded(Image.new("RGB", (1234, 987)), "WEBP")
    assert webp_size(large) == (1234, 987)
