"""Tests of the list of libraries that read strangers' files."""

from __future__ import annotations

import subprocess
import sys

import PIL
import pillow_heif

from attrai.images.versions import decoder_versions


def test_each_library_has_a_version() -> None:
    """The list has every decoder's library, each with a number."""
    versions = decoder_versions()
    assert versions["Pillow"] == PIL.__version__
    assert versions["libheif"] == pillow_heif.libheif_info()["libheif"]
    assert {"libtiff", "libwebp", "libavif", "dav1d", "Little CMS", "libde265"} <= set(versions)
    assert {"libjpeg", "libjpeg-turbo"} & set(versions)
    assert all(version[0].isdigit() for version in versions.values())


def test_the_command_prints_them() -> None:
    """`attrai health --versions` prints a line for each, and checks nothing else."""
    command = [sys.executable, "-m", "attrai", "health", "--versions"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    versions = decoder_versions().items()
    assert done.stdout.splitlines() == [f"{name} {version}" for name, version in versions]
