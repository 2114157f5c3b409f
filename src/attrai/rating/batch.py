"""Rates files on several cores, and yields each result as soon as it is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue

import structlog

from attrai.errors import INTERNAL, UserError
from attrai.images.codecs import pack_image
from attrai.images.files import read_photo
from attrai.job import Timing
from attrai.lifecycle.shutdown import Shutdown
from attrai.pipeline import Pipeline, timed
from attrai.rating.files import write_picture
from attrai.rating.paths import Result, Task
from attrai.render import Renderer

log = structlog.get_logger(__name__)

#: Photos per thread that are being rated or next: enough that no thread waits for the caller.
_TASKS_PER_THREAD = 3


def rate_files(
    tasks: Iterable[Task],
    pipeline: Pipeline,
    renderer: Renderer,
    shutdown: Shutdown,
    *,
    threads: int,
) -> Iterator[Result]:
    """Rate photos, and yield each result as soon as it is there.

    Closing the iterator early, or the request for shutdown, finishes the photos that are being
    rated and drops the rest.
    """
    done: SimpleQueue[Future[Result] | None] = SimpleQueue()
    left = iter(tasks)
    pool = ThreadPoolExecutor(threads, thread_name_prefix="rate")
    pending = 0
    try:
        with shutdown.calling(lambda: done.put(None)):
            while True:
                while pending < _TASKS_PER_THREAD * threads and (task := next(left, None)):
                    future = pool.submit(_rate, task, pipeline, renderer)
                    future.add_done_callback(done.put)
                    pending += 1
                finished = done.get() if pending and not shutdown.requested else None
                if finished is None:
                    return
                pending -= 1
                yield finished.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _rate(task: Task, pipeline: Pipeline, renderer: Renderer) -> Result:
    """Rate one photo and write its picture; whatever goes wrong becomes a failure."""
    try:
        trace: list[Timing] = []
        with timed("ingest", trace):
            data = read_photo(task.source, pipeline.limits.max_bytes)
        rated = pipeline(data, renderer)
        with timed("deliver", trace):
            write_picture(task.target, pack_image(rated.picture))
    except UserError as error:
        return Result(task.source, failure=error.failure())
    except Exception:
        log.exception("failed", photo=str(task.source))
        return Result(task.source, failure=INTERNAL)
    read, written = trace
    accepted, *others = rated.trace
    ingest = accepted.model_copy(update={"took": read.took + accepted.took})
    stages = (ingest, *others, written)
    return Result(task.source, task.target, rated.size, rated.faces, rated.faces_found, stages)
