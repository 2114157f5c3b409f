"""From a record of any logger to one scrubbed event, and on to both outputs."""

from __future__ import annotations

import logging
from collections.abc import Collection
from multiprocessing.util import Finalize
from typing import TextIO

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

from attrai.logs.gelf import GelfAddress
from attrai.logs.graylog import Graylog
from attrai.logs.scrub import Scrubber


def configure(
    level: str,
    stream: TextIO,
    *,
    service: str = "attrai",
    gelf_url: str | None = None,
    secrets: Collection[str] = (),
) -> LogHandler:
    """Sends the process's records of at least `level` to `stream`, and to Graylog if named.

    What an earlier call set up is closed and replaced. Graylog needs a thread, which no fork
    inherits: call this in the process that logs.

    Args:
        level: the name of a level, in any case.
        stream: gets one line of JSON per record.
        service: what every record names as its origin.
        gelf_url: as `GelfAddress.parse` reads it.
        secrets: strings that neither output may hold.

    Raises:
        ValueError: the level or the URL is unusable.
    """
    graylog = Graylog(GelfAddress.parse(gelf_url)) if gelf_url else None
    root = logging.getLogger()
    root.setLevel(level.upper())
    # Here and not in basicConfig, which would close it under the lock of all loggers.
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
        _Formatter(
            processors=[*last, structlog.processors.JSONRenderer()], foreign_pre_chain=shared
        )
    )
    logging.basicConfig(handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    if graylog:
        graylog.start()
    return handler


class LogHandler(logging.StreamHandler[TextIO]):
    """The root logger's only handler: a line to the stream, an event to Graylog on the way."""

    def __init__(self, stream: TextIO, graylog: Graylog | None) -> None:
        super().__init__(stream)
        self._graylog = graylog
        # Not atexit: a process that multiprocessing forked, as dramatiq's workers are, ends
        # without it.
        self._at_exit = Finalize(None, self.close, exitpriority=0)

    @property
    def dropped(self) -> int:
        """How many records Graylog did not get since the start."""
        return self._graylog.dropped if self._graylog else 0

    def close(self) -> None:
        """Sends what waits for Graylog, for about 2 s; later records go to the stream alone."""
        self._at_exit.cancel()
        if self._graylog:
            self._graylog.close()
        super().close()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's name)
        """Lets the record go: the stream is broken, and there is nowhere to say so."""


class _Service:
    """Adds the service's name to events that have none."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(self, _logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
        event.setdefault("service", self._service)
        return event


class _Formatter(ProcessorFormatter):
    """Makes a line of any record, also of one that can't be formatted."""

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
