"""Interrupts threads in the midst of the unnamed store's calls, as dramatiq's time limit does.

A process of its own, without coverage: the exception may strike anywhere in the thread, also where
coverage holds a lock of its own, and nothing could be measured any more.
"""

from __future__ import annotations

import os
from contextlib import closing, suppress
from threading import Event, Thread

from dramatiq.middleware import TimeLimitExceeded
from dramatiq.middleware.threading import raise_thread_exception

from attrai.storage import PHOTO, PICTURE, UnlinkedStore

INTERRUPTIONS = 200
_CONTENTS = [bytes([value]) * (10_000 + value) for value in range(5)]


def work(store: UnlinkedStore, job: str, begun: Event) -> None:
    """Write, read and delete files until interrupted."""
    with suppress(TimeLimitExceeded):
        while True:
            for content in _CONTENTS:
                store.write(job, PHOTO, content)
                begun.set()
                store.write(job, PICTURE, content)
                store.read(job, PHOTO)
                store.delete(job, PICTURE)
            store.delete_job(job)


def main() -> None:
    """Interrupt one thread after another, and check what they left."""
    with closing(UnlinkedStore()) as store:
        for number in range(INTERRUPTIONS):
            job, begun = f"{number:032x}", Event()
            thread = Thread(target=work, args=(store, job, begun))
            thread.start()
            begun.wait()
            raise_thread_exception(thread.ident, TimeLimitExceeded)
            thread.join()
            assert not store._lock.locked()
        for job in store.job_ids(0):
            for name in (PHOTO, PICTURE):
                with suppress(FileNotFoundError):
                    assert store.read(job, name) in _CONTENTS
        for job in list(store.job_ids(0)):
            store.delete_job(job)
        assert os.fstat(store._file.fileno()).st_size == 0
    print(f"{INTERRUPTIONS} interruptions did no harm")


if __name__ == "__main__":
    main()
