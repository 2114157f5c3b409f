"""The processes of `bench.stages`: each loads something, then works on photos as it is told.

`python -m bench.stages_contender KIND` reads photos from its standard input and answers with
what each step took. KIND is `yardstick`, `attrai`, `detector`, which is what the stage detect
has of it, or the name of a stage, which only loads.
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

CalibrationBin = Callable[[str, Callable[[], Any]], Any]
#: What a photo took: seconds of the clock and of the CPU by step, and how many faces it had.
Answer = tuple[dict[str, tuple[float, float]], int]


def main() -> None:
    """Answers until the input ends, then with the most memory there was, in bytes."""
    # What is logged must not get between the answers.
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def reply(answer: Any) -> None:
        pickle.dump(answer, replies)
        replies.flush()

    process = contender(sys.argv[1])
    me = psutil.Process()
    reply((time.time() - me.create_time(), me.memory_info().rss))
    while photo := pickle.load(sys.stdin.buffer):  # noqa: S301 - it comes from our own parent
        took: dict[str, tuple[float, float]] = {}

        def step(name: str, work: Callable[[], Any], into: dict[str, Any] = took) -> Any:
            clock, cpu = time.perf_counter(), time.process_time()
            result = work()
            into[name] = (time.perf_counter() - clock, time.process_time() - cpu)
            return result

        faces = process(photo, step)
        reply((took, faces))
    reply(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def contender(kind: str) -> Callable[[bytes, CalibrationBin], int]:
    """What works on a photo."""
    if kind == "yardstick":
        from bench.yardstick import Yardstick  # noqa: PLC0415 - torch is not for all

        return Yardstick().process
    if kind == "attrai":
        from attrai.job import STAGES  # noqa: PLC0415 - not for the yardstick

        return attrai(list(STAGES))
    if kind == "detector":
        return detector()
    return attrai([kind])


def detector() -> Callable[[bytes, CalibrationBin], int]:
    """The detector without the stage around it."""
    from attrai.faces import CascadeNetworks, Detector  # noqa: PLC0415 - not for the yardstick
    from attrai.inference import open_engine  # noqa: PLC0415
    from attrai.settings import Settings  # noqa: PLC0415

    settings = Settings()
    networks = CascadeNetworks.load(open_engine(settings.engine, threads=1))
    detect = Detector(networks, min_side=settings.min_face_side, max_faces=settings.max_faces)

    def process(data: bytes, step: CalibrationBin) -> int:
        photo = np.asarray(Image.open(BytesIO(data)))
        return len(step("detect", lambda: detect(photo)).faces)

    return process


def attrai(names: list[str]) -> Callable[[bytes, CalibrationBin], int]:
    """The stages' own work with what it needs around it: photo store, channel, settings."""
    from attrai import broker  # noqa: PLC0415 - not for the yardstick
    from attrai.actors.stage import Stage  # noqa: PLC0415
    from attrai.job import Job, job_id  # noqa: PLC0415
    from attrai.rating.folder import NAME, TARGET, FolderChannel  # noqa: PLC0415
    from attrai.services import Services, open_redis  # noqa: PLC0415
    from attrai.settings import Settings  # noqa: PLC0415
    from attrai.storage import VolumeStore  # noqa: PLC0415

    for name in names:
        importlib.import_module(f"attrai.actors.{name}")
    folder = Path(tempfile.mkdtemp(prefix="stages-", dir=os.environ["STAGES_FOLDER"]))
    settings = Settings()
    ledger = broker.make_ledger(open_redis(settings), settings)  # nothing is asked of it
    channels = {NAME: FolderChannel()}
    services = Services(settings, VolumeStore(folder), ledger, channels, lambda _: None)
    classes = {stage.name: stage for stage in Stage.__subclasses__()}
    stages = [classes[name](services) for name in names]
    source, target = folder / "photo.jpg", folder / "picture.jpg"

    def process(data: bytes, step: CalibrationBin) -> int:
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
