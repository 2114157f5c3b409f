"""Memory allocation of processes that allocate images of some megabytes for every photo.

By default glibc and Pillow return such blocks to the system at once, and each page of the next
block has to be mapped anew, which doubled the time of the stage render. The variables take effect
when a process starts.
"""

from __future__ import annotations

import os

#: Stages that process whole images. Those with a network would keep the memory that loading needed.
_STAGES = {"ingest", "render", "deliver"}
#: How much free memory a process keeps, in MiB. A decoder has one photo at a time, and a worker
#: has several decoders that share its limit.
_WORKER_MIB, _DECODER_MIB = 128, 64


def worker_environment(stage: str) -> dict[str, str]:
    """Return this process's environment plus the variables for a worker of the stage."""
    return (_keep(_WORKER_MIB) if stage in _STAGES else {}) | os.environ


def decoder_environment() -> dict[str, str]:
    """Return the environment of a process that decodes, which has nothing of this process's own."""
    # Decoders in as many processes as there are cores have no use for threads.
    return _keep(_DECODER_MIB) | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def _keep(mib: int) -> dict[str, str]:
    """Return variables with which a process keeps so much free memory."""
    return {
        # One heap for all threads, for blocks of up to 32 MiB.
        "MALLOC_ARENA_MAX": "1",
        "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
        "MALLOC_TRIM_THRESHOLD_": str(mib * 2**20),
        # The blocks of four images.
        "PILLOW_BLOCKS_MAX": "4",
    }
