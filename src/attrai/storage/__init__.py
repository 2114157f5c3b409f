"""The photo store, which holds the images of jobs between stages and keeps them out of messages.

`PhotoStore` is the interface, and `open_store` opens a store by its URL: `VolumeStore`, with a
folder per job on a volume that all stages mount, or a bucket on S3-compatible storage.
`UnlinkedStore` is for stages that share a process. The stage that finishes a job deletes its
files; `job_ids` lists jobs whose files were left behind.
"""

from attrai.storage.atomic import write_atomically
from attrai.storage.opening import free_share, open_store
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
    "free_share",
    "open_store",
    "write_atomically",
]
