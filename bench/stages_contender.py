"""The processes of `bench.stages`: each loads its code, then works on photos it is sent.

`python -m bench.stages_contender KIND` reads photos from its standard input and answers with the
times of each step. KIND is `yardstick`, `attrai`, `detector` (attrai's detector without the rest of
its stage), or the name of a stage, which is only loaded.
"""

from __future__ import annotations

import importlib
import os
import pickle
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image

StepTimer = Callable[[str, Callable[[], Any]], Any]
#: Wall-clock and CPU seconds that a photo took, by step, and its number of faces.
Answer = tuple[dict[str, tuple[float, float]], int]


def main() -> None:
    """Answer photos until the input ends, then send the peak memory in bytes."""
    # Log output must not mix with the answers.
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def reply(answer: Any) -> None:
        pickle.dump(answer, replies)
        replies.flush()

    process = contender(sys.argv[1])
    me = psutil.Process()
    # Decoders run in children. The clock of a process is clock_getcpuclockid(3)'s.
    children = me.children()
    clocks = [~child.pid << 3 | 2 for child in children]

    def cpu_time() -> float:
        return time.process_time() + sum(map(time.clock_gettime, clocks))

    resident = sum(process.memory_info().rss for process in (me, *children))
    reply((time.time() - me.create_time(), resident))
    while photo := pickle.load(sys.stdin.buffer):  # noqa: S301 - it comes from our own parent
        took: dict[str, tuple[float, float]] = {}

        def step(name: str, work: Callable[[], Any], into: dict[str, Any] = took) -> Any:
            clock, cpu = time.perf_counter(), cpu_time()
            result = work()
            into[name] = (time.perf_counter() - clock, cpu_time() - cpu)
            return result

        faces = process(photo, step)
        reply((took, faces))
    reply(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def contender(kind: str) -> Callable[[bytes, StepTimer], int]:
    """Return the function that processes a photo."""
    if kind == "yardstick":
        from bench.yardstick import Yardstick  # noqa: PLC0415 - only this one needs torch

        return Yardstick().process
    if kind == "attrai":
        from attrai.job import STAGES  # noqa: PLC0415 - not for the yardstick

        return attrai(list(STAGES))
    if kind == "detector":
        return detector()
    return attrai([kind])


def detector() -> Callable[[bytes, StepTimer], int]:
    """Return a function that runs the detector without the stage around it."""
    from attrai.faces import FaceFinder  # noqa: PLC0415 - not for the yardstick
    from attrai.inference import open_engine  # noqa: PLC0415
    from attrai.settings import Settings  # noqa: PLC0415

    settings = Settings()
    detect = FaceFinder.open(settings, open_engine(settings.engine, threads=1))

    def process(data: bytes, step: StepTimer) -> int:
        photo = np.asarray(Image.open(BytesIO(data)))
        return len(step("detect", lambda: detect(photo)).faces)

    return process


def attrai(names: list[str]) -> Callable[[bytes, StepTimer], int]:
    """Return a function that runs the stages with a real photo store, channel and settings."""
    from attrai.actors.stage import Stage  # noqa: PLC0415
    from attrai.job import Job, job_id  # noqa: PLC0415
    from attrai.services import Services, make_ledger, open_redis  # noqa: PLC0415 - not for the yardstick
    from attrai.settings import Settings  # noqa: PLC0415
    from attrai.storage import VolumeStore  # noqa: PLC0415
    from testing.folder_channel import NAME, TARGET, FolderChannel  # noqa: PLC0415

    for name in names:
        importlib.import_module(f"attrai.actors.{name}")
    folder = Path(tempfile.mkdtemp(prefix="stages-", dir=os.environ["STAGES_FOLDER"]))
    settings = Settings()
    ledger = make_ledger(open_redis(settings), settings)  # never queried
    channels = {NAME: FolderChannel()}
    services = Services(settings, VolumeStore(folder), ledger, channels, lambda _: None)
    classes = {stage.name: stage for stage in Stage.__subclasses__()}
    stages = [classes[name](services) for name in names]
    source, target = folder / "photo.jpg", folder / "picture.jpg"

    def process(data: bytes, step: StepTimer) -> int:
        source.write_bytes(data)
        job = Job(
            id=job_id(NAME, "photo"),
            channel=NAME,
            address={TARGET: str(target)},
            user="local",
            source=str(source),
            renderer="boxes",
            admitted_at=0,
            queued_at=0,
        )
        for stage in stages:

            def work(stage: Stage = stage, job: Job = job) -> Job:
                done = stage.work(Job.from_message(job.to_message()))
                services.photos.delete(job.id, *stage.consumes)
                return done

            job = step(stage.name, work)
        services.photos.delete_job(job.id)
        return len(job.faces)

    return process


if __name__ == "__main__":
    main()
