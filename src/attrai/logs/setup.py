"""Setup of logging: every logger's records become scrubbed events for both outputs."""

from __future__ import annotations

import logging
from collections.abc import Collection
from multiprocessing.util import Finalize
from typing import TextIO

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

from attrai.logs.console import rendering
from attrai.logs.gelf import GelfAddress
from attrai.logs.graylog import Graylog
from attrai.logs.scrub import Scrubber
from attrai.settings import LogFormat


def configure(
    level: str,
    stream: TextIO,
    *,
    service: str = "attrai",
    log_format: LogFormat = "auto",
    gelf_url: str | None = None,
    secrets: Collection[str] = (),
) -> LogHandler:
    """Log the process's records of at least `level` to `stream` and, if named, to Graylog.

    An earlier configuration is closed and replaced. Graylog needs a thread, which forks don't
    inherit, so call this in the process that logs.

    Args:
        level: the name of a level, in any case.
        stream: receives the records.
        service: the name of the service, added to every record.
        log_format: whether the stream gets lines of JSON, or of text for people; "auto" is text on
            a terminal.
        gelf_url: address of Graylog in the form that `GelfAddress.parse` accepts.
        secrets: strings to mask in both outputs.

    Returns:
        The root logger's new handler.

    Raises:
        ValueError: the level or the URL is unusable.
    """
    graylog = Graylog(GelfAddress.parse(gelf_url)) if gelf_url else None
    root = logging.getLogger()
    root.setLevel(level.upper())
    # Not left to basicConfig, which would close it while holding the lock of all loggers.
    for earlier in root.handlers[:]:
        if isinstance(earlier, LogHandler):
            earlier.close()
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    last: list[Processor] = [
        ProcessorFormatter.remove_processors_meta,
        _Service(service),
        Scrubber(secrets),
    ]
    if graylog:
        last.append(graylog)
    handler = LogHandler(stream, graylog)
    handler.setFormatter(
        _Formatter(processors=[*last, *rendering(log_format, stream)], foreign_pre_chain=shared)
    )
    logging.basicConfig(handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    if graylog:
        graylog.start()
    return handler


class LogHandler(logging.StreamHandler[TextIO]):
    """The root logger's only handler: writes lines to a stream and passes events to Graylog."""

    def __init__(self, stream: TextIO, graylog: Graylog | None) -> None:
        super().__init__(stream)
        self._graylog = graylog
        # Not atexit, which doesn't run in processes forked by multiprocessing, such as
        # dramatiq's workers.
        self._at_exit = Finalize(None, self.close, exitpriority=0)

    @property
    def dropped(self) -> int:
        """How many records were not sent to Graylog since the start."""
        return self._graylog.dropped if self._graylog else 0

    def close(self) -> None:
        """Send the records waiting for Graylog for about 2 s; later ones go to the stream alone."""
        self._at_exit.cancel()
        if self._graylog:
            self._graylog.close()
        super().close()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's name)
        """Ignore the error: the stream is broken, so there is nowhere to report it."""


class _Service:
    """Processor that adds the service's name to events without one."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(self, _logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
        event.setdefault("service", self._service)
        return event


class _Formatter(ProcessorFormatter):
    """Formatter that substitutes a line for any record that can't be formatted."""

    def format(self, record: logging.LogRecord) -> str:
        try:
            return super().format(record)
        except Exception as error:  # noqa: BLE001 (values of any kind, and logging must not fail)
            substitute = logging.LogRecord(
                record.name,
                record.levelno,
                record.pathname,
                record.lineno,
                "a record of %s, line %d, can't be formatted: %s",
                (record.pathname, record.lineno, type(error).__name__),
                None,
            )
            return super().format(substitute)
