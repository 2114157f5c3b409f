"""Where the images of jobs lie between the stages, so that messages need not carry them.

`PhotoStore` is what a store looks like from outside, `open_store` opens the one that a URL
names: `VolumeStore`, a folder per job on a volume that all stages mount, or a bucket on
S3-compatible storage. `UnlinkedStore` is for stages that share a process. Whoever finishes a
job deletes it; `job_ids` finds what nobody did.
"""

from attrai.storage.atomic import write_atomically
from attrai.storage.opening import open_store
from attrai.storage.store import CROPS, PHOTO, PICTURE, PhotoStore, StoreError
from attrai.storage.unlinked import UnlinkedStore
from attrai.storage.volume import VolumeStore

__all__ = [
    "CROPS",
    "PHOTO",
    "PICTURE",
    "PhotoStore",
    "StoreError",
    "UnlinkedStore",
    "VolumeStore",
    "open_store",
    "write_atomically",
]
