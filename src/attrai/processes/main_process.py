"""dramatiq's command line, whose main process logs as the workers do that it starts.

On its own it would write lines in a format of its own, and nothing to Graylog.
"""

from __future__ import annotations

import logging
import sys

from dramatiq import cli

from attrai import logs
from attrai.errors import SettingsError
from attrai.logs import GelfAddress
from attrai.settings import Settings, load_service_settings


def main() -> None:
    """Run dramatiq's command line, whose option --skip-logging must be given.

    Raises:
        SystemExit: it has ended, or a setting is wrong.
    """
    try:
        settings = load_service_settings()
    except SettingsError as error:
        sys.exit(f"attrai: {error}")
    try:
        if settings.gelf_url:
            GelfAddress.parse(settings.gelf_url)
    except ValueError as error:
        sys.exit(f"attrai: ATTRAI_GELF_URL: {error}")
    logging.basicConfig(handlers=[_Deferred(settings)], level=settings.log_level.upper())
    sys.exit(cli.main())


class _Deferred(logging.Handler):
    """Handler that configures logging at the first record.

    dramatiq logs it after it has forked the workers, and not before that there may be the thread
    that sends records to Graylog.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings

    def emit(self, record: logging.LogRecord) -> None:
        logs.configure(
            self._settings.log_level,
            sys.stdout,
            service="worker",
            log_format=self._settings.log_format,
            gelf_url=self._settings.gelf_url,
        ).handle(record)


if __name__ == "__main__":
    main()
