"""How a worker's memory is managed, for images of some megabytes come and go with every photo.

glibc and Pillow give such blocks back to the system at once, and every page of the next one has to
be made anew: that doubled the time of the stage render. The variables are read when a process
starts.
"""

from __future__ import annotations

import os

#: glibc keeps blocks of up to 32 MB, and 128 MB in all, in one heap for all threads; Pillow keeps
#: the blocks of four images.
_KEEP = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(128 * 2**20),
    "PILLOW_BLOCKS_MAX": "4",
}


#: Stages that work on whole images. Those with a network would keep what loading it left behind.
_STAGES = {"ingest", "render", "deliver"}


def environment(stage: str) -> dict[str, str]:
    """This process's environment for a worker of the stage; what is set there stays."""
    return (_KEEP if stage in _STAGES else {}) | os.environ
