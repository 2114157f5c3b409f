"""dramatiq's command line, whose main process logs as the workers do that it starts.

On its own it would write lines in a format of its own. Its records don't go to Graylog: for that it
would need a thread, which must not be there when it forks the workers.
"""

from __future__ import annotations

import sys

from dramatiq import cli

from attrai import logs
from attrai.errors import SettingsError
from attrai.settings import load_service_settings


def main() -> None:
    """Run dramatiq's command line.

    Raises:
        SystemExit: it has ended, or a setting is wrong.
    """
    try:
        settings = load_service_settings()
    except SettingsError as error:
        sys.exit(f"attrai: {error}")
    logs.configure(
        settings.log_level,
        sys.stdout,
        service="worker",
        log_format=settings.log_format,
    )
    sys.exit(cli.main())


if __name__ == "__main__":
    main()
