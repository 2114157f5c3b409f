"""Memory allocation of workers, which allocate images of some megabytes for every photo.

By default glibc and Pillow return such blocks to the system at once, and each page of the next
block has to be mapped anew, which doubled the time of the stage render. The variables take effect
when a process starts.
"""

from __future__ import annotations

import os

#: glibc keeps blocks of up to 32 MB, 128 MB in total, in one heap for all threads; Pillow keeps the
#: blocks of four images.
_KEEP = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(128 * 2**20),
    "PILLOW_BLOCKS_MAX": "4",
}


#: Stages that process whole images. Those with a network would keep the memory that loading needed.
_STAGES = {"ingest", "render", "deliver"}


def environment(stage: str) -> dict[str, str]:
    """Return this process's environment plus the variables for a worker of the stage."""
    return (_KEEP if stage in _STAGES else {}) | os.environ
