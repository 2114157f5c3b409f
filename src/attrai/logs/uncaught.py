"""Uncaught exceptions of every thread as log records, which are scrubbed, not on stderr."""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import Any

import structlog

log = structlog.get_logger(__name__)


def log_uncaught() -> None:
    """Log, from now on, what Python would print to stderr as it is."""
    sys.excepthook = _log_main
    threading.excepthook = _log_thread
    sys.unraisablehook = _log_unraisable


def _log_main(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        log.critical("uncaught exception", exc_info=(kind, error, trace))


def _log_thread(thrown: threading.ExceptHookArgs) -> None:
    # A thread ends by SystemExit without a word.
    if thrown.exc_value is not None and not issubclass(thrown.exc_type, SystemExit):
        log.critical(
            "uncaught exception",
            thread=thrown.thread.name if thrown.thread else None,
            exc_info=(thrown.exc_type, thrown.exc_value, thrown.exc_traceback),
        )


def _log_unraisable(thrown: Any) -> None:
    log.error(
        "exception ignored",
        # Not the object, which may be anybody's.
        where=thrown.err_msg,
        exc_info=(thrown.exc_type, thrown.exc_value, thrown.exc_traceback),
    )
